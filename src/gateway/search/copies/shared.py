"""Uploads that several sites have -> how their copies differ, each compared once while unchanged.

Equal counts prove nothing: the entries themselves are compared, by a digest of their ids. Ids are
kept only where copies differ.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

from gateway.errors import SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.session import SiteSession
from gateway.model import NativeQuery
from gateway.search.copies.index import Contents, read_contents
from gateway.search.copies.owners import NOTHING, Holding, SharedUpload

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Uploads that are compared at a time: each asks its holders for all ids of its entries."""
MOST_EXTRAS = 100_000
"""Ids of entries that some holders lack, of all uploads together: about 10 MB. Uploads that would
need more are served by each of their holders."""

_SLICE = 500
"""Uploads between two turns of the event loop."""

Uploads: TypeAlias = Mapping[str, Mapping[str, int]]
"""For each site: how many entries each of its uploads has."""


OpenSession: TypeAlias = Callable[[str, MemoryScope], SiteSession]
"""Begins a conversation with a site, whose answers are held in the scope."""


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
        self._seen: dict[str, SharedUpload] = {}
        """As they were when they were last read; the same objects are in the generations."""
        self._due: defaultdict[str, set[str]] = defaultdict(set)
        """By site: uploads that are read again."""

    async def suspect(self, site: str, uploads: AbstractSet[str]) -> None:
        """Read these again, if they are shared, as they may have changed."""
        for at, upload_id in enumerate(tuple(uploads), 1):
            if upload_id in self._seen:
                self._due[site].add(upload_id)
            if at % (10 * _SLICE) == 0:
                await asyncio.sleep(0)

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
            counts = {site: uploads[site][upload_id] for site in sites}
            if self._unchanged(upload_id, counts).keys() == counts.keys():
                found.append(self._seen[upload_id])
            else:
                unknown.append((upload_id, sites))
            if at % _SLICE == 0:
                await asyncio.sleep(0)
        for at in range(0, len(unknown), _SLICE):  # so that no more tasks than that are waiting
            part = await asyncio.gather(*(one(*pair) for pair in unknown[at : at + _SLICE]))
            found += [upload for upload in part if upload is not None]
        return await asyncio.to_thread(_bounded, found)

    def _unchanged(self, upload_id: str, counts: Mapping[str, int]) -> dict[str, Holding]:
        """The copies that need not be read, if these are all; else some of them."""
        seen = self._seen.get(upload_id)
        if seen is None or not seen.holdings.keys() <= counts.keys():  # a holder has left
            return {}
        return {
            site: held
            for site, held in seen.holdings.items()
            if held.count == counts[site] and upload_id not in self._due[site]
        }

    async def _compare_one(
        self, upload_id: str, counts: Mapping[str, int], sessions: Mapping[str, SiteSession]
    ) -> SharedUpload:
        before, held = self._seen.get(upload_id), self._unchanged(upload_id, counts)
        read: dict[str, Contents] = {}
        for site in counts.keys() - held.keys():
            try:
                read[site] = await read_contents(sessions[site], self._base, upload_id)
            except SiteError:
                known = None if before is None else before.holdings.get(site)
                if known is None or known.count != counts[site]:
                    raise
                held[site] = known  # until it can be read
        digests = {site: held[site].digest for site in held}
        digests |= {site: one.digest for site, one in read.items()}
        same = before is not None and digests == {
            site: one.digest for site, one in before.holdings.items()
        }
        if not same and len({*digests.values()}) > 1:  # what they have in common is not known
            for site in held:
                read[site] = await read_contents(sessions[site], self._base, upload_id)
        shared = _shared(upload_id, read, {} if before is None else before.holdings, tuple(counts))
        self._seen[upload_id] = shared
        for site in read:
            self._due[site].discard(upload_id)
        return shared

    def _forget(self, holders: Mapping[str, tuple[str, ...]]) -> None:
        """What is not shared any more."""
        for upload_id in self._seen.keys() - holders.keys():
            del self._seen[upload_id]
        for due in self._due.values():
            due.intersection_update(holders)


def _shared(
    upload_id: str,
    read: Mapping[str, Contents],
    before: Mapping[str, Holding],
    sites: tuple[str, ...],
) -> SharedUpload:
    """The upload, of what has just been read and, where nothing changed, of what was before."""
    digests = {site: read[site].digest if site in read else before[site].digest for site in sites}
    kept = {digest: digest for digest in digests.values()}  # equal ones are held once
    common: frozenset[str] | None = None
    if len(kept) > 1 and read.keys() == {*sites}:
        common = frozenset.intersection(*(one.ids for one in read.values()))
    holdings: dict[str, Holding] = {}
    for site in sites:
        digest = kept[digests[site]]
        if site not in read:
            extras = before[site].extras if len(kept) > 1 else NOTHING
            holdings[site] = replace(before[site], extras=extras, digest=digest)
            continue
        one = read[site]
        extras = NOTHING
        if common is not None:
            extras = one.ids - common or NOTHING
        elif len(kept) > 1:  # processed anew with the same entries
            extras = before[site].extras
        holdings[site] = Holding(len(one.ids), one.processed, extras, digest)
    once: dict[Holding, Holding] = {}  # most copies are equal
    return SharedUpload(
        upload_id, {site: once.setdefault(held, held) for site, held in holdings.items()}
    )


def _bounded(uploads: list[SharedUpload]) -> list[SharedUpload]:
    """As many of them as `MOST_EXTRAS` ids allow; those that differ least come first."""
    extras = {one.upload_id: _extras(one) for one in uploads}
    if sum(extras.values()) <= MOST_EXTRAS:
        return uploads
    logger.warning("copies of uploads differ in more than %s entries; some are listed", MOST_EXTRAS)
    kept: list[SharedUpload] = []
    left = MOST_EXTRAS
    for one in sorted(uploads, key=lambda one: (extras[one.upload_id], one.upload_id)):
        left -= extras[one.upload_id]
        if left < 0:
            break
        kept.append(one)
    return kept


def _extras(upload: SharedUpload) -> int:
    return sum(len(one.extras) for one in upload.holdings.values())
