"""The archives of a page's entries at one site; what cannot be had comes from the index.

Archives that are cached are not asked for. At the deadline the rest is served from the index.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import orjson

from gateway.errors import SiteError
from gateway.fetch.cache.answers import AnswerCache, ArchiveKey
from gateway.fetch.http.wire.decoding import PIECE_BYTES
from gateway.fetch.http.wire.weight import weight
from gateway.fetch.nomad.answers import Archive
from gateway.fetch.nomad.pace import SitePace
from gateway.fetch.nomad.portions import PortionedReading, query_of_ids
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Entry, Hit, Json, JsonObject

VERSION_FIELD = "last_processing_time"
"""An archive cannot change without it."""

INDEX_SHARE_S = 0.6
"""Of the time until the deadline, so much is left for reading what is missing from the index; a
slow site answers that in 0.3 s. With less than twice this, half of what there is."""


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
    reading = PortionedReading(
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


async def _documents(
    session: SiteSession, entry_ids: Sequence[str], wanted: Wanted
) -> dict[str, Mapping[str, Json]]:
    """What the index holds of entries without an archive; nothing when it does not answer in time,
    as the keys are there already."""
    if not entry_ids:
        return {}
    try:
        page = await session.page(
            query_of_ids(entry_ids),
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
