"""Answers for a short time and archives for long, as bytes; who asked is part of the key.

Whoever writes to a shared cache is trusted (docs/explanation/security.md): the checksum finds what
is damaged or belongs to another program, not what somebody has forged.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from gateway.fetch.cache.store import Store, StoreLoad, open_store
from gateway.model import Site

FORMAT = b"NOG2"
"""Stands in keys and values; another one makes everything cached before invisible."""
MAX_BYTES = 16 * 2**20
LATE_S = 60.0
"""An answer that came too late for its caller is fresh for so long: it was dear, and the caller was
asked to come back after some seconds."""
_CHECK = Struct(">I")
_TIMES = Struct(">dd")
_AT = len(FORMAT) + _CHECK.size
_HEAD = _AT + _TIMES.size


class ArchiveKey(NamedTuple):
    """One archive: it cannot change without its `version`, which holds `last_processing_time`."""

    site: str
    """Name and address, as `SiteClient.archive_key` makes it."""
    entry_id: str
    version: str


class Cached(NamedTuple):
    """A value, its age, and up to which age it is fresh."""

    value: memoryview
    age_s: float
    fresh_s: float

    @property
    def is_fresh(self) -> bool:
        """Whether it can be used as if the site had just answered."""
        return self.age_s <= self.fresh_s


class AnswerCache:
    """What sites answered lately; shared by the clients of all sites."""

    def __init__(
        self,
        store: Store,
        *,
        namespace: str = "",
        answers_s: float = 10.0,
        bodies_s: float = 86_400.0,
        stale_s: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._namespace = namespace
        self.answers_s = answers_s
        self.stale_s = stale_s
        self._bodies_s = bodies_s
        self._now = now

    @property
    def keep_bytes(self) -> int:
        """Values beyond this size are not cached."""
        return max(0, self._store.max_value_bytes - _HEAD)

    @property
    def keeps_answers(self) -> bool:
        """Whether answers are cached at all."""
        return self.answers_s > 0 and self.keep_bytes > 0

    def load(self) -> StoreLoad | None:
        """What the store holds now; None: nothing is cached."""
        return self._store.load()

    def key_maker(self, site: Site, *, identity: str) -> "hashlib.blake2b":
        """A digest that has taken in the site and who asks; copied for each request."""
        digest = hashlib.blake2b(b"a" + FORMAT, digest_size=20)
        for part in (self._namespace, site.name, site.url, identity):
            digest.update(b"%d:" % len(part.encode()) + part.encode())
        return digest

    async def find(self, key: bytes) -> Cached | None:
        """What is cached under the key, fresh or not."""
        name = self._name(key)
        found = await self._store.get((name,))
        return self._open(name, found[name]) if name in found else None

    def keep(self, key: bytes, value: bytes, *, is_late: bool = False) -> None:
        """Cache an answer for its fresh time and the grace beyond it."""
        if len(value) > self.keep_bytes:
            return
        fresh_s = max(self.answers_s, LATE_S) if is_late else self.answers_s
        name = self._name(key)
        sealed = self._seal(name, value, fresh_s=fresh_s)
        self._store.put(name, sealed, ttl_s=fresh_s + self.stale_s)

    async def get_archives(self, keys: Iterable[ArchiveKey]) -> Mapping[ArchiveKey, memoryview]:
        """The archives that are cached of those asked for."""
        wanted = {self._archive_name(key): key for key in keys}
        found = await self._store.get(tuple(wanted))
        opened = ((wanted[name], self._open(name, value)) for name, value in found.items())
        return {key: cached.value for key, cached in opened if cached is not None}

    def put_archives(self, archives: Sequence[tuple[ArchiveKey, bytes]]) -> None:
        """Cache archives for long."""
        for key, value in archives:
            if len(value) <= self.keep_bytes:
                name = self._archive_name(key)
                sealed = self._seal(name, value, fresh_s=self._bodies_s)
                self._store.put(name, sealed, ttl_s=self._bodies_s)

    async def close(self) -> None:
        """Release connections."""
        await self._store.close()

    def _name(self, key: bytes) -> str:
        return f"{self._namespace}:{key.hex()}"

    def _archive_name(self, key: ArchiveKey) -> str:
        digest = hashlib.blake2b(b"b" + FORMAT, digest_size=20)
        for part in key:
            raw = part.encode()
            digest.update(b"%d:" % len(raw) + raw)
        return f"{self._namespace}:{digest.hexdigest()}"

    def _seal(self, name: str, value: bytes, *, fresh_s: float) -> bytes:
        times = _TIMES.pack(self._now(), fresh_s)
        return b"".join((FORMAT, _CHECK.pack(_checksum(name, times, value)), times, value))

    def _open(self, name: str, sealed: bytes) -> Cached | None:
        """What is sealed; None: it is not ours, damaged, or another key's."""
        times, value = sealed[_AT:_HEAD], memoryview(sealed)[_HEAD:]
        if len(sealed) < _HEAD:
            return None
        if not sealed.startswith(FORMAT + _CHECK.pack(_checksum(name, times, value))):
            return None
        written_at, fresh_s = _TIMES.unpack(times)
        return Cached(value, max(0.0, self._now() - written_at), fresh_s)


def _checksum(name: str, times: bytes, value: bytes | memoryview) -> int:
    return crc32(value, crc32(times, crc32(name.encode())))


def open_cache(
    backend: str = "memory",
    *,
    url: str | None = None,
    max_bytes: int = MAX_BYTES,
    answers_s: float = 10.0,
    bodies_s: float = 86_400.0,
    stale_s: float = 0.0,
    namespace: str = "",
) -> AnswerCache:
    """The cache that the configuration names: `memory`, `redis` (Valkey too) or `none`."""
    return AnswerCache(
        open_store(backend, url=url, max_bytes=max_bytes),
        namespace=namespace,
        answers_s=answers_s,
        bodies_s=bodies_s,
        stale_s=stale_s,
    )


def fingerprint(token: str | None) -> str:
    """Who asks, without saying it: a hash of the token, or `public`."""
    return hashlib.sha256(token.encode()).hexdigest() if token else "public"
