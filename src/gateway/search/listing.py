"""One listing: keys from all sites at once, merged to a page, then the page's bodies alone.

A site that fails in either phase keeps its place and is told of; the page is filled from the
others.
"""

import asyncio
from collections.abc import Callable, Mapping

from gateway.errors import SiteError, SitesMissingError
from gateway.fetch.cache.answers import AnswerCache
from gateway.fetch.fanout import SiteAnswer, ask_all, failure_of, logged
from gateway.fetch.http.client import SiteClient
from gateway.fetch.nomad.archives import read_entries
from gateway.merge import Progress, advance
from gateway.model import Entry, Hit, SiteFailure, SiteHits
from gateway.search.keys import Keys
from gateway.search.missing import RETRY_AFTER_S, check_missing
from gateway.search.page_start import PageStart, is_walked, start_at_cursor, start_at_offset
from gateway.search.page_state import PageResult, PageState
from gateway.search.planned_request import PlannedRequest
from gateway.search.site_stats import SiteStats
from gateway.shape import archive_fields, index_fields, index_suffices

KEYS_SHARE = 0.7
"""Part of a request's time after which sites that gave no keys are left out, so that the bodies of
the others still come in time."""

COUNT_SHARE, SEARCH_SHARE = 0.4, 0.7
"""Parts of the time left for keys in which an offset's place is counted and found; a site that is
too slow for it is left out, and the others still have time."""

NEXT_SHARE = 0.7
"""Part of the time left in which a page's bodies, or further keys, are read; a site that is too
slow for it is left out, and there is time to fill the page from the others."""


