"""The figures of docs/explanation/security.md as the code has them, row by row.

Each promise begins as in the table; beside it stand the parts of its bound that hold a figure.
"""

from collections.abc import Mapping

from gateway.cli import freed_memory
from gateway.config import (
    AdmissionKeys,
    ConnectionKeys,
    FilterKeys,
    SiteDefaultKeys,
    TimeoutKeys,
)
from gateway.fetch.cache import store
from gateway.fetch.http import faults, memory_budget, redirects
from gateway.fetch.http.memory_budget import LARGE_PAGE
from gateway.fetch.http.wire import connection, decoding, streaming
from gateway.merge import cursor_text
from gateway.native import names, refusals
from gateway.native.aggregations import totals
from gateway.native.reading import bounds
from gateway.observe import logs
from gateway.plan import planner, work_budget
from gateway.plan.notices import unknown_names
from gateway.properties import native_query
from gateway.references import REMEMBERED_LENGTH
from gateway.search import omissions, planned_request, response_fields, time_slices
from gateway.search.copies import allowance, refresh, shared
from gateway.search.listing import missing
from gateway.search.references import joined, tables
from gateway.serve.admission.slots import MOST_BYTES, STREAM_PAGES
from gateway.serve.connections import limits, protocol, unsent
from gateway.serve.hot_reload import generation, reloading
from gateway.serve.metrics import hub
from gateway.serve.middleware import disconnect
from gateway.serve.request import formats, public_url, query_string, untrusted_proxies
from gateway.serve.response import meta
from gateway.write import MOST_ATOMS
from tests.fetch.http.wire.test_hostile_wire import CPU_S
from tests.hostile.loop_watch import LONGEST_S
from tests.hostile.test_hostile_sites import CALLERS
from tests.hostile.test_process_limits import PROMISED_BYTES

KIB, MIB = 2**10, 2**20
WORDS = {2: "two", 3: "three"}
NOMADS_LEVELS = 20
"""Boolean nodes within one another that NOMAD refuses."""


def _mib(value: float) -> str:
    return f"{value / MIB:.0f} MiB"


def _s(value: float) -> str:
    return f"{value:g} s"


def _number(value: int) -> str:
    return f"{value:,}"


def _key(section: str, name: str, keys: object, unit: str = "") -> str:
    value = getattr(keys, name)
    shown = _mib(value) if unit == "MiB" else f"{value:g}{unit}"
    return f"`{section}.{name}` ({shown}"


CONNECTIONS, ADMISSION, FILTERS = ConnectionKeys(), AdmissionKeys(), FilterKeys()
TIMEOUTS, SITES = TimeoutKeys(), SiteDefaultKeys()
SHARED = memory_budget.GUARANTEED_SHARE * memory_budget.BUDGET_BYTES

