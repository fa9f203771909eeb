"""Where cached bytes lie: in this process, bounded in bytes, or in Redis or Valkey for replicas.

Both are aiocache backends behind one `Store`, which makes a cache that is down or slow cost nothing
but speed: after an error or a time-out it is left alone for a while.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from cachetools import TLRUCache

from gateway.errors import ConfigError

try:
    from aiocache.backends.redis import RedisBackend
    from redis.asyncio import BlockingConnectionPool  # type: ignore[import-not-found,unused-ignore]
    from redis.exceptions import RedisError  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # the extra `redis` is not installed
    RedisBackend = None

logger = logging.getLogger(__name__)

ENTRY_OVERHEAD = 512
"""What an entry costs in memory beside its bytes: key, links, times."""
TIMEOUT_S = 0.05
REST_S = 5.0
LARGE_SHARE = 8
"""One value takes at most this part of the whole memory."""
MAX_REMOTE_BYTES = 8 * 2**20
MAX_CONNECTIONS = 32


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


class BoundedMemory(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """aiocache's memory backend with a bound in bytes; what was used longest ago leaves first."""

    NAME = "bounded-memory"

    def __init__(self, *, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        # without a time-out: aiocache would make a task for each look-up
        super().__init__(serializer=NullSerializer(), timeout=0)
        self._max_value = max_bytes // LARGE_SHARE
        self._values: TLRUCache[str, _Kept] = TLRUCache(
            max_bytes,
            ttu=lambda _, kept, now: now + kept.ttl,
            timer=clock,
            getsizeof=lambda kept: len(kept.value) + ENTRY_OVERHEAD,
        )

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return int(self._values.currsize)

    # aiocache calls these with its own names
    async def _get(
        self,
        key: str,
        encoding: object = None,  # noqa: ARG002
        _conn: object = None,
    ) -> bytes | None:
        kept = self._values.get(key)
        return kept.value if kept is not None else None

    async def _multi_get(
        self,
        keys: Sequence[str],
        encoding: object = None,  # noqa: ARG002
        _conn: object = None,
    ) -> list[bytes | None]:
        return [await self._get(key) for key in keys]

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float,
        _cas_token: object = None,
        _conn: object = None,
    ) -> bool:
        if len(value) + ENTRY_OVERHEAD > self._max_value:
            self._values.pop(key, None)
            return False
        self._values[key] = _Kept(value, ttl)
        return True

    async def _multi_set(
        self, pairs: Sequence[tuple[str, bytes]], ttl: float, _conn: object = None
    ) -> bool:
        for key, value in pairs:
            await self._set(key, value, ttl)
        return True


@dataclass(frozen=True, slots=True)
class _Kept:
    value: bytes
    ttl: float


class Store:
    """A backend that is asked only while it answers well."""

    def __init__(
        self,
        backend: Backend | None,
        *,
        max_value_bytes: int,
        errors: tuple[type[Exception], ...] = (),
        timeout_s: float = TIMEOUT_S,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self.max_value_bytes = max_value_bytes if backend else 0
        self._errors: tuple[type[Exception], ...] = (OSError, TimeoutError, *errors)
        self._timeout_s = timeout_s
        self._rest_s = rest_s
        self._clock = clock
        self._rests_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """The value; None: there is none, or the cache does not answer."""
        if (backend := self._ready()) is None:
            return None
        try:
            return _bytes(await backend.get(key))
        except self._errors as error:
            self._rest(error)
            return None

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values there are."""
        if not keys or (backend := self._ready()) is None:
            return {}
        try:
            values = await backend.multi_get(keys, timeout=self._patience_s(len(keys)))
        except self._errors as error:
            self._rest(error)
            return {}
        pairs = zip(keys, values, strict=False)
        return {key: kept for key, value in pairs if (kept := _bytes(value))}

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value for a time, if it is not too large."""
        if len(value) > self.max_value_bytes or (backend := self._ready()) is None:
            return
        try:
            await backend.set(key, value, ttl=float(ttl_s))
        except self._errors as error:
            self._rest(error)

    async def put_many(self, pairs: Sequence[tuple[str, bytes]], *, ttl_s: float) -> None:
        """Keep the values for a time, those that are not too large."""
        fitting = [pair for pair in pairs if len(pair[1]) <= self.max_value_bytes]
        if not fitting or (backend := self._ready()) is None:
            return
        try:
            patience_s = self._patience_s(len(fitting))
            await backend.multi_set(fitting, ttl=float(ttl_s), timeout=patience_s)
        except self._errors as error:
            self._rest(error)

    async def close(self) -> None:
        """Release connections."""
        if self._backend is None:
            return
        client = getattr(self._backend, "client", None)
        # aiocache 0.12 calls redis-py's `close`, which is deprecated
        with suppress(*self._errors):
            await (client.aclose() if client is not None else self._backend.close())

    def _ready(self) -> Backend | None:
        return self._backend if self._clock() >= self._rests_until else None

    def _patience_s(self, count: int) -> float:
        return self._timeout_s * (1 + count / 100)

    def _rest(self, error: Exception) -> None:
        self._rests_until = self._clock() + self._rest_s
        what = type(error).__name__
        logger.warning("cache does not answer (%s): not used for %g s", what, self._rest_s)


def open_store(backend: str, *, url: str | None, max_bytes: int) -> Store:
    """The store that the configuration names: `memory`, `redis` (Valkey too) or `none`."""
    if backend == "redis":
        return _open_redis(url or "redis://127.0.0.1:6379/0")
    if backend == "memory" and max_bytes > 0:
        return Store(BoundedMemory(max_bytes=max_bytes), max_value_bytes=max_bytes // LARGE_SHARE)
    return Store(None, max_value_bytes=0)


def _open_redis(url: str) -> Store:
    if RedisBackend is None:
        raise ConfigError(
            "The cache 'redis' needs the extra: pip install 'nomad-optimade-gateway[redis]'."
        )
    parts = urlsplit(url)
    try:
        port, db = parts.port or 6379, int(parts.path.strip("/") or 0)
    except ValueError as error:
        raise ConfigError("The cache's url must be like redis://host:6379/0.") from error
    if parts.scheme not in ("redis", "rediss", "valkey", "valkeys") or not parts.hostname:
        raise ConfigError("The cache's url must be like redis://host:6379/0.")
    pool: dict[str, object] = {"timeout": TIMEOUT_S, "socket_timeout": TIMEOUT_S * 10}
    if parts.username:
        pool["username"] = unquote(parts.username)
    backend = RedisBackend(
        serializer=NullSerializer(encoding=None),
        endpoint=parts.hostname,
        port=port,
        db=db,
        password=unquote(parts.password) if parts.password else None,
        pool_max_size=MAX_CONNECTIONS,
        ssl=parts.scheme in ("rediss", "valkeys"),
        connection_pool_class=BlockingConnectionPool,
        connection_pool_kwargs=pool,
        timeout=TIMEOUT_S,
    )
    return Store(backend, max_value_bytes=MAX_REMOTE_BYTES, errors=(RedisError,))


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
