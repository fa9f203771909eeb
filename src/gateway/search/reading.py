"""A planned request -> its page and what is counted beside it; each entry once.

A page is read a second time where that mends it: a site has failed of whose entries others hold
copies, or an entry came twice, as the index of copies is too old. Both within the one deadline.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.errors import SitesMissingError
from gateway.fetch.cache.answers import AnswerCache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.session import SiteSession, both
from gateway.model import Json, Notice, SiteFailure
from gateway.search.copies import Copies
from gateway.search.copies.merged import twice
from gateway.search.deadlines import Deadlines
from gateway.search.facets import FacetCounts, read_facets
from gateway.search.listing.listing import Listing
from gateway.search.listing.page_state import PageResult, options_of
from gateway.search.planned_request import PlannedRequest, names_one_entry
from gateway.search.sites.site_stats import SiteStats
from gateway.search.time_slices import TimeSlices


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and what was asked for it in the end."""

    planned: PlannedRequest
    found: PageResult
    counted: FacetCounts


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A reading, or why there is none, and the sites that failed in it."""

    reading: Reading | SitesMissingError
    failures: Mapping[str, SiteFailure]


class Reader:
    """Reads pages of all sites as one."""

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        copies: Copies,
        site_stats: SiteStats,
        cache: AnswerCache,
        slices: TimeSlices,
        max_offset: int,
    ) -> None:
        self._clients = clients
        self._copies = copies
        self._site_stats = site_stats
        self._cache = cache
        self._slices = slices
        self._max_offset = max_offset

    async def read(
        self,
        planned: PlannedRequest,
        *,
        scope: MemoryScope,
        deadlines: Deadlines,
        versions: Mapping[str, str | None],
    ) -> Reading:
        """The page; raises RequestError or SitesMissingError."""
        page = _Page(self, scope, deadlines, versions)
        merged = await self._copies.merge(planned)
        attempt = await page.read(merged)
        again = await self._copies.without(planned, merged, attempt.failures)
        if again is not None:
            second = await page.read(again, attempt.failures)
            if not (names_one_entry(planned.request) and _is_empty(second)):
                attempt = _better(attempt, second)
        if isinstance(attempt.reading, SitesMissingError):
            raise attempt.reading
        return await self._each_once(attempt, attempt.reading, page)

    async def _each_once(self, attempt: _Attempt, reading: Reading, page: "_Page") -> Reading:
        """The same without the copies that the index did not know of."""
        order = self._copies.order
        copies = {} if reading.planned.pin is None else twice(reading.found.page, order=order)
        if not copies:
            return reading
        if reading.planned.request.token is None:  # who sees more sees other copies
            self._copies.suspect(_holders(reading.found, copies))
        again = await page.read(_leaving_out(reading.planned, copies), attempt.failures)
        mended = _better(attempt, again).reading
        if isinstance(mended, Reading):
            reading = mended
        return _shown_once(reading, order)

    def listing(
        self,
        planned: PlannedRequest,
        failures: Mapping[str, SiteFailure],
        *,
        scope: MemoryScope,
        deadlines: Deadlines,
    ) -> Listing:
        """The listing of a page, without sites that have failed."""
        return Listing(
            planned,
            clients=self._clients,
            site_stats=self._site_stats,
            cache=self._cache,
            scope=scope,
            deadlines=deadlines,
            max_offset=self._max_offset,
            failures={site: one for site, one in failures.items() if site in planned.queries},
        )

    async def facets(
        self,
        planned: PlannedRequest,
        *,
        scope: MemoryScope,
        deadlines: Deadlines,
        versions: Mapping[str, str | None],
    ) -> FacetCounts:
        """What is counted over the whole result."""
        options = options_of(planned.request, scope=scope, deadline=deadlines.keys)
        return await read_facets(
            planned,
            {site: SiteSession(self._clients[site], options) for site in planned.queries},
            versions=versions,
            slices=self._slices,
        )


class _Page:
    """One page, read once or again."""

    def __init__(
        self,
        reader: Reader,
        scope: MemoryScope,
        deadlines: Deadlines,
        versions: Mapping[str, str | None],
    ) -> None:
        self._reader = reader
        self._scope = scope
        self._deadlines = deadlines
        self._versions = versions

    async def read(
        self, planned: PlannedRequest, failures: Mapping[str, SiteFailure] | None = None
    ) -> _Attempt:
        """Read it without the sites that have failed."""
        scope, deadlines = self._scope, self._deadlines
        listing = self._reader.listing(planned, failures or {}, scope=scope, deadlines=deadlines)
        try:
            found, counted = await self._read(planned, listing)
        except SitesMissingError as error:
            return _Attempt(error, listing.failures)
        return _Attempt(Reading(planned, found, counted), listing.failures)

    async def _read(
        self, planned: PlannedRequest, listing: Listing
    ) -> tuple[PageResult, FacetCounts]:
        """The page, and beside it what is counted over the whole result."""
        if not planned.request.facets:
            return await listing.read(), FacetCounts()
        counting = asyncio.create_task(
            self._reader.facets(
                planned, scope=self._scope, deadlines=self._deadlines, versions=self._versions
            )
        )
        try:
            found = await listing.read()
            return found, await counting
        finally:
            counting.cancel()
            await asyncio.wait((counting,))  # nothing goes on for a request that has ended


def _is_empty(attempt: _Attempt) -> bool:
    """Whether nothing was found: an entry that no other site holds is missing, not absent."""
    return not isinstance(attempt.reading, Reading) or not attempt.reading.found.page


def _better(first: _Attempt, second: _Attempt) -> _Attempt:
    """The second, unless it went worse: then there was too little time left for it."""
    if isinstance(second.reading, SitesMissingError):
        return first
    is_worse = second.failures.keys() > first.failures.keys()
    return first if is_worse and isinstance(first.reading, Reading) else second


def _holders(found: PageResult, copies: Mapping[str, tuple[str, ...]]) -> set[str]:
    doubled = {entry_id for ids in copies.values() for entry_id in ids}
    return {hit.site for hit in found.page if hit.entry_id in doubled}


def _leaving_out(planned: PlannedRequest, copies: Mapping[str, tuple[str, ...]]) -> PlannedRequest:
    queries = dict(planned.queries)
    for site, ids in copies.items():
        without: dict[str, Json] = {"not": {"entry_id:any": [*ids]}}
        queries[site] = both(queries[site], without)
    return replace(planned, queries=queries, notices=(*planned.notices, _TOO_OLD))


def _shown_once(reading: Reading, order: Sequence[str]) -> Reading:
    """What is there twice in spite of all, once; the counts are those of the sites."""
    found = reading.found
    again = twice(found.page, order=order)
    copies = {(site, id_) for site, ids in again.items() for id_ in ids}
    if not copies:
        return reading
    kept = [at for at, hit in enumerate(found.page) if (hit.site, hit.entry_id) not in copies]
    page = replace(
        found,
        page=tuple(found.page[at] for at in kept),
        entries=tuple(found.entries[at] for at in kept),
    )
    notices = dict.fromkeys((*reading.planned.notices, _TOO_OLD))
    return replace(reading, found=page, planned=replace(reading.planned, notices=(*notices,)))


_TOO_OLD = Notice(
    title="New copies",
    detail="Some entries were copied to another site just now. This page shows them once; until "
    "the sites have been looked at again, data_returned and other pages may count such copies.",
    code="copies_new",
)
