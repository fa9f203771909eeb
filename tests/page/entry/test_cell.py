"""Cells: lengths, angles, volume, handedness and fractional coordinates."""

import pytest

from gateway.page.entry.cell import read_cell

HEXAGONAL = [[3.0, 0.0, 0.0], [-1.5, 1.5 * 3**0.5, 0.0], [0.0, 0.0, 5.0]]


def test_lengths_angles_volume() -> None:
    cell = read_cell({"lattice_vectors": HEXAGONAL, "dimension_types": [1, 1, 1]})
    assert cell is not None
    assert cell.lengths == pytest.approx((3, 3, 5))
    assert cell.angles == pytest.approx((90, 90, 120))
    assert cell.volume == pytest.approx(3 * 3 * 5 * 3**0.5 / 2)
    assert not cell.is_left_handed
    assert cell.fractional((0.0, 1.5 * 3**0.5, 2.5)) == pytest.approx((0.5, 1, 0.5))


def test_left_handed() -> None:
    """The volume stays positive; coordinates are those of the vectors as they are."""
    cell = read_cell({"lattice_vectors": [HEXAGONAL[1], HEXAGONAL[0], HEXAGONAL[2]]})
    assert cell is not None
    assert cell.is_left_handed
    assert cell.volume is not None
    assert cell.volume > 0
    assert cell.fractional((3.0, 0.0, 0.0)) == pytest.approx((0, 1, 0))


@pytest.mark.parametrize("missing", [None, [None, None, None], [0.0, 0.0, 0.0]])
def test_a_direction_without_a_vector(missing: object) -> None:
    """A layer: nothing is known along c, and the rest is as it is."""
    rows = [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], missing]
    cell = read_cell({"lattice_vectors": rows, "dimension_types": [1, 1, 0]})  # type: ignore[dict-item]
    assert cell is not None
    assert cell.is_periodic == (True, True, False)
    assert cell.lengths == (2.0, 4.0, None)
    assert cell.angles == (None, None, pytest.approx(90))
    assert cell.volume is None
    assert cell.fractional((1.0, 1.0, 7.0)) == (0.5, 0.25, None)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [[None] * 3] * 3,
        [[0.0] * 3] * 3,
        [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
        [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], None],
        [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
        "none",
    ],
)
def test_no_cell(rows: object) -> None:
    """Nothing, nothing that can be read, or vectors that span no space."""
    assert read_cell({"lattice_vectors": rows}) is None  # type: ignore[dict-item]
