"""The archives of a page's winners at one site; what cannot be read falls back to the index.

A broken archive makes NOMAD answer 500 for the whole page, which is then asked for in ever smaller
parts until the broken one stands alone, as is a page that is too large; a vanished upload shortens
the page silently. What cannot be had is served from the index document.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import cast

import orjson

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.cache.answers import AnswerCache, BodyKey
from gateway.fetch.fanout import gather
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Entry, Hit, Json, JsonObject, NativeQuery

BATCH = 500
"""Archives per request; NOMAD 1.3 takes 1,022 values in one `:any`."""

PARTS = 8
"""Into so many parts a page with a broken archive is split: to find one among 20 takes 10 more
requests, among 500 it takes 24."""

MOST_REQUESTS = 200
"""On top of one for each batch of a page at one site, however many archives are broken or too
large; what is left unread then is served from the index, too."""

BROKEN = 500
"""NOMAD's status for a page that holds a broken archive."""

VERSION_FIELD = "last_processing_time"
"""An archive cannot change without it."""

Archive = Mapping[str, Json]


async def read_entries(
    session: SiteSession,
    hits: Sequence[Hit],
    *,
    required: JsonObject,
    fallback_fields: Iterable[str],
    cache: AnswerCache | None,
) -> tuple[Entry, ...]:
    """The entries behind hits of one site, in their sequence; `archive` None: it is broken."""
    kept = await _cached(session, hits, required, cache)
    wanted = [hit.entry_id for hit in hits if hit.entry_id not in kept]
    read = await _Reading(session, required, count=len(wanted)).read(wanted, size=BATCH)
    await _remember(session, hits, required, read, cache)
    archives = kept | read
    broken = [hit.entry_id for hit in hits if hit.entry_id not in archives]
    documents = await _documents(session, broken, fallback_fields)
    return tuple(
        Entry(
            hit.site,
            hit.entry_id,
            {**hit.document, **documents.get(hit.entry_id, {})},
            archives.get(hit.entry_id),
        )
        for hit in hits
    )


class _Reading:
    """The reading of one page's archives, so many of them, at one site."""

    def __init__(self, session: SiteSession, required: JsonObject, *, count: int) -> None:
        self._session = session
        self._required = required
        self._left = ceil(count / BATCH) + MOST_REQUESTS

    async def read(self, entry_ids: Sequence[str], *, size: int) -> dict[str, Archive]:
        """Archives by entry_id, asked for `size` at a time; what cannot be read is left out."""
        parts = [entry_ids[i : i + size] for i in range(0, len(entry_ids), size)]
        found = await gather({part[0]: self._read_part(part) for part in parts})
        return {entry_id: one for part in found.values() for entry_id, one in part.items()}

    async def _read_part(self, entry_ids: Sequence[str]) -> dict[str, Archive]:
        if not self._left:
            return {}
        self._left -= 1
        size = len(entry_ids)
        try:
            page = await self._session.archives(_ids(entry_ids), required=self._required, size=size)
        except SiteError as error:
            too_large = isinstance(error, AnswerTooLargeError)
            if error.status != BROKEN and not too_large:
                raise
            if size == 1:
                return {}
            return await self.read(entry_ids, size=ceil(size / (2 if too_large else PARTS)))
        return _by_id(page.documents)


async def _documents(
    session: SiteSession, entry_ids: Sequence[str], fields: Iterable[str]
) -> dict[str, Mapping[str, Json]]:
    if not entry_ids:
        return {}
    page = await session.page(
        _ids(entry_ids),
        order_by="entry_id",
        descending=False,
        size=len(entry_ids),
        fields=fields,
    )
    return {cast("str", document["entry_id"]): document for document in page.documents}


def _ids(entry_ids: Sequence[str]) -> NativeQuery:
    # A query for one `entry_id` alone goes round the index on NOMAD 2.0; a terms clause does not.
    return {"and": [{"entry_id:any": cast("list[Json]", list(entry_ids))}]}


def _by_id(documents: Iterable[Mapping[str, Json]]) -> dict[str, Archive]:
    """The `metadata` sections of archives; entries without one count as not read."""
    found: dict[str, Archive] = {}
    for document in documents:
        archive = document.get("archive")
        metadata = archive.get("metadata") if isinstance(archive, dict) else None
        if isinstance(metadata, dict) and metadata:
            found[cast("str", document["entry_id"])] = metadata
    return found


def _keys(session: SiteSession, hits: Iterable[Hit], required: JsonObject) -> dict[str, BodyKey]:
    """Cache keys by entry_id, for hits whose version is known."""
    shape = orjson.dumps(required, option=orjson.OPT_SORT_KEYS).decode()
    versions = ((hit.entry_id, hit.document.get(VERSION_FIELD)) for hit in hits)
    return {
        entry_id: session.body_key(entry_id, f"{version} {shape}")
        for entry_id, version in versions
        if isinstance(version, str)
    }


async def _cached(
    session: SiteSession, hits: Sequence[Hit], required: JsonObject, cache: AnswerCache | None
) -> dict[str, Archive]:
    if cache is None:
        return {}
    keys = _keys(session, hits, required)
    stored = await cache.get_bodies(keys.values())
    return {
        entry_id: cast("Archive", orjson.loads(stored[key]))
        for entry_id, key in keys.items()
        if key in stored
    }


async def _remember(
    session: SiteSession,
    hits: Sequence[Hit],
    required: JsonObject,
    read: Mapping[str, Archive],
    cache: AnswerCache | None,
) -> None:
    if cache is None or not read:
        return
    keys = _keys(session, hits, required)
    await cache.put_bodies(
        {keys[entry_id]: orjson.dumps(read[entry_id]) for entry_id in read if entry_id in keys}
    )
