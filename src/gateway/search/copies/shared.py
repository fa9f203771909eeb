"""Uploads that several sites have -> how their copies differ, each compared once while unchanged.

Equal counts prove nothing: the entries themselves are compared, by a digest of their ids. Ids are
kept only where copies differ.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from gateway.errors import SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.session import SiteSession
from gateway.model import NativeQuery
from gateway.search.copies.index import Contents, read_contents
from gateway.search.copies.owners import Holding, SharedUpload

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Uploads that are compared at a time: each asks its holders for all ids of its entries."""
MOST_EXTRAS = 100_000
"""Ids of entries that some holders lack, of all uploads together: about 10 MB. Uploads that would
need more are served by each of their holders."""

_SLICE = 500
"""Uploads between two turns of the event loop."""

_NONE = frozenset[str]()

Uploads: TypeAlias = Mapping[str, Mapping[str, int]]
"""For each site: how many entries each of its uploads has."""


OpenSession: TypeAlias = Callable[[str, MemoryScope], SiteSession]
"""Begins a conversation with a site, whose answers are held in the scope."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a copy was when it was last read."""

    count: int
    """In the index of uploads."""
    entries: int
    processed: int
    digest: bytes


def holders_by_upload(uploads: Uploads) -> dict[str, tuple[str, ...]]:
    """The sites of each upload that at least two have."""
    shared: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one, other in combinations(uploads, 2):
        for upload_id in uploads[one].keys() & uploads[other].keys():
            shared[upload_id] |= {one: None, other: None}
    return {upload_id: tuple(shared[upload_id]) for upload_id in sorted(shared)}


