"""The archives of a page's entries at one site, read in portions; what cannot be had comes from the
index.

Each portion is cached as it comes, so that a request for the same page gets further. At the
deadline the rest is served from the index. A broken archive makes NOMAD answer 500 for its whole
portion, which is then asked for in ever smaller parts until the broken one stands alone, as is a
portion that is too large; an upload whose files are gone shortens a portion silently.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Literal, TypeAlias, cast

import orjson

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.cache.answers import AnswerCache, ArchiveKey
from gateway.fetch.http.wire.decoding import PIECE_BYTES
from gateway.fetch.http.wire.weight import weight
from gateway.fetch.nomad.pace import SitePace
from gateway.fetch.nomad.session import Archive, SiteSession
from gateway.model import Entry, Hit, Json, JsonObject, NativeQuery

PARTS = 8
"""Into so many parts a portion with a broken archive is split: to find one among 20 takes 10 more
requests, among 500 it takes 24."""

MOST_REQUESTS = 200
"""On top of one for each portion of a page at one site, however many archives are broken or too
large; what is left unread then is served from the index, too."""

BROKEN = 500
"""NOMAD's status for a page that holds a broken archive."""

VERSION_FIELD = "last_processing_time"
"""An archive cannot change without it."""

INDEX_SHARE_S = 0.6
"""Of the time until the deadline, so much is left for reading what is missing from the index; a
slow site answers that in 0.3 s. With less than twice this, half of what there is."""

