"""Admission control: how many requests are answered at a time.

Others wait a little, then are refused. Large pages and streams have fewer slots, as each of them
holds much memory and much of the event loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

from gateway.errors import OverloadError
from gateway.observe import SlotUsage
from gateway.serve.weighted_semaphore import Part, WeightedSemaphore

_BUSY = 0.5
"""Above this part of the slots taken, clients are asked to go slower."""
LARGE_PAGE = 100
"""A page of more entries is a large one: structures of hundreds of atoms take megabytes."""
SMALL_BYTES = 256 * 1024
"""Requests that send the sites no more than this do not count against `MOST_BYTES`."""
MOST_BYTES = 8 * 1024 * 1024
"""What all requests of a moment send to the sites. Each byte takes several: a request is held as it
came, as it was read, and as it is sent."""

Semaphore: TypeAlias = asyncio.Semaphore | Part
Limit: TypeAlias = Literal["requests", "large", "streams"]


class Admission:
    """The slots of one worker."""

    def __init__(
        self,
        *,
        slots: int,
        queue_s: float,
        large_slots: int | None = None,
        streams: int | None = None,
        waiting: Callable[[int], None] | None = None,
        refused: Callable[[Limit], None] | None = None,
    ) -> None:
        self._slots = slots
        self._queue_s = queue_s
        self._free = asyncio.Semaphore(slots)
        self._bytes = WeightedSemaphore(MOST_BYTES)
        self._large_slots = large_slots or slots
        self._free_large = asyncio.Semaphore(self._large_slots)
        self._streams = streams or slots
        self.open_streams = 0
        self._count = 0
        self._large_count = 0
        self._waiting = waiting or (lambda _: None)
        self._refused = refused or (lambda _: None)

    def usage(self) -> Mapping[str, SlotUsage]:
        """The slots of each kind."""
        return {
            "requests": SlotUsage(self._count, self._slots),
            "large": SlotUsage(self._large_count, self._large_slots),
            "streams": SlotUsage(self.open_streams, self._streams),
        }

    @asynccontextmanager
    async def slot(
        self, *, deadline: float | None = None, is_large: bool = False, sent_bytes: int = 0
    ) -> AsyncIterator[None]:
        """Hold a slot while a request is answered; an OverloadError when none is free in time.

        `deadline` is that of the request, on the event loop's clock: waiting ends with it.
        `sent_bytes` is what the request sends to all sites.
        """
        if sent_bytes > SMALL_BYTES:
            part = self._bytes.part(sent_bytes)
            async with (
                self._taken(part, deadline, "large"),
                self.slot(deadline=deadline, is_large=is_large),
            ):
                yield
            return
        if is_large:
            async with (
                self._taken(self._free_large, deadline, "large"),
                self.slot(deadline=deadline),
            ):
                self._large_count += 1
                try:
                    yield
                finally:
                    self._large_count -= 1
            return
        async with self._taken(self._free, deadline, "requests"):
            self._count += 1
            try:
                yield
            finally:
                self._count -= 1

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[None]:
        """Count a stream while it goes out; an OverloadError when there are too many."""
        self.check_streams()
        self.open_streams += 1
        try:
            yield
        finally:
            self.open_streams -= 1

    def check_streams(self) -> None:
        """An OverloadError when there are too many streams for one more."""
        if self.open_streams >= self._streams:
            self._refused("streams")
            raise OverloadError(
                f"The gateway is sending {self._streams} streams already; try again.",
                retry_after_s=max(1.0, self._queue_s),
            )

    def delay_s(self) -> float:
        """How long a client does well to wait before it asks again."""
        load = self._count / self._slots
        return round(max(0.0, load - _BUSY) * 2 * self._queue_s, 2)

    @asynccontextmanager
    async def _taken(
        self, free: Semaphore, deadline: float | None, limit: Limit
    ) -> AsyncIterator[None]:
        if free.locked():
            await self._wait(free, deadline, limit)
        else:
            await free.acquire()
        try:
            yield
        finally:
            free.release()

    async def _wait(self, free: Semaphore, deadline: float | None, limit: Limit) -> None:
        until = asyncio.get_running_loop().time() + self._queue_s
        self._waiting(+1)
        try:
            async with asyncio.timeout_at(until if deadline is None else min(until, deadline)):
                await free.acquire()
        except TimeoutError as error:
            self._refused(limit)
            raise OverloadError(
                f"The gateway is answering {self._slots} requests already; try again.",
                retry_after_s=max(1.0, self._queue_s),
            ) from error
        finally:
            self._waiting(-1)
