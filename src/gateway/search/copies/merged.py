"""A planned request -> the same, so that each entry that several sites hold is served by one.

The one place where a request meets the index of copies; everything that lists or counts uses the
queries that come out here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.config import CopyKeys
from gateway.fetch.http.client import SiteClient
from gateway.merge import Pin
from gateway.model import Hit, NativeQuery
from gateway.properties import STRUCTURE
from gateway.search.copies.assigned import Assignments
from gateway.search.copies.assignment import Assignment
from gateway.search.copies.notices import copy_notice
from gateway.search.copies.owners import preferred
from gateway.search.planned_request import PlannedRequest, names_one_entry
from gateway.search.sites.site_stats import SiteStats

NOTHING_LEFT = "other sites serve copies of all its entries"
STOOD_IN_FOR = "it does not answer; another site serves its copy of the entry"


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
        self.order = preferred(clients, keys.prefer)
        """Of the sites, when an entry comes from several that are not known to share it."""

    async def merge(
        self, planned: PlannedRequest, *, away: Collection[str] | None = None
    ) -> PlannedRequest:
        """Each entry once. `away` are sites whose entries other holders serve; None: those whose
        circuit is open, or, within a walk, those that were away when it began."""
        request, cursor, chosen = planned.request, planned.cursor, self._chosen(planned)
        if not self._is_on or request.copies == "all" or len(chosen) < 2:
            return planned
        if names_one_entry(request):  # of one site, whoever else holds it
            return replace(planned, hidden=await self.structures.hidden(chosen))
        if request.cursor is not None and cursor.pin is None:
            return planned
        latest = self.index.latest
        if latest is None:
            # a walk that another process began looks the same here: the copies that come on
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
        if planned.request.cursor is not None or not failed:
            return None
        if names_one_entry(planned.request):
            return await self._next_holders(planned, failed)
        if merged.pin is None:
            return None
        away = {*merged.pin.away, *failed}
        if away == {*merged.pin.away}:
            return None
        again = await self.merge(planned, away=away)
        return None if again.queries == merged.queries else again

    async def _next_holders(
        self, planned: PlannedRequest, failed: Collection[str]
    ) -> PlannedRequest | None:
        """The one entry that a request names, asked of the sites that may hold a copy."""
        latest, sites = self.index.latest, tuple(planned.queries)
        if not self._is_on or latest is None or planned.request.copies == "all":
            return None
        if len(sites) != 1 or sites[0] not in failed:
            return None
        chosen, sharing = self._chosen(planned), latest.sharing.get(sites[0], frozenset())
        holders = [site for site in chosen if site in sharing and site not in failed]
        if not holders:
            return None
        pruned = {site: why for site, why in planned.pruned.items() if site not in holders}
        asked = replace(
            planned,
            queries=dict.fromkeys(holders, planned.queries[sites[0]]),
            pruned=pruned | {sites[0]: STOOD_IN_FOR},
            notices=(*planned.notices, copy_notice(sites[0])),
        )
        pin = Pin(latest.id, tuple(site for site in chosen if site in failed))
        return self._merged(asked, await self.structures.assigned(latest, chosen, pin), chosen, pin)

    def _chosen(self, planned: PlannedRequest) -> tuple[str, ...]:
        return tuple(site for site in self._clients if site not in planned.excluded)

    async def served(
        self, chosen: Sequence[str], *, failed: Collection[str] = ()
    ) -> dict[str, NativeQuery]:
        """The structures that each of these sites serves, where others serve some of its own;
        those of sites that have failed are served by the next holders."""
        found = await self.structures.conditions(chosen)
        if found is not None and failed:
            away = tuple(sorted({*found[0].away, *failed}))
            pin = Pin(found[0].generation, away)
            found = await self.structures.conditions(chosen, pin=pin)
        if found is None:
            return {}
        _, assigned = found
        return {
            site: self._query(site, STRUCTURE, assigned)
            for site, condition in assigned.conditions.items()
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
            condition = assigned.conditions.get(site)
            if condition is None or condition.query is None:
                queries[site] = query
            elif condition.is_nothing_left:
                pruned[site] = NOTHING_LEFT
            else:
                queries[site] = self._query(site, query, assigned)
        unread = [site for site in chosen if site not in self.index.known]
        too_many = [site for site, one in assigned.conditions.items() if one.query is None]
        return replace(
            planned,
            queries=queries,
            pruned=pruned,
            pin=pin,
            hidden=assigned.hidden,
            listed=(*unread, *too_many),
        )

    def _query(self, site: str, query: NativeQuery, assigned: Assignment) -> NativeQuery:
        made, is_new = assigned.query(site, query)
        if is_new and query == STRUCTURE and (total := self._site_stats.last_count(site, query)):
            hidden = assigned.conditions[site].hidden
            self._site_stats.remember(site, made, max(0, total - hidden))
        return made


def twice(page: Sequence[Hit], *, order: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The entries that come from several sites, by the sites that they are to be left out of: all
    but the first in this order, whatever place they give the entry on the page."""
    place = {site: at for at, site in enumerate(order)}
    first: dict[str, str] = {}
    for hit in page:
        best = first.setdefault(hit.entry_id, hit.site)
        if place[hit.site] < place[best]:
            first[hit.entry_id] = hit.site
    found: dict[str, list[str]] = {}
    if len(first) < len(page):
        for hit in page:
            if first[hit.entry_id] != hit.site:
                found.setdefault(hit.site, []).append(hit.entry_id)
    return {site: tuple(ids) for site, ids in found.items()}