_Why: TypeAlias = Literal["broken", "late"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of a page's entries: `required` of archives, or `index_fields` instead."""

    required: JsonObject
    index_fields: tuple[str, ...]
    are_indexed: bool
    """Whether the hits hold the fields of the index already."""


async def read_entries(
    session: SiteSession,
    hits: Sequence[Hit],
    wanted: Wanted,
    *,
    pace: SitePace,
    cache: AnswerCache | None,
) -> tuple[Entry, ...]:
    """The entries that the hits of one site are keys of, in their sequence; raises SiteError.

    `archive` None: `missing` says why. A `cache` of None: nothing may be cached for others.
    """
    keys = _archive_keys(session, hits, wanted.required) if cache is not None else {}
    found = await _cached(session, keys, cache)
    reading = _Reading(
        session.until(_archive_deadline(session, wanted)),
        wanted.required,
        pace=pace,
        keys=keys,
        cache=cache,
    )
    await reading.read([hit.entry_id for hit in hits if hit.entry_id not in found])
    found |= reading.found
    missing = [hit.entry_id for hit in hits if hit.entry_id not in found]
    documents = {} if wanted.are_indexed else await _documents(session, missing, wanted)
    return tuple(
        Entry(
            hit.site,
            hit.entry_id,
            {**hit.document, **documents.get(hit.entry_id, {})},
            found.get(hit.entry_id),
            None if hit.entry_id in found else reading.why(hit.entry_id),
        )
        for hit in hits
    )


def _archive_deadline(session: SiteSession, wanted: Wanted) -> float | None:
    """Until when archives are read; None: as long as each portion comes (streams)."""
    if session.deadline is None or wanted.are_indexed:
        return session.deadline
    left_s = session.deadline - asyncio.get_running_loop().time()
    return session.deadline - min(INDEX_SHARE_S, left_s / 2)


class _Reading:
    """The reading of one page's archives at one site, until its deadline."""

    def __init__(
        self,
        session: SiteSession,
        required: JsonObject,
        *,
        pace: SitePace,
        keys: Mapping[str, ArchiveKey],
        cache: AnswerCache | None,
    ) -> None:
        self._clock = asyncio.get_running_loop().time
        self._deadline = session.deadline
        self._session = session
        self._required = required
        self._pace = pace
        self._keys = keys
        self._cache = cache
        self._portions: deque[Sequence[str]] = deque()
        self._requests = 0
        self._most = MOST_REQUESTS
        self._under_way = 0
        self._broken: set[str] = set()
        self._failure: SiteError | None = None
        self.found: dict[str, Archive] = {}

    async def read(self, entry_ids: Sequence[str]) -> None:
        """Read these archives; SiteError when the site failed before any of them came."""
        if not entry_ids:
            return
        size = self._pace.portion
        self._portions.extend(entry_ids[i : i + size] for i in range(0, len(entry_ids), size))
        self._most += len(self._portions)
        workers = min(len(self._portions), self._pace.at_once)
        if workers == 1:
            await self._work()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        if self._failure is not None and not self.found:
            try:
                raise self._failure
            finally:
                self._failure = None  # it would keep all this until garbage collection

    def why(self, entry_id: str) -> _Why:
        """Why an archive is missing."""
        return "broken" if entry_id in self._broken else "late"

    async def _work(self) -> None:
        """Read portions until none is left, the site fails or the time is over."""
        while self._portions and self._failure is None and not self._is_over():
            await self._read(self._portions.popleft())

    def _is_over(self) -> bool:
        return self._deadline is not None and self._clock() >= self._deadline

    async def _read(self, entry_ids: Sequence[str]) -> None:
        self._requests += 1
        if self._requests > self._most:
            self._broken.update(entry_ids)
            return
        size, begun = len(entry_ids), time.perf_counter()
        self._under_way += 1
        at_once = self._under_way
        try:
            page = await self._session.archives(
                _ids(entry_ids), required=self._required, size=size, keep=self._keep
            )
        except SiteError as error:
            self._failed(error, entry_ids, spent_s=time.perf_counter() - begun)
            return
        finally:
            self._under_way -= 1
        if self._session.state == "ok":
            self._pace.archives_came(size, time.perf_counter() - begun, at_once=at_once)
        read = {id_: one for id_, one in page.archives.items() if one is not None}
        self.found |= read
        self._broken.update(id_ for id_ in entry_ids if id_ not in read)

    def _failed(self, error: SiteError, entry_ids: Sequence[str], *, spent_s: float) -> None:
        """Split the portion where a smaller one may do; else there is nothing more to be had."""
        size = len(entry_ids)
        if error.is_timeout:
            self._pace.archives_late(size, spent_s)
            if self._deadline is None and size > 1:  # a stream has patience, for smaller portions
                self._split(entry_ids, 2)
            return
        is_too_large = isinstance(error, AnswerTooLargeError)
        if error.status != BROKEN and not is_too_large:
            self._failure = error
        elif size == 1:
            self._broken.update(entry_ids)
        else:
            self._split(entry_ids, 2 if is_too_large else PARTS)

    def _split(self, entry_ids: Sequence[str], parts: int) -> None:
        size = ceil(len(entry_ids) / parts)
        self._portions.extendleft(
            entry_ids[i : i + size] for i in reversed(range(0, len(entry_ids), size))
        )

    def _keep(self, archives: Mapping[str, Archive | None]) -> None:
        """Cache a portion, whenever it comes."""
        if self._cache is None:
            return
        with suppress(orjson.JSONEncodeError):  # nested too deeply: it can be read, not written
            self._cache.put_archives(
                [
                    (self._keys[id_], orjson.dumps(one))
                    for id_, one in archives.items()
                    if one is not None and id_ in self._keys
                ]
            )


async def _documents(
    session: SiteSession, entry_ids: Sequence[str], wanted: Wanted
) -> dict[str, Mapping[str, Json]]:
    """What the index holds of entries without an archive; nothing when it does not answer in time,
    as the keys are there already."""
    if not entry_ids:
        return {}
    try:
        page = await session.page(
            _ids(entry_ids),
            order_by="entry_id",
            descending=False,
            size=len(entry_ids),
            fields=wanted.index_fields,
        )
    except SiteError as error:
        if error.is_timeout:
            return {}
        raise
    return {cast("str", document["entry_id"]): document for document in page.documents}


def _ids(entry_ids: Sequence[str]) -> NativeQuery:
    # A query for one `entry_id` alone goes round the index on NOMAD 2.0; a terms clause does not.
    return {"and": [{"entry_id:any": cast("list[Json]", list(entry_ids))}]}


def _archive_keys(
    session: SiteSession, hits: Iterable[Hit], required: JsonObject
) -> dict[str, ArchiveKey]:
    """Cache keys by entry_id, for hits whose version is known."""
    shape = orjson.dumps(required, option=orjson.OPT_SORT_KEYS).decode()
    versions = ((hit.entry_id, hit.document.get(VERSION_FIELD)) for hit in hits)
    return {
        entry_id: session.archive_key(entry_id, f"{version} {shape}")
        for entry_id, version in versions
        if isinstance(version, str)
    }


async def _cached(
    session: SiteSession, keys: Mapping[str, ArchiveKey], cache: AnswerCache | None
) -> dict[str, Archive]:
    """The archives that are cached, as far as there is memory to decode them."""
    if cache is None or not keys:
        return {}
    stored = await cache.get_archives(keys.values())
    session.count_archives(hits=len(stored), misses=len(keys) - len(stored))
    found: dict[str, Archive] = {}
    if not stored:
        return found
    held, decoded = session.hold(), 0
    for entry_id, key in keys.items():
        value = stored.get(key)
        if value is None:
            continue
        weighed = weight(raw := bytes(value))
        if not held.try_reserve(weighed.decoding):
            continue
        with suppress(orjson.JSONDecodeError):  # damaged in a way that the checksum missed
            found[entry_id] = cast("Archive", orjson.loads(raw))
        held.give_back(weighed.decoding - weighed.kept)
        decoded += len(raw)
        if decoded > PIECE_BYTES:
            decoded = 0
            await asyncio.sleep(0)
    return found
