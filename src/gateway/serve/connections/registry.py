"""All connections of one worker: who has to make way when there are too many, or too much is held.

Who has waited longest for its client makes way first: a client that is slow, silent or gone, not
one whose request is being answered.
"""

import asyncio
from typing import Literal, Protocol, TypeAlias

from gateway.observe import ConnectionUsage, Observer, log
from gateway.serve.connections.limits import PROBES_AT_A_TIME, ConnectionLimits

_LOOK_S = 0.5
_LOOK_BYTES = 4 * 1024 * 1024
"""So many received bytes are not waited for; the look comes at once."""
_SMALL = 16 * 1024
"""Cutting who holds no more than this frees next to nothing."""
_SILENT_S = 60.0
"""How long one log line about refused or cut connections speaks for the following ones, too."""


End: TypeAlias = Literal["refused", "idle", "memory", "slow"]
"""Why a connection was ended."""


class Connection(Protocol):
    """A connection as the registry sees it."""

    @property
    def held_bytes(self) -> int:
        """What it holds in memory for its client, or of its client's request."""

    def check(self, now: float) -> None:
        """End it if its client has taken too long."""

    def waiting_since(self) -> float | None:
        """Since when it has been waiting for its client; None: it is not."""

    def cut(self) -> None:
        """End it at once."""


class Connections:
    """The connections of one worker."""

    def __init__(
        self,
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
        observer: Observer | None = None,
    ) -> None:
        self.limits = limits
        self._loop = loop
        self._observer = observer
        if observer is not None:
            observer.watch_connections(self.usage)
        self._all: set[Connection] = set()
        self._for_probes: set[Connection] = set()
        self._idle: dict[Connection, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._grown = 0
        self._last_line = -_SILENT_S

    @property
    def held_bytes(self) -> int:
        """What all of them hold together."""
        return sum(one.held_bytes for one in self._all)

    def usage(self) -> ConnectionUsage:
        """How they stand, for metrics."""
        return ConnectionUsage(
            len(self._all), self.limits.connections, self.held_bytes, self.limits.held_bytes
        )

    def ended(self, reason: End) -> None:
        """One was ended for this reason."""
        if self._observer is not None:
            self._observer.ended(reason)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, connection: object) -> bool:
        return connection in self._all

    def admit(self, connection: Connection) -> bool:
        """Take one in; the one that has been idle longest makes way for it, else it is refused."""
        if len(self._all) >= self.limits.connections:
            self._report("too many connections", connections=len(self._all))
            if not self._idle:
                return False
            self.ended("idle")
            longest = next(iter(self._idle))
            self.leave(longest)
            longest.cut()
        self._all.add(connection)
        self.idle(connection)
        self._look_later()
        return True

    def admit_for_probes(self, connection: Connection) -> bool:
        """Take one in beyond the limit, for probes alone; False: there are too many of these."""
        if len(self._for_probes) >= PROBES_AT_A_TIME:
            return False
        self._for_probes.add(connection)
        self._look_later()
        return True

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        self._all.discard(connection)
        self._for_probes.discard(connection)
        self._idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """From now on it waits for a request, or for the rest of one."""
        self._idle[connection] = None

    def busy(self, connection: Connection) -> None:
        """From now on its request is being answered."""
        self._idle.pop(connection, None)

    def grew(self, count: int) -> None:
        """So many bytes more are held, of requests or answers; they may be more than allowed."""
        self._grown += count
        if self._grown > _LOOK_BYTES:
            self.make_way()

    def make_way(self) -> None:
        """Cut off who has waited longest for its client until no more is held than allowed."""
        self._grown = 0
        held = self.held_bytes
        if held <= self.limits.held_bytes:
            return
        self._report("clients hold too much memory", held_bytes=held)
        waiting = [one for one in self._all if one.waiting_since() and one.held_bytes > _SMALL]
        for one in sorted(waiting, key=lambda one: one.waiting_since() or 0.0):
            held -= one.held_bytes
            self.leave(one)
            one.cut()
            self.ended("memory")
            if held <= self.limits.held_bytes:
                return

    def _look(self) -> None:
        now = self._loop.time()
        for one in [*self._all, *self._for_probes]:
            one.check(now)
        self.make_way()
        self._timer = None
        if self._all or self._for_probes:
            self._look_later()

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_LOOK_S, self._look)

    def _report(self, event: str, **fields: object) -> None:
        now = self._loop.time()
        if now - self._last_line >= _SILENT_S:
            self._last_line = now
            log().warning(event, **fields)
