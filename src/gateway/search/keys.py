"""The keys of a page: from all sites at once, merged; a site that runs dry is asked on."""

from collections.abc import Mapping

from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.nomad.archives import VERSION_FIELD
from gateway.fetch.nomad.key_pages import read_window
from gateway.fetch.nomad.one_request import can_be_archived, read_archived
from gateway.merge import merge_hits
from gateway.model import Ask, Hit, Position, SiteFailure, SiteHits
from gateway.search.fair_shares import exhausted, fair_shares
from gateway.search.page_start import PageStart
from gateway.search.page_state import PageState
from gateway.search.site_stats import SiteStats
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

    def __init__(
        self, state: PageState, page_start: PageStart, *, site_stats: SiteStats, is_kept: bool
    ) -> None:
        self._state = state
        self._page_start = page_start
        self._site_stats = site_stats
        self._is_kept = is_kept
        request, catalogue = state.planned.request, state.planned.catalogue
        self._index_alone = index_suffices(request.response_fields, catalogue)
        self._archive_alone = archive_suffices(request.response_fields, catalogue)
        self._fields = self._wanted()

    async def ask(self, *, deadline: float, whole_deadline: float) -> None:
        """Ask all sites, until `deadline`.

        A single one is asked for its bodies, too, until `whole_deadline`, where that can be done.
        """
        page_start, limits = self._page_start, self._limits()
        sessions = self._state.sessions(deadline)
        asks = {
            site: self._ask(site, limits[site], page_start.progress.of(site)) for site in sessions
        }
        if len(asks) == 1 and not self._index_alone and self._archive_alone and not page_start.skip:
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
            await self._query_again(exhausted_sites, deadline=deadline)

    async def _ask_whole(self, site: str, ask: Ask, *, deadline: float) -> bool:
        """The one site's keys and bodies in one request; False: it takes the two phases."""
        planned = self._state.planned
        asked = read_archived(
            self._state.session(site, deadline),
            ask,
            required=archive_fields(planned.request.response_fields, planned.catalogue),
            fields=related_fields(planned.request.response_fields),
        )
        answers = await ask_all({site: asked}, doing=_DOING, deadline=deadline)
        match answers[site]:
            case SiteFailure() as failure:
                self._state.fail(failure)
            case SiteAnswer(None, _):
                return False
            case SiteAnswer((hits, entries), milliseconds):
                self._take(site, SiteAnswer(hits, milliseconds))
                self._state.keep(entries)
        return True

    async def _query_again(self, exhausted_sites: Mapping[str, int], *, deadline: float) -> None:
        held = self._state.answers
        windows = {}
        for site, limit in exhausted_sites.items():
            ask = self._ask(site, limit, held[site].hits[-1].position)
            windows[site] = read_window(self._state.session(site, deadline), ask)
        answers = await ask_all(windows, doing=_DOING, deadline=deadline)
        for site, answer in answers.items():
            match answer:
                case SiteFailure():
                    self._state.fail(answer)
                case SiteAnswer(further, milliseconds):
                    self._state.extend(site, further)
                    self._state.spend(site, milliseconds)

    def _take(self, site: str, answer: SiteAnswer[SiteHits] | SiteFailure) -> None:
        match answer:
            case SiteFailure():
                self._state.fail(answer)
            case SiteAnswer(hits, milliseconds):
                self._state.answers[site] = hits
                self._state.spend(site, milliseconds)
                self._site_stats.remember(site, self._state.planned.queries[site], hits.total)

    def _limits(self) -> dict[str, int]:
        """How many keys to ask of each site: its portion where that is known, or all."""
        planned, page_start = self._state.planned, self._page_start
        counts = {
            site: self._site_stats.last_count(site, query)
            for site, query in planned.queries.items()
        }
        known = {site: count for site, count in counts.items() if count is not None}
        in_turn = not planned.order.keys and not page_start.progress.lagging
        # A first page is asked for before its counts are known, and kept: the same question must
        # find it again. Later pages are asked for with counts from the first time on.
        is_new = planned.request.cursor is not None or not self._is_kept
        if in_turn and is_new and len(known) == len(counts):
            return fair_shares(page_start.read, known)
        return dict.fromkeys(planned.queries, page_start.read)

    def _ask(self, site: str, limit: int, after: Position | None) -> Ask:
        return Ask(
            query=self._state.planned.queries[site],
            order=self._state.planned.order,
            limit=limit,
            after=after,
            backward=self._page_start.backward,
            fields=self._fields,
        )

    def _wanted(self) -> tuple[str, ...]:
        """What is wanted of index documents along with the keys."""
        planned = self._state.planned
        fields, catalogue = planned.request.response_fields, planned.catalogue
        related = related_fields(fields)
        if self._index_alone:
            return (*index_fields(fields, catalogue), *related)
        further = () if self._archive_alone else index_fields(fields, catalogue)
        return (VERSION_FIELD, *further, *related)
