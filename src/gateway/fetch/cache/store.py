"""Where cached bytes are: in this process, bounded in bytes, or in Redis or Valkey for replicas.

Both are aiocache backends. A remote one that is down or slow costs only speed: reads have a short
bound, writes are done in the background, and after an error it is left alone for a while. What its
client library stumbles over in an answer can be any exception: none is more than a line in the log.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import ConfigError
from gateway.fetch.cache.memory import ENTRY_OVERHEAD, LARGE_SHARE, BoundedMemory

logger = logging.getLogger(__name__)

READ_S = 0.05
"""A read that takes longer is given up. It comes before each request to a site, of which one takes
20 ms at least, and before a page's archives: twice this is what a slow cache may cost a page."""
WRITE_S = 1.0
BUSY_S = 0.5
"""A cache that has answered within this time and is too slow now is busy, or this process is: in a
burst, reads wait for connections and for the event loop. It is not left alone for that."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
"""So long the cache is left alone after a failure, at first and at most."""
CONNECT_S = 2.0
"""How long connecting to a cache may take, while all go on without it."""
CONNECTIONS = 16
MAX_VALUE_BYTES = 8 * 2**20
BACKLOG_BYTES = 16 * 2**20
"""Writes that wait; beyond it the oldest are dropped, as a cache may."""
AT_A_TIME = 64
"""Values that are written by one command."""


class Backend(Protocol):
    """The part of aiocache's interface that is used here."""

    async def multi_get(self, keys: Sequence[str], *, timeout: float) -> Sequence[object]:
        """The values in the order of the keys."""

    async def multi_set(
        self, pairs: Sequence[tuple[str, bytes]], *, ttl: float, timeout: float
    ) -> object:
        """Keep all the values for `ttl` seconds."""

    async def close(self) -> None:
        """Release connections."""


@dataclass(frozen=True, slots=True)
class StoreLoad:
    """How a store stands; numbers are None where they are not known in this process."""

    is_usable: bool
    held_bytes: int | None = None
    limit_bytes: int | None = None
    values: int | None = None


class Store(Protocol):
    """Bytes under keys; nothing here raises."""

    max_value_bytes: int
    """Larger values are not kept; 0: none are."""

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are."""

    def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value for a time, if it is not too large; returns before it is done."""

    def load(self) -> StoreLoad | None:
        """How it stands now; None: it keeps nothing."""

    async def close(self) -> None:
        """Release connections."""


class NoStore:
    """Keeps nothing."""

    max_value_bytes = 0

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:  # noqa: ARG002
        """Nothing."""
        return {}

    def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Do nothing."""

    def load(self) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Do nothing."""


class LocalStore:
    """In this process."""

    def __init__(self, memory: BoundedMemory, *, max_value_bytes: int) -> None:
        self._memory = memory
        self.max_value_bytes = max_value_bytes

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are; does not wait."""
        read = self._memory.read
        return {key: value for key in keys if (value := read(key)) is not None}

    def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value."""
        self._memory.write(key, value, ttl_s=ttl_s)

    def load(self) -> StoreLoad:
        """How much is held."""
        memory = self._memory
        return StoreLoad(
            is_usable=True,
            held_bytes=memory.held,
            limit_bytes=memory.limit,
            values=memory.count,
        )

    async def close(self) -> None:
        """Do nothing: it ends with the process."""


