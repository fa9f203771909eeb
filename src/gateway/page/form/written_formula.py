"""A formula as people write it -> what it asks for.

`TiO2`, `Ti4O8`, `Ca(OH)2` a composition; `AB2` an anonymous formula; `Ba-Ti-O` a chemical system;
`*TiO3` a composition with unknown elements; `Ti-O-*` a system with unknown elements.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from gateway.page.elements import elements

LONGEST = 200
"""Characters of a formula that are read."""
MOST_ATOMS = 100_000
MOST_LETTERS = 26
"""Of an anonymous formula: beyond Z they would have two characters."""
_EXAMPLES = "write TiO2, AB2, Ba-Ti-O or *TiO3"
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉∗×−–", "0123456789*x--")
_TOKEN = re.compile(r"\s*(?:([A-Z][a-z]?|\*)|(\()|(\)))(\d+(?:\.\d+)?)?\s*")
_ANONYMOUS = re.compile(r"(?:[A-Z]\d*)+")
_LETTER = re.compile(r"([A-Z])(\d*)")


_Counts: TypeAlias = tuple[dict[str, Fraction], list[Fraction]]


class FormulaError(ValueError):
    """The text is no formula; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Written:
    """A formula: the elements with how many of each, and unknown ones (`*`) likewise.

    Counts are without a common divisor. A chemical system leaves the counts open: all are 0.
    """

    known: tuple[tuple[str, int], ...] = ()
    """By symbol, in alphabetical order."""
    unknown: tuple[int, ...] = ()
    """Of the `*`, or of all letters of an anonymous formula; the largest first."""


def read_formula(text: str) -> Written:
    """What the formula asks for; raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"A formula has at most {LONGEST} characters.")
    plain = text.translate(_PLAIN).strip()
    if "-" in plain:
        return _system(plain)
    if _is_anonymous(plain):
        return Written(unknown=_reduced_all([int(n or 1) for _, n in _LETTER.findall(plain)]))
    return _composition(plain)


def _system(text: str) -> Written:
    words = [word.strip() for word in text.split("-")]
    known = sorted({word for word in words if word != "*"})
    for word in known:
        if word not in elements():
            raise FormulaError(f"{word!r} is no element; a chemical system is written Ba-Ti-O.")
    return Written(tuple((word, 0) for word in known), (0,) * words.count("*"))


def _is_anonymous(text: str) -> bool:
    """Whether these are the letters A, B, C and so on, each once, and no formula of elements."""
    if not _ANONYMOUS.fullmatch(text):
        return False
    letters = [letter for letter, _ in _LETTER.findall(text)]
    first = [chr(ord("A") + place) for place in range(len(letters))]
    return sorted(letters) == first  # A is no element, so no formula of elements is like that


def _composition(text: str) -> Written:
    known, unknown = _counts(text)
    counts = [*known.values(), *unknown]
    if not counts:
        raise FormulaError(f"There is no element in it; {_EXAMPLES}.")
    scale = lcm(*(count.denominator for count in counts))
    whole = [int(count * scale) for count in counts]
    if min(whole) < 1:
        raise FormulaError("An element has the number 0; leave it out.")
    if sum(whole) > MOST_ATOMS:
        raise FormulaError(f"A formula has at most {MOST_ATOMS:,} atoms.")
    if unknown and len(counts) > MOST_LETTERS:
        raise FormulaError(f"A formula with * has at most {MOST_LETTERS} elements.")
    if not known:
        return Written(unknown=_reduced_all(whole))
    common = gcd(*whole)
    amounts = [count // common for count in whole]
    named = sorted(zip(known, amounts, strict=False))
    return Written(tuple(named), tuple(sorted(amounts[len(known) :], reverse=True)))


def _counts(text: str) -> _Counts:
    """How many of each element, and of each `*`; a group in parentheses counts many times."""
    levels: list[_Counts] = [({}, [])]
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise FormulaError(f"{text[at:][:20]!r} cannot be read; {_EXAMPLES}.")
        at = found.end()
        _take(found, levels)
    if len(levels) > 1:
        raise FormulaError(f"A parenthesis is not closed; {_EXAMPLES}.")
    return levels[0]


def _take(found: re.Match[str], levels: list[_Counts]) -> None:
    symbol, opened, closed, digits = found.groups()
    times = Fraction(digits or 1)
    if opened and not digits:
        levels.append(({}, []))
    elif closed and len(levels) > 1:
        inner, stars = levels.pop()
        _add({one: count * times for one, count in inner.items()}, levels[-1][0])
        levels[-1][1].extend(star * times for star in stars)
    elif symbol == "*":
        levels[-1][1].append(times)
    elif symbol:
        _add({_element(symbol): times}, levels[-1][0])
    else:
        raise FormulaError(f"Its parentheses do not match; {_EXAMPLES}.")


def _add(more: dict[str, Fraction], counts: dict[str, Fraction]) -> None:
    for symbol, count in more.items():
        counts[symbol] = counts.get(symbol, Fraction(0)) + count


def _element(symbol: str) -> str:
    if symbol not in elements():
        hint = "; unknown elements are written *, as in *TiO3" if len(symbol) == 1 else ""
        raise FormulaError(f"{symbol!r} is no element{hint}.")
    return symbol


def _reduced_all(counts: list[int]) -> tuple[int, ...]:
    if len(counts) > MOST_LETTERS:
        raise FormulaError(f"A formula with * has at most {MOST_LETTERS} elements.")
    if min(counts) < 1 or sum(counts) > MOST_ATOMS:
        raise FormulaError(f"The numbers of a formula are from 1 to {MOST_ATOMS:,}.")
    common = gcd(*counts)
    return tuple(sorted((count // common for count in counts), reverse=True))


def reduced_text(counts: Mapping[str, int]) -> str:
    """The formula as OPTIMADE's `chemical_formula_reduced` has it."""
    return "".join(f"{one}{n if n > 1 else ''}" for one, n in sorted(counts.items()))


def anonymous_text(counts: tuple[int, ...]) -> str:
    """The formula as OPTIMADE's `chemical_formula_anonymous` has it; the largest count first."""
    letters = (f"{chr(ord('A') + place)}{n if n > 1 else ''}" for place, n in enumerate(counts))
    return "".join(letters)
