"""Which part of the whole a page is: page_limit, page_offset, page_number and their kin."""

import re
from collections.abc import Mapping

from gateway.errors import PageLimitError, ParameterError
from gateway.model import Notice
from gateway.serve.request.query_string import Rules

_INTEGER = re.compile(r"-?[0-9]+")
_MAX_DIGITS = 30
_BEYOND = 10**_MAX_DIGITS
_SHOWN = 40
"""Characters of a number that an answer repeats."""
_UNSUPPORTED = ("page_above", "page_below")


def read_limit(given: Mapping[str, str], rules: Rules) -> int:
    """How many entries a page holds."""
    limit = _read_integer(given, "page_limit", default=rules.default_limit, least=1)
    if limit > rules.max_limit:
        raise PageLimitError(limit, maximum=rules.max_limit)
    return limit


def read_offset(
    given: Mapping[str, str], *, limit: int, rules: Rules
) -> tuple[int, tuple[Notice, ...]]:
    """Where the page begins: a page_offset that is not zero, else what page_number says.

    What cannot be met is ignored with a warning, as the reference server of OPTIMADE does.
    """
    offset = _read_integer(given, "page_offset", default=0, least=0)
    number = _read_integer(given, "page_number", default=1, least=None)
    by_number = (max(number, 1) - 1) * limit
    details = [
        f"{name} is not supported and was ignored; allowed are page_cursor (as in links.next), "
        "page_offset and page_number."
        for name in _UNSUPPORTED
        if given.get(name)
    ]
    shown = given.get("page_number", "").strip()[:_SHOWN]
    if shown and not given.get("page_cursor"):
        if offset and (number < 1 or by_number != offset):
            details.append(
                f"page_number={shown} was ignored because page_offset={offset} was given too."
            )
        elif number < 1:
            details.append(f"Pages are counted from 1: page_number={shown} was taken as 1.")
    return offset or by_number, tuple(
        Notice("Parameter ignored", one, rules.own("parameter_ignored")) for one in details
    )


def _read_integer(given: Mapping[str, str], name: str, *, default: int, least: int | None) -> int:
    """The number that a parameter says; `least` None: any whole number."""
    text = given.get(name, "").strip()
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise _not_whole(name, least, repr(text[:_SHOWN]))
    value = int(text) if len(text) <= _MAX_DIGITS else -1 if text[0] == "-" else _BEYOND
    if least is not None and value < least:
        raise _not_whole(name, least, text[:_SHOWN])
    return value


def _not_whole(name: str, least: int | None, given: str) -> ParameterError:
    lowest = 1 if least is None else least
    return ParameterError(
        f"{name} must be a whole number from {lowest} upwards, not {given}.", parameter=name
    )