class RemoteStore:
    """A backend over the network that is used only while it answers well."""

    def __init__(
        self,
        backend: Backend,
        *,
        read_s: float = READ_S,
        max_value_bytes: int = MAX_VALUE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self.max_value_bytes = max_value_bytes
        self._read_s = read_s
        self._clock = clock
        self._is_usable = False
        self._answered_at = float("-inf")
        self._paused_until = 0.0
        self._failures = 0
        self._trial: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._backlog: deque[tuple[str, bytes, float]] = deque()
        self._backlog_bytes = 0

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are; nothing when the cache does not answer in time."""
        if not keys or not self._usable():
            return {}
        try:
            async with asyncio.timeout(self._read_s):  # waiting for a connection counts, too
                values = await self._backend.multi_get(keys, timeout=self._read_s)
        except Exception as error:  # noqa: BLE001  # whatever its library stumbles over
            self._fail(error)
            return {}
        self._answered_at = self._clock()
        pairs = zip(keys, values if isinstance(values, Sequence) else (), strict=False)
        return {key: value for key, value in pairs if isinstance(value, bytes)}

    def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Have the value written in the background."""
        if len(value) > self.max_value_bytes or not self._usable():
            return
        self._backlog.append((key, value, ttl_s))
        self._backlog_bytes += len(value) + ENTRY_OVERHEAD
        while self._backlog_bytes > BACKLOG_BYTES:
            self._backlog_bytes -= len(self._backlog.popleft()[1]) + ENTRY_OVERHEAD
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def load(self) -> StoreLoad:
        """Whether the cache has answered, as far as it was asked."""
        return StoreLoad(is_usable=not self._failures)

    async def close(self) -> None:
        """Release connections; what was not written yet is not missed."""
        for task in (self._trial, self._writer):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        with suppress(Exception):
            await self._backend.close()

    async def _write(self) -> None:
        while self._backlog:
            ttl_s = self._backlog[0][2]
            pairs: list[tuple[str, bytes]] = []
            while self._backlog and self._backlog[0][2] == ttl_s and len(pairs) < AT_A_TIME:
                key, value, _ = self._backlog.popleft()
                self._backlog_bytes -= len(value) + ENTRY_OVERHEAD
                pairs.append((key, value))
            try:
                await self._backend.multi_set(pairs, ttl=float(ttl_s), timeout=WRITE_S)
            except Exception as error:  # noqa: BLE001  # whatever its library stumbles over
                self._fail(error)
                self._backlog.clear()
                self._backlog_bytes = 0

    def _usable(self) -> bool:
        """Whether the backend answers; if not, it is tried now and then, and nobody waits for it.

        Connecting may well take longer than a look-up in the cache is worth.
        """
        idle = self._trial is None or self._trial.done()
        if not self._is_usable and idle and self._clock() >= self._paused_until:
            self._trial = asyncio.get_running_loop().create_task(self._try())
        return self._is_usable

    async def _try(self) -> None:
        try:
            await self._backend.multi_get(["trial"], timeout=CONNECT_S)
        except Exception as error:  # noqa: BLE001  # whatever its library stumbles over
            self._pause(error)
            return
        self._is_usable = True
        self._answered_at = self._clock()
        if self._failures:
            self._failures = 0
            logger.info("the cache answers again")

    def _fail(self, error: Exception) -> None:
        """Pause once, however many requests fail at the same time."""
        is_slow = isinstance(error, TimeoutError)
        if self._is_usable and not (is_slow and self._clock() - self._answered_at < BUSY_S):
            self._pause(error)

    def _pause(self, error: Exception) -> None:
        if not self._failures:
            what = type(error).__name__
            logger.warning("the cache does not answer (%s): going on without it", what)
        self._is_usable = False
        wait_s = min(FIRST_PAUSE_S * 2.0**self._failures, LONGEST_PAUSE_S)
        self._paused_until = self._clock() + wait_s
        self._failures = min(self._failures + 1, 10)


def open_store(backend: str, *, url: str | None, max_bytes: int) -> Store:
    """The store that the configuration names: `memory`, `redis` (Valkey too) or `none`."""
    if backend == "redis":
        return _open_remote(url or "redis://127.0.0.1:6379/0")
    if backend == "memory" and max_bytes > 0:
        memory = BoundedMemory(max_bytes=max_bytes)
        return LocalStore(memory, max_value_bytes=max_bytes // LARGE_SHARE)
    return NoStore()


def _open_remote(url: str) -> Store:
    try:
        from gateway.fetch.cache import redis  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise ConfigError(
            "The cache 'redis' needs a package that is not installed: pip install 'redis>=5.2'."
        ) from None
    # the pool's own limit is the longer one, so that READ_S is what ends a read
    backend = redis.open_redis(url, connections=CONNECTIONS, timeout_s=WRITE_S, connect_s=CONNECT_S)
    return RemoteStore(backend)
