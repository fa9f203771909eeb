"""A formula as people write it -> which elements it has how often."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from gateway.catalogue.element_names import ISOTOPES
from gateway.properties import ELEMENT_SYMBOLS

Composition: TypeAlias = Mapping[str, int]
"""Count by chemical symbol."""

LONGEST = 100
"""Characters of a formula that is read; those of real entries are shorter."""
_MOST = 3
_MOST_DIGITS = 4

SYMBOLS = frozenset(ELEMENT_SYMBOLS)
_BY_LOWER = {symbol.lower(): symbol for symbol in ELEMENT_SYMBOLS}
TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)")
_DECORATION = re.compile(r"[\s_{}$]")
_GROUP = re.compile(r"[(\[]([^()\[\]]*)[)\]](\d*)")
_PIECE = re.compile(r"([a-z]+)(\d*)")


def compositions(text: str) -> tuple[Composition, ...]:
    """What a formula may mean, the likeliest first: in any order, with groups in parentheses,
    subscripts, spaces, or, if it cannot be read otherwise, with letters in the wrong case."""
    plain = _expanded(_DECORATION.sub("", unicodedata.normalize("NFKC", text[:LONGEST])))
    if not plain:
        return ()
    exact = _counted(TOKEN.findall(plain)) if _is_all(TOKEN, plain) else None
    if exact is not None:
        return (exact,)
    return tuple(_in_any_case(plain.lower()))


def tokens(text: str) -> list[tuple[str, str]] | None:
    """Letters and digits in turn, as they stand; None: it is not made of such."""
    return TOKEN.findall(text) if text and _is_all(TOKEN, text) else None


def _is_all(pattern: re.Pattern[str], text: str) -> bool:
    return "".join(match[0] for match in pattern.finditer(text)) == text


def _expanded(text: str) -> str:
    """Groups in parentheses written out; empty where that would be too long."""
    while match := _GROUP.search(text):
        times = int(match[2][:_MOST_DIGITS] or 1)
        if times * len(match[1]) > LONGEST:
            return ""
        text = text[: match.start()] + match[1] * times + text[match.end() :]
        if len(text) > LONGEST:
            return ""
    return text


def _counted(pairs: list[tuple[str, str]]) -> Composition | None:
    counts: dict[str, int] = {}
    for written, digits in pairs:
        symbol = ISOTOPES.get(written, written)
        if symbol not in SYMBOLS or len(digits) > _MOST_DIGITS or int(digits or 1) == 0:
            return None
        counts[symbol] = counts.get(symbol, 0) + int(digits or 1)
    return counts


def _in_any_case(lower: str) -> Iterator[Composition]:
    """The readings with fewest symbols: `nacl` is Na and Cl, `co` is Co, or C and O."""
    if not _is_all(_PIECE, lower):
        return
    readings: list[list[tuple[str, str]]] = [[]]
    for letters, digits in _PIECE.findall(lower):
        ways = _spellings(letters)
        readings = [
            [*before, *((symbol, "") for symbol in way[:-1]), (way[-1], digits)]
            for before in readings
            for way in ways
        ][:_MOST]
    for reading in readings:
        counts = _counted(reading) if reading else None
        if counts is not None:
            yield counts


@lru_cache(maxsize=256)
def _spellings(letters: str) -> tuple[tuple[str, ...], ...]:
    """The ways to cut letters into symbols, those with fewest symbols first."""
    ways: list[list[tuple[str, ...]]] = [[()]]
    for end in range(1, len(letters) + 1):
        found = [
            (*way, symbol)
            for size in (2, 1)
            if size <= end and (symbol := _BY_LOWER.get(letters[end - size : end]))
            for way in ways[end - size]
        ]
        ways.append(sorted(found, key=len)[:_MOST])
    return tuple(ways[-1])
