"""The keys of a page: from all sites at once, merged; a site that runs dry is asked on."""

from collections.abc import Mapping

from gateway.fetch.nomad.one_request import can_be_archived, read_archived
from gateway.fetch.nomad.archives import VERSION_FIELD
from gateway.fetch.fanout import Answered, ask_all
from gateway.fetch.nomad.key_pages import read_window
from gateway.merge import merge_hits
from gateway.model import Ask, Hit, Position, SiteFailure, SiteHits
from gateway.search.site_stats import Census
from gateway.search.page_start import Place
from gateway.search.fair_shares import portions, run_dry
from gateway.search.page_state import Reading
from gateway.shape import (
    archive_fields,
    archive_suffices,
    index_fields,
    index_suffices,
    related_fields,
)

_DOING = "read page of entries"


class Keys:
    """The keys of one page, as they come into `reading`.

    `is_kept` says that a cache keeps the sites' answers. Deadlines are in the event loop's time.
    """

    def __init__(self, reading: Reading, place: Place, *, census: Census, is_kept: bool) -> None:
        self._reading = reading
        self._place = place
        self._census = census
        self._is_kept = is_kept
        request, catalogue = reading.question.request, reading.question.catalogue
        self._index_alone = index_suffices(request.response_fields, catalogue)
        self._archive_alone = archive_suffices(request.response_fields, catalogue)
        self._fields = self._wanted()

    async def ask(self, *, deadline: float, whole_deadline: float) -> None:
        """Ask all sites, until `deadline`.

        A single one is asked for its bodies, too, until `whole_deadline`, where that can be done.
        """
        place, limits = self._place, self._limits()
        sessions = self._reading.sessions(deadline)
        asks = {site: self._ask(site, limits[site], place.progress.of(site)) for site in sessions}
        if len(asks) == 1 and not self._index_alone and self._archive_alone and not place.skip:
            ((site, ask),) = asks.items()
            if can_be_archived(ask, site=site):
                done = await self._ask_whole(site, ask, deadline=whole_deadline)
                if done:
                    return
        windows = {site: read_window(session, asks[site]) for site, session in sessions.items()}
        answers = await ask_all(windows, doing=_DOING, deadline=deadline)
        for site, answer in answers.items():
            self._take(site, answer)

    async def complete(self, *, deadline: float) -> tuple[Hit, ...]:
        """The merged keys of the page, once no site can have more that belong before its end."""
        held = self._reading.answers
        while True:
            merged = merge_hits(
                self._reading.question.order,
                [answer.hits for answer in held.values()],
                limit=self._place.read,
                backward=self._place.backward,
            )
            dry = run_dry(merged, held, limit=self._place.read)
            if not dry:
                return merged
            await self._ask_on(dry, deadline=deadline)

    async def _ask_whole(self, site: str, ask: Ask, *, deadline: float) -> bool:
        """The one site's keys and bodies in one request; False: it takes the two phases."""
        question = self._reading.question
        asked = read_archived(
            self._reading.session(site, deadline),
            ask,
            required=archive_fields(question.request.response_fields, question.catalogue),
            fields=related_fields(question.request.response_fields),
        )
        answers = await ask_all({site: asked}, doing=_DOING, deadline=deadline)
        match answers[site]:
            case SiteFailure() as failure:
                self._reading.fail(failure)
            case Answered(None, _):
                return False
            case Answered((hits, entries), milliseconds):
                self._take(site, Answered(hits, milliseconds))
                self._reading.keep(entries)
        return True

    async def _ask_on(self, dry: Mapping[str, int], *, deadline: float) -> None:
        held = self._reading.answers
        windows = {}
        for site, limit in dry.items():
            ask = self._ask(site, limit, held[site].hits[-1].position)
            windows[site] = read_window(self._reading.session(site, deadline), ask)
        answers = await ask_all(windows, doing=_DOING, deadline=deadline)
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._reading.fail(answer)
                case Answered(further, milliseconds):
                    self._reading.extend(site, further)
                    self._reading.spend(site, milliseconds)

    def _take(self, site: str, answer: Answered[SiteHits] | SiteFailure) -> None:
        match answer:
            case SiteFailure():
                self._reading.fail(answer)
            case Answered(hits, milliseconds):
                self._reading.answers[site] = hits
                self._reading.spend(site, milliseconds)
                self._census.remember(site, self._reading.question.queries[site], hits.total)

    def _limits(self) -> dict[str, int]:
        """How many keys to ask of each site: its portion where that is known, or all."""
        question, place = self._reading.question, self._place
        counts = {
            site: self._census.last_count(site, query) for site, query in question.queries.items()
        }
        known = {site: count for site, count in counts.items() if count is not None}
        in_turn = not question.order.keys and not place.progress.lagging
        # A first page is asked for before its counts are known, and kept: the same question must
        # find it again. Later pages are asked for with counts from the first time on.
        is_new = question.request.cursor is not None or not self._is_kept
        if in_turn and is_new and len(known) == len(counts):
            return portions(place.read, known)
        return dict.fromkeys(question.queries, place.read)

    def _ask(self, site: str, limit: int, after: Position | None) -> Ask:
        return Ask(
            query=self._reading.question.queries[site],
            order=self._reading.question.order,
            limit=limit,
            after=after,
            backward=self._place.backward,
            fields=self._fields,
        )

    def _wanted(self) -> tuple[str, ...]:
        """What is wanted of index documents along with the keys."""
        question = self._reading.question
        fields, catalogue = question.request.response_fields, question.catalogue
        related = related_fields(fields)
        if self._index_alone:
            return (*index_fields(fields, catalogue), *related)
        further = () if self._archive_alone else index_fields(fields, catalogue)
        return (VERSION_FIELD, *further, *related)
