"""A query string becomes a SearchRequest or an EntryRequest, by OPTIMADE's own rules.

Names and forms are checked here; property names and values are the later steps' concern.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from gateway.errors import PageLimitError, ParameterError
from gateway.model import EntryRequest, Notice, SearchRequest
from gateway.serve.refusals import NotImplementedParameterError

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in their order, decoded."""

RESPONSE_FORMATS = ("json",)
INCLUDES = ("references",)
PAGING = ("page_offset", "page_number", "page_cursor", "page_above", "page_below")
_ANY_ENTRY = (
    "response_format", "email_address", "response_fields", "include", "api_hint",
    "dimension_slices",
)  # fmt: skip
_LISTING = ("filter", "sort", "page_limit", *PAGING, *_ANY_ENTRY)
_CUSTOM = re.compile(r"_[a-z][a-z0-9]*_\w+", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_INTEGER = re.compile(r"-?[0-9]+")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_MAX_DIGITS = 30
_BEYOND = 10**_MAX_DIGITS


@dataclass(frozen=True, slots=True)
class Rules:
    """What this server allows, as far as a query string shows it."""

    prefix: str
    sites: tuple[str, ...]
    """The sites that may be chosen among."""
    only: str | None = None
    """The one site this view shows; None: all."""
    default_limit: int = 20
    max_limit: int = 500
    budget_s: float = 4.0

    def own(self, name: str) -> str:
        """The name of one of this server's own parameters."""
        return f"_{self.prefix}_{name}"


@dataclass(frozen=True, slots=True)
class Caller:
    """What of a request is not in its query string."""

    request_id: str = ""
    token: str | None = None
    fresh: bool = False


def read_pairs(query: bytes) -> Pairs:
    """Names and values of a query string or form: `+` is a space, a real plus is %2B."""
    pieces = [piece.partition(b"=") for piece in query.split(b"&") if piece]
    return tuple((_decode(name), _decode(value)) for name, _, value in pieces)


def read_search(
    pairs: Pairs, *, entry_type: str, rules: Rules, caller: Caller
) -> tuple[SearchRequest, tuple[Notice, ...]]:
    """The listing request that these parameters make, and what to warn of."""
    given, notices = _known(pairs, rules=rules)
    _check_common(given)
    limit = _read_limit(given, rules)
    offset, more = _read_offset(given, limit=limit, rules=rules)
    request = SearchRequest(
        entry_type,
        filter=given.get("filter", "").strip() or None,
        sort=_read_sort(given.get("sort", "")),
        page_limit=limit,
        cursor=given.get("page_cursor") or None,
        offset=offset,
        response_fields=_read_fields(given),
        include=_read_include(given),
        sites=_read_sites(given, rules),
        partial=_read_partial(given, rules),
        timeout_s=_read_timeout(given, rules),
        fresh=caller.fresh,
        token=caller.token,
        request_id=caller.request_id,
    )
    return request, (*notices, *more)


def read_entry(
    pairs: Pairs, *, entry_type: str, entry_id: str, rules: Rules, caller: Caller
) -> EntryRequest:
    """The single-entry request that these parameters make; others than its own are ignored."""
    known = (*_ANY_ENTRY, rules.own("timeout"))
    given = _once(tuple(pair for pair in pairs if pair[0] in known))
    _check_common(given)
    return EntryRequest(
        entry_type,
        entry_id,
        response_fields=_read_fields(given),
        include=_read_include(given),
        sites=(rules.only,) if rules.only else None,
        timeout_s=_read_timeout(given, rules),
        fresh=caller.fresh,
        token=caller.token,
        request_id=caller.request_id,
    )


def listing_parameters(prefix: str) -> tuple[str, ...]:
    """All parameters of a listing, the server's own ones included."""
    own = (f"_{prefix}_{name}" for name in ("sites", "partial", "timeout"))
    return (*_LISTING, *own)


def _decode(text: bytes) -> str:
    raw = unquote_to_bytes(text.replace(b"+", b" "))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"The query string is not UTF-8 text: {raw[error.start : error.end]!r} "
            f"in {raw.decode('utf-8', 'replace')[:80]!r}."
        ) from error


def _known(pairs: Pairs, *, rules: Rules) -> tuple[dict[str, str], tuple[Notice, ...]]:
    """The parameters that are understood; a foreign one is a warning, an unknown one an error."""
    allowed = listing_parameters(rules.prefix)
    foreign = []
    for name, _ in pairs:
        if name in allowed:
            continue
        if not _CUSTOM.fullmatch(name) or name.startswith(rules.own("")):
            raise ParameterError(_unknown(name, allowed), parameter=name)
        foreign.append(name)
    return _once(tuple(pair for pair in pairs if pair[0] in allowed)), tuple(
        Notice(
            "Parameter ignored",
            f"The parameter {name!r} is not this provider's own and was ignored.",
            rules.own("parameter_ignored"),
        )
        for name in dict.fromkeys(foreign)
    )


