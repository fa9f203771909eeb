"""Long work in the event loop is cut into slices; other requests are answered in between."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

SLICE_S = 0.01
"""Nothing here holds the event loop for much longer; a page of everyday entries takes less."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class TimeSlices:
    """Work on many items; a piece of work longer than one slice waits for its turn, one at a time.

    Without turns, thirty long pieces of work would each take a slice between two steps of a short
    request.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """`[work(item) for item in items]`, giving way to others after each slice."""
        rest = iter(items)
        done: list[Result] = []
        if _work_on(rest, work, done):
            return done
        async with self._turn:
            while not _work_on(rest, work, done):
                await asyncio.sleep(0)
        return done


def _work_on(rest: Iterable[Item], work: Callable[[Item], Result], done: list[Result]) -> bool:
    """One slice; whether that was all."""
    until = time.perf_counter() + SLICE_S
    for item in rest:
        done.append(work(item))
        if time.perf_counter() > until:
            return False
    return True
