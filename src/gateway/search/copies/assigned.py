"""The index of copies -> what holds for the entries that each of some sites serves.

One object for each kind of entries: structures for OPTIMADE, all of them for NOMAD's own API.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter

from cachetools import LRUCache

from gateway.config import CopyKeys
from gateway.fetch.http.client import SiteClient
from gateway.merge import Pin
from gateway.model import NativeQuery
from gateway.search.copies.assignment import Assignment, condition_of
from gateway.search.copies.owners import Begun, Generation, exclusions
from gateway.search.copies.refresh import CopyIndex

IN_LOOP = 1_000
"""Shared uploads that are gone through in the event loop: 30,000 take 0.2 s."""
_KEPT_VALUES = 500_000
"""Of assignments that are kept, one for each choice of sites and generation: about 10 MB."""


@dataclass(frozen=True, slots=True)
class CopiesState:
    """How the index of copies stands, for health and metrics."""

    generation: str | None
    """None: there is none yet."""
    sites: Mapping[str, float | None]
    """How many seconds ago each site was last looked at; None: never."""
    shared_uploads: int = 0
    hidden: int = 0
    """Copies that are not served while all sites answer."""
    all_entries: "CopiesState | None" = None
    """That of all entries beside the one of structures; None: NOMAD's own API is not served."""

    def oldest(self) -> dict[str, float | None]:
        """For each site, when the index that is older was last read."""
        other = self.sites if self.all_entries is None else self.all_entries.sites
        pairs = {site: (age_s, other.get(site)) for site, age_s in self.sites.items()}
        return {
            site: None if a is None or b is None else max(a, b) for site, (a, b) in pairs.items()
        }


class Assignments:
    """Which site serves which copies of the entries of one kind."""

    def __init__(
        self, clients: Mapping[str, SiteClient], *, keys: CopyKeys, base: NativeQuery
    ) -> None:
        self._clients = clients
        self.keys = keys
        self.is_on = keys.enabled and len(clients) > 1
        self.index = CopyIndex(clients, base=base, refresh_s=keys.refresh_s)
        self._made: LRUCache[tuple[int, tuple[str, ...], Pin], Assignment] = LRUCache(
            _KEPT_VALUES, getsizeof=attrgetter("size")
        )

    def open(self) -> None:
        """Begin to read the index."""
        if self.is_on:
            self.index.open()

    async def close(self) -> None:
        """Stop."""
        await self.index.close()

    async def wait(self, most_s: float) -> None:
        """Until all sites have been looked at, but not longer than that; requests do not wait."""
        if self.is_on:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.index.ready.wait(), most_s)

    async def state(self) -> CopiesState | None:
        """How the index stands; None: copies are not looked for."""
        if not self.is_on:
            return None
        latest = self.index.latest
        ages = {site: self.index.age_s(site) for site in self._clients}
        if latest is None:
            return CopiesState(None, ages)
        hidden = await self.hidden(tuple(self._clients))
        return CopiesState(latest.id, ages, len(latest.uploads), hidden)

    def away(self, sites: Collection[str]) -> tuple[str, ...]:
        """Those of the sites whose circuit is open, in the order of the configuration."""
        chosen = [site for site in self._clients if site in sites]
        return tuple(site for site in chosen if self._clients[site].circuit.state != "closed")

    def pinned(self, pin: Pin | None, sites: Sequence[str]) -> tuple[Generation, Pin] | None:
        """The generation that a walk goes on with, or that of now; None: not known yet."""
        latest = self.index.latest
        if latest is None:
            return None
        if pin is None:
            return latest, Pin(latest.id, self.away(sites))
        generation = self.index.find(pin.generation) or latest
        away = tuple(site for site in sites if site in pin.away)  # callers write what they like
        return generation, Pin(generation.id, away)

    async def conditions(
        self, chosen: Sequence[str], *, pin: Pin | None = None
    ) -> tuple[Pin, Assignment] | None:
        """What holds for the entries that each of these sites serves, where others serve some of
        its own; None: not known yet. `pin` is that of a walk; None: as things are now."""
        sites = tuple(site for site in self._clients if site in chosen)
        found = self.pinned(pin, sites) if self.is_on else None
        if found is None:
            return None
        generation, pin = found
        return pin, await self.assigned(generation, sites, pin)

    async def hidden(self, chosen: Sequence[str]) -> int:
        """How many copies at these sites are not served, as other ones of them serve them."""
        found = await self.conditions(chosen)
        return found[1].hidden if found else 0

    def begun(self, generation: Generation) -> Begun | None:
        """How things were when a walk with this generation began; None: as they are now."""
        latest = self.index.latest
        if latest is None or latest.id == generation.id:
            return None
        return Begun(generation, self.index.first_holders)

    async def assigned(
        self, generation: Generation, chosen: tuple[str, ...], pin: Pin
    ) -> Assignment:
        """Made once; in a thread where there is much to do, so that the event loop goes on."""
        key = (self.index.revision, chosen, pin)
        held = self._made.get(key)
        if held is not None:
            return held

        latest, begun = self.index.latest or generation, self.begun(generation)
        uploads = {site: self.index.uploads(site) for site in chosen}

        def make() -> Assignment:
            found = exclusions(
                latest, sites=chosen, away=pin.away, prefer=self.keys.prefer, begun=begun
            )
            return Assignment(
                {site: condition_of(one, uploads[site]) for site, one in found.items()}
            )

        is_small = len(latest.uploads) <= IN_LOOP
        made = make() if is_small else await asyncio.to_thread(make)
        if made.size <= _KEPT_VALUES:
            self._made[key] = made
        return made
