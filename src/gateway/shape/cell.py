"""Periodicity and lattice of a structure."""

from typing import TypeGuard

from gateway.model import Json
from gateway.shape.checks import is_list, is_vectors
from gateway.shape.stored import Flaw, PropertyValue, PropertyValues, Stored

CELL = frozenset({"dimension_types", "nperiodic_dimensions", "lattice_vectors"})
_UNKNOWN_VECTOR: list[Json] = [None, None, None]
_NO_VECTOR = [0, 0, 0]


def read_cell(stored: Stored) -> PropertyValues:
    """All properties of the group."""
    dimensions = _dimension_types(stored)
    periodic = _nperiodic_dimensions(stored, dimensions)
    if _is_up_to_three(periodic) and is_list(dimensions) and dimensions.count(1) != periodic:
        dimensions = Flaw("what the site holds contradicts nperiodic_dimensions")
    return {
        "dimension_types": dimensions,
        "nperiodic_dimensions": periodic,
        "lattice_vectors": _lattice_vectors(stored, dimensions, periodic),
    }


def _dimension_types(stored: Stored) -> PropertyValue:
    value = stored.archived("dimension_types")
    if _is_up_to_three(value):  # how NOMAD wrote it before version 1
        return [1] * value + [0] * (3 - value)
    if is_list(value) and len(value) == 3 and all(map(_is_zero_or_one, value)):
        return value
    reason = "what the site holds is not 0 or 1 for each of three directions"
    return None if value is None else Flaw(reason)


def _nperiodic_dimensions(stored: Stored, dimensions: PropertyValue) -> PropertyValue:
    """The index derives it from the dimension types, counting none as three zeros."""
    indexed = stored.index.get("nperiodic_dimensions")
    if indexed is not None:
        return indexed if _is_up_to_three(indexed) else Flaw("the index holds none from 0 to 3")
    if isinstance(dimensions, Flaw):
        return Flaw("the dimension types that it counts are broken")
    if is_list(dimensions):
        return dimensions.count(1)
    return None if stored.archive is None else 0


def _lattice_vectors(
    stored: Stored, dimensions: PropertyValue, periodic: PropertyValue
) -> PropertyValue:
    """Three vectors; where there is none in a direction that is not periodic, three nulls.

    Filters count the property as known for the same structures: see `properties.standard`.
    """
    value = stored.archived("lattice_vectors")
    without_periods = None if periodic != 0 or stored.archive is None else _unknown_lattice()
    if value is None:
        return without_periods
    if not _is_lattice(value, dimensions):
        reason = "what the site holds is not three vectors of three finite numbers"
        return Flaw(reason, without_periods)
    if _NO_VECTOR in value and is_list(dimensions):
        return _without_zeros(value, dimensions)
    return value


def _unknown_lattice() -> list[Json]:
    return [_UNKNOWN_VECTOR, _UNKNOWN_VECTOR, _UNKNOWN_VECTOR]


def _without_zeros(lattice: list[Json], dimensions: list[Json]) -> list[Json]:
    """ASE, and programs that use it, write a vector that does not exist as zeros."""
    return [
        _UNKNOWN_VECTOR if vector == _NO_VECTOR and kind == 0 else vector
        for vector, kind in zip(lattice, dimensions, strict=True)
    ]


def _is_lattice(value: Json, dimensions: PropertyValue) -> TypeGuard[list[Json]]:
    """Vectors of directions that are not periodic may be wholly unknown."""
    if not is_list(value) or len(value) != 3:
        return False
    unknown = [at for at, vector in enumerate(value) if vector == _UNKNOWN_VECTOR]
    if unknown and is_list(dimensions) and any(dimensions[at] == 1 for at in unknown):
        return False
    return is_vectors([vector for at, vector in enumerate(value) if at not in unknown])


def _is_up_to_three(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= 3


def _is_zero_or_one(value: object) -> bool:
    return type(value) is int and 0 <= value <= 1
