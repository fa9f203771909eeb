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
