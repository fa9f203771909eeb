"""Work in slices: the same result as in one piece, and the event loop gets its turns."""

import asyncio
import random
from functools import cmp_to_key

import pytest

from gateway.merge import order_of
from gateway.model import Hit
from gateway.order import comparison
from gateway.properties import references_catalogue
from gateway.references import Reference
from gateway.search.references import joined, slices
from gateway.search.references.joined import JoinedCache, Source, in_order, join_references
from gateway.search.references.slices import SLICE, are_same, sort_in_slices
from gateway.shape.references import Cited

CATALOGUE = references_catalogue("fed")


def make_cited(site: str, numbers: range) -> tuple[Cited, ...]:
    return tuple(Cited(Reference("ref", f"r{n}"), structures=1, sites=(site,)) for n in numbers)


@pytest.mark.parametrize("size", [0, 1, SLICE, 5 * SLICE, 5 * SLICE + 1, 31 * SLICE])
@pytest.mark.parametrize("descending", [False, True])
async def test_sort(size: int, descending: bool) -> None:
    """Sorting in slices is `sorted`, with equal items in the sequence in which they came."""
    items = [(random.Random(n).randrange(50), n) for n in range(size)]
    found = await sort_in_slices(items, key=lambda one: one[0], descending=descending)
    assert found == sorted(items, key=lambda one: one[0], reverse=descending)


@pytest.mark.parametrize(
    "sort",
    [(), (("id", True),), (("doi", False),), (("doi", True), ("note", False)),
     (("note", False), ("id", True))],
)  # fmt: skip
async def test_in_order(sort: tuple[tuple[str, bool], ...]) -> None:
    """The order is the total order of all listings, unknown values last."""
    order, chance = order_of(sort, CATALOGUE), random.Random(7)
    hits = []
    for n in range(300):
        id_ = f"ref.{n:03}"
        values = (
            id_ if key.name == "id" else chance.choice((None, "x", "y", "z")) for key in order.keys
        )
        hits.append(Hit("", id_, tuple(values)))
    chance.shuffle(hits)
    position = cmp_to_key(comparison(order))
    assert await in_order(hits, order) == sorted(hits, key=lambda hit: position(hit.position))


async def test_are_same() -> None:
    """Long sequences are equal if all their slices are."""
    one = make_cited("a", range(2 * SLICE + 3))
    assert await are_same(one, make_cited("a", range(2 * SLICE + 3)))
    assert not await are_same(one, one[:-1])
    assert not await are_same(one, (*one[:-1], one[0]))


async def test_other_requests_get_their_turns() -> None:
    """Joining, ordering and counting many references gives way to the event loop all the time."""
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    size = 20 * SLICE
    found = await join_references([Source("a", make_cited("a", range(size)))])
    assert turns >= 2 * size / SLICE
    turns = 0
    result = await found.matching(None, None, order=order_of((), CATALOGUE), prefix="fed")
    assert turns >= 2 * size / SLICE
    assert len(result.holdings.hits) == result.counts["a"] == size
    counting.cancel()


async def test_join_is_used_again() -> None:
    """The same tables are joined once; another table, or a site that went missing, joins anew."""
    cache, a, b = JoinedCache(), make_cited("a", range(3)), make_cited("b", range(2, 5))
    first = await cache.join((Source("a", a), Source("b", b)))
    assert await cache.join((Source("a", a), Source("b", b))) is first
    assert first.available == len(first.cited) == 5
    other = await cache.join((Source("a", make_cited("a", range(3))), Source("b", b)))
    missing = await cache.join((Source("a", a), Source("b", b, is_missing=True)))
    assert other is not first
    assert missing is not first
    assert (len(missing.cited), missing.available) == (3, 5)
    assert await cache.join((Source("a", a), Source("b", b))) is first


async def test_cached_lists_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest list leaves first; one that is larger than the bound is not cached at all."""
    monkeypatch.setattr(joined, "MOST_CACHED", 5)
    cache = JoinedCache()
    sources = [(Source(name, make_cited(name, range(3))),) for name in "ab"]
    first, _ = [await cache.join(one) for one in sources]
    assert await cache.join(sources[0]) is not first
    large = (Source("c", make_cited("c", range(slices.SLICE))),)
    assert await cache.join(large) is not await cache.join(large)
