"""One listing: keys from all sites at once, merged to a page, then the page's bodies alone.

A site that fails in either phase keeps its place and is told of; the page is filled from the
others.
"""

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.errors import SiteError, SitesMissingError
from gateway.fetch.archived import can_be_archived, read_archived
from gateway.fetch.bodies import VERSION_FIELD, read_entries
from gateway.fetch.cache import AnswerCache
from gateway.fetch.client import SiteClient
from gateway.fetch.fanout import Answered, ask_all, failure_of, told
from gateway.fetch.session import Call, SiteSession
from gateway.fetch.window import read_window
from gateway.merge import Progress, advance, merge_hits
from gateway.model import Ask, Entry, Hit, Position, SiteFailure, SiteHits
from gateway.search.census import Census
from gateway.search.missing import RETRY_AFTER_S, check_missing
from gateway.search.place import Place, is_walked, place_of_cursor, place_of_offset
from gateway.search.portions import portions, run_dry
from gateway.search.question import Question
from gateway.shape import (
    archive_fields,
    archive_suffices,
    index_fields,
    index_suffices,
    related_fields,
)

KEYS_SHARE = 0.7
"""Part of a request's time after which sites that gave no keys are left out, so that the bodies of
the others still come in time."""

COUNT_SHARE, SEARCH_SHARE = 0.4, 0.7
"""Parts of the time left for keys in which an offset's place is counted and found; a site that is
too slow for it is left out, and the others still have time."""

BODIES_SHARE = 0.7
"""Part of the time left in which a page's bodies are read; a site that is too slow for it is left
out, and there is time to fill the page from the others."""

