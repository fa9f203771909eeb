"""A window of one site's entries in the total order, at a bounded number of native requests.

NOMAD orders by one key. For several, a window is taken by the first; groups of equal values wholly
inside it are ordered here, and only the group that straddles its end is asked for again, ordered by
the next key: at most n(n+1)/2 requests for n keys (twice that where unknown values come first),
mostly one or two.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cmp_to_key
from itertools import pairwise
from operator import gt, lt

from gateway.errors import SiteError
from gateway.fetch.nomad.positions import (
    Cut,
    Edge,
    after_id,
    after_value,
    can_tie,
    cut_at,
    equal,
    read_hit,
)
from gateway.fetch.nomad.session import SiteSession, both
from gateway.model import Ask, Hit, NativeQuery, Order, Position, SiteHits, SortKey, SortValue
from gateway.order import Comparison, comparison, is_after, is_same

_END = Edge("last")


async def read_window(session: SiteSession, ask: Ask) -> SiteHits:
    """The hits that `ask` wants of one site, surely after its position and in its order.

    Raises SiteError.
    """
    window = _Window(session, ask)
    cut, spare = None, 1
    if ask.after is not None:
        cut = cut_at(ask.after, order=ask.order, site=session.name, backward=ask.backward)
        if can_tie(ask.order, ask.after, site=session.name):
            cut, spare = Cut(cut.values, Edge("at", ask.after.entry_id)), 2
    hits = await window.read(ask.query, ask.order.keys, cut, ask.limit + spare)
    if spare > 1:
        hits = [hit for hit in hits if not _is_served_copy(hit, ask)]
    if not is_in_order(hits, ask):
        raise _disorder(session.name)
    total = window.total if window.total is not None else await session.count(ask.query)
    kept = tuple(hits[: ask.limit])
    return SiteHits(session.name, kept, len(hits) > ask.limit, total, session.state)


class _Window:
    """One ask at one site; `total` is known once the ask's own query was sent as it is."""

    def __init__(self, session: SiteSession, ask: Ask) -> None:
        self._session = session
        self._ask = ask
        self._fields = dict.fromkeys((*ask.fields, *(key.quantity for key in ask.order.keys)))
        compare = comparison(ask.order, backward=ask.backward)
        self._in_order = cmp_to_key(compare)
        self.total: int | None = None

    async def read(
        self, query: NativeQuery, keys: Sequence[SortKey], cut: Cut | None, limit: int
    ) -> list[Hit]:
        """Up to `limit` hits of `query` after `cut`; in all of them the keys before are equal."""
        if limit <= 0:
            return []
        if not keys or keys[0].quantity == "entry_id":
            falling = keys[0].descending if keys else self._ask.order.descending
            return await self._by_id(query, cut.edge if cut else None, limit, falling=falling)
        if len(keys) == 1:
            return await self._by_key(query, keys[0], cut, limit)
        return await self._by_keys(query, keys, cut, limit)

    async def _by_id(
        self, query: NativeQuery, edge: Edge | None, limit: int, *, falling: bool
    ) -> list[Hit]:
        if edge is not None and edge.kind == "last":
            return []
        falling = falling != self._ask.backward
        after = after_id(edge, descending=falling)
        return await self._native(query, None, falling=falling, after=after, limit=limit)

    async def _by_key(
        self, query: NativeQuery, key: SortKey, cut: Cut | None, limit: int
    ) -> list[Hit]:
        """In the order of one key; unknown values come last, or first when walking backward."""
        at_unknown = cut is not None and cut.values[0] is None
        if not self._ask.backward:
            if at_unknown:
                return await self._unknown(query, key, cut, limit)
            return await self._known(query, key, cut, limit)
        if key.known is None:
            return await self._known(query, key, cut, limit)
        hits: list[Hit] = []
        if cut is None or at_unknown:
            hits = await self._unknown(query, key, cut, limit)
        if len(hits) < limit:
            start = None if at_unknown else cut
            hits += await self._known(both(query, key.known), key, start, limit - len(hits))
        return hits

    async def _known(
        self, query: NativeQuery, key: SortKey, cut: Cut | None, limit: int
    ) -> list[Hit]:
        """NOMAD puts entries without a value last, in either direction; so does a forward walk."""
        falling = key.descending != self._ask.backward
        after = None
        if cut is not None:
            after = after_value(cut.values[0], cut.edge, descending=falling)
        return await self._native(query, key, falling=falling, after=after, limit=limit)

    async def _unknown(
        self, query: NativeQuery, key: SortKey, cut: Cut | None, limit: int
    ) -> list[Hit]:
        """NOMAD's own position after a missing keyword leads back to itself; entry_id does not."""
        if key.known is None:
            return []
        return await self._by_id(
            both(query, equal(key, None)), cut.edge if cut else None, limit, falling=key.descending
        )

    async def _by_keys(
        self, query: NativeQuery, keys: Sequence[SortKey], cut: Cut | None, limit: int
    ) -> list[Hit]:
        key, rest = keys[0], keys[1:]
        hits: list[Hit] = []
        if cut is not None and cut.values:
            group = both(query, equal(key, cut.values[0]))
            hits = await self.read(group, rest, Cut(cut.values[1:], cut.edge), limit)
            cut = Cut(cut.values[:1], _END)
        missing = limit - len(hits)
        found = [] if missing <= 0 else await self._by_key(query, key, cut, missing + 1)
        if len(found) <= missing:
            return hits + self._sorted(found)
        straddling = self._value(found[-1], key)
        whole = [hit for hit in found if not is_same(self._value(hit, key), straddling)]
        hits += self._sorted(whole)
        if len(hits) >= limit:
            return hits[:limit]
        group = both(query, equal(key, straddling))
        return hits + await self.read(group, rest, None, limit - len(hits))

    async def _native(
        self,
        query: NativeQuery,
        key: SortKey | None,
        *,
        falling: bool,
        after: str | None,
        limit: int,
    ) -> list[Hit]:
        """Hits as NOMAD orders them: by one key or by entry_id."""
        page = await self._session.page(
            query,
            order_by=key.quantity if key else "entry_id",
            descending=falling,
            size=limit,
            after=after,
            fields=self._fields,
        )
        if query is self._ask.query:
            self.total = page.total
        order, site = self._ask.order, self._session.name
        hits = [read_hit(document, order=order, site=site) for document in page.documents]
        values = [(self._value(hit, key),) if key else () for hit in hits]
        positions = [Position(v, hit.entry_id, site) for v, hit in zip(values, hits, strict=True)]
        if not _ascend(positions, _native_order(key, falling)):
            raise _disorder(site)
        return hits

    def _sorted(self, hits: list[Hit]) -> list[Hit]:
        return sorted(hits, key=lambda hit: self._in_order(hit.position))

    def _value(self, hit: Hit, key: SortKey) -> SortValue:
        return hit.values[self._ask.order.keys.index(key)]


