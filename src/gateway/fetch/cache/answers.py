"""Answers for a short time and bodies for long, as bytes; who asked is part of the key.

A value carries its time, its key's and its own checksum: what Redis gives back damaged, or what
somebody else wrote there, counts as not there.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import orjson

from gateway.fetch.cache.store import Store, open_store
from gateway.model import Site

FORMAT = b"NOG1"
"""Stands in keys and values; another one makes everything kept before invisible."""
MAX_BYTES = 64 * 2**20
_CHECK = Struct(">I")
_TIME = Struct(">d")
_AT = len(FORMAT) + _CHECK.size
_HEAD = _AT + _TIME.size


class BodyKey(NamedTuple):
    """One archive: it cannot change without its `version`, which holds `last_processing_time`."""

    site: str
    """Name and address, as `SiteClient.body_key` makes it."""
    entry_id: str
    version: str


class Kept(NamedTuple):
    """A value and its age."""

    value: memoryview
    age_s: float


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
        """Values beyond this size are not kept."""
        return max(0, self._store.max_value_bytes - _HEAD)

    def answer_key(
        self, site: Site, *, generation: str, identity: str, path: str, content: bytes | None
    ) -> str:
        """The key of one question; `content` is the body in canonical form."""
        parts = (site.name, site.url, generation, identity, path)
        return self._key(b"a", *(part.encode() for part in parts), content or b"")

    async def find(self, key: str) -> Kept | None:
        """What is kept under the key, fresh or not."""
        value = await self._store.get(key)
        return self._open(key, value) if value is not None else None

    async def keep(self, key: str, value: bytes, *, fresh_s: float) -> None:
        """Keep an answer for its fresh time and the grace beyond it."""
        await self._store.put(key, self._seal(key, value), ttl_s=fresh_s + self.stale_s)

    async def get_bodies(self, keys: Iterable[BodyKey]) -> Mapping[BodyKey, bytes]:
        """The bodies that are kept of those asked for."""
        wanted = {self._body_key(key): key for key in keys}
        found = await self._store.get_many(tuple(wanted))
        opened = ((wanted[name], self._open(name, value)) for name, value in found.items())
        return {key: bytes(kept.value) for key, kept in opened if kept is not None}

    async def put_bodies(self, bodies: Mapping[BodyKey, bytes]) -> None:
        """Keep bodies for long."""
        names = ((self._body_key(key), value) for key, value in bodies.items())
        pairs = [(name, self._seal(name, value)) for name, value in names]
        await self._store.put_many(pairs, ttl_s=self._bodies_s)

    async def close(self) -> None:
        """Release connections."""
        await self._store.close()

    def _body_key(self, key: BodyKey) -> str:
        return self._key(b"b", *(part.encode() for part in key))

    def _key(self, kind: bytes, *parts: bytes) -> str:
        digest = hashlib.blake2b(kind + FORMAT, digest_size=24)
        for part in parts:
            digest.update(b"%d:" % len(part) + part)
        return f"{self._namespace}:{digest.hexdigest()}"

    def _seal(self, key: str, value: bytes) -> bytes:
        at = _TIME.pack(self._now())
        return FORMAT + _CHECK.pack(_checksum(key, at, value)) + at + value

    def _open(self, key: str, sealed: bytes) -> Kept | None:
        """What is sealed; None: it is not ours, damaged, or another key's."""
        at, value = sealed[_AT:_HEAD], memoryview(sealed)[_HEAD:]
        check = FORMAT + _CHECK.pack(_checksum(key, at, value))
        if len(sealed) < _HEAD or not sealed.startswith(check):
            return None
        (written_s,) = _TIME.unpack(at)
        return Kept(value, max(0.0, self._now() - written_s))


def _checksum(key: str, at: bytes, value: bytes | memoryview) -> int:
    return crc32(value, crc32(at, crc32(key.encode())))


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


def canonical(body: object) -> bytes:
    """JSON of equal bodies is equal, whatever the order of their members."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def fingerprint(token: str | None) -> str:
    """Who asks, without saying it: a hash of the token, or `public`."""
    return hashlib.sha256(token.encode()).hexdigest() if token else "public"
