"""One listing: keys from all sites at once, merged to a page, then the page's archives alone.

A site that fails in either phase keeps its place and is reported; the page is filled from the
others.
"""

import asyncio
import time
from collections.abc import Mapping

from gateway.errors import SiteError, SitesMissingError
from gateway.fetch.cache.answers import AnswerCache
from gateway.fetch.fanout import SiteAnswer, ask_all, failure_of, logged
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.coalescing import LEAST_S
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.archives import Wanted, read_entries
from gateway.fetch.nomad.session import SiteSession
from gateway.merge import Progress, advance
from gateway.model import Entry, Hit, SiteFailure, SiteHits
from gateway.search.deadlines import GRACE_S, Deadlines
from gateway.search.listing.counting import count_at_sites
from gateway.search.listing.keys import Keys
from gateway.search.listing.missing import RETRY_AFTER_S, check_missing
from gateway.search.listing.page_start import PageStart, is_walked, start_at_cursor, start_at_offset
from gateway.search.listing.page_state import PageResult, PageState
from gateway.search.planned_request import PlannedRequest
from gateway.search.sites.site_stats import SiteStats
from gateway.shape import archive_fields, index_fields, index_suffices


class Listing:
    """The reading of one page; sites that have failed before are not asked."""

    def __init__(
        self,
        planned: PlannedRequest,
        *,
        clients: Mapping[str, SiteClient],
        site_stats: SiteStats,
        cache: AnswerCache | None,
        scope: MemoryScope,
        deadlines: Deadlines,
        max_offset: int,
        failures: Mapping[str, SiteFailure] | None = None,
    ) -> None:
        self._planned = planned
        self._state = PageState(planned, clients, scope, failures=dict(failures or {}))
        self._site_stats = site_stats
        private = planned.request.token is not None or planned.request.fresh
        self._cache = cache if cache is not None and cache.keep_bytes and not private else None
        self._max_offset = max_offset
        self._deadlines = deadlines
        fields = planned.request.response_fields
        self._index_alone = index_suffices(fields, planned.catalogue)

    @property
    def failures(self) -> Mapping[str, SiteFailure]:
        """The sites that have failed so far."""
        return self._state.failures

    async def read(self) -> PageResult:
        """The page; raises SitesMissingError when only missing sites could fill it."""
        begun = time.perf_counter()
        page_start = await self._find_start()
        if page_start is None:
            return self._found((), None, (("keys", 1000 * (time.perf_counter() - begun)),))
        keys = Keys(
            self._state,
            page_start,
            site_stats=self._site_stats,
            deadlines=self._deadlines,
            is_cached=self._cache is not None,
        )
        await keys.ask()
        merged = await keys.complete()
        between = time.perf_counter()
        while await self._read_entries(merged[page_start.skip :], keys):
            merged = await keys.complete()
        timings = (
            ("keys", 1000 * (between - begun)),
            ("bodies", 1000 * (time.perf_counter() - between)),
        )
        return self._found(merged, page_start, timings)

    async def _find_start(self) -> PageStart | None:
        """Where the page begins; None: past the end."""
        if is_walked(self._planned):
            return start_at_cursor(self._planned)
        totals = await count_at_sites(self._state, self._deadlines.count())
        while True:
            live = {site: totals[site] for site in totals if site not in self._state.failures}
            try:
                page_start = await self._find_offset(live)
            except SiteError as error:  # again without it; the others' totals hold
                self._state.fail(logged(failure_of(error)))
                continue
            if page_start is None:
                self._state.answers = {
                    site: SiteHits(site, (), False, total) for site, total in live.items()
                }
            return page_start

    async def _find_offset(self, totals: Mapping[str, int]) -> PageStart | None:
        """Where the offset lies among the sites with these totals; raises SiteError."""
        deadline = self._deadlines.search()
        if deadline is not None and deadline - asyncio.get_running_loop().time() < LEAST_S:
            # the sites that are left had no time; that is no fault of theirs
            raise self._offset_not_found(tuple(self._state.failures) or tuple(totals))
        sessions = {site: self._state.session(site, deadline) for site in totals}
        try:
            async with asyncio.timeout_at(None if deadline is None else deadline + GRACE_S):
                return await start_at_offset(self._planned, sessions, totals, cap=self._max_offset)
        except TimeoutError:
            raise self._offset_not_found(tuple(totals)) from None

    def _offset_not_found(self, sites: tuple[str, ...]) -> SitesMissingError:
        failures = self._state.failures.values()
        slow = "; ".join(f"{one.site}: {one.reason}" for one in failures)
        return SitesMissingError(
            f"The offset could not be found in time{f' ({slow})' if slow else ''}; "
            "follow links.next instead.",
            sites=sites,
            retry_after_s=RETRY_AFTER_S,
        )

    async def _read_entries(self, page: tuple[Hit, ...], keys: Keys) -> bool:
        """Whether a site failed, so that the page must be merged again without it."""
        if self._index_alone:
            self._state.keep(Entry(hit.site, hit.entry_id, hit.document) for hit in page)
            return False
        unread = self._unread(page)
        if not unread:
            return False
        deadline = self._deadlines.archives
        sessions = {site: self._state.session(site, deadline) for site in unread}
        reads = {
            site: read_entries(
                sessions[site],
                hits,
                self._wanted(is_indexed=site in keys.are_indexed),
                pace=self._site_stats.pace(site),
                cache=self._cache,
            )
            for site, hits in unread.items()
        }
        answers = await ask_all(reads, doing="read archives")
        if self._cache is not None:
            are_cached = not any(session.was_asked for session in sessions.values())
            self._site_stats.archive_hits.note(are_cached=are_cached)
        for site, answer in answers.items():
            self._take(sessions[site], answer)
        return any(isinstance(answer, SiteFailure) for answer in answers.values())

    def _unread(self, page: tuple[Hit, ...]) -> dict[str, list[Hit]]:
        """The hits whose entries have not come yet, by site."""
        unread: dict[str, list[Hit]] = {}
        for hit in page:
            if (hit.site, hit.entry_id) not in self._state.entries:
                unread.setdefault(hit.site, []).append(hit)
        return unread

    def _wanted(self, *, is_indexed: bool) -> Wanted:
        fields, catalogue = self._planned.request.response_fields, self._planned.catalogue
        return Wanted(
            archive_fields(fields, catalogue), index_fields(fields, catalogue), is_indexed
        )

    def _take(
        self, session: SiteSession, answer: SiteAnswer[tuple[Entry, ...]] | SiteFailure
    ) -> None:
        match answer:
            case SiteFailure():
                self._state.fail(answer)
            case SiteAnswer(entries, milliseconds):
                self._state.keep(entries)
                self._state.spend(session.name, milliseconds)
                if session.state == "stale":
                    self._state.note(session.name, "stale")

    def _found(
        self,
        merged: tuple[Hit, ...],
        page_start: PageStart | None,
        timings: tuple[tuple[str, float], ...],
    ) -> PageResult:
        state = self._state
        page = merged if page_start is None else merged[page_start.skip :]
        if page_start is not None and page_start.backward:
            page = page[::-1]
        check_missing(
            state.failures,
            is_empty=not page,
            forbidden=self._planned.request.partial == "forbid",
        )
        return PageResult(
            page=page,
            entries=tuple(state.entries[hit.site, hit.entry_id] for hit in page),
            offset=self._planned.cursor.offset if page_start is None else page_start.offset,
            onward=None if page_start is None else self._onward(merged, page, page_start),
            answers=state.answers,
            failures=state.failures,
            milliseconds=state.milliseconds,
            timings=timings,
        )

    def _onward(
        self, merged: tuple[Hit, ...], page: tuple[Hit, ...], page_start: PageStart
    ) -> Progress | None:
        state, order = self._state, self._planned.order
        if page_start.backward:
            at_end = page_start.progress.position is None and not page_start.skip
            if not page or (at_end and not state.failures):
                return None
            lagging = tuple((site, page[0].position) for site in sorted(state.failures))
            return Progress(page[-1].position, lagging)
        used = len(merged)
        begun = page_start.progress
        if 0 < page_start.skip <= used:
            # a missing site's entries before the page do not come later
            begun = Progress(merged[page_start.skip - 1].position)
        held = sum(len(answer.hits) for answer in state.answers.values())
        more = held > used or any(answer.more for answer in state.answers.values())
        if not more and not state.failures:
            return None
        return advance(
            order,
            begun,
            page,
            answered=state.answers,
            missing=state.failures,
        )
