"""Numbers of other packages -> vectors of a sample, to a hundred-thousandth of an Å."""

from collections.abc import Sequence

from tests.making.demo.sample import Vector


def round_vectors(rows: Sequence[Sequence[float]]) -> tuple[Vector, ...]:
    """Positions."""
    return tuple((_round(x), _round(y), _round(z)) for x, y, z in rows)


def round_cell(rows: Sequence[Sequence[float]]) -> tuple[Vector, Vector, Vector]:
    """Three lattice vectors."""
    a, b, c = round_vectors(rows)
    return a, b, c


def _round(number: float) -> float:
    return round(float(number), 5) + 0.0  # no negative zeros
