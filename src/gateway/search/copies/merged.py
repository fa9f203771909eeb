"""A planned request -> the same, so that each entry that several sites hold is served by one.

The one place where a request meets the index of copies; everything that lists or counts uses the
queries that come out here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cachetools import LRUCache

from gateway.config import CopyKeys
from gateway.fetch.http.client import SiteClient
from gateway.merge import Pin
from gateway.model import Hit, NativeQuery, Notice
from gateway.properties import STRUCTURE
from gateway.search.copies.assigned import Assignment, Assignments, Condition
from gateway.search.copies.exclusion import excluding
from gateway.search.planned_request import PlannedRequest, names_one_entry
from gateway.search.site_stats import SiteStats

NOTHING_LEFT = "other sites serve copies of all its entries"
_QUERIES = 1_000
"""Kept, so that they are the same objects again."""


class Copies:
    """Applies the index of copies to planned requests."""

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        keys: CopyKeys,
        site_stats: SiteStats,
    ) -> None:
        self._clients = clients
        self._site_stats = site_stats
        self.structures = Assignments(clients, keys=keys, base=STRUCTURE)
        self.index = self.structures.index
        self._is_on = self.structures.is_on
        self._queries: LRUCache[tuple[int, int], tuple[NativeQuery, NativeQuery, NativeQuery]]
        self._queries = LRUCache(_QUERIES)

    async def merge(
        self, planned: PlannedRequest, *, away: Collection[str] | None = None
    ) -> PlannedRequest:
        """Each entry once. `away` are sites whose entries other holders serve; None: those whose
        circuit is open, or, within a walk, those that were away when it began."""
        request, cursor = planned.request, planned.cursor
        if not self._is_on or request.copies == "all" or names_one_entry(request):
            return planned
        chosen = tuple(site for site in self._clients if site not in planned.excluded)
        if len(chosen) < 2 or (request.cursor is not None and cursor.pin is None):
            return planned
        latest = self.index.latest
        if latest is None:
            # a walk that another process began cannot be told apart here: the copies that come on
            # one page are shown once
            return replace(planned, listed=chosen, pin=cursor.pin)
        generation = latest
        if cursor.pin is not None:
            generation = self.index.find(cursor.pin.generation) or latest
            away = cursor.pin.away
        elif away is None:
            away = self.structures.away(chosen)
        pin = Pin(generation.id, tuple(site for site in chosen if site in away))
        assigned = await self.structures.assigned(generation, chosen, pin)
        return self._merged(planned, assigned, chosen, pin)

    async def without(
        self, planned: PlannedRequest, merged: PlannedRequest, failed: Collection[str]
    ) -> PlannedRequest | None:
        """The request with the next holders in place of sites that failed; None: there are none,
        or a walk has begun, which keeps its assignment."""
        if merged.pin is None or planned.request.cursor is not None or not failed:
            return None
        away = {*merged.pin.away, *failed}
        if away == {*merged.pin.away}:
            return None
        again = await self.merge(planned, away=away)
        return None if again.queries == merged.queries else again

    async def served(self, chosen: Sequence[str]) -> dict[str, NativeQuery]:
        """The structures that each of these sites serves, where others serve some of its own."""
        found = await self.structures.conditions(chosen)
        return {
            site: self._query(site, STRUCTURE, condition)
            for site, condition in (found[1] if found else {}).items()
            if condition.query is not None
        }

    def holders(self, upload_id: str, entry_id: str, *, site: str) -> tuple[str, ...]:
        """All sites that have this entry, as far as known, in the order of the configuration."""
        latest = self.index.latest
        shared = None if latest is None else latest.uploads.get(upload_id)
        if not self._is_on or shared is None:
            return (site,)
        have = {site, *shared.holders_of(entry_id)}
        return tuple(one for one in self._clients if one in have)

    def suspect(self, sites: Iterable[str]) -> None:
        """An entry came from two of these sites: their index is too old."""
        self.index.suspect(sites)

    def _merged(
        self, planned: PlannedRequest, assigned: Assignment, chosen: tuple[str, ...], pin: Pin
    ) -> PlannedRequest:
        queries: dict[str, NativeQuery] = {}
        pruned = dict(planned.pruned)
        for site, query in planned.queries.items():
            condition = assigned.get(site)
            if condition is None or condition.query is None:
                queries[site] = query
            elif condition.is_nothing_left:
                pruned[site] = NOTHING_LEFT
            else:
                queries[site] = self._query(site, query, condition)
        unread = [site for site in chosen if site not in self.index.known]
        too_many = [site for site, one in assigned.items() if one.query is None]
        return replace(
            planned,
            queries=queries,
            pruned=pruned,
            pin=pin,
            hidden=sum(one.hidden for one in assigned.values()),
            listed=(*unread, *too_many),
        )

    def _query(self, site: str, query: NativeQuery, condition: Condition) -> NativeQuery:
        """The same object for the same query: its digest need not be computed anew."""
        assert condition.query is not None
        key = (id(query), id(condition.query))
        held = self._queries.get(key)
        if held is None or held[0] is not query or held[1] is not condition.query:
            held = (query, condition.query, excluding(query, condition.query))
            self._queries[key] = held
            if query == STRUCTURE and (total := self._site_stats.last_count(site, query)):
                self._site_stats.remember(site, held[2], max(0, total - condition.hidden))
        return held[2]


def twice(page: Iterable[Hit]) -> dict[str, tuple[str, ...]]:
    """The entries that another site has brought before, by the site that they are to be left out
    of."""
    seen: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for hit in page:
        if hit.entry_id in seen:
            found[hit.site] = (*found.get(hit.site, ()), hit.entry_id)
        seen.add(hit.entry_id)
    return found


def copies_notices(planned: PlannedRequest, answered: Collection[str]) -> Iterator[Notice]:
    """The warning that entries may be listed several times, where that can be so."""
    sites = [site for site in planned.listed if site in answered]
    if sites and len(answered) > 1:
        yield Notice(
            title="Copies listed",
            detail=f"Which entries of {', '.join(sites)} are copies of other sites' entries is not "
            "known yet; an entry that several sites hold is listed once for each of them.",
            code="copies_listed",
        )