def _is_served_copy(hit: Hit, ask: Ask) -> bool:
    """Whether a copy of the entry at the ask's position comes before it by its own values."""
    copies = ask.after is not None and hit.entry_id == ask.after.entry_id
    return copies and not is_after(ask.order, hit.position, ask.after, backward=ask.backward)


def is_in_order(hits: Sequence[Hit], ask: Ask) -> bool:
    """Whether hits come after the ask's position and in its order."""
    if not ask.order.keys:  # the default order, which most requests have, in C
        ids = [(hit.entry_id, hit.site) for hit in hits]
        if ask.after is not None:
            ids.insert(0, (ask.after.entry_id, ask.after.site))
        return all(map(gt if ask.backward else lt, ids, ids[1:]))
    positions = [hit.position for hit in hits]
    if ask.after is not None:
        positions.insert(0, ask.after)
    return _ascend(positions, comparison(ask.order, backward=ask.backward))


def _ascend(positions: Sequence[Position], compare: Comparison) -> bool:
    return all(compare(a, b) < 0 for a, b in pairwise(positions))


def _native_order(key: SortKey | None, falling: bool) -> Comparison:
    """How NOMAD orders: by one key, unknown last, ties by entry_id in the key's direction."""
    if key is None:
        return comparison(Order(), backward=falling)
    return comparison(Order((replace(key, descending=falling),)))


def _disorder(site: str) -> SiteError:
    happened = "the answer is not in the order asked"
    return SiteError(site, doing="read page of entries", happened=happened)
