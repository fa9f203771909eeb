"""One listing: keys from all sites at once, merged to a page, then the page's bodies alone.

A site that fails in either phase keeps its place and is told of; the page is filled from the
others.
"""

import asyncio
from collections.abc import Callable, Mapping

from gateway.errors import SiteError, SitesMissingError
from gateway.fetch.nomad.archives import read_entries
from gateway.fetch.cache.answers import AnswerCache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.fanout import Answered, ask_all, failure_of, told
from gateway.merge import Progress, advance
from gateway.model import Entry, Hit, SiteFailure, SiteHits
from gateway.search.site_stats import Census
from gateway.search.keys import Keys
from gateway.search.missing import RETRY_AFTER_S, check_missing
from gateway.search.page_start import Place, is_walked, place_of_cursor, place_of_offset
from gateway.search.planned_request import Question
from gateway.search.page_state import Found, Reading
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
        question: Question,
        *,
        clients: Mapping[str, SiteClient],
        census: Census,
        cache: AnswerCache | None,
        budget_s: float,
        max_offset: int,
    ) -> None:
        self._question = question
        self._reading = Reading(question, clients)
        self._census = census
        private = question.request.token is not None or question.request.fresh
        self._cache = cache if cache is not None and cache.keep_bytes and not private else None
        self._max_offset = max_offset
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        start = self._clock()
        self._keys_deadline = start + KEYS_SHARE * budget_s
        self._deadline = start + budget_s
        fields = question.request.response_fields
        self._index_alone = index_suffices(fields, question.catalogue)

    async def read(self) -> Found:
        """The page; raises SitesMissingError when only missing sites could fill it."""
        start = self._clock()
        place = await self._place()
        if place is None:
            return self._found((), None, (("keys", 1000 * (self._clock() - start)),))
        is_kept = self._cache is not None
        keys = Keys(self._reading, place, census=self._census, is_kept=is_kept)
        await keys.ask(deadline=self._keys_deadline, whole_deadline=self._deadline)
        merged = await keys.complete(deadline=self._next_deadline())
        between = self._clock()
        while await self._read_bodies(merged[place.skip :]):
            merged = await keys.complete(deadline=self._next_deadline())
        timings = (("keys", 1000 * (between - start)), ("bodies", 1000 * (self._clock() - between)))
        return self._found(merged, place, timings)

    async def _place(self) -> Place | None:
        if is_walked(self._question):
            return place_of_cursor(self._question)
        while True:
            totals = await self._count(self._part_deadline(COUNT_SHARE))
            deadline = self._part_deadline(SEARCH_SHARE)
            live = {site: self._reading.session(site, deadline) for site in totals}
            try:
                async with asyncio.timeout_at(deadline):
                    place = await place_of_offset(
                        self._question, live, totals, cap=self._max_offset
                    )
            except TimeoutError:
                slow = "; ".join(
                    f"{one.site}: {one.reason}" for one in self._reading.failures.values()
                )
                raise SitesMissingError(
                    f"The offset could not be found in time{f' ({slow})' if slow else ''}; "
                    "follow links.next instead.",
                    sites=tuple(live),
                    retry_after_s=RETRY_AFTER_S,
                ) from None
            except SiteError as error:
                self._reading.fail(told(failure_of(error)))
                continue
            if place is None:
                self._reading.answers = {
                    site: SiteHits(site, (), False, total) for site, total in totals.items()
                }
            return place

    async def _count(self, deadline: float) -> dict[str, int]:
        queries = self._question.queries
        sessions = self._reading.sessions(deadline)
        answers = await ask_all(
            {site: session.count(queries[site]) for site, session in sessions.items()},
            doing="count entries",
            deadline=deadline,
        )
        totals = {}
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._reading.fail(answer)
                case Answered(total, milliseconds):
                    totals[site] = total
                    self._reading.spend(site, milliseconds)
        return totals

    async def _read_bodies(self, page: tuple[Hit, ...]) -> bool:
        """Whether a site failed, so that the page must be merged again without it."""
        wanted: dict[str, list[Hit]] = {}
        for hit in page:
            if (hit.site, hit.entry_id) not in self._reading.entries:
                wanted.setdefault(hit.site, []).append(hit)
        if self._index_alone:
            self._reading.keep(Entry(hit.site, hit.entry_id, hit.document) for hit in page)
            return False
        fields, catalogue = self._question.request.response_fields, self._question.catalogue
        deadline = self._next_deadline()
        sessions = {site: self._reading.session(site, deadline) for site in wanted}
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
                    self._reading.fail(answer)
                case Answered(entries, milliseconds):
                    self._reading.keep(entries)
                    self._reading.spend(site, milliseconds)
                    if sessions[site].state == "stale":
                        self._reading.note(site, "stale")
        return any(isinstance(answer, SiteFailure) for answer in answers.values())

    def _found(
        self,
        merged: tuple[Hit, ...],
        place: Place | None,
        timings: tuple[tuple[str, float], ...],
    ) -> Found:
        so_far = self._reading
        page = merged if place is None else merged[place.skip :]
        if place is not None and place.backward:
            page = page[::-1]
        check_missing(
            so_far.failures,
            is_empty=not page,
            forbidden=self._question.request.partial == "forbid",
        )
        return Found(
            page=page,
            entries=tuple(so_far.entries[hit.site, hit.entry_id] for hit in page),
            offset=self._question.cursor.offset if place is None else place.offset,
            onward=None if place is None else self._onward(merged, page, place),
            answers=so_far.answers,
            failures=so_far.failures,
            milliseconds=so_far.milliseconds,
            timings=timings,
        )

    def _onward(
        self, merged: tuple[Hit, ...], page: tuple[Hit, ...], place: Place
    ) -> Progress | None:
        so_far, order = self._reading, self._question.order
        if place.backward:
            at_end = place.progress.position is None and not place.skip
            if not page or (at_end and not so_far.failures):
                return None
            behind = tuple((site, page[0].position) for site in sorted(so_far.failures))
            return Progress(page[-1].position, behind)
        used = len(merged)
        begun = place.progress
        if 0 < place.skip <= used:  # a missing site's entries before the page do not come later
            begun = Progress(merged[place.skip - 1].position)
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
        if sum(bool(answer.hits) for answer in self._reading.answers.values()) < 2:
            return self._deadline  # there is nobody else to fill the page from
        now = self._clock()
        return now + NEXT_SHARE * max(0.0, self._deadline - now)
