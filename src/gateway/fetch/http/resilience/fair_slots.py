"""Slots that clients share fairly: who waits comes in turn, and where it is wanted none can take
all of them.

Max-min fairness, as in fair queueing: a slot that gets free goes to the client that holds fewest,
and among these to the one that has been waiting longest.
"""

import asyncio
from collections import Counter, OrderedDict, deque

_RESERVED = 8
"""One slot in so many, rounded down, is never held by a client that has all others."""


class FairSlots:
    """A number of slots; a client is any text, e.g. an address."""

    def __init__(self, count: int, *, most_of_one: int | None = None) -> None:
        """`most_of_one`: how many of them one client can hold; None: seven eighths."""
        self.count = count
        self.most_of_one = most_of_one or count - count // _RESERVED
        self._free = count
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def in_use(self) -> int:
        """How many are taken."""
        return self.count - self._free

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def is_free(self, client: str) -> bool:
        """Whether this client gets a slot without waiting. Where there is a free one, those who
        wait have as many as they can have."""
        return self._free > 0 and self._held[client] < self.most_of_one

    async def acquire(self, client: str) -> None:
        """Take a slot, as soon as it is this client's turn."""
        if self.is_free(client):
            self._take(client)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # given in the same moment
                self.release(client)
            else:
                self._leave(client, turn)
            raise

    def release(self, client: str) -> None:
        """Give a slot back."""
        self._free += 1
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        self._give()

    def _take(self, client: str) -> None:
        self._free -= 1
        self._held[client] += 1

    def _give(self) -> None:
        while self._free:
            allowed = (one for one in self._waiting if self._held[one] < self.most_of_one)
            client = min(allowed, key=self._held.__getitem__, default=None)
            if client is None:
                return
            turn = self._waiting[client].popleft()
            self._waiting.move_to_end(client)
            self._tidy(client)
            if not turn.done():
                self._take(client)
                turn.set_result(None)

    def _leave(self, client: str, turn: "asyncio.Future[None]") -> None:
        if client in self._waiting and turn in self._waiting[client]:
            self._waiting[client].remove(turn)
            self._tidy(client)

    def _tidy(self, client: str) -> None:
        if not self._waiting[client]:
            del self._waiting[client]
