"""Physical units as property definitions name them."""

from collections.abc import Iterator, Mapping

from gateway.model import Json, JsonObject

_SYMBOLS = {"Å": "angstrom", "a.m.u.": "dalton"}
"""How the `optimade` package spells a unit, and its symbol in property definitions."""
_DEFINITIONS: Mapping[str, JsonObject] = {
    "angstrom": {
        "symbol": "angstrom",
        "display-symbol": "Å",
        "title": "ångström",
        "description": "The ångström unit of length, 1e-10 m.",
        "standard": {"name": "gnu units", "version": "3.15", "symbol": "angstrom"},
    },
    "dalton": {
        "symbol": "dalton",
        "display-symbol": "Da",
        "title": "dalton",
        "description": "One twelfth of the mass of a carbon-12 atom at rest in its ground state.",
        "standard": {"name": "gnu units", "version": "3.15", "symbol": "dalton"},
    },
}


def unit_symbol(spelled: str) -> str:
    """The symbol of a unit that the package spells in its own way."""
    return _SYMBOLS[spelled]


def unit_definitions(schema: Json) -> list[Json]:
    """The definitions of all units that a property definition uses at any level."""
    used = dict.fromkeys(_units(schema))
    return [_DEFINITIONS[symbol] for symbol in used if symbol in _DEFINITIONS]


def _units(schema: Json) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    unit = schema.get("x-optimade-unit")
    if isinstance(unit, str):
        yield unit
    for inner in schema.values():
        yield from _units(inner)
