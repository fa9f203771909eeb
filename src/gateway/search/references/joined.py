"""Tables of all sites -> one list with each reference once, ordered and filtered.

Lists, orders and results are cached while the tables are the same objects, so that a further page
costs little. All work is done in slices, between which the event loop serves other requests.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from gateway.errors import FilterLimitError
from gateway.model import Hit, Order, SortValue
from gateway.plan.evaluate import Matcher
from gateway.references import Reference
from gateway.search.references.page import Holdings
from gateway.search.references.slices import SLICE, in_slices, sort_in_slices
from gateway.shape.references import Cited, joined

MOST_COMPARISONS = 2_000_000
"""What one filter may cost here: comparisons times references, about half a second."""
MOST_CACHED = 100_000
"""References in all cached lists together, about 0.7 kB each with orders and results."""
MOST_CHARACTERS = 32 * 2**20
"""Of the ids in all cached lists together."""
_LISTS, _ORDERS, _RESULTS = 8, 3, 16
"""Cached lists (one for each choice of sites), and of each list orders and results of filters."""

K = TypeVar("K")
V = TypeVar("V")


class Source(NamedTuple):
    """One site's part of a list."""

    site: str
    cited: tuple[Cited, ...] | None
    """None: its references are not known."""
    is_missing: bool = False
    """It did not answer; these are its last known ones, and only count."""


@dataclass(frozen=True, slots=True)
class Result:
    """The references that match a filter, in order."""

    holdings: Holdings
    counts: Mapping[str, int]
    """For each site that answered: how many of them it has."""
    last_known: Mapping[str, int | None]
    """For each missing site: how many references of it that no other site has match, as last
    known; None: never known."""


@dataclass(slots=True, eq=False)
class JoinedReferences:
    """Each reference of some sites once, with the orders and results that were asked for lately."""

    cited: Mapping[str, Cited]
    """By id: those of the sites that answered."""
    sites: Mapping[str, tuple[str, ...]]
    """By id: which of these sites have it."""
    unseen: Mapping[str, Sequence[Cited] | None]
    """For each missing site: its last known references that no other site has."""
    characters: int = 0
    """Of the ids."""
    _orders: "OrderedDict[Order, list[Hit]]" = field(default_factory=OrderedDict)
    _results: "OrderedDict[tuple[str | None, Order], Result]" = field(default_factory=OrderedDict)

    @property
    def available(self) -> int:
        """How many references there are, as far as known."""
        return len(self.cited) + sum(len(one or ()) for one in self.unseen.values())

    async def matching(
        self, filter_: str | None, matcher: Matcher | None, *, order: Order, prefix: str
    ) -> Result:
        """The references that match in this order; `matcher` is made from the filter, None: all.

        Raises FilterLimitError.
        """
        key = (filter_, order)
        if key not in self._results:
            hits = await self._ordered(order, prefix)
            if matcher is not None:
                hits = await self._filtered(hits, matcher, prefix)
            _remember(self._results, key, await self._result(hits, matcher, prefix), most=_RESULTS)
        self._results.move_to_end(key)
        return self._results[key]

    async def _ordered(self, order: Order, prefix: str) -> list[Hit]:
        if order not in self._orders:
            hits: list[Hit] = []
            async for slice_ in in_slices(self.cited.items()):
                hits += [Hit("", id_, _sorted_by(one, order, prefix)) for id_, one in slice_]
            _remember(self._orders, order, await in_order(hits, order), most=_ORDERS)
        self._orders.move_to_end(order)
        return self._orders[order]

    async def _filtered(self, hits: Sequence[Hit], matcher: Matcher, prefix: str) -> list[Hit]:
        cited, found = self.cited, list[Hit]()
        async for slice_ in in_slices(hits, _slice_for(matcher, len(hits))):
            found += [one for one in slice_ if matches(cited[one.entry_id], matcher, prefix)]
        return found

    async def _result(self, hits: Sequence[Hit], matcher: Matcher | None, prefix: str) -> Result:
        counts: Counter[str] = Counter()
        async for slice_ in in_slices(hits):
            for hit in slice_:
                counts.update(self.sites[hit.entry_id])
        last_known: dict[str, int | None] = {}
        for site, unseen in self.unseen.items():
            last_known[site] = None if unseen is None else await _count(unseen, matcher, prefix)
        return Result(Holdings(hits, self.sites, frozenset(counts)), counts, last_known)


async def _count(every: Sequence[Cited], matcher: Matcher | None, prefix: str) -> int:
    if matcher is None:
        return len(every)
    count = 0
    async for slice_ in in_slices(every, _slice_for(matcher, len(every))):
        count += sum(matches(one, matcher, prefix) for one in slice_)
    return count


