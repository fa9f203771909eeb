"""A window of one site equals a slice of one sort, at a bounded number of native requests."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SiteError
from gateway.fetch.nomad.key_pages import read_window
from gateway.merge import order_of
from gateway.model import Ask, Order, Position, SiteHits
from gateway.order import is_after
from gateway.properties import STRUCTURE, structures_catalogue
from tests.whole.expected import Known, sorted_entries
from tests.whole.lines import Asked
from tests.whole.oases import (
    VOLUME,
    DemoLine,
    awkward_lines,
    known_entries,
    make_line,
    opened_session,
)

CATALOGUE = structures_catalogue("fed")
NAMES = ("nelements", "nsites", "nperiodic_dimensions", "chemical_formula_hill",
         "chemical_formula_descriptive", "last_modified", "id", "immutable_id", VOLUME)  # fmt: skip
LINES = awkward_lines(5, {"berlin": 35, "munich": 35})
ENTRIES = known_entries(LINES)
OWN = [one for one in ENTRIES if one.site == "berlin"]

Sort = list[tuple[str, bool]]


def position_of(one: Known, order: Order) -> Position:
    values = tuple(one[key.name] for key in order.keys)
    return Position(values, one.entry_id, one.site)


async def window_of(ask: Ask, lines: Sequence[DemoLine]) -> tuple[SiteHits, list[Asked]]:
    async with opened_session("berlin", lines) as (session, wire):
        return await read_window(session, ask), wire.asked


@settings(max_examples=100, deadline=None)
@given(
    sort=st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=4),
    at=st.none() | st.integers(0, len(ENTRIES) - 1),
    backward=st.booleans(),
    limit=st.integers(1, 40),
)
def test_window_is_a_slice_of_the_sort(
    sort: Sort, at: int | None, backward: bool, limit: int
) -> None:
    """Behind any entry of any site, in any order and direction: the right hits, whether more
    follow, the exact total; at most n(n+1)/2 pages for n keys, one more for each way into unknown
    values, and one count."""
    order = order_of(sort, CATALOGUE)
    after = None if at is None else position_of(ENTRIES[at], order)
    ask = Ask(STRUCTURE, order, limit, after=after, backward=backward)
    answer, asked = asyncio.run(window_of(ask, LINES["berlin"]))

    whole = [position_of(one, order) for one in sorted_entries(OWN, tuple(unique(sort)))]
    whole = whole[::-1] if backward else whole
    behind = [one for one in whole if is_after(order, one, after, backward=backward)]
    assert [hit.position for hit in answer.hits] == behind[:limit]
    assert answer.more is (len(behind) > limit)
    assert answer.total == len(OWN)
    keys = max(1, len(order.keys))
    assert sum(not one.is_count for one in asked) <= keys * (keys + 1)
    assert sum(one.is_count for one in asked) <= 1


def unique(sort: Sort) -> Sort:
    """As the order drops what cannot matter."""
    kept: Sort = []
    for name, falling in sort:
        if name not in dict(kept):
            kept.append((name, falling))
    names = [name for name, _ in kept]
    return kept[: names.index("id") + 1] if "id" in names else kept


@pytest.mark.parametrize(
    ("sort", "after", "pages"),
    [
        ([], None, 1),
        ([], 20, 1),
        ([("nelements", True)], None, 1),
        ([("nelements", True)], 20, 1),
        ([("immutable_id", False)], 20, 1),
        ([("nelements", False), ("nsites", False)], None, 2),
        ([("nelements", False), ("nsites", True), ("chemical_formula_hill", False)], None, 3),
    ],
)
async def test_everyday_windows_are_cheap(sort: Sort, after: int | None, pages: int) -> None:
    """One request for one key at any depth; no count where a page tells the total."""
    order = order_of(sort, CATALOGUE)
    at = None if after is None else position_of(sorted_entries(OWN, tuple(sort))[after], order)
    _, asked = await window_of(Ask(STRUCTURE, order, 5, after=at), LINES["berlin"])
    assert len(asked) <= pages


Change = Callable[[Any], Any]


def moved(result: Any) -> Any:
    result["data"].insert(0, result["data"].pop())
    return result


def doubled(result: Any) -> Any:
    result["data"][1] = result["data"][0]
    return result


def renamed(entry_id: str) -> Change:
    def change(result: Any) -> Any:
        result["data"][0]["entry_id"] = entry_id
        return result

    return change


def valued(value: Any) -> Change:
    def change(result: Any) -> Any:
        result["data"][0].setdefault("optimade", {})["nsites"] = value
        return result

    return change


def emptied(result: Any) -> Any:
    return {}


def shortened(result: Any) -> Any:
    result["data"].pop()
    return result


@pytest.mark.parametrize(
    ("change", "happened"),
    [
        (moved, "not in the order asked"),
        (doubled, "twice"),
        (renamed("a"), "not in the order asked"),
        (renamed("M~1"), "without a proper entry_id"),
        (renamed(""), "without a proper entry_id"),
        (valued("5"), "no optimade.nsites of type integer"),
        (valued(5000), "not in the order asked"),
        (valued(None), "not in the order asked"),
        (emptied, "no list of entries"),
        (shortened, "entries came of a total of"),
    ],
)
@pytest.mark.parametrize("sort", [[("nsites", False)], [("nsites", False), ("nelements", False)]])
async def test_hostile_site_fails_and_nothing_else(
    change: Change, happened: str, sort: Sort
) -> None:
    """A site that answers with nonsense is told of; its entries never come in a wrong order."""
    lines = [make_line(f"{i:02}", nsites=i // 2, nelements=i % 3) for i in range(20)]
    ask = Ask(STRUCTURE, order_of(sort, CATALOGUE), 10)
    async with opened_session("berlin", lines) as (session, wire):
        assert len((await read_window(session, ask)).hits) == 10
        wire.change = lambda asked, result: change(result)
        with pytest.raises(SiteError, match=happened):
            await read_window(session, ask)


@pytest.mark.parametrize(
    "sort", [[], [("nsites", False)], [("nsites", True), ("nelements", False)], [("id", True)]]
)
async def test_hits_before_the_position_are_a_failure(sort: Sort) -> None:
    """A site that begins anew instead of going on does not make entries come twice."""
    lines = [make_line(f"{i:02}", nsites=i // 2) for i in range(20)]
    order = order_of(sort, CATALOGUE)
    ask = Ask(STRUCTURE, order, 4)

    def begin_anew(asked: Asked) -> None:
        asked.body["pagination"].pop("page_after_value", None)

    async with opened_session("berlin", lines) as (session, wire):
        first = await read_window(session, ask)
        wire.rewrite = begin_anew
        again = Ask(STRUCTURE, order, 4, after=first.hits[-1].position)
        with pytest.raises(SiteError, match="not in the order asked"):
            await read_window(session, again)
