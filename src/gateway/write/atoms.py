"""Attributes of a structure -> its atoms, complete and consistent, or why they are not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, cast

from gateway.errors import NoFileError
from gateway.model import Json, JsonObject

Vector: TypeAlias = tuple[float, float, float]
Occupants: TypeAlias = tuple[tuple[str, float], ...]
"""Elements at a position with their occupancies; what is missing to 1 is vacant."""

MOST_ATOMS = 100_000
"""Positions in one file; writing so many takes a second."""
_FARTHEST = 1e6
"""Å; every number then fits its column."""
_ROUNDED = 1e-6
_LEAST_SUM = 0.98
"""Occupancies of 1/3 each are often stored as 0.33."""
_UNSHOWN = {
    "assemblies": "some of its positions are occupied in certain combinations only",
    "implicit_atoms": "it has atoms without positions",
    "site_attachments": "it has atoms attached to others, without positions of their own",
}
"""Features that no format shows."""


@dataclass(frozen=True, slots=True)
class Atoms:
    """A structure whose every atom is known, in Å."""

    vectors: tuple[Vector | None, ...]
    """Three; None: not periodic in this direction, and no vector is given."""
    periodic: tuple[bool, ...]
    positions: tuple[Vector, ...]
    occupants: tuple[Occupants, ...]
    """One for each position, never empty."""

    @property
    def is_ordered(self) -> bool:
        """Whether there is exactly one atom at each position."""
        return all(len(one) == 1 and one[0][1] > 1 - _ROUNDED for one in self.occupants)


def read_atoms(attributes: JsonObject) -> Atoms:
    """The atoms; NoFileError with a sentence where something about them is unknown."""
    features = attributes.get("structure_features")
    for feature in features if isinstance(features, list) else ():
        if feature in _UNSHOWN:
            raise NoFileError(f"No file shows that {_UNSHOWN[feature]} ({feature}).")
    positions = _positions(attributes.get("cartesian_site_positions"))
    occupants = _occupants(attributes)
    if len(positions) != len(occupants):
        raise NoFileError(f"It has {len(positions)} positions, but {len(occupants)} atoms.")
    periodic = _periodic(attributes.get("dimension_types"))
    vectors = _vectors(attributes.get("lattice_vectors"), periodic)
    _check_size(vectors, positions)
    if not all(occupants):  # wholly vacant positions hold no atom
        kept = [index for index, one in enumerate(occupants) if one]
        positions = tuple(positions[index] for index in kept)
        occupants = tuple(occupants[index] for index in kept)
    if not positions:
        raise NoFileError("It has no atoms.")
    return Atoms(vectors, periodic, positions, occupants)


def _positions(value: Json) -> tuple[Vector, ...]:
    if not isinstance(value, list):
        raise NoFileError("Its Oasis has no usable positions of the atoms.")
    if len(value) > MOST_ATOMS:
        raise NoFileError(f"It has {len(value)} atoms; a file holds at most {MOST_ATOMS}.")
    return tuple(_vector(one) for one in value)


def _vector(value: Json) -> Vector:
    x, y, z = cast("list[float]", value)
    return float(x), float(y), float(z)


def _occupants(attributes: JsonObject) -> tuple[Occupants, ...]:
    names, species = attributes.get("species_at_sites"), attributes.get("species")
    if not isinstance(names, list) or not isinstance(species, list):
        _fail_without_species()
    named = {
        str(one["name"]): _occupants_of(one)
        for one in cast("list[JsonObject]", species)
        if one["name"] in names
    }
    try:
        return tuple(named[cast("str", name)] for name in names)
    except KeyError:
        _fail_without_species()


def _fail_without_species() -> NoReturn:
    raise NoFileError("Its Oasis does not say which atoms are at the positions.")


def _occupants_of(species: Mapping[str, Json]) -> Occupants:
    if species.get("attached"):
        raise NoFileError(f"No file shows that {_UNSHOWN['site_attachments']}.")
    parts: dict[str, float] = {}
    symbols = cast("list[str]", species["chemical_symbols"])
    for symbol, part in zip(symbols, cast("list[float]", species["concentration"]), strict=True):
        parts[symbol] = parts.get(symbol, 0.0) + part
    total = math.fsum(parts.values())
    if not _LEAST_SUM <= total <= 1 + _ROUNDED or min(parts.values()) < 0:
        raise NoFileError(f"The occupancies of a position add up to {total:.4g} in place of 1.")
    if parts.get("X"):
        raise NoFileError("It has an unknown atom (X); the formats know elements alone.")
    return tuple((symbol, part) for symbol, part in parts.items() if part and symbol != "vacancy")


def _periodic(value: Json) -> tuple[bool, ...]:
    if not isinstance(value, list):
        raise NoFileError("Its Oasis does not say in which directions it is periodic.")
    return tuple(one == 1 for one in value)


def _vectors(value: Json, periodic: tuple[bool, ...]) -> tuple[Vector | None, ...]:
    rows: list[Json] = value if isinstance(value, list) else [None, None, None]
    vectors = tuple(
        None if row is None or None in cast("list[Json]", row) else _vector(row) for row in rows
    )
    if any(repeats and vector is None for repeats, vector in zip(periodic, vectors, strict=True)):
        raise NoFileError("It is periodic, but its Oasis has no usable lattice vectors.")
    return vectors


def _check_size(vectors: tuple[Vector | None, ...], positions: tuple[Vector, ...]) -> None:
    largest = max((abs(x) for one in (*vectors, *positions) if one for x in one), default=0.0)
    if largest > _FARTHEST:
        raise NoFileError(f"Its coordinates go up to {largest:.4g} Å.")
