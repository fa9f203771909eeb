"""The three formulas of one spelling: which texts can be one, and which was perhaps meant."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from string import ascii_lowercase, ascii_uppercase
from typing import Literal, TypeAlias

from gateway.parse.tree import FuzzyOp
from gateway.plan.notices.compositions import SYMBOLS, Composition, compositions, tokens

Kind: TypeAlias = Literal["reduced", "hill", "anonymous"]

RULES: dict[Kind, str] = {
    "reduced": "elements are in alphabetical order, with the smallest whole numbers and no 1",
    "hill": "C is first, then H, then the others in alphabetical order (all of them, without C), "
    "with no 1",
    "anonymous": "the elements are A, B, C .. by falling number, with the smallest whole numbers "
    "and no 1",
}
_LABELS = (*ascii_uppercase, *(big + low for low in ascii_lowercase for big in ascii_uppercase))
_FRAGMENT = re.compile(r"[a-z]?\d*(?:[A-Z][a-z]?\d*)*")


@dataclass(frozen=True, slots=True)
class _Part:
    """One symbol in a text, and its digits; `is_open`: more may follow of both."""

    symbol: str
    digits: str
    is_open: bool = False


def is_formula(text: str, kind: Kind) -> bool:
    """Whether a formula of this kind can be the text, which is at most `LONGEST` long."""
    found = tokens(text)
    if found is None:
        return False
    numbers = [int(digits or 1) for _, digits in found]
    if any(digits == "1" or digits.startswith("0") for _, digits in found):
        return False
    symbols = [symbol for symbol, _ in found]
    if kind == "anonymous":
        falling = all(one >= other for one, other in pairwise(numbers))
        return falling and tuple(symbols) == _LABELS[: len(symbols)] and gcd(*numbers) == 1
    if not SYMBOLS.issuperset(symbols):
        return False
    if kind == "reduced":
        return _rises(symbols) and gcd(*numbers) == 1
    return symbols == _hill_order(symbols) and len(set(symbols)) == len(symbols)


def is_part(text: str, op: FuzzyOp, kind: Kind) -> bool:
    """Whether a formula of this kind can start with, end with or contain the text.

    True where that is in doubt.
    """
    if not text:
        return True
    if not _FRAGMENT.fullmatch(text) or (op == "STARTS" and not text[0].isupper()):
        return False
    parts = _parts(text, op)
    if any(_is_spoilt(one, kind) for one in parts):
        return False
    return kind == "anonymous" or all(_may_follow(a, b, kind) for a, b in pairwise(parts))


def formulas_like(text: str, kind: Kind, *, is_whole: bool = True) -> tuple[str, ...]:
    """Formulas of this kind that mean the same as the text, the likeliest first."""
    if kind == "anonymous" and (counts := _label_counts(text)):
        return (_anonymous(counts),)
    found = [_written(one, kind, is_whole=is_whole) for one in compositions(text)]
    if kind == "anonymous" and not found and (counts := _placeholder_counts(text)):
        found = [_anonymous(counts)]
    return tuple(dict.fromkeys(found))


def anonymous_of(text: str) -> str | None:
    """The text as an anonymous formula, if it is written with A, B, C .., or with other letters as
    in `ABX3`; else None."""
    counts = _label_counts(text) or _placeholder_counts(text)
    return _anonymous(counts) if counts else None


def _written(counts: Composition, kind: Kind, *, is_whole: bool) -> str:
    if kind == "anonymous":
        return _anonymous(list(counts.values()))
    if kind == "hill":
        return _joined((symbol, counts[symbol]) for symbol in _hill_order(list(counts)))
    share = gcd(*counts.values()) if is_whole else 1
    return _joined((symbol, counts[symbol] // share) for symbol in sorted(counts))


def _anonymous(counts: Sequence[int]) -> str:
    share = gcd(*counts)
    falling = sorted((count // share for count in counts), reverse=True)
    return _joined(zip(_LABELS, falling, strict=False))


def _label_counts(text: str) -> list[int]:
    """The numbers of a text with A, B, C .. in any order and case; empty: it is none."""
    found = tokens("".join(text.split()).upper()) or []
    labels = [label for label, _ in found]
    if sorted(labels) != list(_LABELS[: len(labels)]):
        return []
    counts = [int(digits[:4] or 1) for _, digits in found]
    return counts if all(counts) else []


def _placeholder_counts(text: str) -> list[int]:
    """The numbers of two or more different capitals, as in `ABO3` or `MX2`; empty: it is none."""
    found = tokens("".join(text.split())) or []
    labels = {label for label, _ in found if len(label) == 1}
    if len(found) < 2 or len(labels) < len(found):
        return []
    counts = [int(digits[:4] or 1) for _, digits in found]
    return counts if all(counts) else []


def _joined(pairs: Iterable[tuple[str, int]]) -> str:
    return "".join([symbol + (str(count) if count > 1 else "") for symbol, count in pairs])


def _rises(symbols: Sequence[str]) -> bool:
    return all(one < other for one, other in pairwise(symbols))


def _hill_order(symbols: Sequence[str]) -> list[str]:
    first = ("C", "H") if "C" in symbols else ()
    return [one for one in first if one in symbols] + sorted(set(symbols) - {*first})


def _parts(text: str, op: FuzzyOp) -> list[_Part]:
    """The symbols of a fragment; what stands before its first capital belongs to another one."""
    found = re.findall(r"([A-Z][a-z]?)(\d*)", text)
    parts = [_Part(symbol, digits) for symbol, digits in found]
    if parts and op != "ENDS":
        last = parts[-1]
        parts[-1] = _Part(last.symbol, last.digits, is_open=True)
    return parts


def _is_spoilt(part: _Part, kind: Kind) -> bool:
    if part.digits.startswith("0") or (part.digits == "1" and not part.is_open):
        return True
    if kind == "anonymous":
        return False
    can_grow = part.is_open and len(part.symbol) == 1 and not part.digits
    return part.symbol not in SYMBOLS and not can_grow


def _may_follow(one: _Part, other: _Part, kind: Kind) -> bool:
    """Whether the order of the formula allows the second symbol right after the first."""
    grown = other.is_open and len(other.symbol) == 1 and not other.digits
    candidates = [s for s in SYMBOLS if s == other.symbol or (grown and s[0] == other.symbol)]
    return any(_is_ordered(one.symbol, symbol, kind) for symbol in candidates)


def _is_ordered(one: str, other: str, kind: Kind) -> bool:
    if kind == "reduced" or (one not in ("C", "H") and other != "C"):
        return one < other
    return other != "C" and one != other
