"""A query string becomes a SearchRequest or an EntryRequest, by OPTIMADE's own rules.

Names and forms are checked here; property names and values are checked by the later steps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.errors import NotImplementedParameterError, ParameterError, unknown_site
from gateway.model import EntryRequest, Notice, SearchRequest
from gateway.serve.request.formats import (
    JSON,
    chosen_format,
    entry_formats,
    fields_for,
    listing_formats,
)
from gateway.serve.request.packed_filter import PACKED, unpack_filter
from gateway.serve.request.pagination import read_limit, read_offset
from gateway.serve.request.query_string import (
    ANY_ENTRY,
    Pairs,
    Rules,
    check_size,
    once,
    read_known,
)

INCLUDES = ("references",)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LEAST_TIMEOUT_S = 0.1
"""Less time is not enough for any answer: half of this goes into writing one."""
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Caller:
    """What of a request is not in its query string."""

    request_id: str = ""
    client: str = ""
    """Where it came from (`client_address`)."""
    token: str | None = None
    fresh: bool = False
    arrived: float | None = None
    """When the request came, on the event loop's clock; None: now."""


def read_search(
    pairs: Pairs, *, entry_type: str, rules: Rules, caller: Caller
) -> tuple[SearchRequest, tuple[Notice, ...]]:
    """The listing request that these parameters make, and what to warn of."""
    check_size(pairs, rules=rules)
    given, notices = read_known(pairs, rules=rules)
    _check_common(given, formats=listing_formats(entry_type, rules.prefix))
    form = chosen_format(given, rules.prefix)
    limit = read_limit(given, rules)
    offset, more = read_offset(given, limit=limit, rules=rules)
    request = SearchRequest(
        entry_type,
        filter=_read_filter(given, rules),
        sort=_read_sort(given.get("sort", "")),
        page_limit=limit,
        cursor=given.get("page_cursor") or None,
        offset=offset,
        response_fields=fields_for(form, _read_fields(given), entry_type, rules.prefix),
        include=_read_include(given),
        sites=_read_sites(given, rules),
        partial=_read_partial(given, rules),
        copies=_read_copies(given, rules),
        timeout_s=_read_timeout(given, rules),
        entered=caller.arrived,
        facets=_read_facets(given, rules),
        fresh=caller.fresh,
        token=caller.token,
        request_id=caller.request_id,
        client=caller.client,
    )
    return request, (*notices, *more)


def read_entry(
    pairs: Pairs, *, entry_type: str, entry_id: str, rules: Rules, caller: Caller
) -> EntryRequest:
    """The single-entry request that these parameters make; others than its own are ignored."""
    known = (*ANY_ENTRY, rules.own("timeout"))
    given = once(tuple(pair for pair in pairs if pair[0] in known))
    _check_common(given, formats=entry_formats(entry_type, rules.prefix))
    form = chosen_format(given, rules.prefix)
    return EntryRequest(
        entry_type,
        entry_id,
        response_fields=fields_for(form, _read_fields(given), entry_type, rules.prefix),
        include=_read_include(given),
        sites=(rules.only,) if rules.only else None,
        timeout_s=_read_timeout(given, rules),
        entered=caller.arrived,
        fresh=caller.fresh,
        token=caller.token,
        request_id=caller.request_id,
        client=caller.client,
    )


def _check_common(given: Mapping[str, str], *, formats: tuple[str, ...]) -> None:
    form = given.get("response_format") or JSON
    if form not in formats:
        raise ParameterError(
            f"The response format {form[:80]!r} is not served; allowed are {', '.join(formats)}.",
            parameter="response_format",
        )
    email = given.get("email_address")
    if email and not _EMAIL.fullmatch(email):
        raise ParameterError(
            f"{email[:80]!r} is not an email address such as name@example.org.",
            parameter="email_address",
        )
    if given.get("dimension_slices"):
        raise NotImplementedParameterError(
            "Slices of list properties are not implemented; leave dimension_slices out.",
            parameter="dimension_slices",
        )


