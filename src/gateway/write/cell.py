"""Atoms -> a right-handed cell and fractional coordinates, for formats of crystals."""

import math
from dataclasses import dataclass
from operator import mul

from gemmi import Mat33, Vec3

from gateway.errors import NoFileError
from gateway.write.atoms import Atoms, Vector

_FLAT = 1e-6
"""Length, area or volume that vectors span, divided by the product of their lengths, below which
they are no cell."""
_SHORTEST = 1e-3
"""Å."""
_LEAST_GAP = 2.0
"""Å between a structure and its images in a direction in which it is not periodic."""
_SAME = 0.1
"""Å: edge of a box that holds one position."""
AXES = "abc"


@dataclass(frozen=True, slots=True)
class Cell:
    """Three vectors that make a right-handed system, and each position in terms of them."""

    vectors: tuple[Vector, Vector, Vector]
    fractions: tuple[Vector, ...]
    """Not folded into the cell: a molecule across its border stays whole."""

    @property
    def lengths(self) -> Vector:
        """Of a, b and c, in Å."""
        a, b, c = map(_length, self.vectors)
        return a, b, c

    @property
    def angles(self) -> Vector:
        """Alpha, beta and gamma, in degrees."""
        a, b, c = self.vectors
        return _angle(b, c), _angle(a, c), _angle(a, b)


def read_cell(atoms: Atoms) -> Cell:
    """The cell; NoFileError where the structure has none.

    Lengths and angles stand for a right-handed system, and VASP refuses any other. All three
    vectors of a left-handed one are turned round: the lattice, the lengths and the angles are the
    same, and the fractions change their signs. With the old signs it would be the mirror image.
    """
    check_vectors(atoms.vectors)
    a, b, c = (vector or _fail_without_cell(atoms) for vector in atoms.vectors)
    matrix = Mat33([list(row) for row in zip(a, b, c, strict=True)])
    volume = matrix.determinant()
    inverse, sign = matrix.inverse(), math.copysign(1, volume)
    fractions = tuple(
        _scaled(inverse.multiply(Vec3(*position)).tolist(), sign) for position in atoms.positions
    )
    _check_distinct(fractions, tuple(map(_length, (a, b, c))))
    cell = Cell((_scaled(a, sign), _scaled(b, sign), _scaled(c, sign)), fractions)
    _check_gaps(cell, atoms.periodic, abs(volume))
    return cell


def check_vectors(vectors: tuple[Vector | None, ...]) -> None:
    """NoFileError where those that are given do not span as many directions."""
    given = [vector for vector in vectors if vector is not None]
    lengths = [_length(vector) for vector in given]
    match given:
        case [a, b, c]:
            spanned = abs(_dot(_cross(a, b), c))
        case [a, b]:
            spanned = _length(_cross(a, b))
        case _:
            spanned = math.prod(lengths)
    if any(length < _SHORTEST for length in lengths) or spanned <= _FLAT * math.prod(lengths):
        raise NoFileError("Its lattice vectors do not span a cell.")


def _fail_without_cell(atoms: Atoms) -> Vector:
    if not any(atoms.periodic):
        raise NoFileError("It is a molecule without a cell; extended XYZ can hold it.")
    axes = "".join(axis for axis, one in zip(AXES, atoms.vectors, strict=True) if one is None)
    raise NoFileError(
        f"It is not periodic along {' and '.join(axes)} and has no cell there; extended XYZ can "
        "hold it."
    )


def _check_distinct(fractions: tuple[Vector, ...], lengths: tuple[float, ...]) -> None:
    """Programs take atoms at one position for one that they share."""
    counts = tuple(max(1, int(length / _SAME)) for length in lengths)
    boxes = {
        tuple(round(part * count) % count for part, count in zip(one, counts, strict=True))
        for one in fractions
    }
    if len(boxes) < len(fractions):
        raise NoFileError("Several of its atoms are at the same position.")


def _check_gaps(cell: Cell, periodic: tuple[bool, ...], volume: float) -> None:
    """Programs repeat the cell in all directions; where the structure does not, this must leave it
    as it is."""
    for axis, is_periodic in enumerate(periodic):
        if is_periodic:
            continue
        along = [one[axis] for one in cell.fractions]
        second, third = (cell.vectors[other] for other in range(3) if other != axis)
        height = volume / _length(_cross(second, third))
        if (1 - max(along) + min(along)) * height < _LEAST_GAP:
            raise NoFileError(
                f"It is not periodic along {AXES[axis]}, and its cell leaves no gap there between "
                "the structure and its image; extended XYZ can hold it."
            )


def _scaled(vector: Vector | list[float], factor: float) -> Vector:
    x, y, z = vector
    return factor * x, factor * y, factor * z


def _length(vector: Vector) -> float:
    return math.hypot(*vector)


def _cross(one: Vector, other: Vector) -> Vector:
    (a, b, c), (x, y, z) = one, other
    return b * z - c * y, c * x - a * z, a * y - b * x


def _dot(one: Vector, other: Vector) -> float:
    return math.fsum(map(mul, one, other))


def _angle(one: Vector, other: Vector) -> float:
    # exact near 0 and 180 degrees, unlike the arc cosine
    return math.degrees(math.atan2(_length(_cross(one, other)), _dot(one, other)))
