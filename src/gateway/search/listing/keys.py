"""The keys of a page: from all sites at once, merged; a site that runs out is queried again.

Where it is cheaper, a site gives its part of the page as archives at once, without keys first.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.errors import SiteError
from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.nomad.archives import VERSION_FIELD
from gateway.fetch.nomad.key_pages import read_window
from gateway.fetch.nomad.one_request import can_be_archived, read_archived
from gateway.fetch.nomad.pace import SitePace
from gateway.fetch.nomad.session import SiteSession
from gateway.merge import merge_hits
from gateway.model import Ask, Entry, Hit, Position, SiteFailure, SiteHits
from gateway.properties import STRUCTURE
from gateway.search.deadlines import Deadlines
from gateway.search.listing.fair_shares import (
    archive_share,
    exhausted,
    fair_shares,
    is_one_phase_cheaper,
    without_own_s,
)
from gateway.search.listing.page_start import PageStart
from gateway.search.listing.page_state import PageState
from gateway.search.sites.site_stats import Share, SiteStats
from gateway.shape import (
    archive_fields,
    archive_suffices,
    index_fields,
    index_suffices,
    related_fields,
)

_DOING = "read page of entries"
_AFTER_ALL_SITES = "~"
"""Names of sites begin with a letter."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one site gave: hits, and their entries where they came at once."""

    hits: SiteHits
    entries: tuple[Entry, ...] = ()


