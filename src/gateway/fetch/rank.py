"""Which entry stands at a given place of the merged order, without walking there.

Counting what precedes a position is one cheap request per site. Positions to try are sampled from
the sites (an entry at a native offset, about where the place should lie); bounds close in on it
from both sides until the rest can be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cmp_to_key

from gateway.fetch.fanout import gather
from gateway.fetch.keys import preceding, read_hit
from gateway.fetch.session import MAX_PAGE, SiteSession, both
from gateway.model import NativeQuery, Order, Position
from gateway.order import comparison

CLOSE = 150
"""A place this near is read by walking: cheaper than another round of counting."""

ROUNDS = 60

NEVER: NativeQuery = {"not": {"quantities": "metadata.optimade"}}
"""Holds for no structure."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A position and how many entries of each site the walk meets up to it, itself included.

    Without a position: the start, or the end, of the walk.
    """

    position: Position | None
    counts: Mapping[str, int]

    @property
    def rank(self) -> int:
        """How many entries of all sites the walk meets up to it."""
        return sum(self.counts.values())


class Search:
    """The search for one place in the order of what `queries` (by site) give."""

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
        compare = comparison(order, backward=backward)
        self._in_order = cmp_to_key(compare)

    async def near(self, rank: int) -> Mark:
        """The mark of an entry that the walk meets at, or at most CLOSE before, the place `rank`.

        Raises SiteError.
        """
        low, high = Mark(None, dict.fromkeys(self._totals, 0)), Mark(None, self._totals)
        share = None
        for _ in range(ROUNDS):
            gap = rank - low.rank
            if gap <= CLOSE:
                break
            mark = await self._try(low, high, share or (gap - CLOSE / 3) / (high.rank - low.rank))
            if mark is low:
                break
            # Where the guess was poor, halving the rest is sure to get on.
            left = min(rank - mark.rank, gap) if mark.rank <= rank else gap
            share = 0.5 if left > gap / 2 and share is None else None
            low, high = (mark, high) if mark.rank <= rank else (low, mark)
        return low

    async def _try(self, low: Mark, high: Mark, share: float) -> Mark:
        """The mark of an entry between two marks, with about `share` of those between before it."""
        between = {site: high.counts[site] - low.counts[site] for site in self._totals}
        sampled = await gather(
            {
                site: self._sample(site, low, high, min(int(share * count), count - 1))
                for site, count in between.items()
                if count > 0
            }
        )
        position = self._middle(
            (position, between[site]) for site, position in sampled.items() if position is not None
        )
        if position is None:
            return low
        counts = await gather({site: self._count(site, position) for site in self._totals})
        return Mark(position, counts)

    async def _sample(self, site: str, low: Mark, high: Mark, offset: int) -> Position | None:
        order_by, falling = "entry_id", self._order.descending
        if self._order.keys:
            order_by, falling = self._order.keys[0].quantity, self._order.keys[0].descending
        page = await self._sessions[site].page(
            both(self._queries[site], *self._bounds(site, low, high)),
            order_by=order_by,
            descending=falling != self._backward,
            size=1,
            offset=min(offset, MAX_PAGE - 1),
            fields=(key.quantity for key in self._order.keys),
        )
        for document in page.documents:
            return read_hit(document, order=self._order, site=site).position
        return None

    def _bounds(self, site: str, low: Mark, high: Mark) -> Iterable[NativeQuery]:
        """What holds between two marks; walked backward, the low one is the later in the order."""
        first, last = (high, low) if self._backward else (low, high)
        if first.position is not None:
            upto = preceding(self._order, first.position, site=site)
            yield from _conditions(upto, negated=True)
        if last.position is not None:
            upto = preceding(self._order, last.position, site=site)
            yield from _conditions(upto, negated=False)

    async def _count(self, site: str, position: Position) -> int:
        upto = preceding(self._order, position, site=site)
        if isinstance(upto, bool):
            forward = self._totals[site] if upto else 0
        else:
            forward = await self._sessions[site].count(both(self._queries[site], upto))
        if not self._backward:
            return forward
        return self._totals[site] - forward + (site == position.site)

    def _middle(self, samples: Iterable[tuple[Position, int]]) -> Position | None:
        """The weighted median of positions."""
        ordered = sorted(samples, key=lambda sample: self._in_order(sample[0]))
        half, passed = sum(weight for _, weight in ordered) / 2, 0
        for position, weight in ordered:
            passed += weight
            if passed >= half:
                return position
        return None


def _conditions(upto: NativeQuery | bool, *, negated: bool) -> Iterable[NativeQuery]:
    if isinstance(upto, bool):
        if upto == negated:
            yield NEVER
    else:
        yield {"not": upto} if negated else upto
