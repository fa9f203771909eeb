"""The cell of a structure: its vectors, lengths, angles and volume, and fractional coordinates."""

import math
from dataclasses import dataclass

from gateway.model import JsonObject
from gateway.page.entry.reading import Vector, values_of, vector_of

_FLAT = 1e-6
"""Volume of the cell over the product of its lengths, below which the vectors lie in a plane."""
_AXES: tuple[Vector, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Cell:
    """A lattice in up to three directions; those that are not known are None."""

    vectors: tuple[Vector | None, ...]
    is_periodic: tuple[bool, bool, bool]
    filled: tuple[Vector, ...]
    """The vectors, where one is unknown a unit vector that is perpendicular to the others."""

    @property
    def is_whole(self) -> bool:
        """Whether all three vectors are known."""
        return None not in self.vectors

    @property
    def lengths(self) -> tuple[float | None, ...]:
        """a, b, c in angstrom."""
        return tuple(None if one is None else _length(one) for one in self.vectors)

    @property
    def angles(self) -> tuple[float | None, ...]:
        """Alpha, beta, gamma in degrees; None where one of the two vectors is not known."""
        a, b, c = self.vectors
        return tuple(_angle(*pair) for pair in ((b, c), (a, c), (a, b)))

    @property
    def volume(self) -> float | None:
        """In cubic angstrom; None unless all vectors are known."""
        return abs(_determinant(self.filled)) if self.is_whole else None

    @property
    def is_left_handed(self) -> bool:
        """Whether a, b, c are a left-handed set: lengths and angles alone give the mirror image."""
        return self.is_whole and _determinant(self.filled) < 0

    def fractional(self, position: Vector) -> tuple[float | None, ...]:
        """The position in parts of the vectors; None along those that are not known."""
        a, b, c = self.filled
        volume = _determinant(self.filled)
        parts = (
            _dot(position, _cross(b, c)) / volume,
            _dot(position, _cross(c, a)) / volume,
            _dot(position, _cross(a, b)) / volume,
        )
        return tuple(
            None if known is None else part for known, part in zip(self.vectors, parts, strict=True)
        )


def read_cell(attributes: JsonObject) -> Cell | None:
    """The cell; None where there is none, or where its vectors span no space."""
    rows = values_of(attributes, "lattice_vectors")
    if len(rows) != 3:
        return None
    vectors = tuple(_known(vector_of(row)) for row in rows)
    filled = _fill(vectors)
    if filled is None or not any(vectors):
        return None
    types = values_of(attributes, "dimension_types")
    periodic = [
        vector is not None and (len(types) != 3 or type_ == 1)
        for vector, type_ in zip(vectors, types if len(types) == 3 else rows, strict=True)
    ]
    return Cell(vectors, (periodic[0], periodic[1], periodic[2]), filled)


def _known(vector: Vector | None) -> Vector | None:
    """A vector of zeros says no more than none."""
    return vector if vector is not None and _length(vector) > 0 else None


def _fill(vectors: tuple[Vector | None, ...]) -> tuple[Vector, ...] | None:
    known = [one for one in vectors if one is not None]
    spares = iter(_perpendicular(known))
    filled = tuple(next(spares, _AXES[0]) if one is None else one for one in vectors)
    size = math.prod(map(_length, filled))
    return filled if abs(_determinant(filled)) > _FLAT * size else None


def _perpendicular(known: list[Vector]) -> list[Vector]:
    """Unit vectors that with the known ones span the space."""
    match known:
        case []:
            return list(_AXES)
        case [one]:
            axis = min(_AXES, key=lambda axis: abs(_dot(axis, one)))
            second = _unit(_cross(one, axis))
            return [second, _unit(_cross(one, second))]
        case [one, other]:
            crossed = _cross(one, other)
            return [_unit(crossed)] if _length(crossed) > 0 else []
        case _:
            return []


def _unit(vector: Vector) -> Vector:
    x, y, z = vector
    length = _length(vector)
    return x / length, y / length, z / length


def _angle(one: Vector | None, other: Vector | None) -> float | None:
    if one is None or other is None:
        return None
    cosine = _dot(one, other) / (_length(one) * _length(other))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _length(vector: Vector) -> float:
    return math.hypot(*vector)


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: Vector, other: Vector) -> Vector:
    (a, b, c), (x, y, z) = one, other
    return b * z - c * y, c * x - a * z, a * y - b * x


def _determinant(vectors: tuple[Vector, ...]) -> float:
    a, b, c = vectors
    return _dot(a, _cross(b, c))