def _read_filter(given: Mapping[str, str], rules: Rules) -> str | None:
    """The filter; links after a POST have it packed, and who sends the form again has it twice."""
    text, name = given.get("filter", "").strip(), rules.own(PACKED)
    packed = given.get(name)
    if not packed:
        return text or None
    held = unpack_filter(packed, parameter=name, longest=rules.longest_filter).strip()
    if text not in ("", held):
        raise ParameterError(
            f"filter and {name} say different things; give one of them.", parameter="filter"
        )
    return held or None


def _read_sort(text: str) -> tuple[tuple[str, bool], ...]:
    keys: dict[str, bool] = {}
    for word in _words(text, "sort"):
        name = word.removeprefix("-").strip()
        if not name:
            raise ParameterError(
                "sort has a minus without a property; allowed are property names, separated by "
                "commas, each with a minus before it to descend.",
                parameter="sort",
            )
        keys.setdefault(name, word.startswith("-"))  # a second mention cannot change the order
    return tuple(keys.items())


def _read_fields(given: Mapping[str, str]) -> tuple[str, ...] | None:
    if "response_fields" not in given:
        return None
    return tuple(dict.fromkeys(_words(given["response_fields"], "response_fields")))


def _read_include(given: Mapping[str, str]) -> tuple[str, ...]:
    paths = tuple(dict.fromkeys(_words(given.get("include", "references"), "include")))
    for path in paths:
        if path not in INCLUDES:
            raise ParameterError(
                f"There is no relationship {path[:80]!r} to include; allowed is "
                f"{', '.join(INCLUDES)}, or nothing.",
                parameter="include",
            )
    return paths


def _read_facets(given: Mapping[str, str], rules: Rules) -> tuple[str, ...]:
    name = rules.own("facets")
    facets = tuple(dict.fromkeys(_words(given.get(name, ""), name)))
    if facets and (given.get("response_format") or JSON) != JSON:
        raise ParameterError(
            f"{name} counts values in {JSON} answers alone; leave it or response_format out.",
            parameter=name,
        )
    return facets


def _read_sites(given: Mapping[str, str], rules: Rules) -> tuple[str, ...] | None:
    name = rules.own("sites")
    sites = tuple(dict.fromkeys(_words(given.get(name, ""), name)))
    for site in sites:
        if site not in rules.sites:
            raise ParameterError(
                unknown_site(site, sites=rules.sites),
                parameter=name,
            )
    return sites or ((rules.only,) if rules.only else None)


def _read_partial(given: Mapping[str, str], rules: Rules) -> Literal["allow", "forbid"]:
    name = rules.own("partial")
    match given.get(name) or "allow":
        case "allow":
            return "allow"
        case "forbid":
            return "forbid"
        case other:
            raise ParameterError(
                f"{name} must be allow or forbid, not {other[:40]!r}.", parameter=name
            )


def _read_copies(given: Mapping[str, str], rules: Rules) -> Literal["merge", "all"]:
    name = rules.own("copies")
    match given.get(name) or "merge":
        case "merge":
            return "merge"
        case "all":
            return "all"
        case other:
            raise ParameterError(
                f"{name} must be merge or all, not {other[:40]!r}.", parameter=name
            )


def _read_timeout(given: Mapping[str, str], rules: Rules) -> float | None:
    name = rules.own("timeout")
    text = given.get(name, "").strip()
    if not text:
        return None
    value = float(text) if _SECONDS.fullmatch(text) else 0.0
    if not LEAST_TIMEOUT_S <= value <= rules.longest_s:
        raise ParameterError(
            f"{name} must be a number of seconds from {LEAST_TIMEOUT_S:g} to {rules.longest_s:g}, "
            f"not {text[:40]!r}.",
            parameter=name,
        )
    return value


def _words(text: str, parameter: str) -> list[str]:
    """The items of a list; an empty text is an empty list, but an item must not be empty."""
    if not text.strip():
        return []
    words = [word.strip() for word in text.split(",")]
    if "" in words:
        raise ParameterError(
            f"{parameter} has an empty item: item {words.index('') + 1} of {len(words)}. Give "
            "names separated by single commas, none at the beginning or end.",
            parameter=parameter,
        )
    return words
