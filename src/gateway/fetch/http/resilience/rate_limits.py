"""How many requests one site gets: at most C at a time and R per second."""

import asyncio
from collections import deque
from collections.abc import Callable

from aiolimiter import AsyncLimiter

BURST_S = 0.2
"""After a quiet time, as many requests may go out at once as this time allows, at least one."""


class Slots:
    """The places for requests at one site; who waits for one may be cancelled without harm.

    `free_one` is called when a request has to wait: work that nobody waits for any more ends then.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        rate_per_s: float | None = None,
        free_one: Callable[[], None] | None = None,
        waiting: Callable[[int], None] | None = None,
    ) -> None:
        self.concurrency = concurrency
        self._free = concurrency
        self._queue: deque[asyncio.Future[None]] = deque()
        self._rate = _limiter(rate_per_s) if rate_per_s else None
        self._free_one = free_one or (lambda: None)
        self._waiting = waiting or (lambda _: None)

    @property
    def taken(self) -> int:
        """How many requests are under way."""
        return self.concurrency - self._free

    @property
    def are_wanted(self) -> bool:
        """Whether a request waits for a slot."""
        return any(not one.done() for one in self._queue)

    async def acquire(self) -> None:
        """Take a slot, when the rate allows, too."""
        if self._free and not self._queue:
            self._free -= 1
        else:
            await self._wait()
        if self._rate is not None:
            await self._wait_for_rate(self._rate)

    def release(self) -> None:
        """Give the slot back, to whoever has waited longest."""
        while self._queue:
            first = self._queue.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._free_one()
        self._waiting(+1)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was given a slot in the moment in which it was cancelled
            raise
        finally:
            self._waiting(-1)

    async def _wait_for_rate(self, rate: AsyncLimiter) -> None:
        self._waiting(+1)
        try:
            await rate.acquire()
        except asyncio.CancelledError:
            self.release()
            raise
        finally:
            self._waiting(-1)


def _limiter(rate_per_s: float) -> AsyncLimiter:
    burst = max(1.0, rate_per_s * BURST_S)
    return AsyncLimiter(burst, burst / rate_per_s)
