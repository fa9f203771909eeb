"""Property definitions (OPTIMADE 1.2 format) of an entry type, as `/info/<type>` shows them.

They are the same at every gateway but for the provider's prefix: a script makes them once
(tests/making/make_definitions.py), this module reads them and puts the prefix in.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import cast

import orjson

from gateway.model import JsonObject

DATA_FILE = Path(__file__).with_name("property_definitions.json")
PLACEHOLDER = "providerprefix"
"""Stands for the provider's prefix in the data file, and occurs nowhere else in it."""

_STANDARD_1_2 = "https://schemas.optimade.org/defs/v1.2/"
_UNITLESS = ("dimensionless", "inapplicable")
_UCUM = {"angstrom": "Ao", "dalton": "u", "radian": "rad", "ml": "mL"}
"""Symbols that the Unified Code for Units of Measure writes otherwise."""


def read_definitions(entry_type: str, *, prefix: str) -> Mapping[str, JsonObject]:
    """The definitions of all properties by name, following the standard to the letter."""
    return _read_all(prefix)[entry_type]


@lru_cache(maxsize=1)
def _read_all(prefix: str) -> Mapping[str, Mapping[str, JsonObject]]:
    text = DATA_FILE.read_bytes().replace(f"_{PLACEHOLDER}_".encode(), f"_{prefix}_".encode())
    return cast(dict[str, dict[str, JsonObject]], orjson.loads(text))


def simplify(definitions: Mapping[str, JsonObject], *, prefix: str) -> Mapping[str, JsonObject]:
    """The same for the clients and the validator of today.

    What the validator does not accept is left out: other prefixes than the provider's, and
    properties that OPTIMADE 1.3 has added.
    """
    return {
        name: _plain(one)
        for name, one in definitions.items()
        if name.startswith(f"_{prefix}_") or str(one["$id"]).startswith(_STANDARD_1_2)
    }


def widen(definitions: Mapping[str, JsonObject]) -> Mapping[str, JsonObject]:
    """The same for today's clients that look for properties: nothing is left out."""
    return {name: _plain(one) for name, one in definitions.items()}


def _plain(definition: JsonObject) -> JsonObject:
    """As OPTIMADE 1.1 had it: `type` is one word, and the unit is written by the rules of UCUM."""
    unit = _unit(definition)
    plain: JsonObject = {**definition, "type": definition["x-optimade-type"]}
    return plain if unit is None else {**plain, "unit": unit}


def _unit(definition: JsonObject) -> str | None:
    """The unit of a number, or of the numbers in a list; None: it has none."""
    level = definition
    while isinstance(items := level.get("items"), dict):
        level = items
    unit = str(level["x-optimade-unit"])
    if unit in _UNITLESS:
        return None
    parts = (part.partition("^") for part in unit.split("*"))
    return ".".join(f"{_UCUM.get(symbol, symbol)}{power}" for symbol, _, power in parts)