class Listing:
    """The reading of one page."""

    def __init__(
        self,
        planned: PlannedRequest,
        *,
        clients: Mapping[str, SiteClient],
        site_stats: SiteStats,
        cache: AnswerCache | None,
        budget_s: float,
        max_offset: int,
    ) -> None:
        self._planned = planned
        self._state = PageState(planned, clients)
        self._site_stats = site_stats
        private = planned.request.token is not None or planned.request.fresh
        self._cache = cache if cache is not None and cache.keep_bytes and not private else None
        self._max_offset = max_offset
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        start = self._clock()
        self._keys_deadline = start + KEYS_SHARE * budget_s
        self._deadline = start + budget_s
        fields = planned.request.response_fields
        self._index_alone = index_suffices(fields, planned.catalogue)

    async def read(self) -> PageResult:
        """The page; raises SitesMissingError when only missing sites could fill it."""
        start = self._clock()
        page_start = await self._page_start()
        if page_start is None:
            return self._found((), None, (("keys", 1000 * (self._clock() - start)),))
        is_kept = self._cache is not None
        keys = Keys(self._state, page_start, site_stats=self._site_stats, is_kept=is_kept)
        await keys.ask(deadline=self._keys_deadline, whole_deadline=self._deadline)
        merged = await keys.complete(deadline=self._next_deadline())
        between = self._clock()
        while await self._read_bodies(merged[page_start.skip :]):
            merged = await keys.complete(deadline=self._next_deadline())
        timings = (("keys", 1000 * (between - start)), ("bodies", 1000 * (self._clock() - between)))
        return self._found(merged, page_start, timings)

    async def _page_start(self) -> PageStart | None:
        if is_walked(self._planned):
            return start_at_cursor(self._planned)
        while True:
            totals = await self._count(self._part_deadline(COUNT_SHARE))
            deadline = self._part_deadline(SEARCH_SHARE)
            live = {site: self._state.session(site, deadline) for site in totals}
            try:
                async with asyncio.timeout_at(deadline):
                    page_start = await start_at_offset(
                        self._planned, live, totals, cap=self._max_offset
                    )
            except TimeoutError:
                slow = "; ".join(
                    f"{one.site}: {one.reason}" for one in self._state.failures.values()
                )
                raise SitesMissingError(
                    f"The offset could not be found in time{f' ({slow})' if slow else ''}; "
                    "follow links.next instead.",
                    sites=tuple(live),
                    retry_after_s=RETRY_AFTER_S,
                ) from None
            except SiteError as error:
                self._state.fail(logged(failure_of(error)))
                continue
            if page_start is None:
                self._state.answers = {
                    site: SiteHits(site, (), False, total) for site, total in totals.items()
                }
            return page_start

    async def _count(self, deadline: float) -> dict[str, int]:
        queries = self._planned.queries
        sessions = self._state.sessions(deadline)
        answers = await ask_all(
            {site: session.count(queries[site]) for site, session in sessions.items()},
            doing="count entries",
            deadline=deadline,
        )
        totals = {}
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._state.fail(answer)
                case SiteAnswer(total, milliseconds):
                    totals[site] = total
                    self._state.spend(site, milliseconds)
        return totals

    async def _read_bodies(self, page: tuple[Hit, ...]) -> bool:
        """Whether a site failed, so that the page must be merged again without it."""
        wanted: dict[str, list[Hit]] = {}
        for hit in page:
            if (hit.site, hit.entry_id) not in self._state.entries:
                wanted.setdefault(hit.site, []).append(hit)
        if self._index_alone:
            self._state.keep(Entry(hit.site, hit.entry_id, hit.document) for hit in page)
            return False
        fields, catalogue = self._planned.request.response_fields, self._planned.catalogue
        deadline = self._next_deadline()
        sessions = {site: self._state.session(site, deadline) for site in wanted}
        answers = await ask_all(
            {
                site: read_entries(
                    sessions[site],
                    hits,
                    required=archive_fields(fields, catalogue),
                    fallback_fields=index_fields(fields, catalogue),
                    cache=self._cache,
                )
                for site, hits in wanted.items()
            },
            doing="read archives",
            deadline=deadline,
        )
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._state.fail(answer)
                case SiteAnswer(entries, milliseconds):
                    self._state.keep(entries)
                    self._state.spend(site, milliseconds)
                    if sessions[site].state == "stale":
                        self._state.note(site, "stale")
        return any(isinstance(answer, SiteFailure) for answer in answers.values())

    def _found(
        self,
        merged: tuple[Hit, ...],
        page_start: PageStart | None,
        timings: tuple[tuple[str, float], ...],
    ) -> PageResult:
        so_far = self._state
        page = merged if page_start is None else merged[page_start.skip :]
        if page_start is not None and page_start.backward:
            page = page[::-1]
        check_missing(
            so_far.failures,
            is_empty=not page,
            forbidden=self._planned.request.partial == "forbid",
        )
        return PageResult(
            page=page,
            entries=tuple(so_far.entries[hit.site, hit.entry_id] for hit in page),
            offset=self._planned.cursor.offset if page_start is None else page_start.offset,
            onward=None if page_start is None else self._onward(merged, page, page_start),
            answers=so_far.answers,
            failures=so_far.failures,
            milliseconds=so_far.milliseconds,
            timings=timings,
        )

    def _onward(
        self, merged: tuple[Hit, ...], page: tuple[Hit, ...], page_start: PageStart
    ) -> Progress | None:
        so_far, order = self._state, self._planned.order
        if page_start.backward:
            at_end = page_start.progress.position is None and not page_start.skip
            if not page or (at_end and not so_far.failures):
                return None
            behind = tuple((site, page[0].position) for site in sorted(so_far.failures))
            return Progress(page[-1].position, behind)
        used = len(merged)
        begun = page_start.progress
        if (
            0 < page_start.skip <= used
        ):  # a missing site's entries before the page do not come later
            begun = Progress(merged[page_start.skip - 1].position)
        held = sum(len(answer.hits) for answer in so_far.answers.values())
        more = held > used or any(answer.more for answer in so_far.answers.values())
        if not more and not so_far.failures:
            return None
        return advance(
            order,
            begun,
            page,
            answered=so_far.answers,
            missing=so_far.failures,
        )

    def _part_deadline(self, share: float) -> float:
        """When so much of the time that is left for keys will have passed."""
        now = self._clock()
        return now + share * max(0.0, self._keys_deadline - now)

    def _next_deadline(self) -> float:
        """For the next questions: where others could fill the page, there is time left for them."""
        if sum(bool(answer.hits) for answer in self._state.answers.values()) < 2:
            return self._deadline  # there is nobody else to fill the page from
        now = self._clock()
        return now + NEXT_SHARE * max(0.0, self._deadline - now)
