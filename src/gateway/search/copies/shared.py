"""Uploads that several sites have -> how their copies differ, each compared once while unchanged.

Equal counts prove nothing: the entries themselves are compared, by a digest of their ids. Ids are
kept only where copies differ.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import TypeAlias

from gateway.errors import SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.session import SiteSession
from gateway.model import NativeQuery
from gateway.search.copies.allowance import ROUND_S, Allowance, in_turns
from gateway.search.copies.differences import extras_of, fitting
from gateway.search.copies.index import Contents, read_contents
from gateway.search.copies.owners import Holding, SharedUpload

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Uploads that are compared at a time: each asks its holders for all ids of its entries."""
MOST_EXTRAS = 100_000
"""Ids of entries that some holders lack, of all uploads together: about 10 MB. Copies that would
need more are listed; those that differ least come first."""

TOO_DIFFERENT = "its copies differ in too many entries"
_FEW_IDS = 4_000
"""Ids that are compared in the event loop."""
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

    def __init__(self, base: NativeQuery, *, round_s: float = ROUND_S) -> None:
        self._base = base
        self._round_s = round_s
        self._seen: dict[str, SharedUpload] = {}
        """As they were when they were last read; the same objects are in the generations."""
        self._extras: dict[str, int] = {}
        """By upload: ids that not all of its holders have."""
        self._too_different: dict[str, Mapping[str, int]] = {}
        """Uploads of which a copy differs in more than is kept, with the size of each copy."""
        self._due: defaultdict[str, set[str]] = defaultdict(set)
        """By site: uploads that are read again."""
        self.is_cut_short = False
        """Whether a site had no time left in the last round."""
        self.lacks_copies = False
        """Whether a copy could not be read in the last round."""

    async def suspect(self, site: str, uploads: AbstractSet[str]) -> None:
        """Read these again, if they are shared, as they may have changed."""
        for at, upload_id in enumerate(tuple(uploads), 1):
            if upload_id in self._seen or upload_id in self._too_different:
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
        """The shared uploads; copies that could not be read stay out, and are tried again next
        time."""
        self._forget(holders)
        self.lacks_copies = False
        slots, allowance = asyncio.Semaphore(AT_ONCE), Allowance(self._round_s)

        async def one(upload_id: str, sites: tuple[str, ...]) -> SharedUpload | None:
            counts = {site: uploads[site][upload_id] for site in sites}
            async with slots:
                scope = MemoryScope()
                try:
                    return await self._compare_one(
                        upload_id, counts, lambda site: open_session(site, scope), allowance
                    )
                except SiteError as error:
                    unread[upload_id] = str(error)  # the error would keep what was read alive
                    return None
                finally:
                    scope.close()

        unread: dict[str, str] = {}
        found: list[SharedUpload] = []
        unknown: dict[str, tuple[str, ...]] = {}
        for at, (upload_id, sites) in enumerate(holders.items()):
            counts = {site: uploads[site][upload_id] for site in sites}
            if self._unchanged(upload_id, counts).keys() == counts.keys():
                found.append(self._seen[upload_id])
            elif not self._is_too_different(upload_id, counts):
                unknown[upload_id] = sites
            elif upload_id in self._seen:
                found.append(self._seen[upload_id])
            if at % _SLICE == 0:
                await asyncio.sleep(0)
        turns = await asyncio.to_thread(in_turns, unknown)
        for at in range(0, len(turns), _SLICE):  # so that no more tasks than that are waiting
            wanted = [pair for pair in turns[at : at + _SLICE] if allowance.can_compare(pair[1])]
            part = await asyncio.gather(*(one(*pair) for pair in wanted))
            found += [upload for upload in part if upload is not None]
            await asyncio.sleep(0)
        for upload_id, why in list(unread.items())[:1]:
            logger.info(
                "copies of %s uploads are not known; of %s: %s", len(unread), upload_id, why
            )
        self.is_cut_short = allowance.is_used_up
        return [one for one in found if self._seen.get(one.upload_id) is one]

    def _is_too_different(self, upload_id: str, counts: Mapping[str, int]) -> bool:
        is_due = any(upload_id in self._due[site] for site in counts)
        return self._too_different.get(upload_id) == counts and not is_due

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
        self,
        upload_id: str,
        counts: Mapping[str, int],
        open_site: Callable[[str], SiteSession],
        allowance: Allowance,
    ) -> SharedUpload:
        """The upload at those of its holders that can be read, two at least; raises SiteError."""
        before, held = self._seen.get(upload_id), self._unchanged(upload_id, counts)
        read: dict[str, Contents] = {}
        sites = dict.fromkeys(counts)

        async def contents(site: str) -> None:
            """Read a site's copy; one that cannot be read keeps nobody from comparing the rest."""
            try:
                with allowance.reading(site):
                    read[site] = await read_contents(open_site(site), self._base, upload_id)
            except SiteError:
                known = None if before is None else before.holdings.get(site)
                if known is not None and known.count == counts[site] and site not in held:
                    held[site] = known  # until it can be read
                    return
                del sites[site]
                held.pop(site, None)
                self.lacks_copies = True
                if len(sites) < 2:
                    raise

        # who has taken longest comes first: where its time is up, the others need not be asked
        for site in sorted(counts.keys() - held.keys(), key=allowance.spent_s, reverse=True):
            await contents(site)
        digests = {site: held[site].digest for site in held}
        digests |= {site: one.digest for site, one in read.items()}
        same = before is not None and digests == {
            site: one.digest for site, one in before.holdings.items()
        }
        if not same and len({*digests.values()}) > 1:  # what they have in common is not known
            for site in tuple(held):
                await contents(site)
        shared = await self._kept(upload_id, read, before, tuple(sites))
        if shared is None or shared.holdings.keys() < sites.keys() == counts.keys():
            self._too_different[upload_id] = counts
        for site in read:
            self._due[site].discard(upload_id)
        if shared is None:
            raise SiteError(next(iter(sites)), doing="compare copies", happened=TOO_DIFFERENT)
        return shared

    async def _kept(
        self,
        upload_id: str,
        read: Mapping[str, Contents],
        before: SharedUpload | None,
        sites: tuple[str, ...],
    ) -> SharedUpload | None:
        """The upload, without the copies that differ most where there is no room for all ids; None:
        there is none for any two of them."""
        held = {} if before is None else before.holdings
        self._drop(upload_id)

        async def fitted(most: int) -> SharedUpload | None:
            if sum(len(one.ids) for one in read.values()) <= _FEW_IDS:
                return fitting(upload_id, read, held, sites, most=most)
            return await asyncio.to_thread(fitting, upload_id, read, held, sites, most=most)

        shared = await fitted(MOST_EXTRAS)
        if shared is not None and not self._has_room(extras_of(shared)):
            shared = await fitted(max(0, MOST_EXTRAS - sum(self._extras.values())))
        if shared is not None:
            self._seen[upload_id] = shared
            if extras := extras_of(shared):
                self._extras[upload_id] = extras
        return shared

    def _has_room(self, extras: int) -> bool:
        """Whether there is room for so many ids; uploads that differ more make way, and are read
        again in the next round."""
        while sum(self._extras.values()) + extras > MOST_EXTRAS:
            most = max(self._extras, key=lambda one: self._extras[one], default=None)
            if most is None or self._extras[most] <= extras:
                return False
            self._drop(most)
        return True

    def _drop(self, upload_id: str) -> None:
        self._too_different.pop(upload_id, None)
        self._seen.pop(upload_id, None)
        self._extras.pop(upload_id, None)

    def _forget(self, holders: Mapping[str, tuple[str, ...]]) -> None:
        """What is not shared any more."""
        for upload_id in (self._seen.keys() | self._too_different.keys()) - holders.keys():
            self._drop(upload_id)
        for due in self._due.values():
            due.intersection_update(holders)
