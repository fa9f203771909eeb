"""A semaphore of which each holder takes as much as it needs; who waits is served in turn."""

import asyncio
from collections import deque


class WeightedSemaphore:
    """At most `capacity` is held at a time; nobody asks for more than that."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._free = capacity
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    def has(self, weight: int) -> bool:
        """Whether so much is free, and nobody waits for it."""
        return not self._waiting and self._free >= weight

    async def take(self, weight: int) -> None:
        """Hold so much as soon as it is free."""
        if self.has(weight):
            self._free -= weight
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, weight))
        try:
            await turn
        except asyncio.CancelledError:
            # its turn may have come just then; else who comes next may need less
            self.give_back(weight if turn.done() and not turn.cancelled() else 0)
            raise

    def give_back(self, weight: int) -> None:
        """So much is free again."""
        self._free += weight
        while self._waiting:
            turn, wanted = self._waiting[0]
            if not turn.done():
                if wanted > self._free:
                    return
                self._free -= wanted
                turn.set_result(None)
            self._waiting.popleft()
