"""NOMAD's list of species -> OPTIMADE's: with OPTIMADE's symbols, in the order of the sites."""

from collections.abc import Iterable, Mapping

import orjson
from cachetools import LRUCache

from gateway.model import Json, JsonObject
from gateway.properties import ELEMENT_SYMBOLS
from gateway.shape.checks import is_list, is_numbers, is_object, is_text, is_texts

_LONGEST_CACHED = 500
_READ: LRUCache[bytes, tuple[str, JsonObject] | None] = LRUCache(4096)
"""Species that were read before, by what the site says of them: most structures share a few hundred
of them. About 4 MB; what is in it is never changed."""
_SYMBOLS = {symbol: symbol for symbol in (*ELEMENT_SYMBOLS, "vacancy")} | {"x": "X"}


def read_species(value: Json) -> dict[str, JsonObject] | None:
    """The species by name, in stored order; None when the list breaks a rule of OPTIMADE."""
    if not is_list(value):
        return None
    species = [one for one in map(_read_one, value) if one is not None]
    named = dict(species)
    return named if len(named) == len(value) else None


def in_order_of_sites(
    species: Mapping[str, Json], names: Iterable[str]
) -> tuple[list[Json], list[str]]:
    """The species by first appearance at the sites, and the names of those without a site.

    NOMAD's own order is arbitrary, and some clients pair species with sites by it.
    """
    used = dict.fromkeys(names)
    ordered: list[Json] = [species[name] for name in used if name in species]
    return ordered, [name for name in species if name not in used]


def is_mixed(species: Iterable[JsonObject]) -> bool:
    """Whether a species stands for several elements, or for elements and vacancies."""
    return any(len(one["chemical_symbols"]) > 1 for one in species)  # type: ignore[arg-type]


def _read_one(value: Json) -> tuple[str, JsonObject] | None:
    """One species and its name; None: it breaks a rule."""
    if not is_object(value):
        return None
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested too deeply
        return _read_object(value)
    if len(written) > _LONGEST_CACHED:
        return _read_object(value)
    if written not in _READ:
        _READ[written] = _read_object(value)
    return _READ[written]


def _read_object(value: JsonObject) -> tuple[str, JsonObject] | None:
    name, stored = value.get("name"), value.get("chemical_symbols")
    concentration = value.get("concentration")
    if not (is_text(name) and is_texts(stored) and is_numbers(concentration)):
        return None
    symbols: list[Json] = [_SYMBOLS.get(symbol) for symbol in stored]
    if not symbols or None in symbols or len(concentration) != len(symbols):
        return None
    read: JsonObject = {
        "name": name,
        "chemical_symbols": symbols,
        "concentration": [float(each) for each in concentration],
    }
    return name, read | _extras(value, symbols)


def _extras(value: JsonObject, symbols: list[Json]) -> JsonObject:
    extras: JsonObject = {}
    if (mass := value.get("mass")) is not None:
        masses = mass if is_list(mass) else [mass]  # NOMAD knows one mass, OPTIMADE one per symbol
        if is_numbers(masses) and _are_masses(masses, symbols):
            extras["mass"] = [float(each) for each in masses]
    if is_text(original := value.get("original_name")):
        extras["original_name"] = original
    return extras


def _are_masses(masses: list[float], symbols: list[Json]) -> bool:
    """One for each symbol, and none for vacancies."""
    return len(masses) == len(symbols) and not any(
        mass for mass, symbol in zip(masses, symbols, strict=True) if symbol == "vacancy"
    )