FIGURES: Mapping[str, tuple[str, ...]] = {
    "A worker takes less than": (f"less than {PROMISED_BYTES // MIB} MB",),
    "A request that never becomes whole": (
        _key("connections", "head_s", CONNECTIONS, " s"),
        _key("connections", "body_s", CONNECTIONS, " s"),
        "then 408",
    ),
    "Requests on their way in": (_key("connections", "max_held_bytes", CONNECTIONS, "MiB"),),
    "Who does not read": (
        f"{unsent._TAKEN_BYTES // KIB} kB in",
        _key("connections", "write_s", CONNECTIONS, " s"),
    ),
    "Files hold little": (
        f"{_number(formats.MOST_FILES)} files or {_number(formats.MOST_FRAMES)} frames",
        f"{_number(MOST_ATOMS)} positions",
    ),
    "Files of sites pass": (
        f"{streaming.FULL_BYTES // KIB} KiB ahead",
        f"pieces of {streaming.PIECE_BYTES // KIB} KiB",
        _key("timeouts", "site_s", TIMEOUTS, " s"),
    ),
    "A file that drips": (
        f"{streaming.LEAST_BYTES // KIB} KiB in",
        _key("timeouts", "site_s", TIMEOUTS, " s"),
    ),
    "Streams and large pages": (
        _key("admission", "max_streams", ADMISSION),
        _key("admission", "max_large", ADMISSION),
        f"more than {LARGE_PAGE} entries",
        f"{STREAM_PAGES} pages of streams",
    ),
    "New clients are answered": (
        _key("connections", "max_connections", CONNECTIONS),
        f"else {protocol._BEYOND_LIMIT}",
    ),
    "Cursors and packed filters": (
        f"{cursor_text.MAX_CURSOR // KIB} kB of a cursor",
        f"unpacks to {cursor_text.MAX_PAYLOAD // KIB} kB",
    ),
    "Nothing malformed": (
        f"headers of {limits.HEADERS_BYTES // KIB} kB",
        f"{protocol._PIPELINED} requests ahead",
    ),
    "A filter costs": (
        f"{_number(FILTERS.length)} characters, {_number(FILTERS.terms)} comparisons, "
        f"{_number(FILTERS.values)} list values",
        f"{_number(work_budget.NATIVE_BYTES)} bytes of native query",
        f"{_number(planner.ALL_SITES_BYTES)} for all sites",
        f"above {_number(planned_request._OFF_LOOP_LENGTH)} characters",
    ),
    "Plans of filters": (_mib(planned_request.CACHE_BYTES),),
    "`response_fields` cost": (
        f"{response_fields.MOST_FIELDS} names",
        f"{_number(response_fields.UNKNOWN_CHARACTERS)} characters",
        f"{unknown_names._NAMED + 1} warnings",
    ),
    "Parameters cost": (
        f"{query_string.MAX_PARAMETERS} parameters",
        f"{meta.MAX_NOTICES} warnings",
        f"{query_string._SHOWN} characters",
    ),
    "Lists of references": (
        f"{_number(tables.MOST)} of each kind",
        f"{_mib(tables.MOST_CHARACTERS)} of text",
        f"{_mib(tables.CACHED_BYTES)} of tables",
        f"{_number(joined.MOST_CACHED)} references",
        f"{_mib(joined.MOST_CHARACTERS)} of ids",
        f"{_number(joined.MOST_COMPARISONS)} comparisons",
    ),
    "A query in NOMAD's own form": (
        f"{bounds.MAX_DEPTH} levels",
        f"{_number(bounds.MAX_PARTS)} parts of a node",
        f"{_number(bounds.MAX_CRITERIA)} criteria",
        f"{_number(bounds.MAX_VALUES)} values",
    ),
    "Searches in NOMAD's own API": (
        f"{_number(totals.MAX_VALUES)} values of all aggregations",
        f"{_mib(bounds.MAX_SENT)} to each site",
        f"{_number(bounds.MAX_REQUIRED_WORK)} names",
        f"{_number(bounds.MAX_PATTERN_WORK)} patterns",
        f"{names.MAX_AGAIN_BYTES // KIB} KiB of requests",
    ),
    "Large searches wait": (f"{_mib(MOST_BYTES)} of requests",),
    "Memory that was needed": (f"blocks of {freed_memory._MAPPED_FROM // KIB} KiB",),
    "Pages that find nothing": (
        f"one of {omissions.MOST} conditions",
        f"{omissions.MOST_AT_ONCE} at a time",
    ),
    "What strangers send as `Host`": (f"{public_url.MAX_HOST} characters",),
    "Nothing holds the event loop": (
        f"{_s(LONGEST_S)} of processor time",
        f"slices of {1000 * time_slices.SLICE_S:g} ms",
    ),
    "Work for a client that leaves": (_s(2 * disconnect._WATCH_AFTER_S),),
    "What a filter becomes": (
        f"{_number(native_query.WIDTH)} clauses in one node",
        f"{_number(native_query.WIDTH)} values in one list",
        f"fewer than {NOMADS_LEVELS} levels",
    ),
    "A site cannot harm": (f"beside {CALLERS} callers",),
    "What a site claims to hold": (
        f"{_s(allowance.ROUND_S)} of reading",
        f"{_number(shared.MOST_EXTRAS)} ids",
        f"{_number(refresh.MOST_KEPT)} uploads",
    ),
    "An answer has a largest size": (
        _key("site_defaults", "max_answer_bytes", SITES, "MiB"),
        f"{decoding.MAX_ERROR_BYTES // KIB} KiB of an error",
        f"pieces of {decoding.PIECE_BYTES // KIB} KiB",
    ),
    "What sites send costs": (
        f"framing of {connection.MAX_HEAD_BYTES // KIB} KiB",
        f"{connection.MAX_INTERIM} interim answers",
        f"{_number(decoding.FREE_PIECES)} small pieces",
        f"less than {_s(CPU_S)}",
    ),
    "What sites send takes": (
        f"{_mib(memory_budget.BUDGET_BYTES)} by weight",
        f"{_mib(memory_budget.GUARANTEED_BYTES)} are kept",
        f"part of {_mib(SHARED)}",
        f"{REMEMBERED_LENGTH} characters",
    ),
    "Only configured sites": (f"{WORDS[redirects.MAX_REDIRECTS]} of them",),
    "A site's own words": (
        f"{faults.MAX_FOREIGN_SHOWN} characters of an error",
        "100 plain ones of a version",
        f"{refusals.MAX_SHOWN} of each text",
        f"{refusals.MOST_PARTS} in a list",
        f"{refusals.MOST_BYTES // KIB} kB in all",
    ),
    "A site sends nobody away": (f"`Retry-After` of {_s(missing.MOST_S)}",),
    "Work for callers who have left": (_key("timeouts", "site_s", TIMEOUTS, " s"),),
    "A cache that is down": (
        f"{_s(store.READ_S)} for a read",
        f"{_mib(store.BACKLOG_BYTES)} of waiting writes",
    ),
    "A new certificate": (f"every {_s(reloading.LOOK_S)}",),
    "What strangers send as `X-": (f"each of {untrusted_proxies.MOST_ADDRESSES} addresses",),
    "Logs grow": (f"{logs._SHOWN} characters of a path",),
    "An old configuration ends": (
        f"{WORDS[int(generation.GRACE_S)]} seconds more",
        f"waits {_s(reloading.READY_S)} for its sites",
    ),
    "Other programs of the machine": (
        f"{hub._CONNECTIONS} connections",
        f"{_s(hub._HELLO_S)} to show it",
    ),
    "Probes are answered": (
        f"{limits.PROBES_AT_A_TIME} connections beyond",
        f"{_s(protocol._PROBE_S)} to show",
    ),
}

NAMES = ("SHA-256", "A-Z a-z 0-9 _ - ~")
"""Digits that are no figures."""