def _unknown(name: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no parameter {name[:80]!r}.{hint} Allowed are {', '.join(allowed)}."


def _once(pairs: Pairs) -> dict[str, str]:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ParameterError(
                f"The parameter {name!r} was given more than once; give it once.", parameter=name
            )
    return dict(pairs)


def _check_common(given: Mapping[str, str]) -> None:
    form = given.get("response_format") or "json"
    if form not in RESPONSE_FORMATS:
        raise ParameterError(
            f"The response format {form!r} is not served; allowed is "
            f"{', '.join(RESPONSE_FORMATS)}.",
            parameter="response_format",
        )
    email = given.get("email_address")
    if email and not _EMAIL.fullmatch(email):
        raise ParameterError(
            f"{email!r} is not an email address such as name@example.org.",
            parameter="email_address",
        )
    if given.get("dimension_slices"):
        raise NotImplementedParameterError(
            "Slices of list properties are not implemented; leave dimension_slices out.",
            parameter="dimension_slices",
        )


def _read_limit(given: Mapping[str, str], rules: Rules) -> int:
    limit = _read_integer(given, "page_limit", default=rules.default_limit, least=1)
    if limit > rules.max_limit:
        raise PageLimitError(limit, maximum=rules.max_limit)
    return limit


def _read_offset(
    given: Mapping[str, str], *, limit: int, rules: Rules
) -> tuple[int, tuple[Notice, ...]]:
    """Where the page begins: a page_offset that is not zero, else what page_number says."""
    for name in ("page_above", "page_below"):
        if given.get(name):
            raise ParameterError(
                f"{name} is not supported; allowed are page_cursor (as in links.next), "
                "page_offset and page_number.",
                parameter=name,
            )
    offset = _read_integer(given, "page_offset", default=0, least=0)
    number = _read_integer(given, "page_number", default=1, least=1)
    by_number = (number - 1) * limit
    if not offset:
        return by_number, ()
    if given.get("page_number") and by_number != offset and not given.get("page_cursor"):
        detail = f"page_number={number} was ignored because page_offset={offset} was given too."
        return offset, (Notice("Parameter ignored", detail, rules.own("parameter_ignored")),)
    return offset, ()


def _read_integer(given: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    text = given.get(name, "").strip()
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise ParameterError(
            f"{name} must be a whole number from {least} upwards, not {text[:40]!r}.",
            parameter=name,
        )
    value = int(text) if len(text) <= _MAX_DIGITS else -1 if text[0] == "-" else _BEYOND
    if value < least:
        raise ParameterError(
            f"{name} must be a whole number from {least} upwards, not {text[:40]}.",
            parameter=name,
        )
    return value


def _read_sort(text: str) -> tuple[tuple[str, bool], ...]:
    keys: dict[str, bool] = {}
    for word in _words(text):
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
    return tuple(dict.fromkeys(_words(given["response_fields"])))


def _read_include(given: Mapping[str, str]) -> tuple[str, ...]:
    paths = tuple(dict.fromkeys(_words(given.get("include", "references"))))
    for path in paths:
        if path not in INCLUDES:
            raise ParameterError(
                f"There is no relationship {path[:80]!r} to include; allowed is "
                f"{', '.join(INCLUDES)}, or nothing.",
                parameter="include",
            )
    return paths


def _read_sites(given: Mapping[str, str], rules: Rules) -> tuple[str, ...] | None:
    name = rules.own("sites")
    sites = tuple(dict.fromkeys(_words(given.get(name, ""))))
    for site in sites:
        if site not in rules.sites:
            raise ParameterError(
                f"There is no site {site[:80]!r}; the sites are {', '.join(rules.sites)}.",
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


def _read_timeout(given: Mapping[str, str], rules: Rules) -> float | None:
    name = rules.own("timeout")
    text = given.get(name, "").strip()
    if not text:
        return None
    value = float(text) if _SECONDS.fullmatch(text) else 0.0
    if not 0 < value <= rules.budget_s:
        raise ParameterError(
            f"{name} must be a number of seconds, above 0 and up to {rules.budget_s:g}, "
            f"not {text[:40]!r}.",
            parameter=name,
        )
    return value


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