class Comparison:
    """What is known of the copies of shared uploads."""

    def __init__(self, base: NativeQuery) -> None:
        self._base = base
        self._seen: dict[str, dict[str, _Seen]] = {}
        """By upload and site; equal copies are one object, as there may be many."""
        self._due: set[tuple[str, str]] = set()
        self._extras: dict[str, tuple[Mapping[str, bytes], Mapping[str, frozenset[str]]]] = {}
        """By upload: the digests of its copies, and what not all of them have."""

    def suspect(self, site: str, uploads: Iterable[str]) -> None:
        """Read these again, if they are shared, as they may have changed."""
        self._due.update((site, one) for one in uploads if site in self._seen.get(one, {}))

    async def compare(
        self,
        holders: Mapping[str, tuple[str, ...]],
        uploads: Uploads,
        *,
        open_session: OpenSession,
    ) -> list[SharedUpload]:
        """The shared uploads; those whose copies could not be read stay out, and are tried again
        next time."""
        self._forget(holders)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(upload_id: str, sites: tuple[str, ...]) -> SharedUpload | None:
            counts = {site: uploads[site][upload_id] for site in sites}
            async with slots:
                scope = MemoryScope()
                sessions = {site: open_session(site, scope) for site in sites}
                try:
                    return await self._compare_one(upload_id, counts, sessions)
                except SiteError as error:
                    logger.info("copies of upload %s are not known: %s", upload_id, error)
                    return None
                finally:
                    scope.close()

        found: list[SharedUpload] = []
        unknown: list[tuple[str, tuple[str, ...]]] = []
        for at, (upload_id, sites) in enumerate(holders.items()):
            known = self._known(upload_id, {site: uploads[site][upload_id] for site in sites})
            if known is None:
                unknown.append((upload_id, sites))
            else:
                found.append(known)
            if at % _SLICE == 0:
                await asyncio.sleep(0)
        for at in range(0, len(unknown), _SLICE):  # so that no more tasks than that are waiting
            part = await asyncio.gather(*(one(*pair) for pair in unknown[at : at + _SLICE]))
            found += [upload for upload in part if upload is not None]
        return _bounded(found)

    def _known(self, upload_id: str, counts: Mapping[str, int]) -> SharedUpload | None:
        """The upload as it was compared before; None: something about it is new."""
        held: dict[str, _Seen] = {}
        for site, count in counts.items():
            seen = self._seen.get(upload_id, {}).get(site)
            if seen is None or seen.count != count or (site, upload_id) in self._due:
                return None
            held[site] = seen
        digests = {site: one.digest for site, one in held.items()}
        if len({*digests.values()}) == 1:
            return _shared(upload_id, held, {})
        known = self._extras.get(upload_id)
        if known is None or known[0] != digests:
            return None
        return _shared(upload_id, held, known[1])

    async def _compare_one(
        self, upload_id: str, counts: Mapping[str, int], sessions: Mapping[str, SiteSession]
    ) -> SharedUpload:
        read: dict[str, Contents] = {}
        for site, count in counts.items():
            seen = self._seen.get(upload_id, {}).get(site)
            if seen is not None and seen.count == count and (site, upload_id) not in self._due:
                continue
            try:
                read[site] = await self._read(sessions[site], upload_id, count)
            except SiteError:
                if seen is None or seen.count != count:
                    raise
        held = {site: self._seen[upload_id][site] for site in counts}
        return _shared(upload_id, held, await self._extras_of(upload_id, held, read, sessions))

    async def _read(self, session: SiteSession, upload_id: str, count: int) -> Contents:
        key = (session.name, upload_id)
        contents = await read_contents(session, self._base, upload_id)
        seen = _Seen(count, len(contents.ids), contents.processed, contents.digest)
        copies = self._seen.setdefault(upload_id, {})
        copies[session.name] = next((one for one in copies.values() if one == seen), seen)
        self._due.discard(key)
        return contents

    async def _extras_of(
        self,
        upload_id: str,
        held: Mapping[str, _Seen],
        read: dict[str, Contents],
        sessions: Mapping[str, SiteSession],
    ) -> Mapping[str, frozenset[str]]:
        """The entries of each copy that not all copies have."""
        digests = {site: one.digest for site, one in held.items()}
        if len({*digests.values()}) == 1:
            self._extras.pop(upload_id, None)
            return {}
        known = self._extras.get(upload_id)
        if known is not None and known[0] == digests:
            return known[1]
        for site, one in held.items():
            if site not in read:
                read[site] = await self._read(sessions[site], upload_id, one.count)
        digests = {site: read[site].digest for site in held}
        common = frozenset.intersection(*(one.ids for one in read.values()))
        extras = {site: read[site].ids - common for site in held}
        self._extras[upload_id] = (digests, extras)
        return extras

    def _forget(self, holders: Mapping[str, tuple[str, ...]]) -> None:
        """What is not shared any more."""
        kept = {key for key in self._due if key[0] in holders.get(key[1], ())}
        self._seen = {
            upload_id: {site: one for site, one in self._seen[upload_id].items() if site in sites}
            for upload_id, sites in holders.items()
            if upload_id in self._seen
        }
        self._due = kept
        for upload_id in self._extras.keys() - holders.keys():
            del self._extras[upload_id]


def _shared(
    upload_id: str, held: Mapping[str, _Seen], extras: Mapping[str, frozenset[str]]
) -> SharedUpload:
    """The upload; equal holdings are one object, as there may be many."""
    made: dict[Holding, Holding] = {}
    holdings: dict[str, Holding] = {}
    for site, one in held.items():
        holding = Holding(one.entries, one.processed, extras.get(site, _NONE))
        holdings[site] = made.setdefault(holding, holding)
    return SharedUpload(upload_id, holdings)


def _bounded(uploads: list[SharedUpload]) -> list[SharedUpload]:
    """As many of them as there is room for the ids of; those that differ least come first."""
    extras = {one.upload_id: _extras(one) for one in uploads}
    if sum(extras.values()) <= MOST_EXTRAS:
        return uploads
    logger.warning("copies of uploads differ in more than %s entries; some are listed", MOST_EXTRAS)
    kept: list[SharedUpload] = []
    room = MOST_EXTRAS
    for one in sorted(uploads, key=lambda one: (extras[one.upload_id], one.upload_id)):
        room -= extras[one.upload_id]
        if room < 0:
            break
        kept.append(one)
    return kept


def _extras(upload: SharedUpload) -> int:
    return sum(len(one.extras) for one in upload.holdings.values())
