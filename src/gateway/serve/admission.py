"""How many requests are answered at a time; the others wait a little, then are sent away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.errors import OverloadError

_BUSY = 0.5
"""Above this part of the places taken, clients are asked to go slower."""


class Admission:
    """The places of one worker."""

    def __init__(
        self, *, places: int, queue_s: float, waiting: Callable[[int], None] | None = None
    ) -> None:
        self._places = places
        self._queue_s = queue_s
        self._taken = asyncio.Semaphore(places)
        self._count = 0
        self._waiting = waiting or (lambda _: None)

    @asynccontextmanager
    async def target(self) -> AsyncIterator[None]:
        """Hold a place while a request is answered; an OverloadError when none is free in time."""
        self._waiting(+1)
        try:
            async with asyncio.timeout(self._queue_s):
                await self._taken.acquire()
        except TimeoutError as error:
            raise OverloadError(
                f"The gateway is answering {self._places} requests already; try again.",
                retry_after_s=max(1.0, self._queue_s),
            ) from error
        finally:
            self._waiting(-1)
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            self._taken.release()

    def delay_s(self) -> float:
        """How long a client does well to wait before it asks again."""
        load = self._count / self._places
        return round(max(0.0, load - _BUSY) * 2 * self._queue_s, 2)
