"""Formulas in the order that people know: OPTIMADE's `O2Ti` is shown as TiO2.

The order is that of Pauling's electronegativities, least first, as in pymatgen; hydrogen comes
after nitrogen (NH3), and compounds of carbon with hydrogen follow Hill (CH4, C2H6O).
"""

import re
from collections.abc import Iterable

from gateway.page.elements import elements

Parts = tuple[tuple[str, str], ...]
"""Symbols and what stands below the line after each."""

_PART = re.compile(r"([A-Z][a-z]?)(\d*(?:\.\d+)?)")
_LAST = 9.0
"""Elements without an electronegativity come last."""


def people_order(symbols: Iterable[str]) -> tuple[str, ...]:
    """The symbols as they stand in a formula."""
    every = sorted(set(symbols))
    if "C" in every and "H" in every:
        return ("C", "H", *(one for one in every if one not in "CH"))
    ordered = sorted(every, key=_electronegativity)
    if "N" in ordered and "H" in ordered:
        ordered.remove("H")
        ordered.insert(ordered.index("N") + 1, "H")
    return tuple(ordered)


def formula_parts(formula: str) -> Parts:
    """The parts of a formula in people's order; a text that is no formula is one part."""
    parts = _PART.findall(formula)
    counts = dict(parts)
    if "".join(symbol + count for symbol, count in parts) != formula or len(counts) != len(parts):
        return ((formula, ""),)
    return tuple((symbol, counts[symbol]) for symbol in people_order(counts))


def write_formula(parts: Parts) -> str:
    """The formula on one line."""
    return "".join(symbol + count for symbol, count in parts)


def _electronegativity(symbol: str) -> float:
    element = elements().get(symbol)
    value = element.electronegativity if element else None
    return _LAST if value is None else value
