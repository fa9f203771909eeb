"""The search for a place in the merged order: exact enough, and in few rounds however skewed."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.fetch.nomad.offsets import CLOSE, Search
from gateway.fetch.nomad.pivots import Pivot
from gateway.model import Order, Position
from gateway.order import comparison
from tests.whole.listed import ALL, Column, ListedSession, sort_key

Sessions = Mapping[str, ListedSession]
Values = Callable[[np.random.Generator, int, int], Column]
"""Randomness, the site's number and how many -> values of one column."""


@cache
def sessions_of(
    sizes: tuple[int, ...], values: Values, seed: int = 7, *, copies: bool = False
) -> Sessions:
    """Sites a, b, c .. with so many entries each; `copies`: under the same ids."""
    random = np.random.default_rng(seed)
    found = {}
    for number, size in enumerate(sizes):
        own = "" if copies else str(number)
        ids = np.array([f"{i:08x}"[::-1] + own for i in random.permutation(size)], dtype=str)
        columns = {name: values(random, number, size).astype(float) for name in ("n", "m")}
        found["abcdef"[number]] = ListedSession("abcdef"[number], ids, columns)
    return found


def search_of(sessions: Sessions, order: Order, *, backward: bool) -> Search:
    totals = {name: len(session.entry_ids) for name, session in sessions.items()}
    queries = dict.fromkeys(sessions, ALL)
    return Search(sessions, queries, totals, order=order, backward=backward)  # type: ignore[arg-type]


def rank_of(sessions: Sessions, order: Order, position: Position, *, backward: bool) -> int:
    """How many entries a walk meets up to a position, itself included, one by one."""
    compare = comparison(order, backward=backward)
    return sum(compare(one, position) <= 0 for one in positions(sessions, order))


def positions(sessions: Sessions, order: Order) -> list[Position]:
    found = []
    for name, session in sessions.items():
        for row, entry_id in enumerate(session.entry_ids):
            values: list[int | str | None] = []
            for key in order.keys:
                if key.quantity == "entry_id":
                    values.append(f"{name}~{entry_id}" if key.name == "id" else str(entry_id))
                else:
                    value = session.columns[key.quantity][row]
                    values.append(None if np.isnan(value) else int(value))
            found.append(Position(tuple(values), str(entry_id), name))
    return found


def even(random: np.random.Generator, number: int, size: int) -> Column:
    return random.integers(0, 1_000_000, size)


def disjoint(random: np.random.Generator, number: int, size: int) -> Column:
    return random.integers(1, 1000, size) + 1000 * number


def equal(random: np.random.Generator, number: int, size: int) -> Column:
    return np.full(size, 3)


def unknown(random: np.random.Generator, number: int, size: int) -> Column:
    return np.where(random.random(size) < 0.8, np.nan, random.integers(0, 50, size))


def few(random: np.random.Generator, number: int, size: int) -> Column:
    return random.integers(0, 4, size)


def steep(random: np.random.Generator, number: int, size: int) -> Column:
    return np.floor(np.exp(random.random(size) * 12 * (number + 1)))


KEYS = {
    "entry_id": (),
    "n": (sort_key("n"),),
    "-n": (sort_key("n", descending=True),),
    "n,-m": (sort_key("n"), sort_key("m", descending=True)),
    "-n,id": (sort_key("n", descending=True), sort_key("id")),
    "-id": (sort_key("id", descending=True),),
    "immutable_id,-n": (sort_key("immutable_id"), sort_key("n", descending=True)),
    "m,-immutable_id,n": (
        sort_key("m"), sort_key("immutable_id", descending=True), sort_key("n", descending=True),
    ),
}  # fmt: skip
SHAPES = (even, disjoint, equal, unknown, few, steep)
ROUNDS = 11


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("values", SHAPES)
async def test_rounds_are_few_in_large_sites(values: Values, keys: str, backward: bool) -> None:
    """100,000 entries at three sites, whatever their values: at most eleven rounds of counting."""
    sessions, order = sessions_of((60_000, 39_000, 1_000), values), Order(KEYS[keys])
    for rank in (20_000, 50_000, 77_777):
        for session in sessions.values():
            session.counts = 0
        mark = await search_of(sessions, order, backward=backward).near(rank)
        assert 0 <= rank - mark.rank <= CLOSE
        assert max(session.counts for session in sessions.values()) <= ROUNDS


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 1500), min_size=1, max_size=4),
    values=st.sampled_from(SHAPES),
    keys=st.sampled_from(sorted(KEYS)),
    backward=st.booleans(),
    share=st.floats(0, 1),
    copies=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_mark_is_close_and_counted_right(
    sizes: list[int],
    values: Values,
    keys: str,
    backward: bool,
    share: float,
    copies: bool,
    seed: int,
) -> None:
    """The mark lies at the place or at most CLOSE before it, and its rank is what a walk counts."""
    sessions = sessions_of(tuple(sizes), values, seed, copies=copies)
    order = Order(KEYS[keys])
    rank = int(share * sum(sizes))
    mark: Pivot = asyncio.run(search_of(sessions, order, backward=backward).near(rank))
    assert 0 <= rank - mark.rank <= CLOSE
    if mark.position is not None:
        assert rank_of(sessions, order, mark.position, backward=backward) == mark.rank


async def test_small_places_cost_nothing() -> None:
    """Up to CLOSE entries are walked: no site is asked."""
    sessions = sessions_of((1000, 1001), even)
    mark = await search_of(sessions, Order(()), backward=False).near(CLOSE)
    assert mark == Pivot(None, {"a": 0, "b": 0})
    assert sum(session.asked for session in sessions.values()) == 0


@pytest.mark.parametrize("keys", ["entry_id", "n", "n,-m"])
async def test_search_that_finds_nothing_ends(keys: str) -> None:
    """Entries that are counted but cannot be had, as when a site is loaded anew, end the search."""
    sessions = sessions_of((1002, 1003), even)
    search = search_of(sessions, Order(KEYS[keys]), backward=False)
    for session in sessions.values():
        session.hides = True
    with pytest.raises(TimeoutError):
        await search.near(900)
