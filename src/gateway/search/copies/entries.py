"""Which site serves which copies of all entries, as NOMAD's own API asks it.

`native/holders.py` has the protocol, which this follows without knowing it.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.config import CopyKeys
from gateway.fetch.http.client import SiteClient
from gateway.merge import Pin
from gateway.model import NativeQuery
from gateway.search.copies.assigned import IN_LOOP, Assignments
from gateway.search.copies.assignment import Condition
from gateway.search.copies.owners import Begun, Generation, in_rank, preferred
from gateway.search.copies.refresh import CopyIndex

EVERY: NativeQuery = {}
"""Holds for all entries."""


@dataclass(frozen=True, slots=True)
class ServedEntries:
    """Which of some sites serves which entries: as a walk began, with some sites away."""

    pin: Pin
    sites: tuple[str, ...]
    conditions: Mapping[str, Condition]
    """By site; one that serves all that it has is not named."""
    generation: Generation
    """The newest: what the sites have."""
    begun: Begun | None
    """When the walk began; None: now."""
    prefer: tuple[str, ...]
    uploads: Mapping[str, Mapping[str, int]]
    """By site: its uploads, as far as known."""

    @property
    def hides_nothing(self) -> bool:
        """Whether each site serves all that it has."""
        return not self.conditions

    def condition(self, site: str) -> NativeQuery | None:
        """What holds for the entries that a site serves; None: for all of them."""
        found = self.conditions.get(site)
        return None if found is None else found.query

    def serves_nothing(self, site: str) -> bool:
        """Whether other sites serve copies of all its entries."""
        found = self.conditions.get(site)
        return found is not None and found.is_nothing_left

    def preferred(self, sites: Iterable[str]) -> tuple[str, ...]:
        """Sites in the order in which they serve what is not known to be shared."""
        return preferred(sites, self.prefer)

    def ranked(self, claims: Mapping[str, str]) -> tuple[str, ...]:
        """Sites that say to have something of an upload, in the order in which they serve it.

        First comes who is known to have it: what a site says of an entry when it is asked is a
        claim, and its upload may be another one than that of the others.
        """
        sites = self.preferred(claims)
        if not sites:
            return ()
        known = [site for site in sites if claims[site] in self.uploads.get(site, ())]
        upload_id = claims[(known or sites)[0]]
        place = {site: at for at, site in enumerate(self._in_rank(upload_id))}
        return tuple(
            sorted(
                sites,
                key=lambda site: (
                    claims[site] != upload_id,
                    site not in known,
                    place.get(site, len(place)),
                ),
            )
        )

    def _in_rank(self, upload_id: str) -> Sequence[str]:
        shared = self.generation.uploads.get(upload_id)
        if shared is None:
            return ()
        return in_rank(
            shared, sites=self.sites, away=self.pin.away, prefer=self.prefer, begun=self.begun
        )

    def holders(self, upload_id: str, entry_id: str) -> tuple[str, ...]:
        """The sites that have a shared entry, as far as known, in the order in which they serve."""
        shared = self.generation.uploads.get(upload_id)
        if shared is None:
            return ()
        have = [site for site in shared.holders_of(entry_id) if site in self.sites]
        return self.ranked(dict.fromkeys(have, upload_id))

    def split(self) -> list[str]:
        """The uploads of which several sites may serve a part."""
        return [
            one.upload_id
            for one in self.generation.uploads.values()
            if any(held.extras for held in one.holdings.values())
        ]


class EntryCopies:
    """The index of copies of all entries, applied to native requests."""

    def __init__(self, clients: Mapping[str, SiteClient], *, keys: CopyKeys) -> None:
        self._clients = clients
        self.assignments = Assignments(clients, keys=keys, base=EVERY)

    @property
    def index(self) -> CopyIndex:
        """What is known of the sites' uploads."""
        return self.assignments.index

    async def served(
        self,
        sites: Collection[str],
        *,
        pin: Pin | None = None,
        away: Collection[str] = (),
        first: str | None = None,
    ) -> ServedEntries | None:
        """Who serves what. `pin` is that of a walk; without one, sites that are away serve only
        what no other has, and `first` serves all that it has. None: it is not known (yet)."""
        latest = self.index.latest
        chosen = tuple(site for site in self._clients if site in sites)
        if not self.assignments.is_on or latest is None or len(chosen) < 2:
            return None
        if pin is None:
            out = {*away, *(() if first is None else (one for one in chosen if one != first))}
            pin = Pin(latest.id, tuple(site for site in chosen if site in out))
        found = await self.assignments.conditions(chosen, pin=pin)
        if found is None:
            return None
        pin, assigned = found
        begun = self.assignments.begun(self.index.find(pin.generation) or latest)
        prefer = tuple(self.assignments.keys.prefer)
        uploads = {site: self.index.uploads(site) for site in chosen}
        return ServedEntries(pin, chosen, assigned.conditions, latest, begun, prefer, uploads)

    async def can_stand_in(
        self,
        missing: Collection[str],
        sites: Collection[str],
        *,
        uploads: Collection[str] | None = None,
    ) -> bool:
        """Whether the others of these sites have all public entries that the missing ones have, or
        all those of some uploads."""
        latest = self.index.latest
        if not self.assignments.is_on or latest is None:
            return False
        if not self.index.known.issuperset(missing):
            return False
        held = {site: self.index.uploads(site) for site in missing}
        rest = [site for site in sites if site not in missing]
        if uploads is not None:
            held = {site: {one: 1 for one in uploads if one in held[site]} for site in held}
        if sum(map(len, held.values())) <= IN_LOOP:
            return _is_covered(held, latest, rest)
        return await asyncio.to_thread(_is_covered, held, latest, rest)

    def suspect(self, sites: Iterable[str]) -> None:
        """An entry came from two of these sites: their index is too old."""
        self.index.suspect(sites)


def _is_covered(
    held: Mapping[str, Mapping[str, int]], generation: Generation, rest: Sequence[str]
) -> bool:
    """Whether all entries of these uploads are at the rest of the sites as well."""
    for site, uploads in held.items():
        for upload_id in uploads:
            shared = generation.uploads.get(upload_id)
            if shared is None or site not in shared.holdings:
                return False
            others = [shared.holdings[one].extras for one in rest if one in shared.holdings]
            if not others or shared.holdings[site].extras - frozenset[str]().union(*others):
                return False
    return True
