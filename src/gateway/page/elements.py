"""The 118 elements: symbol, name, electronegativity, and the order of the periodic table."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_F_BLOCK = (range(57, 72), range(89, 104))
"""Lanthanides and actinides by their numbers: they have rows of their own below the table."""
_SYMBOL = re.compile(r"[A-Z][a-z]?")


@dataclass(frozen=True, slots=True)
class Element:
    """One element."""

    number: int
    symbol: str
    name: str
    electronegativity: float | None
    """Pauling's; None for those that have none."""


@functools.cache
def elements() -> Mapping[str, Element]:
    """All elements by their symbols, in the order of their numbers."""
    lines = Path(__file__).with_name("elements.txt").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    made = (
        Element(number, symbol, name, float(rest[0]) if rest else None)
        for number, (symbol, name, *rest) in enumerate(rows, start=1)
    )
    return {element.symbol: element for element in made}


@functools.cache
def table_order() -> tuple[Element, ...]:
    """All elements row by row as the periodic table is drawn: the f-block in two rows below."""
    every = tuple(elements().values())
    below = [element for numbers in _F_BLOCK for element in every if element.number in numbers]
    return (*(element for element in every if element not in below), *below)


def read_elements(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The elements that a person has written, each once, and the words that are none.

    Symbols in any case, names, and symbols without a space between them are understood.
    """
    found: list[str] = []
    strange: list[str] = []
    for word in re.split(r"[\s,;+·-]+", text.strip()):
        if word:
            symbols = _symbols(word)
            found.extend(symbols)
            strange.extend(() if symbols else (word,))
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(strange))


def _symbols(word: str) -> tuple[str, ...]:
    known = elements()
    for guess in (word, word.capitalize()):
        if guess in known:
            return (guess,)
        if guess.capitalize() in _by_name():
            return (_by_name()[guess.capitalize()],)
    pieces = tuple(_SYMBOL.findall(word))
    return pieces if "".join(pieces) == word and all(one in known for one in pieces) else ()


@functools.cache
def _by_name() -> Mapping[str, str]:
    other = {"Aluminum": "Al", "Cesium": "Cs", "Sulphur": "S"}
    return {element.name: element.symbol for element in elements().values()} | other
