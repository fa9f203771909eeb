"""Which entry stands at a given place of the merged order, without walking there.

Counting what precedes a position is one cheap request per site. Positions to try are sampled from
the sites; bounds close in on the place from both sides until the rest can be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TypeAlias

from gateway.fetch.fanout import gather
from gateway.fetch.keys import equal, preceding, read_hit
from gateway.fetch.session import MAX_OFFSET, SiteSession, both
from gateway.model import NativeQuery, Order, Position
from gateway.order import comparison

CLOSE = 150
"""A place this near is read by walking: cheaper than another round of counting."""

SAMPLE = 100
"""Entries of all sites together in a sample: their quantiles are true to some percent."""

MANY = 10
"""So many tied entries in a sample are asked for by themselves."""

ROUNDS = 30

_Weighted: TypeAlias = Sequence[tuple[Position, float]]
"""Positions, and how many entries each stands for."""

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


@dataclass(frozen=True, slots=True)
class _Range:
    """The entries behind `low` and before `high`; the walk meets `share` of them before the place."""

    low: Mark
    high: Mark
    share: float

    @property
    def size(self) -> int:
        return self.high.rank - self.low.rank

    def count(self, site: str) -> int:
        return self.high.counts[site] - self.low.counts[site]


@dataclass(frozen=True, slots=True)
class _Native:
    """A site's order that is also the total order of its entries; `turned`: from its end."""

    order_by: str
    descending: bool
    turned: bool = False


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
        self._in_order = cmp_to_key(comparison(order, backward=backward))
        falling = [key.descending for key in order.keys if key.quantity == "entry_id"]
        quantities = [key.quantity for key in order.keys]
        self._values = (*quantities, "entry_id").index("entry_id")
        self._by_id = _Native("entry_id", (falling or [order.descending])[0] != backward)

    async def near(self, rank: int) -> Mark:
        """The mark of an entry that the walk meets at, or at most CLOSE before, the place `rank`.

        Raises SiteError; TimeoutError when the place is not found in ROUNDS rounds.
        """
        low, high = Mark(None, dict.fromkeys(self._totals, 0)), Mark(None, self._totals)
        aimed = True
        for _ in range(ROUNDS):
            gap = rank - low.rank
            if gap <= CLOSE:
                return low
            size = high.rank - low.rank
            mark = await self._try(_Range(low, high, (gap - CLOSE / 3) / size), aimed=aimed)
            if mark is None:
                break
            low, high = (mark, high) if mark.rank <= rank else (low, mark)
            # Where the aim was poor, quantiles of a sample are sure to get on.
            aimed = not aimed or min(rank - low.rank, high.rank - low.rank) < gap / 4
        raise TimeoutError

    async def _try(self, among: _Range, *, aimed: bool) -> Mark | None:
        """The mark of an entry between two marks, about where the place should lie."""
        native = self._native(among)
        if native is not None and (aimed or native.order_by == "entry_id"):
            counts = {site: among.count(site) for site in self._totals}
            share = among.share if aimed else 0.5
            position = await self._aim(among, native, counts, share)
        else:
            position = await self._draw(among)
        if position is None:
            return None
        counted = await gather({site: self._count(site, position) for site in self._totals})
        return Mark(position, counted)

    def _native(self, among: _Range) -> _Native | None:
        """The native order that is the total order between two marks, if there is one."""
        low, high = among.low.position, among.high.position
        if not self._values or (low and high and self._tied(low, high)):
            return self._by_id
        keys = self._order.keys
        if self._values == 1 and len({key.descending for key in keys}) == 1:
            # Unknown values are last in both native directions: only forward they are so here.
            return _Native(keys[0].quantity, keys[0].descending, turned=self._backward)
        return None

    async def _aim(
        self,
        among: _Range,
        native: _Native,
        counts: Mapping[str, int],
        share: float,
        *group: NativeQuery,
    ) -> Position | None:
        """The middle one of the entries before which each site has `share` of its `counts`."""
        pages = await gather(
            {
                site: self._sample(
                    self._query(site, among, *group),
                    site,
                    native,
                    offset=_offset(share, count, native.turned),
                    size=1,
                )
                for site, count in counts.items()
                if count > 0
            }
        )
        return self._quantile([(one, counts[s]) for s, page in pages.items() for one in page], 0.5)

    async def _draw(self, among: _Range) -> Position | None:
        """The entry before which a sample has its share of the weight."""
        drawn = await self._drawn(among)
        position = self._quantile(drawn, among.share)
        if position is None:
            return None
        tied = [(one, weight) for one, weight in drawn if self._tied(one, position)]
        if len(tied) < MANY:
            return position
        return await self._draw_tied(among, drawn, tied) or position

    async def _drawn(self, among: _Range) -> _Weighted:
        """Some entries of each site, and how many each stands for.

        Neighbours by entry_id, a hash, are as good as drawn by lot but for their entry_id.
        """
        counts = {site: among.count(site) for site in self._totals if among.count(site) > 0}
        sizes = {site: 1 + SAMPLE * count // among.size for site, count in counts.items()}
        pages = await gather(
            {
                site: self._sample(
                    self._query(site, among),
                    site,
                    self._by_id,
                    offset=max(0, counts[site] - size) // 2,
                    size=size,
                )
                for site, size in sizes.items()
            }
        )
        return [(one, counts[site] / len(page)) for site, page in pages.items() for one in page]

    async def _draw_tied(
        self, among: _Range, drawn: _Weighted, tied: _Weighted
    ) -> Position | None:
        """The same where many have equal values, so that entry_id tells their order."""
        first = min(self._in_order(one) for one, _ in tied)
        before = _weight([pair for pair in drawn if self._in_order(pair[0]) < first])
        share = (among.share * _weight(drawn) - before) / _weight(tied)
        counts = {
            site: int(_weight([(one, weight) for one, weight in tied if one.site == site]))
            for site in self._totals
        }
        pairs = zip(self._order.keys[: self._values], tied[0][0].values, strict=False)
        group = (equal(key, value) for key, value in pairs)
        return await self._aim(among, self._by_id, counts, max(0.0, share), *group)

    async def _sample(
        self, query: NativeQuery, site: str, native: _Native, *, offset: int, size: int
    ) -> Sequence[Position]:
        page = await self._sessions[site].page(
            query,
            order_by=native.order_by,
            descending=native.descending,
            size=size,
            offset=min(offset, MAX_OFFSET + 1 - size),
            fields=[key.quantity for key in self._order.keys],
        )
        return [read_hit(one, order=self._order, site=site).position for one in page.documents]

    def _query(self, site: str, among: _Range, *group: NativeQuery) -> NativeQuery:
        return both(self._queries[site], *self._bounds(site, among), *group)

    def _tied(self, one: Position, other: Position) -> bool:
        """Whether entry_id, or what comes behind it, decides between the two."""
        return one.values[: self._values] == other.values[: self._values]

    def _bounds(self, site: str, among: _Range) -> Iterable[NativeQuery]:
        """What holds between two marks; walked backward, the low one is the later in the order."""
        low, high = among.low.position, among.high.position
        first, last = (high, low) if self._backward else (low, high)
        if first is not None:
            yield from _conditions(preceding(self._order, first, site=site), negated=True)
        if last is not None:
            upto = preceding(self._order, last, site=site, itself=False)
            yield from _conditions(upto, negated=False)

    async def _count(self, site: str, position: Position) -> int:
        upto = preceding(self._order, position, site=site, itself=not self._backward)
        if isinstance(upto, bool):
            forward = self._totals[site] if upto else 0
        else:
            forward = await self._sessions[site].count(both(self._queries[site], upto))
        return self._totals[site] - forward if self._backward else forward

    def _quantile(self, drawn: _Weighted, share: float) -> Position | None:
        """The position before which `share` of the weight lies."""
        ordered = sorted(drawn, key=lambda pair: self._in_order(pair[0]))
        wanted, passed = share * _weight(drawn), 0.0
        for position, weight in ordered:
            passed += weight
            if passed >= wanted:
                return position
        return ordered[-1][0] if ordered else None


def _weight(drawn: _Weighted) -> float:
    return sum(weight for _, weight in drawn)


def _offset(share: float, count: int, turned: bool) -> int:
    offset = min(int(share * count), count - 1)
    return count - 1 - offset if turned else offset


def _conditions(upto: NativeQuery | bool, *, negated: bool) -> Iterable[NativeQuery]:
    if isinstance(upto, bool):
        if upto == negated:
            yield NEVER
    else:
        yield {"not": upto} if negated else upto
