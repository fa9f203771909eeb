"""Equal questions under way are asked once: later askers wait for the answer of the first.

The work goes on while anybody waits for it and is cancelled when nobody does; each asker keeps a
deadline of its own, and the work has the latest of them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Result = TypeVar("Result")

GRACE_S = 0.02
"""How much later than the work its askers give up, so that the work can say why it is late."""


class ShuttingDownError(Exception):
    """The work was ended from outside, because its owner closes."""


class Deadline:
    """When the work must be done (loop time); pushed back by later askers, up to `within_s`."""

    def __init__(self, *, until: float, within_s: float) -> None:
        self.begun = asyncio.get_running_loop().time()
        self._latest = self.begun + within_s
        self.until = min(until, self._latest)
        self._running: asyncio.Timeout | None = None

    def extend(self, until: float) -> None:
        """Let the work go on until then, too."""
        self.until = min(max(self.until, until), self._latest)
        if self._running is not None and not self._running.expired():
            self._running.reschedule(self.until)

    def remaining_s(self) -> float:
        """Seconds left."""
        return self.until - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Holds for the work itself; TimeoutError at the deadline."""
        async with asyncio.timeout_at(self.until) as running:
            self._running = running
            try:
                yield
            finally:
                self._running = None


class _InFlight(Generic[Result]):
    __slots__ = ("deadline", "key", "task", "waiting")

    def __init__(self, key: str | None, task: "asyncio.Task[Result]", deadline: Deadline) -> None:
        self.key = key
        self.task = task
        self.deadline = deadline
        self.waiting = 0


class SingleFlight(Generic[Result]):
    """The questions under way, by key; a result is a value, never an exception."""

    def __init__(self) -> None:
        self._shared: dict[str, _InFlight[Result]] = {}
        self._tasks: set[asyncio.Task[Result]] = set()

    def has(self, key: str | None) -> bool:
        """Whether an equal question is under way; None is equal to nothing."""
        return key is not None and key in self._shared

    async def join(
        self,
        key: str | None,
        work: Callable[[Deadline], Coroutine[None, None, Result]],
        *,
        until: float,
        within_s: float,
    ) -> Result:
        """The result of the work under `key`, begun now or before; TimeoutError after `until`.

        The work itself has at most `within_s`, whoever joins later.
        """
        flight = self._shared.get(key) if key is not None else None
        if flight is None:
            flight = self._begin(key, work, Deadline(until=until, within_s=within_s))
        else:
            flight.deadline.extend(until)
        return await self._wait(flight, until=until)

    async def close(self) -> None:
        """End all work under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(
        self,
        key: str | None,
        work: Callable[[Deadline], Coroutine[None, None, Result]],
        deadline: Deadline,
    ) -> _InFlight[Result]:
        task = asyncio.get_running_loop().create_task(work(deadline))
        flight = _InFlight(key, task, deadline)
        self._tasks.add(task)
        if key is not None:
            self._shared[key] = flight
        task.add_done_callback(lambda _: self._end(flight))
        return flight

    async def _wait(self, flight: _InFlight[Result], *, until: float) -> Result:
        flight.waiting += 1
        try:
            async with asyncio.timeout_at(until + GRACE_S):
                return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if flight.task.cancelled() and here is not None and not here.cancelling():
                raise ShuttingDownError from None
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                flight.task.cancel()
                self._forget(flight)

    def _end(self, flight: _InFlight[Result]) -> None:
        self._tasks.discard(flight.task)
        self._forget(flight)
        if not flight.task.cancelled():
            flight.task.exception()  # seen; nobody may be left to see it

    def _forget(self, flight: _InFlight[Result]) -> None:
        if flight.key is not None and self._shared.get(flight.key) is flight:
            del self._shared[flight.key]
