"""How an element is drawn: its colour and its size."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("elements.txt")
_NON_METALS = "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Sb Te I Xe At Rn Ts Og X"
NON_METALS = frozenset(_NON_METALS.split())
"""Metalloids included: between two metals no bond is drawn where one of these is present."""
VACANCY = "vacancy"
UNKNOWN = "X"


@dataclass(frozen=True, slots=True)
class ElementStyle:
    """A colour as in Jmol and the covalent radius in angstrom."""

    colour: str
    radius: float


_EMPTY = ElementStyle("#FFFFFF", 0.0)


@functools.cache
def element_styles() -> Mapping[str, ElementStyle]:
    """All 118 elements, X for an atom that is not known, and the vacancy."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    found = {symbol: ElementStyle(f"#{colour}", float(radius)) for symbol, colour, radius in rows}
    return {**found, VACANCY: _EMPTY}


def style_of(symbol: str) -> ElementStyle:
    """How a symbol is drawn; one that nobody knows like X."""
    styles = element_styles()
    return styles.get(symbol, styles[UNKNOWN])
