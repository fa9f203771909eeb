"""Where cached bytes lie: in this process, bounded in bytes, or in Redis or Valkey for replicas.

Both are aiocache backends behind one `Store`, which makes a cache that is down or slow cost nothing
but speed: after an error or a time-out it is left alone for a while.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from gateway.errors import ConfigError
from gateway.fetch.cache.memory import LARGE_SHARE, BoundedMemory

try:
    from gateway.fetch.cache import redis as remote
except ImportError:  # the extra `redis` is not installed
    remote = None  # type: ignore[assignment]  # a module otherwise

logger = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT_S = 0.05
FIRST_REST_S = 0.5
REST_S = 5.0
"""So long the cache is left alone after a failure, at first and at most."""
TRIAL_S = 2.0
"""How long connecting to a cache may take, while all go on without it."""
AT_A_TIME = 4
"""Uses of the cache at a time; more would wait for each other and look like a slow cache."""
MAX_REMOTE_BYTES = 8 * 2**20


class Backend(Protocol):
    """The part of aiocache's interface that is used here."""

    async def get(self, key: str) -> bytes | None:
        """The value, None if there is none."""

    async def multi_get(self, keys: Sequence[str], *, timeout: float) -> Sequence[bytes | None]:
        """The values in the order of the keys."""

    async def set(self, key: str, value: bytes, *, ttl: float) -> object:
        """Keep the value for `ttl` seconds."""

    async def multi_set(
        self, pairs: Sequence[tuple[str, bytes]], *, ttl: float, timeout: float
    ) -> object:
        """Keep all the values for `ttl` seconds."""

    async def close(self) -> None:
        """Release connections."""


class Store:
    """A backend that is asked only while it answers well."""

    def __init__(
        self,
        backend: Backend | None,
        *,
        max_value_bytes: int,
        errors: tuple[type[Exception], ...] = (),
        remote: bool = False,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self.max_value_bytes = max_value_bytes if backend else 0
        self._errors: tuple[type[Exception], ...] = (OSError, TimeoutError, *errors)
        self._timeout_s = timeout_s
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._answers = not remote
        self._rests_until = 0.0
        self._failures = 0
        self._trial: asyncio.Task[None] | None = None

    async def get(self, key: str) -> bytes | None:
        """The value; None: there is none, or the cache does not answer."""
        return _bytes(await self._use(lambda backend: backend.get(key)))

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are."""
        timeout = self._patience_s(len(keys))
        values = await self._use(lambda backend: backend.multi_get(keys, timeout=timeout))
        pairs = zip(keys, values if isinstance(values, Sequence) else (), strict=False)
        return {key: value for key, any_ in pairs if (value := _bytes(any_)) is not None}

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value for a time, if it is not too large."""
        if len(value) <= self.max_value_bytes:
            await self._use(lambda backend: backend.set(key, value, ttl=float(ttl_s)))

    async def put_many(self, pairs: Sequence[tuple[str, bytes]], *, ttl_s: float) -> None:
        """Keep the values for a time, those that are not too large."""
        fitting = [pair for pair in pairs if len(pair[1]) <= self.max_value_bytes]
        timeout = self._patience_s(len(fitting))
        if fitting:
            ttl = float(ttl_s)
            await self._use(lambda backend: backend.multi_set(fitting, ttl=ttl, timeout=timeout))

    async def close(self) -> None:
        """Release connections."""
        if self._trial is not None:
            self._trial.cancel()
            await asyncio.gather(self._trial, return_exceptions=True)
        if self._backend is not None:
            with suppress(*self._errors):
                await self._backend.close()

    async def _use(self, work: Callable[[Backend], Awaitable[T]]) -> T | None:
        """What the backend gives; None while it does not answer."""
        async with self._turns:
            if self._backend is None or not self._ready(self._backend):
                return None
            try:
                return await work(self._backend)
            except self._errors as error:
                self._rest(error)
                return None

    def _ready(self, backend: Backend) -> bool:
        """Whether the backend answers; if not, it is tried now and then, and nobody waits for it.

        Connecting may well take longer than a question to the cache is worth.
        """
        idle = self._trial is None or self._trial.done()
        if not self._answers and idle and self._clock() >= self._rests_until:
            self._trial = asyncio.get_running_loop().create_task(self._try(backend))
        return self._answers

    async def _try(self, backend: Backend) -> None:
        try:
            await backend.multi_get(["trial"], timeout=TRIAL_S)
        except self._errors as error:
            self._rest(error)
            return
        self._answers = True
        if self._failures:
            self._failures = 0
            logger.info("the cache answers again")

    def _patience_s(self, count: int) -> float:
        return self._timeout_s * (1 + count / 100)

    def _rest(self, error: Exception) -> None:
        if not self._failures:
            what = type(error).__name__
            logger.warning("the cache does not answer (%s): going on without it", what)
        self._answers = False
        self._rests_until = self._clock() + min(FIRST_REST_S * 2.0**self._failures, REST_S)
        self._failures = min(self._failures + 1, 10)


def open_store(backend: str, *, url: str | None, max_bytes: int) -> Store:
    """The store that the configuration names: `memory`, `redis` (Valkey too) or `none`."""
    if backend == "redis":
        return _open_remote(url or "redis://127.0.0.1:6379/0")
    if backend == "memory" and max_bytes > 0:
        return Store(BoundedMemory(max_bytes=max_bytes), max_value_bytes=max_bytes // LARGE_SHARE)
    return Store(None, max_value_bytes=0)


def _open_remote(url: str) -> Store:
    if remote is None:
        raise ConfigError(
            "The cache 'redis' needs the extra: pip install 'nomad-optimade-gateway[redis]'."
        )
    backend = remote.open_redis(url, connections=AT_A_TIME, timeout_s=TIMEOUT_S, connect_s=TRIAL_S)
    return Store(backend, max_value_bytes=MAX_REMOTE_BYTES, errors=remote.ERRORS, remote=True)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
