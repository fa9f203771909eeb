"""A query string or form as names and values, each checked against what a listing understands."""

import asyncio
import difflib
import functools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote_plus, unquote_to_bytes

from gateway.errors import ParameterError
from gateway.model import Notice
from gateway.serve.request.packed_filter import PACKED

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in their order, decoded."""

PAGING = ("page_offset", "page_number", "page_cursor", "page_above", "page_below")
ANY_ENTRY = (
    "response_format",
    "email_address",
    "response_fields",
    "include",
    "api_hint",
    "dimension_slices",
)
"""What listings and single entries understand."""

MAX_PARAMETERS = 100
"""Several times what a listing understands; each foreign one costs work and a warning."""
OTHER_BYTES = 65_536
"""Of a query string or form apart from the filter and page_cursor, which have bounds of their own:
names, other values and punctuation, percent-encoded."""
_PATH_BYTES = 1_024
"""Of these for the path and the paging parameters of a link."""
_LONG = 65_536
"""Bytes of a query string or form above which decoding takes more than some 10 ms."""
_SHOWN = 80
"""Characters of a parameter's name that an answer repeats."""
_LISTING = ("filter", "sort", "page_limit", *PAGING, *ANY_ENTRY)
_CUSTOM = re.compile(r"_[a-z][a-z0-9]*_\w+", re.ASCII)


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
    longest_s: float = 60.0
    """The longest time that a caller may ask for."""
    longest_filter: int = 16_384
    """Characters of a filter."""

    def own(self, name: str) -> str:
        """The name of one of this server's own parameters."""
        return f"_{self.prefix}_{name}"


def read_pairs(query: bytes, *, most: int = MAX_PARAMETERS) -> Pairs:
    """Names and values of a query string or form: `+` is a space, a real plus is %2B."""
    if query.count(b"&") >= most:
        count = sum(1 for piece in query.split(b"&") if piece)
        _check_count(count, most)
    pieces = [piece.partition(b"=") for piece in query.split(b"&") if piece]
    return tuple((_decode(name), _decode(value)) for name, _, value in pieces)


async def read_pairs_off_loop(query: bytes, *, most: int = MAX_PARAMETERS) -> Pairs:
    """The same; a long text is decoded in a thread, so that the event loop goes on."""
    if len(query) <= _LONG:
        return read_pairs(query, most=most)
    return await asyncio.to_thread(read_pairs, query, most=most)


@functools.cache
def listing_parameters(prefix: str) -> tuple[str, ...]:
    """All parameters of a listing, the server's own ones included."""
    names = ("sites", "partial", "copies", "timeout", "facets", PACKED)
    return (*_LISTING, *(f"_{prefix}_{name}" for name in names))


def read_known(pairs: Pairs, *, rules: Rules) -> tuple[dict[str, str], tuple[Notice, ...]]:
    """The parameters that are understood; a foreign one is a warning, an unknown one an error."""
    allowed = listing_parameters(rules.prefix)
    if all(name in allowed for name, _ in pairs):
        return once(pairs), ()
    foreign = []
    for name, _ in pairs:
        if name in allowed:
            continue
        if not _CUSTOM.fullmatch(name) or name.startswith(rules.own("")):
            raise ParameterError(_unknown(name, allowed), parameter=name[:_SHOWN])
        foreign.append(name)
    return once(tuple(pair for pair in pairs if pair[0] in allowed)), tuple(
        Notice(
            "Parameter ignored",
            f"The parameter {name[:_SHOWN]!r} is not this provider's own and was ignored.",
            rules.own("parameter_ignored"),
        )
        for name in dict.fromkeys(foreign)
    )


def check_size(pairs: Pairs, *, rules: Rules) -> None:
    """Refuse what would not fit into a link beside the longest filter and cursor.

    Encoding makes nothing shorter, so only what may fit is encoded.
    """
    most = OTHER_BYTES - _PATH_BYTES
    apart = ("filter", rules.own(PACKED), *PAGING)
    others = [pair for pair in pairs if pair[0] not in apart]
    size = sum(len(name) + len(value) + 2 for name, value in others)
    if size <= most:
        size = sum(len(quote_plus(name)) + len(quote_plus(value)) + 2 for name, value in others)
    if size > most:
        longest = max(others, key=lambda pair: len(pair[1]))[0]
        raise ParameterError(
            "The parameters beside filter and page_cursor take too many bytes, percent-encoded: "
            f"at most {most} are read, so that links can repeat them.",
            parameter=longest[:_SHOWN],
        )


def joined_pairs(query: Pairs, form: Pairs) -> Pairs:
    """The parameters of both; what they say alike counts once, as who follows a link with the same
    form repeats it."""
    joined = (*query, *(pair for pair in form if pair not in query))
    _check_count(len(joined))
    return joined


def _check_count(count: int, most: int = MAX_PARAMETERS) -> None:
    if count > most:
        raise ParameterError(f"The request has {count} parameters; at most {most} are read.")


def _unknown(name: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name[:_SHOWN], allowed, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no parameter {name[:_SHOWN]!r}.{hint} Allowed are {', '.join(allowed)}."


def once(pairs: Pairs) -> dict[str, str]:
    """The values by name; no name stands twice."""
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ParameterError(
                f"The parameter {name[:_SHOWN]!r} was given more than once; give it once.",
                parameter=name[:_SHOWN],
            )
    return values


def _decode(text: bytes) -> str:
    raw = unquote_to_bytes(text.replace(b"+", b" "))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParameterError(
            f"The query string is not UTF-8 text: the byte {raw[error.start]:02X} cannot be read "
            f"in {raw.decode('utf-8', 'replace')[:80]!r}."
        ) from error
