"""Equal requests are sent once: later callers wait for the answer that is on its way.

Who waits, waits until a deadline of its own. A request that its callers have left in good time is
cancelled; one whose callers had to give up goes on, late, within a limit of its own: its answer
serves the next caller from the cache.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

Result = TypeVar("Result")

SETTLED_S = 0.02
"""A request that becomes late looks only then who waits for its slot: the other requests of the
caller that gave up, which give up in the same moment, no longer do."""


class ShuttingDownError(Exception):
    """The request was ended from outside: the gateway shuts down, or its slot was needed."""


class InFlight(Generic[Result]):
    """One request under way, and who waits for it."""

    __slots__ = ("deadline", "is_late", "key", "limit", "limit_s", "sent_at", "task", "waiting")

    def __init__(self, key: bytes | None, *, limit_s: float) -> None:
        self.key = key
        self.limit_s = limit_s
        """How long it may take at least, once sent, whoever waits."""
        self.task: asyncio.Task[Result] | None = None
        self.waiting = 0
        self.sent_at: float | None = None
        """None: it has not got a slot yet. In the event loop's time, as all moments here."""
        self.deadline = 0.0
        """The latest of those who wait for it."""
        self.limit: asyncio.TimerHandle | None = None
        self.is_late = False
        """Whether nobody waits any more, and its answer is still wanted for the cache."""


class SingleFlight(Generic[Result]):
    """The requests under way at one site; results are values, never exceptions.

    `is_slot_wanted` tells whether another request waits to be sent: what becomes late then ends.
    """

    def __init__(self, is_slot_wanted: Callable[[], bool] = lambda: False) -> None:
        self._is_slot_wanted = is_slot_wanted
        self._shared: dict[bytes, InFlight[Result]] = {}
        self._all: dict[InFlight[Result], None] = {}
        self._late: dict[InFlight[Result], None] = {}
        self._loop = asyncio.get_running_loop()

    @property
    def counts(self) -> tuple[int, int]:
        """How many requests are under way, and how many of them are late."""
        return len(self._all), len(self._late)

    def find(self, key: bytes | None) -> InFlight[Result] | None:
        """An equal request that is under way; None: there is none, and None equals nothing."""
        return self._shared.get(key) if key is not None else None

    def begin(
        self,
        key: bytes | None,
        work: Callable[[InFlight[Result]], Coroutine[None, None, Result]],
        *,
        limit_s: float,
    ) -> InFlight[Result]:
        """Begin the work, which takes the request that it is and notes in it when it is sent."""
        in_flight: InFlight[Result] = InFlight(key, limit_s=limit_s)
        in_flight.task = self._loop.create_task(work(in_flight))
        self._all[in_flight] = None
        if key is not None:
            self._shared[key] = in_flight
        in_flight.task.add_done_callback(lambda _: self._end(in_flight))
        return in_flight

    async def wait(
        self, in_flight: InFlight[Result], *, deadline: float, may_be_late: bool
    ) -> Result:
        """The result; TimeoutError at the deadline, ShuttingDownError if it was ended."""
        task = in_flight.task
        assert task is not None
        in_flight.waiting += 1
        if in_flight.is_late:
            self._set_late(in_flight, is_late=False)
        in_flight.deadline = max(in_flight.deadline, deadline)
        # by hand: `asyncio.timeout` around `asyncio.shield` takes twice as long
        turn: asyncio.Future[None] = self._loop.create_future()

        def wake(_: object = None) -> None:
            if not turn.done():
                turn.set_result(None)

        task.add_done_callback(wake)
        timer = self._loop.call_at(deadline, wake)
        is_cancelled = True
        try:
            await turn
            is_cancelled = False
        finally:
            timer.cancel()
            task.remove_done_callback(wake)
            in_flight.waiting -= 1
            if not in_flight.waiting and not task.done():
                self._leave(in_flight, goes_on=may_be_late and not is_cancelled)
        if not task.done():
            raise TimeoutError
        if task.cancelled():
            raise ShuttingDownError
        return task.result()

    def end_oldest_late(self) -> None:
        """Give up the work that has been late for longest, as its slot is needed."""
        if self._late:
            self._cancel(next(iter(self._late)))

    def end_sent_before(self, moment: float) -> None:
        """Give up what was sent before: the site is unhealthy, and does not answer it."""
        for in_flight in tuple(self._all):
            if in_flight.sent_at is not None and in_flight.sent_at <= moment:
                self._cancel(in_flight)

    async def close(self) -> None:
        """End everything."""
        tasks = [in_flight.task for in_flight in self._all if in_flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _leave(self, in_flight: InFlight[Result], *, goes_on: bool) -> None:
        """The last who waited has left: the work goes on for the cache, or ends."""
        until = -math.inf if in_flight.sent_at is None else in_flight.sent_at + in_flight.limit_s
        if not goes_on or until <= self._loop.time():
            self._cancel(in_flight)
            return
        self._set_late(in_flight, is_late=True)
        self._loop.call_later(SETTLED_S, self._make_way, in_flight)
        if in_flight.limit is not None:
            in_flight.limit.cancel()
        in_flight.limit = self._loop.call_at(until, self._end_late, in_flight)

    def _make_way(self, in_flight: InFlight[Result]) -> None:
        if in_flight.is_late and self._is_slot_wanted():
            self._cancel(in_flight)

    def _end_late(self, in_flight: InFlight[Result]) -> None:
        if in_flight.is_late:
            self._cancel(in_flight)

    def _cancel(self, in_flight: InFlight[Result]) -> None:
        assert in_flight.task is not None
        self._set_late(in_flight, is_late=False)
        in_flight.task.cancel()
        self._forget(in_flight)

    def _set_late(self, in_flight: InFlight[Result], *, is_late: bool) -> None:
        in_flight.is_late = is_late
        if is_late:
            self._late[in_flight] = None
        else:
            self._late.pop(in_flight, None)

    def _end(self, in_flight: InFlight[Result]) -> None:
        self._all.pop(in_flight, None)
        self._late.pop(in_flight, None)
        self._forget(in_flight)
        if in_flight.limit is not None:
            in_flight.limit.cancel()
        assert in_flight.task is not None
        if not in_flight.task.cancelled():
            in_flight.task.exception()  # seen; nobody may be left to see it

    def _forget(self, in_flight: InFlight[Result]) -> None:
        if in_flight.key is not None and self._shared.get(in_flight.key) is in_flight:
            del self._shared[in_flight.key]
