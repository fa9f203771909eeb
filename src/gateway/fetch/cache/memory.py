"""aiocache's backend in this process, bounded in bytes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from cachetools import TLRUCache

ENTRY_OVERHEAD = 512
"""What an entry costs in memory beside its bytes: key, links, times."""
LARGE_SHARE = 8
"""One value takes at most this part of the whole memory."""


class BoundedMemory(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """aiocache's memory backend with a bound in bytes; what was used longest ago leaves first.

    `read` and `write` are the same as aiocache's `get` and `set` without their detours, which take
    longer than the look-up.
    """

    NAME = "bounded-memory"

    def __init__(self, *, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        # without a time-out: aiocache would make a task for each look-up
        super().__init__(serializer=NullSerializer(), timeout=0)
        self._max_value = max_bytes // LARGE_SHARE
        self._values: TLRUCache[str, _Held] = TLRUCache(
            max_bytes,
            ttu=lambda _, held, now: now + held.ttl,
            timer=clock,
            getsizeof=lambda held: len(held.value) + ENTRY_OVERHEAD,
        )

    @property
    def held(self) -> int:
        """Bytes taken now."""
        return int(self._values.currsize)

    @property
    def count(self) -> int:
        """Values that are held now."""
        return len(self._values)

    @property
    def limit(self) -> int:
        """Bytes that may be taken."""
        return int(self._values.maxsize)

    def read(self, key: str) -> bytes | None:
        """The value; None: there is none, or its time is over."""
        found = self._values.get(key)
        return found.value if found is not None else None

    def write(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Keep the value for a time; False: it is too large."""
        if len(value) + ENTRY_OVERHEAD > self._max_value:
            self._values.pop(key, None)
            return False
        self._values[key] = _Held(value, ttl_s)
        return True

    # aiocache calls these with its own names
    async def _get(
        self,
        key: str,
        encoding: object = None,  # noqa: ARG002
        _conn: object = None,
    ) -> bytes | None:
        return self.read(key)

    async def _multi_get(
        self,
        keys: Sequence[str],
        encoding: object = None,  # noqa: ARG002
        _conn: object = None,
    ) -> list[bytes | None]:
        return [self.read(key) for key in keys]

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float,
        _cas_token: object = None,
        _conn: object = None,
    ) -> bool:
        return self.write(key, value, ttl_s=ttl)

    async def _multi_set(
        self, pairs: Sequence[tuple[str, bytes]], ttl: float, _conn: object = None
    ) -> bool:
        for key, value in pairs:
            self.write(key, value, ttl_s=ttl)
        return True


@dataclass(frozen=True, slots=True)
class _Held:
    value: bytes
    ttl: float
