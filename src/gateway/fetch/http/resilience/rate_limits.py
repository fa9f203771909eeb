"""How many requests one site gets: at most C at a time and R per second."""

import asyncio
from collections.abc import Callable, Coroutine

from aiolimiter import AsyncLimiter

from gateway.fetch.http.resilience.fair_slots import FairSlots

BURST_S = 0.2
"""After a quiet time, as many requests may go out at once as this time allows, at least one."""


class Slots:
    """The places for requests at one site, which clients share fairly; who waits for one may be
    cancelled without harm.

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
        self._slots = FairSlots(concurrency, most_of_one=concurrency)
        self._rate = _limiter(rate_per_s) if rate_per_s else None
        self._free_one = free_one or (lambda: None)
        self._waiting = waiting or (lambda _: None)

    @property
    def taken(self) -> int:
        """How many requests are under way."""
        return self._slots.in_use

    @property
    def are_wanted(self) -> bool:
        """Whether a request waits for a slot."""
        return self._slots.is_wanted

    async def acquire(self, client: str = "") -> None:
        """Take a slot in the client's turn, when the rate allows, too."""
        if self._slots.is_free(client):
            await self._slots.acquire(client)
        else:
            self._free_one()
            await self._while_waiting(self._slots.acquire(client))
        if self._rate is not None:
            try:
                await self._while_waiting(self._rate.acquire())
            except asyncio.CancelledError:
                self.release(client)
                raise

    def release(self, client: str = "") -> None:
        """Give the slot back, to the client that holds fewest of those that wait."""
        self._slots.release(client)

    async def _while_waiting(self, turn: Coroutine[None, None, None]) -> None:
        self._waiting(+1)
        try:
            await turn
        finally:
            self._waiting(-1)


def _limiter(rate_per_s: float) -> AsyncLimiter:
    burst = max(1.0, rate_per_s * BURST_S)
    return AsyncLimiter(burst, burst / rate_per_s)