_PAGE = "read page of entries"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries and what is known of the whole: in the order asked, whatever the walk."""

    page: tuple[Hit, ...]
    entries: tuple[Entry, ...]
    offset: int
    onward: Progress | None
    """Where the next page begins; None: this is the last one."""
    answers: Mapping[str, SiteHits]
    failures: Mapping[str, SiteFailure]
    milliseconds: Mapping[str, float]
    timings: tuple[tuple[str, float], ...]


@dataclass(slots=True)
class _Progressing:
    """What has come in so far."""

    answers: dict[str, SiteHits] = field(default_factory=dict)
    failures: dict[str, SiteFailure] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)

    def fail(self, failure: SiteFailure) -> None:
        self.failures[failure.site] = failure
        self.answers.pop(failure.site, None)
        self.spend(failure.site, failure.milliseconds)

    def spend(self, site: str, milliseconds: float) -> None:
        self.milliseconds[site] = self.milliseconds.get(site, 0.0) + milliseconds


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
        self._clients = clients
        self._census = census
        private = question.request.token is not None or question.request.fresh
        self._cache = cache if cache is not None and cache.keep_bytes and not private else None
        self._max_offset = max_offset
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        start = self._clock()
        self._keys_deadline = start + KEYS_SHARE * budget_s
        self._deadline = start + budget_s
        self._so_far = _Progressing()
        fields = question.request.response_fields
        self._index_alone = index_suffices(fields, question.catalogue)
        self._archive_alone = archive_suffices(fields, question.catalogue)

    async def read(self) -> Found:
        """The page; raises SitesMissingError when only missing sites could fill it."""
        start = self._clock()
        place = await self._place()
        if place is None:
            return self._found((), None, (("keys", 1000 * (self._clock() - start)),))
        await self._ask_keys(place)
        keys = await self._complete(place, self._keys_deadline)
        between = self._clock()
        merged = await self._fill(place, keys)
        timings = (("keys", 1000 * (between - start)), ("bodies", 1000 * (self._clock() - between)))
        return self._found(merged, place, timings)

    async def _place(self) -> Place | None:
        if is_walked(self._question):
            return place_of_cursor(self._question)
        while True:
            totals = await self._count(self._part_deadline(COUNT_SHARE))
            deadline = self._part_deadline(SEARCH_SHARE)
            live = {site: self._session(site, deadline) for site in totals}
            try:
                async with asyncio.timeout_at(deadline):
                    place = await place_of_offset(
                        self._question, live, totals, cap=self._max_offset
                    )
            except TimeoutError:
                slow = "; ".join(
                    f"{one.site}: {one.reason}" for one in self._so_far.failures.values()
                )
                raise SitesMissingError(
                    f"The offset could not be found in time{f' ({slow})' if slow else ''}; "
                    "follow links.next instead.",
                    sites=tuple(live),
                    retry_after_s=RETRY_AFTER_S,
                ) from None
            except SiteError as error:
                self._so_far.fail(told(failure_of(error)))
                continue
            if place is None:
                self._so_far.answers = {
                    site: SiteHits(site, (), False, total) for site, total in totals.items()
                }
            return place

    async def _count(self, deadline: float) -> dict[str, int]:
        queries = self._question.queries
        sessions = self._sessions(deadline, but=self._so_far.failures)
        answers = await ask_all(
            {site: session.count(queries[site]) for site, session in sessions.items()},
            doing="count entries",
            deadline=deadline,
        )
        totals = {}
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._so_far.fail(answer)
                case Answered(total, milliseconds):
                    totals[site] = total
                    self._so_far.spend(site, milliseconds)
        return totals

    async def _ask_keys(self, place: Place) -> None:
        sessions = self._sessions(self._keys_deadline, but=self._so_far.failures)
        limits = self._limits(place)
        asks = {
            site: self._ask(site, limits[site], place.progress.of(site), backward=place.backward)
            for site in sessions
        }
        if len(asks) == 1 and not self._index_alone and self._archive_alone and not place.skip:
            ((site, ask),) = asks.items()
            if can_be_archived(ask, site=site) and await self._read_at_once(site, ask):
                return
        answers = await ask_all(
            {site: read_window(session, asks[site]) for site, session in sessions.items()},
            doing=_PAGE,
            deadline=self._keys_deadline,
        )
        for site, answer in answers.items():
            self._take(site, answer)

    async def _read_at_once(self, site: str, ask: Ask) -> bool:
        """The one site's keys and bodies in one request; False: it takes the two phases."""
        request = self._question.request
        required = archive_fields(request.response_fields, self._question.catalogue)
        session = self._session(site, self._deadline)
        related = related_fields(request.response_fields)
        question = read_archived(session, ask, required=required, fields=related)
        answers = await ask_all({site: question}, doing=_PAGE, deadline=self._deadline)
        match answers[site]:
            case SiteFailure() as failure:
                self._so_far.fail(failure)
            case Answered(None, _):
                return False
            case Answered((hits, entries), milliseconds):
                self._take(site, Answered(hits, milliseconds))
                self._so_far.entries.update(((site, one.entry_id), one) for one in entries)
        return True

    def _take(self, site: str, answer: Answered[SiteHits] | SiteFailure) -> None:
        match answer:
            case SiteFailure():
                self._so_far.fail(answer)
            case Answered(hits, milliseconds):
                self._so_far.answers[site] = hits
                self._so_far.spend(site, milliseconds)
                self._census.remember(site, self._question.queries[site], hits.total)

    def _limits(self, place: Place) -> dict[str, int]:
        """How many keys to ask of each site: its portion where that is known, or all."""
        queries = self._question.queries
        counts = {site: self._census.last_count(site, queries[site]) for site in queries}
        known = {site: count for site, count in counts.items() if count is not None}
        # The portion follows the counts, so an answer kept from before they were known is not found
        # again; only a walk's later pages are first asked for with counts.
        is_kept = self._question.request.cursor is None and self._cache is not None
        in_turn = not self._question.order.keys and not place.progress.lagging
        if in_turn and not is_kept and len(known) == len(counts):
            return portions(place.read, known)
        return dict.fromkeys(queries, place.read)

    def _ask(self, site: str, limit: int, after: Position | None, *, backward: bool) -> Ask:
        return Ask(
            query=self._question.queries[site],
            order=self._question.order,
            limit=limit,
            after=after,
            backward=backward,
            fields=self._fields(),
        )

    async def _complete(self, place: Place, deadline: float) -> tuple[Hit, ...]:
        """The merged hits of the page; sites whose keys ran out before its end are asked on."""
        held = self._so_far.answers
        while True:
            merged = merge_hits(
                self._question.order,
                [answer.hits for answer in held.values()],
                limit=place.read,
                backward=place.backward,
            )
            dry = run_dry(merged, held, limit=place.read)
            if not dry:
                return merged
            await self._ask_on(dry, backward=place.backward, deadline=deadline)

    async def _ask_on(self, dry: Mapping[str, int], *, backward: bool, deadline: float) -> None:
        held = self._so_far.answers
        windows = {}
        for site, limit in dry.items():
            ask = self._ask(site, limit, held[site].hits[-1].position, backward=backward)
            windows[site] = read_window(self._session(site, deadline), ask)
        answers = await ask_all(windows, doing=_PAGE, deadline=deadline)
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._so_far.fail(answer)
                case Answered(further, milliseconds):
                    hits = (*held[site].hits, *further.hits)
                    held[site] = replace(held[site], hits=hits, more=further.more)
                    self._so_far.spend(site, milliseconds)

    def _fields(self) -> tuple[str, ...]:
        """What is wanted of index documents along with the keys."""
        fields, catalogue = self._question.request.response_fields, self._question.catalogue
        related = related_fields(fields)
        if self._index_alone:
            return (*index_fields(fields, catalogue), *related)
        further = () if self._archive_alone else index_fields(fields, catalogue)
        return (VERSION_FIELD, *further, *related)

    async def _fill(self, place: Place, merged: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The merged hits of the page, once the bodies of all of them are there."""
        while await self._read_bodies(merged[place.skip :]):
            merged = await self._complete(place, self._bodies_deadline())
        return merged

    async def _read_bodies(self, page: tuple[Hit, ...]) -> bool:
        """Whether a site failed, so that the page must be merged again without it."""
        wanted: dict[str, list[Hit]] = {}
        for hit in page:
            if (hit.site, hit.entry_id) not in self._so_far.entries:
                wanted.setdefault(hit.site, []).append(hit)
        if self._index_alone:
            self._keep(Entry(hit.site, hit.entry_id, hit.document) for hit in page)
            return False
        fields, catalogue = self._question.request.response_fields, self._question.catalogue
        deadline = self._bodies_deadline()
        answers = await ask_all(
            {
                site: read_entries(
                    self._session(site, deadline),
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
                    self._so_far.fail(answer)
                case Answered(entries, milliseconds):
                    self._keep(entries)
                    self._so_far.spend(site, milliseconds)
        return any(isinstance(answer, SiteFailure) for answer in answers.values())

    def _keep(self, entries: Iterable[Entry]) -> None:
        self._so_far.entries.update(((one.site, one.entry_id), one) for one in entries)

    def _found(
        self,
        merged: tuple[Hit, ...],
        place: Place | None,
        timings: tuple[tuple[str, float], ...],
    ) -> Found:
        so_far = self._so_far
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
        so_far, order = self._so_far, self._question.order
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

    def _bodies_deadline(self) -> float:
        if sum(bool(answer.hits) for answer in self._so_far.answers.values()) < 2:
            return self._deadline  # there is nobody else to fill the page from
        now = self._clock()
        return now + BODIES_SHARE * max(0.0, self._deadline - now)

    def _sessions(self, deadline: float, *, but: Container[str]) -> dict[str, SiteSession]:
        return {
            site: self._session(site, deadline)
            for site in self._question.queries
            if site not in but
        }

    def _session(self, site: str, deadline: float) -> SiteSession:
        request = self._question.request
        call = Call(deadline, request.token, request.fresh, request.request_id)
        return SiteSession(self._clients[site], call)