def matches(cited: Cited, matcher: Matcher, prefix: str) -> bool:
    """Whether the filter holds for this reference; what is unknown does not hold."""
    return matcher.test(cited.values(prefix)) is True


def _slice_for(matcher: Matcher, count: int) -> int:
    """References between two turns of the event loop; FilterLimitError if there is too much to do.

    A reference costs about as much as ten comparisons before the first of them is made.
    """
    weight = matcher.weight + 1
    if weight * count > MOST_COMPARISONS:
        raise FilterLimitError(
            f"The filter has {weight} comparisons, too many for {count} references; at most "
            f"{MOST_COMPARISONS // count} are made here."
        )
    return max(1, 10 * SLICE // (10 + weight))


def _sorted_by(cited: Cited, order: Order, prefix: str) -> tuple[SortValue, ...]:
    if not order.keys:
        return ()
    values = cited.values(prefix)
    return tuple(_scalar(values.get(key.name)) for key in order.keys)


def _scalar(value: SortValue | tuple[str, ...]) -> SortValue:
    assert not isinstance(value, tuple)  # no list is sortable
    return value


def _remember(cache: OrderedDict[K, V], key: K, value: V, *, most: int) -> None:
    cache[key] = value
    if len(cache) > most:
        cache.popitem(last=False)


async def join_references(sources: Sequence[Source]) -> JoinedReferences:
    """Each reference of these sites once."""
    parts: dict[Reference, list[Cited]] = {}
    unseen: dict[str, Sequence[Cited] | None] = {}
    for source in sources:
        if not source.is_missing:
            async for slice_ in in_slices(source.cited or ()):
                for one in slice_:
                    parts.setdefault(one.reference, []).append(one)
    seen = set(parts)
    for source in sources:
        if source.is_missing:
            unseen[source.site] = await _take_new(source.cited, seen)
    cited: dict[str, Cited] = {}
    sites: dict[str, tuple[str, ...]] = {}
    characters = 0
    async for same in in_slices(parts.values()):
        by_id = {one.reference.id: one for one in map(joined, same)}
        cited |= by_id
        characters += sum(map(len, by_id))
        sites |= {id_: one.sites for id_, one in by_id.items()}
    return JoinedReferences(cited, sites, unseen, characters)


async def _take_new(every: Sequence[Cited] | None, seen: set[Reference]) -> list[Cited] | None:
    """Those that are not seen yet, which are seen from now on."""
    if every is None:
        return None
    new: list[Cited] = []
    async for slice_ in in_slices(every):
        new += [one for one in slice_ if one.reference not in seen]
    seen.update(one.reference for one in new)
    return new


class JoinedCache:
    """Lists that were joined lately, bounded in references; the oldest leave first."""

    def __init__(self) -> None:
        self._lists: list[tuple[Sequence[Source], JoinedReferences]] = []
        self._lock = asyncio.Lock()

    async def join(self, sources: Sequence[Source]) -> JoinedReferences:
        """The list of these sources; equal requests wait for one joining."""
        async with self._lock:
            found = next((one for one in self._lists if _are_same(one[0], sources)), None)
            if found is None:
                found = (sources, await join_references(sources))
            else:
                self._lists.remove(found)
            self._lists.append(found)
            self._shrink()
        return found[1]

    def _shrink(self) -> None:
        while len(self._lists) > _LISTS or self._are_too_many():
            del self._lists[0]

    def _are_too_many(self) -> bool:
        lists = [one for _, one in self._lists]
        return (
            sum(one.available for one in lists) > MOST_CACHED
            or sum(one.characters for one in lists) > MOST_CHARACTERS
        )


def _are_same(one: Sequence[Source], other: Sequence[Source]) -> bool:
    """Whether both are the very same tables of the same sites; equal ones would take long."""
    return len(one) == len(other) and all(
        a.site == b.site and a.cited is b.cited and a.is_missing == b.is_missing
        for a, b in zip(one, other, strict=True)
    )


async def in_order(hits: Sequence[Hit], order: Order) -> list[Hit]:
    """The hits in the total order; unknown values come last in both directions."""
    ordered = await sort_in_slices(hits, key=lambda hit: hit.entry_id, descending=order.descending)
    for at, key in reversed(list(enumerate(order.keys))):
        if key.name == "id" and at == len(order.keys) - 1:
            continue  # that is how they are ordered already
        unknown = [hit for hit in ordered if hit.values[at] is None]
        known = [hit for hit in ordered if hit.values[at] is not None]
        known = await sort_in_slices(known, key=_value_at(at), descending=key.descending)
        ordered = known + unknown
    return ordered


def _value_at(at: int) -> Callable[[Hit], Any]:
    return lambda hit: hit.values[at]
