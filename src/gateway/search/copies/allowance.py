"""How long the comparison of copies may read from each site in one round.

A site can claim to hold every upload of every other one, and answer late: it must not keep the
copies of others from being compared. What it has no time left for is compared without it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, zip_longest
from typing import TypeAlias

from gateway.errors import SiteError

ROUND_S = 60.0
"""For each site: some 1,000 uploads of a site that answers in 30 ms."""

Holders: TypeAlias = tuple[str, tuple[str, ...]]
"""An upload and the sites that hold it."""


class Allowance:
    """What is left of each site's time in one round."""

    def __init__(self, round_s: float = ROUND_S) -> None:
        self._round_s = round_s
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._began: dict[str, list[float]] = defaultdict(list)

    def spent_s(self, site: str) -> float:
        """How long was read from a site, what is under way included."""
        now = asyncio.get_running_loop().time()
        return self._spent[site] + sum(now - began for began in self._began[site])

    @property
    def is_used_up(self) -> bool:
        """Whether a site has had no time left."""
        return any(spent >= self._round_s for spent in self._spent.values())

    @contextmanager
    def reading(self, site: str) -> Iterator[None]:
        """Count what is read meanwhile; raises SiteError where no time is left."""
        if self.spent_s(site) >= self._round_s:
            happened = "it takes too long for all its uploads to be compared at once"
            raise SiteError(site, doing="list entries", happened=happened)
        began = asyncio.get_running_loop().time()
        self._began[site].append(began)
        try:
            yield
        finally:
            self._began[site].remove(began)
            self._spent[site] += asyncio.get_running_loop().time() - began


def in_turns(holders: Mapping[str, tuple[str, ...]]) -> list[Holders]:
    """The uploads, one of each set of holders in turn: no site's claims come before all others."""
    groups: defaultdict[tuple[str, ...], list[Holders]] = defaultdict(list)
    for upload_id, sites in holders.items():
        groups[sites].append((upload_id, sites))
    turns = chain.from_iterable(zip_longest(*groups.values()))
    return [one for one in turns if one is not None]
