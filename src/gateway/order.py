"""The total order of the entries of all sites.

Keys one after the other, unknown last in both directions; ties by entry_id in the direction of the
last key, then by site name upwards. Walked backwards, everything is the other way round.
-0.0 comes before 0.0 and is not equal to it, as in NOMAD's index.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

from gateway.model import Order, Position, SortValue

Comparison: TypeAlias = Callable[[Position, Position], int]


def comparison(order: Order, *, backward: bool = False) -> Comparison:
    """A three-way comparison of two positions: negative when the first comes first."""
    sign = -1 if backward else 1
    tie = -1 if order.descending else 1

    def compare(a: Position, b: Position) -> int:
        for key, one, other in zip(order.keys, a.values, b.values, strict=True):
            if not is_same(one, other):
                return sign * _compare_values(one, other, key.descending)
        if a.entry_id != b.entry_id:
            return sign * tie * (1 if a.entry_id > b.entry_id else -1)
        return sign * ((a.site > b.site) - (a.site < b.site))

    return compare


def is_same(one: SortValue, other: SortValue) -> bool:
    """Whether two values of one key have one place in the order."""
    return one == other and (bool(one) or _signed(one) == _signed(other))


def is_after(order: Order, hit: Position, position: Position | None, *, backward: bool) -> bool:
    """Whether the walk meets `hit` only after `position`; every hit comes after None, the start."""
    return position is None or comparison(order, backward=backward)(hit, position) > 0


def _compare_values(one: SortValue, other: SortValue, descending: bool) -> int:
    if one is None or other is None:
        return 1 if one is None else -1
    if one == other:  # zeros of different signs
        one, other = _signed(one), _signed(other)
    larger = one > other  # type: ignore[operator]  # values of one key are of one type
    return (1 if larger else -1) * (-1 if descending else 1)


def _signed(value: SortValue) -> float:
    """1, or -1 for the zero that has a sign; called for values that are falsy."""
    return math.copysign(1, value) if isinstance(value, float) else 1.0
