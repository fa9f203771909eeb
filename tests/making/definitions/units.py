"""Physical units as property definitions name them, and their definitions."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model import Json, JsonObject

_SYMBOLS = {"Å": "angstrom", "a.m.u.": "dalton"}
"""How the `optimade` package spells a unit, and its symbol in property definitions."""
_UNITLESS = ("dimensionless", "inapplicable")
_SI = "https://schemas.optimade.org/defs/v1.2/units/si/general"
_META_SCHEMA = "https://schemas.optimade.org/meta/v1.2/optimade/physical_unit_definition.json"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit; `standard` is its name among OPTIMADE's own definitions, None: it is not there."""

    symbol: str
    title: str
    description: str
    standard: str | None

    def definition(self) -> JsonObject:
        """As it stands under `x-optimade-unit-definitions`."""
        known_as = f"nomad-optimade-gateway/units/{self.symbol}"
        own = uuid.uuid5(uuid.NAMESPACE_URL, known_as).urn
        name = self.standard or self.title
        return {
            "$schema": _META_SCHEMA,
            "$id": f"{_SI}/{self.standard}" if self.standard else own,
            "symbol": self.symbol,
            "title": self.title,
            "description": self.description,
            "x-optimade-definition": {
                "kind": "unit",
                "format": "1.2",
                "name": name,
                "label": f"{name}_si_general" if self.standard else name,
            },
        }


UNITS = {
    unit.symbol: unit
    for unit in (
        Unit("A", "ampere", "The SI unit of electric current.", "ampere"),
        Unit("J", "joule", "The SI unit of energy.", "joule"),
        Unit("K", "kelvin", "The SI unit of temperature.", "kelvin"),
        Unit("N", "newton", "The SI unit of force.", "newton"),
        Unit("Pa", "pascal", "The SI unit of pressure.", "pascal"),
        Unit("V", "volt", "The SI unit of electric potential.", "volt"),
        Unit("W", "watt", "The SI unit of power.", "watt"),
        Unit("angstrom", "ångström", "A unit of length, 1e-10 m.", "angstrom"),
        Unit("dalton", "dalton", "One twelfth of the mass of a free carbon-12 atom.", "dalton"),
        Unit("eV", "electronvolt", "A unit of energy, 1.602176634e-19 J.", "electronvolt"),
        Unit("g", "gram", "A unit of mass, 1e-3 kg.", None),
        Unit("kg", "kilogram", "The SI unit of mass.", "kilogram"),
        Unit("m", "metre", "The SI unit of length.", "metre"),
        Unit("ml", "millilitre", "A unit of volume, 1e-6 m^3.", None),
        Unit("mol", "mole", "The SI unit of amount of substance.", "mole"),
        Unit("radian", "radian", "The SI unit of plane angle.", "radian"),
        Unit("s", "second", "The SI unit of time.", "second"),
    )
}


def unit_symbol(spelled: str) -> str:
    """The symbol of a unit that the package spells in its own way."""
    return _SYMBOLS[spelled]


def unit_definitions(schema: Json) -> list[Json]:
    """The definitions of all units that a property definition uses at any level."""
    used = dict.fromkeys(symbol for text in _units(schema) for symbol in symbols_of(text))
    return [UNITS[symbol].definition() for symbol in used]


def symbols_of(expression: str) -> tuple[str, ...]:
    """The units in an expression such as `m*s^-2`."""
    if expression in _UNITLESS:
        return ()
    return tuple(part.partition("^")[0] for part in expression.split("*"))


def _units(schema: Json) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    unit = schema.get("x-optimade-unit")
    if isinstance(unit, str):
        yield unit
    for inner in schema.values():
        yield from _units(inner)