class Keys:
    """The keys of one page, as they come into `state`.

    `is_cached` says that a cache keeps the sites' answers.
    """

    def __init__(
        self,
        state: PageState,
        page_start: PageStart,
        *,
        site_stats: SiteStats,
        deadlines: Deadlines,
        is_cached: bool,
    ) -> None:
        self._state = state
        self._page_start = page_start
        self._site_stats = site_stats
        self._deadlines = deadlines
        self._is_cached = is_cached
        request, catalogue = state.planned.request, state.planned.catalogue
        self._index_alone = index_suffices(request.response_fields, catalogue)
        self._archive_alone = archive_suffices(request.response_fields, catalogue)
        self._required = archive_fields(request.response_fields, catalogue)
        self._index_fields = index_fields(request.response_fields, catalogue)
        self._related = related_fields(request.response_fields)
        self.are_indexed: set[str] = set()
        """Sites whose hits hold what the index says of the entry, in place of slow archives."""

    async def ask(self) -> None:
        """Ask all sites."""
        sessions = self._state.sessions(self._deadlines.keys_now())
        shares = self._shares()
        reads = {
            site: self._read(session, shares[site], after=self._after(site))
            for site, session in sessions.items()
        }
        answers = await ask_all(reads, doing=_DOING)
        for site, answer in answers.items():
            self._take(site, answer)

    async def complete(self) -> tuple[Hit, ...]:
        """The merged keys of the page, once no site can have more that belong before its end."""
        held = self._state.answers
        while True:
            merged = merge_hits(
                self._state.planned.order,
                [answer.hits for answer in held.values()],
                limit=self._page_start.read,
                backward=self._page_start.backward,
            )
            exhausted_sites = exhausted(merged, held, limit=self._page_start.read)
            if not exhausted_sites:
                return merged
            await self._query_again(exhausted_sites)

    def next_deadline(self) -> float | None:
        """For further keys."""
        with_hits = sum(bool(answer.hits) for answer in self._state.answers.values())
        return self._deadlines.next(can_be_filled=with_hits >= 2)

    def _after(self, site: str) -> Position | None:
        """Where a site resumes: where each entry is served once, after all copies of the one at
        the position, so that a newer index of copies does not bring it again."""
        position, planned = self._page_start.progress.of(site), self._state.planned
        is_by_site = any(key.name == "id" for key in planned.order.keys)
        if position is None or planned.pin is None or is_by_site:
            return position
        return replace(position, site="" if self._page_start.backward else _AFTER_ALL_SITES)

    async def _query_again(self, limits: Mapping[str, int]) -> None:
        held, deadline = self._state.answers, self.next_deadline()
        reads = {}
        for site, limit in limits.items():
            after = held[site].hits[-1].position
            share = Share(limit, is_whole=self._is_whole(site, limit, after=after))
            reads[site] = self._read(self._state.session(site, deadline), share, after=after)
        answers = await ask_all(reads, doing=_DOING)
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._state.fail(answer)
                case SiteAnswer(further, milliseconds):
                    self._state.extend(site, further.hits)
                    self._state.keep(further.entries)
                    self._state.spend(site, milliseconds)

    async def _read(self, session: SiteSession, share: Share, *, after: Position | None) -> _Read:
        """One site's hits, with their entries where that was possible."""
        clock, pace = time.perf_counter, self._site_stats.pace(session.name)
        if share.is_whole:
            begun = clock()
            ask = self._ask(session.name, share.limit, after)
            try:
                archived = await read_archived(
                    session, ask, required=self._required, fields=self._related
                )
            except SiteError as error:
                if error.is_timeout:  # next time its keys are asked for first
                    pace.archives_late(share.limit, clock() - begun)
                raise
            if archived is not None:
                hits, entries = archived
                if entries and session.state == "ok":
                    pace.archives_came(len(entries), self._spent_s(begun), at_once=1)
                return _Read(hits, entries)
        begun = clock()
        fields = self._fields(session.name, pace, share.limit)
        hits = await read_window(session, self._ask(session.name, share.limit, after, fields))
        if session.state == "ok" and not share.is_whole:
            pace.keys_came(self._spent_s(begun))
        return _Read(hits)

    def _spent_s(self, begun: float) -> float:
        """The time since then, without what other searches took of this gateway meanwhile."""
        spent_s = time.perf_counter() - begun
        return without_own_s(spent_s, under_way=self._site_stats.searches)

    def _take(self, site: str, answer: SiteAnswer[_Read] | SiteFailure) -> None:
        match answer:
            case SiteFailure():
                self._state.fail(answer)
            case SiteAnswer(read, milliseconds):
                self._state.answers[site] = read.hits
                self._state.keep(read.entries)
                self._state.spend(site, milliseconds)
                if not self._state.is_private(site):
                    query = self._state.planned.queries[site]
                    self._site_stats.remember(site, query, read.hits.total)

    def _shares(self) -> dict[str, Share]:
        """What to ask of each site for the page."""
        planned = self._state.planned
        request = planned.request
        page = (
            planned.fingerprint,
            request.cursor,
            request.offset,
            request.page_limit,
            request.response_fields,  # some are not in archives
        )
        held = self._site_stats.shares(page) if self._is_cached else None
        if held is not None and held.keys() >= planned.queries.keys():
            return held
        shares = self._new_shares()
        if self._is_cached:
            self._site_stats.remember_shares(page, shares)
        return shares

    def _new_shares(self) -> dict[str, Share]:
        planned, start = self._state.planned, self._page_start
        sites = tuple(planned.queries)
        counts = self._counts()
        in_turn = not planned.order.keys and not start.progress.lagging
        if counts is None or not in_turn:
            is_alone = len(sites) == 1
            return {
                site: Share(
                    start.read,
                    is_whole=is_alone and self._is_whole(site, start.read, after=self._after(site)),
                )
                for site in sites
            }
        whole = self._whole_shares(counts)
        limits = fair_shares(start.read, counts)
        return {site: whole.get(site) or Share(limits[site], is_whole=False) for site in sites}

    def _whole_shares(self, counts: Mapping[str, float]) -> dict[str, Share]:
        """The sites that are asked for archives at once, where that makes the page come sooner."""
        found = {site: self._whole_share(site, counts) for site in self._state.planned.queries}
        whole = {site: share for site, share in found.items() if share is not None}
        trips = (self._site_stats.pace(site).round_trip_s or 0.0 for site in whole)
        hits = self._site_stats.archive_hits
        is_cheaper = is_one_phase_cheaper(
            self._page_start.read,
            [share.limit for share in whole.values()],
            requests_each=2 if self._related else 1,
            round_trip_s=max(trips, default=0.0),
            chance_cached=hits.chance if self._is_cached else 0.0,
            under_way=self._site_stats.searches,
        )
        if is_cheaper and len(found) > 1 and self._is_cached and hits.is_sample():
            return {}
        return whole if is_cheaper else {}

    def _whole_share(self, site: str, counts: Mapping[str, float]) -> Share | None:
        """The site's part of the page as archives at once; None: keys first is cheaper."""
        start, pace = self._page_start, self._site_stats.pace(site)
        if pace.archive_s is None or pace.round_trip_s is None:
            return None
        part = start.read * counts[site] / max(1.0, sum(counts.values()))
        limit = archive_share(
            start.read,
            part,
            sites=len(counts),
            archive_s=pace.archive_s,
            round_trip_s=pace.round_trip_s,
        )
        if not self._is_whole(site, limit, after=self._after(site)):
            return None
        return Share(limit, is_whole=True)

    def _is_whole(self, site: str, limit: int, *, after: Position | None) -> bool:
        """Whether archives can be read at once, and quickly."""
        if self._index_alone or not self._archive_alone or self._page_start.skip:
            return False
        ask = self._ask(site, limit, after)
        return can_be_archived(ask, site=site) and not self._site_stats.pace(site).is_slow(limit)

    def _counts(self) -> dict[str, float] | None:
        """How many entries match at each site, exactly or about; None: nobody knows."""
        queries = self._state.planned.queries
        counts = {site: self._site_stats.last_count(site, q) for site, q in queries.items()}
        known = {site: float(count) for site, count in counts.items() if count is not None}
        if len(known) == len(counts):
            return known
        sizes = {site: self._site_stats.last_count(site, STRUCTURE) for site in queries}
        if any(size is None for size in sizes.values()):
            return None
        return {site: float(size or 0) for site, size in sizes.items()}

    def _ask(
        self, site: str, limit: int, after: Position | None, fields: tuple[str, ...] = ()
    ) -> Ask:
        return Ask(
            query=self._state.planned.queries[site],
            order=self._state.planned.order,
            limit=limit,
            after=after,
            backward=self._page_start.backward,
            fields=fields,
        )

    def _fields(self, site: str, pace: SitePace, limit: int) -> tuple[str, ...]:
        """What is wanted of index documents along with the keys."""
        if self._index_alone:
            return (*self._index_fields, *self._related)
        if pace.is_slow(limit):
            self.are_indexed.add(site)
        is_needed = not self._archive_alone or site in self.are_indexed
        further = self._index_fields if is_needed else ()
        return (VERSION_FIELD, *further, *self._related)
