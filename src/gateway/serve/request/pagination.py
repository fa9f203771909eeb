"""Which part of the whole a page is: page_limit, page_offset, page_number and their kin."""

import re
from collections.abc import Mapping

from gateway.errors import PageLimitError, ParameterError
from gateway.model import Notice
from gateway.serve.request.query_string import Rules

_INTEGER = re.compile(r"-?[0-9]+")
_MAX_DIGITS = 30
_BEYOND = 10**_MAX_DIGITS


def read_limit(given: Mapping[str, str], rules: Rules) -> int:
    """How many entries a page holds."""
    limit = _read_integer(given, "page_limit", default=rules.default_limit, least=1)
    if limit > rules.max_limit:
        raise PageLimitError(limit, maximum=rules.max_limit)
    return limit


def read_offset(
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
