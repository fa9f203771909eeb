"""Numbers with their units, as people in the field write them: eV, GPa, Å."""

from collections.abc import Mapping

from gateway.model import Json
from gateway.page.entry.reading import is_number

ELEMENTARY_CHARGE = 1.602176634e-19
"""Coulomb; exact since 2019, so that one electronvolt is this many joules."""
_SHOWN: Mapping[str, tuple[float, str]] = {
    "J": (1 / ELEMENTARY_CHARGE, "eV"),
    "Pa": (1e-9, "GPa"),
    "m": (1e10, "Å"),
    "m^3": (1e30, "Å³"),
    "K": (1, "K"),
}
"""Unit in NOMAD -> factor and unit on the page."""


def write_quantity(value: Json, unit: str) -> str:
    """A number of NOMAD's in the unit of the field: `1.17 eV`; empty where it is no number."""
    if not is_number(value):
        return ""
    factor, shown = _SHOWN[unit]
    return f"{write_number(value * factor)} {shown}"


def write_number(value: float, *, digits: int = 6) -> str:
    """With as many significant digits as may mean something, and no more; no `-0`."""
    written = f"{value:.{digits}g}"
    return "0" if float(written) == 0 else written.replace("-", "−")


def write_fixed(value: float, *, places: int) -> str:
    """With a fixed number of decimal places, so that columns stand in line; no `-0.000`."""
    written = f"{value:.{places}f}"
    return written.removeprefix("-") if float(written) == 0 else written.replace("-", "−")
