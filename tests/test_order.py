"""The total order: what comes first where values are equal, unknown, or zeros of either sign."""

from itertools import pairwise

import pytest

from gateway.merge import Cursor, Progress, read_cursor, write_cursor
from gateway.model import Order, Position, SortKey
from gateway.order import comparison, is_same

KNOWN = {"quantities": "x"}
RISING = Order((SortKey("x", "x", "float", known=KNOWN),))
FALLING = Order((SortKey("x", "x", "float", descending=True, known=KNOWN),))
VALUES = (-1.7e308, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.7e308)


@pytest.mark.parametrize("order", [RISING, FALLING])
@pytest.mark.parametrize("backward", [False, True])
def test_numbers_are_ordered_as_the_index_does(order: Order, backward: bool) -> None:
    """-0.0 comes below 0.0, whatever the entries' ids; unknown values come last."""
    compare = comparison(order, backward=backward)
    values = VALUES[::-1] if order.descending else VALUES
    positions = [Position((one,), f"id{9 - i}", "berlin") for i, one in enumerate((*values, None))]
    for a, b in pairwise(positions[::-1] if backward else positions):
        assert compare(a, b) < 0
        assert compare(b, a) > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(0.0, 0.0, True), (-0.0, -0.0, True), (-0.0, 0.0, False), (0, 0.0, True), (0, -0.0, False),
     (1.0, 1.0, True), (1.0, -1.0, False), ("", "", True), ("a", "b", False), (None, None, True),
     (None, 0.0, False)],
)  # fmt: skip
def test_same_place(one: float | str | None, other: float | str | None, same: bool) -> None:
    """Equal values have one place, but for the sign of zero."""
    assert is_same(one, other) is same
    assert is_same(other, one) is same


@pytest.mark.parametrize("value", VALUES)
def test_a_cursor_keeps_numbers_as_they_are(value: float) -> None:
    """The sign of zero, too."""
    cursor = Cursor(Progress(Position((value,), "abc", "berlin")))
    text = write_cursor(cursor, fingerprint="f")
    found = read_cursor(text, fingerprint="f", order=RISING).progress.position
    assert found is not None
    assert is_same(found.values[0], value)
