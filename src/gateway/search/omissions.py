"""A filter -> how many entries there would be with one of its conditions left out.

A condition is what stands between the outermost ANDs. Nothing is read but counts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import REFERENCES, Omission, SearchRequest
from gateway.parse import write_filter
from gateway.parse.tree import And, Node
from gateway.properties import Catalogue
from gateway.search.copies import Copies
from gateway.search.deadlines import Deadlines
from gateway.search.listing.counting import count_at_sites
from gateway.search.listing.page_state import PageState
from gateway.search.planned_request import PlannedRequest, RequestPlanner
from gateway.search.references.listing import References
from gateway.search.sites.site_stats import SiteStats

MOST = 8
"""Conditions that are left out, each in turn; further ones always stay."""
MOST_AT_ONCE = 3 * MOST
"""Counts under way for all requests of a worker: each asks every site, and nobody waits for them
who searches. Beyond it the conditions are named without a number."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """One condition, and the filter without it; both as text, an empty filter for none."""

    condition: str
    filter: str

    def request(self, whole: SearchRequest) -> SearchRequest:
        """The same request with what remains; no entry of it is wanted."""
        return replace(
            whole,
            filter=self.filter or None,
            sort=(),
            cursor=None,
            offset=0,
            page_limit=1,
            response_fields=(),
            include=(),
            facets=(),
        )

    def omission(self, count: int | None) -> Omission:
        """The number of entries that the remainder has."""
        return Omission(self.condition, self.filter, count)


def remainders(tree: Node | None) -> tuple[Remainder, ...]:
    """What is left of a filter, as it was read, without each of its first conditions."""
    if tree is None:
        return ()
    parts = tree.parts if isinstance(tree, And) else (tree,)
    return tuple(
        Remainder(write_filter(part), _written((*parts[:at], *parts[at + 1 :])))
        for at, part in enumerate(parts[:MOST])
    )


class Omissions:
    """Counts what filters find without each of their conditions."""

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        copies: Copies,
        planner: RequestPlanner,
        catalogue: Catalogue,
        site_stats: SiteStats,
        references: References,
    ) -> None:
        self._clients = clients
        self._copies = copies
        self._planner = planner
        self._catalogue = catalogue
        self._site_stats = site_stats
        self._references = references
        self._under_way = 0

    async def read(
        self, request: SearchRequest, *, versions: Mapping[str, str | None], deadlines: Deadlines
    ) -> tuple[Omission, ...]:
        """One for each of the first conditions; raises RequestError."""
        parts = await self._planner.off_loop(
            request.filter, lambda: remainders(self._planner.tree(request.filter))
        )
        if self._under_way + len(parts) > MOST_AT_ONCE:
            return tuple(part.omission(None) for part in parts)
        self._under_way += len(parts)
        try:
            counts = await self._counts(parts, request, versions=versions, deadlines=deadlines)
        finally:
            self._under_way -= len(parts)
        return tuple(part.omission(count) for part, count in zip(parts, counts, strict=True))

    async def _counts(
        self,
        parts: Sequence[Remainder],
        request: SearchRequest,
        *,
        versions: Mapping[str, str | None],
        deadlines: Deadlines,
    ) -> Sequence[int | None]:
        requests = [part.request(request) for part in parts]
        if request.entry_type == REFERENCES:
            return [await self._references.count(one, deadlines=deadlines) for one in requests]
        planned = [
            await self._planner.read_off_loop(one, self._catalogue, versions=versions)
            for one in (request, *requests)  # the whole, too: it may be wrong
        ]
        merged = [await self._copies.merge(one) for one in planned[1:]]
        return await self._count_all(merged, deadlines.archives)

    async def _count_all(
        self, planned: Sequence[PlannedRequest], deadline: float | None
    ) -> list[int | None]:
        """All at once; a site's client sees to it that it is asked a few things at a time."""
        scope = MemoryScope()
        self._site_stats.searches += 1
        try:
            states = [PageState(one, self._clients, scope) for one in planned]
            return await asyncio.gather(*(_count(state, deadline) for state in states))
        finally:
            self._site_stats.searches -= 1
            scope.close()


async def _count(state: PageState, deadline: float | None) -> int | None:
    """None: some site did not say."""
    totals = await count_at_sites(state, deadline)
    return None if state.failures else sum(totals.values())


def _written(parts: Sequence[Node]) -> str:
    match parts:
        case ():
            return ""
        case (part,):
            return write_filter(part)
        case _:
            return write_filter(And(tuple(parts)))
