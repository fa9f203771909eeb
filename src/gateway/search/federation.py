"""THE WAY IN ONE PAGE: parse -> plan -> fetch keys -> merge -> fetch archives -> shape.

`Federation` lives as long as the app; it holds one client per site, the caches and the statistics
of the sites, and no state of any request.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

import httpx

from gateway.config import CacheKeys, Config
from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import LARGE_PAGE, MemoryBudget, MemoryScope
from gateway.fetch.http.telemetry.observer import Silent, SiteObserver
from gateway.fetch.nomad.answers import ENTRY_ID
from gateway.model import (
    REFERENCES,
    STRUCTURES,
    EntryRequest,
    Omission,
    SearchAnswer,
    SearchRequest,
    Site,
    SiteInfo,
)
from gateway.plan import SEPARATOR, id_notices
from gateway.properties import Catalogue, references_catalogue, structures_catalogue
from gateway.search.answer.assembly import AnswerAssembler
from gateway.search.answer.page_shaping import PageShaper
from gateway.search.copies import Copies, CopiesState, EntryCopies
from gateway.search.deadlines import Deadlines, deadlines_of
from gateway.search.facets import check_facets
from gateway.search.omissions import Omissions
from gateway.search.planned_request import RELATIONSHIPS, RequestPlanner
from gateway.search.reading import Reader
from gateway.search.references.listing import References
from gateway.search.references.tables import ReferenceTables
from gateway.search.response_fields import check_fields
from gateway.search.single_entry import listing_of
from gateway.search.sites.site_stats import PROBE, SiteStats
from gateway.search.status import FederationLoad, SiteStatus
from gateway.search.time_slices import TimeSlices

COPIES_S = 10.0
"""How long a command waits until it is known which entries are copies."""


class Federation:
    """All sites as one."""

    def __init__(
        self,
        config: Config,
        *,
        transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
        observer: SiteObserver | None = None,
        has_native: bool = False,
    ) -> None:
        """`has_native`: NOMAD's own API is served as well, so copies of all entries are looked for
        beside those of structures."""
        self._config = config
        self._has_native = has_native
        self._transports = transports or {}
        self._observer = observer or Silent()
        self._planner = RequestPlanner(config)
        prefix = config.provider.prefix
        self._catalogues = {
            STRUCTURES: structures_catalogue(prefix),
            REFERENCES: references_catalogue(prefix),
        }
        self._sites = {site.name: site for site in config.sites}
        self._slices = TimeSlices()

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites, in the order of the configuration."""
        return self._config.sites

    def catalogue(self, entry_type: str) -> Catalogue:
        """The properties of an entry type."""
        return self._catalogues[entry_type]

    async def open(self) -> None:
        """Make the clients and begin to look at the sites; waits for none of them."""
        self._planner.warm_up(self.catalogue(STRUCTURES))
        self._cache: AnswerCache = _opened(self._config.cache)
        self._memory_budget = MemoryBudget(sites=self._sites)
        self._clients = {
            site.name: SiteClient(
                site,
                probe=PROBE,
                budget=self._memory_budget,
                cache=self._cache,
                transport=self._transports.get(site.name),
                observer=self._observer,
            )
            for site in self.sites
        }
        self._site_stats = SiteStats(self._clients, answers_s=self._config.cache.answers_s)
        self._site_stats.open()
        self._copies = Copies(self._clients, keys=self._config.copies, site_stats=self._site_stats)
        self._copies.structures.open()
        self._entry_copies = EntryCopies(self._clients, keys=self._config.copies)
        if self._has_native:
            self._entry_copies.assignments.open()
        self._join_steps()

    def _join_steps(self) -> None:
        """The steps of a request, over the clients and what is known of the sites."""
        prefix, stats = self._config.provider.prefix, self._site_stats
        self._references = References(
            self._config,
            planner=self._planner,
            catalogue=self.catalogue(REFERENCES),
            tables=ReferenceTables(self._clients, reuse_s=_reuse_s(self._config.cache)),
            copies=self._copies,
        )
        self._reader = Reader(
            self._clients,
            copies=self._copies,
            site_stats=stats,
            cache=self._cache,
            slices=self._slices,
            max_offset=self._config.paging.max_offset,
        )
        self._omissions = Omissions(
            self._clients,
            copies=self._copies,
            planner=self._planner,
            catalogue=self.catalogue(STRUCTURES),
            site_stats=stats,
            references=self._references,
        )
        page_shaper = PageShaper(
            self._sites,
            prefix=prefix,
            references=self.catalogue(REFERENCES),
            copies=self._copies,
            slices=self._slices,
        )
        self._assembler = AnswerAssembler(
            page_shaper, site_stats=stats, names=tuple(self._sites), prefix=prefix
        )

    async def close(self) -> None:
        """Close everything that `open` made."""
        self._planner.close()
        await self._copies.structures.close()
        await self._entry_copies.assignments.close()
        await self._site_stats.close()
        await asyncio.gather(*(client.close() for client in self._clients.values()))
        await self._cache.close()

    async def search(
        self, request: SearchRequest, *, scope: MemoryScope | None = None
    ) -> SearchAnswer:
        """One page of a listing; raises RequestError or SitesMissingError. What it is made of
        counts as held until the scope is closed; None: until the answer is there."""
        if scope is None:
            with MemoryScope(is_large=request.page_limit > LARGE_PAGE) as scope:
                return await self.search(request, scope=scope)
        deadlines = self._deadlines(request)
        catalogue = self.catalogue(request.entry_type)
        check_facets(request, catalogue, prefix=self._config.provider.prefix)
        if request.entry_type == REFERENCES:
            return await self._references.search(request, deadlines=deadlines)
        begun = time.perf_counter()
        planned = await self._planner.read_off_loop(request, catalogue, versions=self.versions())
        spent = 1000 * (time.perf_counter() - begun)
        self._site_stats.searches += 1
        try:
            reading = await self._reader.read(
                planned, scope=scope, deadlines=deadlines, versions=self.versions()
            )
            timings = (("plan", spent), *reading.found.timings)
            return await self._assembler.assemble(reading, timings=timings)
        finally:
            self._site_stats.searches -= 1

    async def entry(
        self, request: EntryRequest, *, scope: MemoryScope | None = None
    ) -> SearchAnswer:
        """A single entry, or none; raises RequestError, or SitesMissingError for its site. `scope`
        as for `search`."""
        if request.entry_type == REFERENCES:
            return await self._references.entry(request, deadlines=self._deadlines(request))
        site, _, entry_id = request.id.partition(SEPARATOR)
        chosen = self._sites.keys() if request.sites is None else request.sites
        if site not in self._sites or site not in chosen or not ENTRY_ID.fullmatch(entry_id):
            return await self._no_entry(request, tuple(chosen))
        answer = await self.search(listing_of(request), scope=scope)
        return SearchAnswer(
            answer.resources,
            answer.included,
            data_returned=len(answer.resources),
            data_available=await self._available(tuple(chosen)),
            reports=answer.reports,
            notices=answer.notices,
            timings=answer.timings,
        )

    async def _no_entry(self, request: EntryRequest, chosen: tuple[str, ...]) -> SearchAnswer:
        """The answer where no site that was asked for can have the entry; none is asked."""
        notices = check_fields(
            request.response_fields,
            self.catalogue(request.entry_type),
            self._config.provider.prefix,
            relationships=RELATIONSHIPS,
        )
        notices = (*notices, *id_notices((request.id,), sites=chosen))
        return SearchAnswer((), data_available=await self._available(chosen), notices=notices)

    async def without_each(self, request: SearchRequest) -> tuple[Omission, ...]:
        """How many entries there would be with each condition of the filter left out: why a search
        finds nothing. Counted at once, before the request's one deadline; raises RequestError."""
        return await self._omissions.read(
            request, versions=self.versions(), deadlines=self._deadlines(request)
        )

    async def check(self, name: str) -> SiteInfo:
        """Ask one site for its version and size now; raises SiteError."""
        await self._site_stats.look(self._clients[name])
        return self._site_stats.info(name)

    @property
    def clients(self) -> Mapping[str, SiteClient]:
        """The client of each site, for the native API: there is no second way to the sites."""
        return self._clients

    async def copies(self) -> CopiesState | None:
        """How the index of copies stands; None: copies are not looked for."""
        state = await self._copies.structures.state()
        if state is None or not self._has_native:
            return state
        return replace(state, all_entries=await self._entry_copies.assignments.state())

    @property
    def entry_copies(self) -> EntryCopies:
        """Which site serves which copies of all entries, for the native API."""
        return self._entry_copies

    async def wait_for_copies(self, most_s: float = COPIES_S) -> None:
        """Wait until the index of copies is read, at most `most_s`: for a caller that asks once and
        ends. A server does not wait."""
        await self._copies.structures.wait(most_s)

    async def _available(self, chosen: tuple[str, ...]) -> int:
        """How many structures these sites have, each once, as far as known."""
        return self._site_stats.available(chosen) - await self._copies.structures.hidden(chosen)

    def versions(self) -> dict[str, str | None]:
        """The version of each site; None: not known."""
        return {name: self._site_stats.info(name).version for name in self._sites}

    def site_states(self) -> tuple[SiteStatus, ...]:
        """How all sites stand."""
        return tuple(self._status(name) for name in self._sites)

    def load(self) -> FederationLoad:
        """What is held and under way now."""
        budget = self._memory_budget
        return FederationLoad(
            memory_bytes=budget.held,
            memory_limit_bytes=budget.capacity,
            cache=self._cache.load(),
            sites={name: client.in_flight for name, client in self._clients.items()},
        )

    def _status(self, name: str) -> SiteStatus:
        info = self._site_stats.info(name)
        return SiteStatus(
            name,
            info.version,
            info.total,
            self._clients[name].circuit.state,
            self._site_stats.same_as(name),
        )

    def _deadlines(self, request: SearchRequest | EntryRequest) -> Deadlines:
        return deadlines_of(request, self._config.timeouts)


def _reuse_s(keys: CacheKeys) -> float:
    return 0.0 if keys.backend == "none" else keys.answers_s


def _opened(keys: CacheKeys) -> AnswerCache:
    return open_cache(
        keys.backend,
        url=keys.url,
        max_bytes=keys.max_bytes,
        answers_s=keys.answers_s,
        bodies_s=keys.bodies_s,
        stale_s=keys.stale_s,
        namespace=keys.namespace,
    )
