"""An entry with about a wanted rank in the merged order, between two pivots.

Where a native order is the total order, each site is asked for the entry at its part of the way.
Elsewhere a sample tells: neighbours by entry_id, a hash, are as good as drawn by lot. Where many in
the sample have equal values, entry_id decides among them, and they are asked for by themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TypeAlias

from gateway.fetch.http.gather import gather_sites
from gateway.fetch.nomad.positions import equal, preceding, read_hit
from gateway.fetch.nomad.session import MAX_OFFSET, SiteSession, both
from gateway.model import NativeQuery, Order, Position
from gateway.order import comparison

SAMPLE = 100
"""Entries of all sites together in a sample: its quantiles are true to some percent."""

DOING = "find the place of an offset"

MANY = 10
"""So many of a sample with equal values are asked for by themselves."""

NEVER: NativeQuery = {"not": {"quantities": "metadata.optimade"}}
"""Holds for no structure."""

_Weighted: TypeAlias = Sequence[tuple[Position, float]]
"""Positions, and how many entries each stands for."""


@dataclass(frozen=True, slots=True)
class Pivot:
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
class RankRange:
    """What the walk meets after `low` and up to `high`; the rank has `before` of it before it."""

    low: Pivot
    high: Pivot
    before: float

    @property
    def size(self) -> int:
        """How many entries of all sites there are."""
        return self.high.rank - self.low.rank

    @property
    def counts(self) -> dict[str, int]:
        """How many entries of each site there are."""
        return {site: count - self.low.counts[site] for site, count in self.high.counts.items()}


@dataclass(frozen=True, slots=True)
class _Native:
    """A native order; `turned`: what the walk meets first comes last in it."""

    order_by: str
    descending: bool
    turned: bool = False


class PivotFinder:
    """Finds entries between two pivots, by at most two requests to each site."""

    def __init__(
        self,
        sessions: Mapping[str, SiteSession],
        queries: Mapping[str, NativeQuery],
        *,
        order: Order,
        backward: bool,
    ) -> None:
        self._sessions = sessions
        self._queries = queries
        self._order = order
        self._backward = backward
        self._in_order = cmp_to_key(comparison(order, backward=backward))
        by_id = [key for key in order.keys if key.quantity == "entry_id"]
        self._values = order.keys.index(by_id[0]) if by_id else len(order.keys)
        """How many keys decide before entry_id does."""
        falling = by_id[0].descending if by_id else order.descending
        self._by_id = _Native("entry_id", falling != backward)
        self._site_first = bool(by_id) and by_id[0].name == "id"

    async def find(self, among: RankRange, *, aimed: bool) -> Position | None:
        """An entry of the range near the rank; not `aimed`: the other way. None: there is none.

        Raises SiteError.
        """
        native = self._native(among)
        if native is self._by_id:
            before = among.before if aimed else among.size / 2
            return await self._aim(among, native, among.counts, before)
        if native is not None and aimed:
            return await self._aim(among, native, among.counts, among.before)
        return await self._draw(among)

    def _native(self, among: RankRange) -> _Native | None:
        """The native order that is the total order between two pivots, if there is one."""
        low, high = among.low.position, among.high.position
        if not self._values or (low and high and self._tied(low, high)):
            return self._by_id
        keys = self._order.keys
        if self._values == 1 and len({key.descending for key in keys}) == 1:
            # Unknown values are last in both native directions: so they are in ours, forward.
            return _Native(keys[0].quantity, keys[0].descending, turned=self._backward)
        return None

    async def _aim(
        self,
        among: RankRange,
        native: _Native,
        counts: Mapping[str, int],
        before: float,
        *group: NativeQuery,
    ) -> Position | None:
        """The middle one of the sites' entries that have their part of `before` before them."""
        offsets = self._offsets(native, counts, before)
        pages = await gather_sites(
            {
                site: self._sample(site, among, native, *group, offset=offset, size=1)
                for site, offset in offsets.items()
            },
            doing=DOING,
        )
        found = [(one, float(counts[site])) for site, page in pages.items() for one in page]
        return self._quantile(found, sum(weight for _, weight in found) / 2)

    def _offsets(self, native: _Native, counts: Mapping[str, int], before: float) -> dict[str, int]:
        share = before / max(1, sum(counts.values()))
        offsets = {site: int(share * count) for site, count in counts.items() if count > 0}
        if native is self._by_id and self._site_first:
            offsets = _offset_by_site(counts, before, descending=native.descending)
        kept = {site: max(0, min(offset, counts[site] - 1)) for site, offset in offsets.items()}
        if native.turned:
            return {site: counts[site] - 1 - offset for site, offset in kept.items()}
        return kept

    async def _draw(self, among: RankRange) -> Position | None:
        """The entry of a sample that has the part `before` of its weight before it."""
        drawn = await self._sampled(among)
        position = self._quantile(drawn, among.before)
        if position is None:
            return None
        tied = sum(self._tied(one, position) for one, _ in drawn)
        better = await self._draw_tied(among, drawn, position) if tied >= MANY else None
        return better or position

    async def _sampled(self, among: RankRange) -> _Weighted:
        counts = among.counts
        sizes = {site: 1 + SAMPLE * count // among.size for site, count in counts.items() if count}
        pages = await gather_sites(
            {
                site: self._sample(
                    site, among, self._by_id, offset=max(0, counts[site] - size) // 2, size=size
                )
                for site, size in sizes.items()
            },
            doing=DOING,
        )
        return [(one, counts[site] / len(page)) for site, page in pages.items() for one in page]

    async def _draw_tied(
        self, among: RankRange, drawn: _Weighted, found: Position
    ) -> Position | None:
        """The same among the entries that have the values of the one found."""
        pairs = zip(self._order.keys, found.values[: self._values], strict=False)
        group = [equal(key, value) for key, value in pairs]
        counts = await gather_sites(
            {
                site: self._sessions[site].count(self._query(site, among, *group))
                for site in among.counts
            },
            doing=DOING,
        )
        ahead: float
        if among.low.position is not None and self._tied(among.low.position, found):
            ahead = 0
        elif among.high.position is not None and self._tied(among.high.position, found):
            ahead = among.size - sum(counts.values())
        else:
            first = self._in_order(found)
            before = [pair for pair in drawn if self._in_order(pair[0]) < first]
            ahead = sum(weight for one, weight in before if not self._tied(one, found))
        return await self._aim(among, self._by_id, counts, among.before - ahead, *group)

    async def _sample(
        self,
        site: str,
        among: RankRange,
        native: _Native,
        *group: NativeQuery,
        offset: int,
        size: int,
    ) -> list[Position]:
        page = await self._sessions[site].page(
            self._query(site, among, *group),
            order_by=native.order_by,
            descending=native.descending,
            size=size,
            offset=min(offset, MAX_OFFSET + 1 - size),
            fields=[key.quantity for key in self._order.keys],
        )
        return [read_hit(one, order=self._order, site=site).position for one in page.documents]

    def _query(self, site: str, among: RankRange, *group: NativeQuery) -> NativeQuery:
        return both(self._queries[site], *self._bounds(site, among), *group)

    def _bounds(self, site: str, among: RankRange) -> Iterable[NativeQuery]:
        """What holds between two pivots; walked backward, the low one is the later in the order."""
        low, high = among.low.position, among.high.position
        first, last = (high, low) if self._backward else (low, high)
        if first is not None:
            yield from _conditions(preceding(self._order, first, site=site), negated=True)
        if last is not None:
            upto = preceding(self._order, last, site=site, itself=False)
            yield from _conditions(upto, negated=False)

    def _tied(self, one: Position, other: Position) -> bool:
        """Whether entry_id, or what comes after it, decides between the two."""
        return one.values[: self._values] == other.values[: self._values]

    def _quantile(self, drawn: _Weighted, before: float) -> Position | None:
        """The position that has so much weight before it."""
        ordered = sorted(drawn, key=lambda pair: self._in_order(pair[0]))
        passed = 0.0
        for position, weight in ordered:
            passed += weight
            if passed >= before:
                return position
        return ordered[-1][0] if ordered else None


def _offset_by_site(
    counts: Mapping[str, int], before: float, *, descending: bool
) -> dict[str, int]:
    """Where a rank lies if all entries of one site come before all of the next."""
    held = {site: count for site, count in counts.items() if count > 0}
    offset_of: dict[str, int] = {}
    for site in sorted(held, key=lambda name: f"{name}~", reverse=descending):
        offset_of = {site: int(before)}
        if before < held[site]:
            break
        before -= held[site]
    return offset_of


def _conditions(upto: NativeQuery | bool, *, negated: bool) -> Iterable[NativeQuery]:
    if isinstance(upto, bool):
        if upto == negated:
            yield NEVER
    else:
        yield {"not": upto} if negated else upto
