"""Work over many items, cut into slices between which the event loop serves other requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

SLICE = 1_000
"""Items between two turns of the event loop: about 10 ms of work."""


async def in_slices(items: Iterable[T], size: int = SLICE) -> AsyncIterator[list[T]]:
    """The items in lists of at most `size`; the event loop gets a turn after each."""
    every = iter(items)
    while slice_ := list(islice(every, size)):
        yield slice_
        await asyncio.sleep(0)


async def sort_in_slices(
    items: Sequence[T], *, key: Callable[[T], Any], descending: bool = False
) -> list[T]:
    """`sorted(items, key=key, reverse=descending)`: slices are sorted, then merged in pairs.

    Sorting two sorted lists laid end to end is one linear merge, as Python's sort finds them.
    """
    runs = [
        sorted(slice_, key=key, reverse=descending) async for slice_ in in_slices(items, 5 * SLICE)
    ]
    while len(runs) > 1:
        merged = []
        for at in range(0, len(runs), 2):
            pair = [item for run in runs[at : at + 2] for item in run]
            merged.append(sorted(pair, key=key, reverse=descending))
            await asyncio.sleep(0)
        runs = merged
    return runs[0] if runs else []


async def are_same(one: Sequence[T], other: Sequence[T]) -> bool:
    """Whether two sequences are equal."""
    if len(one) != len(other):
        return False
    async for at in in_slices(range(0, len(one), SLICE), 1):
        begin = at[0]
        if one[begin : begin + SLICE] != other[begin : begin + SLICE]:
            return False
    return True
