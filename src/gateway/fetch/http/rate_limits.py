"""How many requests one site gets: at most C at a time and R per second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiolimiter import AsyncLimiter

BURST_S = 0.2
"""After a quiet time, as many requests may go out at once as this time allows, at least one."""


class Limits:
    """Places for requests to one site; waiting for one can be cancelled without harm."""

    def __init__(
        self,
        *,
        concurrency: int,
        rate_per_s: float | None = None,
        waiting: Callable[[int], None] | None = None,
    ) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._pace = _pace(rate_per_s) if rate_per_s else None
        self._waiting = waiting or (lambda _: None)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One of the places, when the pace allows."""
        async with AsyncExitStack() as held:
            self._waiting(+1)
            try:
                await held.enter_async_context(self._places)
                if self._pace is not None:
                    await self._pace.acquire()
            finally:
                self._waiting(-1)
            yield


def _pace(rate_per_s: float) -> AsyncLimiter:
    burst = max(1.0, rate_per_s * BURST_S)
    return AsyncLimiter(burst, burst / rate_per_s)
