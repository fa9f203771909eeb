"""Which entry has a given rank in the merged order, without walking there.

Counting what precedes a position is one cheap request per site. Positions to try, the pivots, are
chosen from samples of the sites; bounds close in on the rank from both sides until the rest can be
read.
"""

from collections.abc import Mapping

from gateway.fetch.http.gather import gather_sites
from gateway.fetch.nomad.pivots import DOING, Pivot, PivotFinder, RankRange
from gateway.fetch.nomad.positions import preceding
from gateway.fetch.nomad.session import SiteSession, both
from gateway.model import NativeQuery, Order, Position

CLOSE = 150
"""A rank this near is read by walking: cheaper than another round of counting."""

ROUNDS = 30
"""Mostly two to six are enough; a site of millions is crossed 10,000 entries a round."""


class Search:
    """The search for one rank in the order of what `queries` (by site) give."""

    def __init__(
        self,
        sessions: Mapping[str, SiteSession],
        queries: Mapping[str, NativeQuery],
        totals: Mapping[str, int],
        *,
        order: Order,
        backward: bool = False,
    ) -> None:
        self._sessions = sessions
        self._queries = queries
        self._totals = totals
        self._order = order
        self._backward = backward
        self._pivot_finder = PivotFinder(sessions, queries, order=order, backward=backward)

    async def near(self, rank: int) -> Pivot:
        """The pivot of an entry that the walk meets at, or at most CLOSE before, the rank.

        Raises SiteError; TimeoutError when the rank is not found in ROUNDS rounds.
        """
        low, high = Pivot(None, dict.fromkeys(self._totals, 0)), Pivot(None, self._totals)
        aimed = True
        for _ in range(ROUNDS):
            gap = rank - low.rank
            if gap <= CLOSE:
                return low
            among = RankRange(low, high, before=gap - CLOSE / 3)
            position = await self._pivot_finder.find(among, aimed=aimed)
            if position is None:
                break
            pivot = await self._pivot_at(position, among)
            low, high = (pivot, high) if pivot.rank <= rank else (low, pivot)
            # Where the aim was poor, another way of choosing is sure to get on.
            aimed = not aimed or min(rank - low.rank, high.rank - low.rank) < gap / 4
        raise TimeoutError

    async def _pivot_at(self, position: Position, among: RankRange) -> Pivot:
        """The pivot of an entry in a range; sites without entries there need not count."""
        asked = [site for site, count in among.counts.items() if count > 0]
        counts = {site: self._count(site, position) for site in asked}
        counted = await gather_sites(counts, doing=DOING)
        return Pivot(position, {**among.low.counts, **counted})

    async def _count(self, site: str, position: Position) -> int:
        """How many entries of a site the walk meets up to a position."""
        upto = preceding(self._order, position, site=site, itself=not self._backward)
        if isinstance(upto, bool):
            forward = self._totals[site] if upto else 0
        else:
            forward = await self._sessions[site].count(both(self._queries[site], upto))
        return self._totals[site] - forward if self._backward else forward
