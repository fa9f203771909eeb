"""One site's page in one request is the page of two phases, or is not used."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.nomad.key_pages import read_window
from gateway.fetch.nomad.one_request import can_be_archived, read_archived
from gateway.merge import order_of
from gateway.model import Ask, JsonObject, Position
from gateway.properties import STRUCTURE, structures_catalogue
from tests.whole.lines import Asked
from tests.whole.oases import awkward_lines, make_line, opened_session

CATALOGUE = structures_catalogue("fed")
LINES = awkward_lines(11, {"berlin": 60})["berlin"]
WHOLE: JsonObject = {"metadata": {"entry_id": "*", "optimade": "*"}}
PART: JsonObject = {"metadata": {"entry_id": "*", "optimade": {"elements": "*"}}}

Sort = list[tuple[str, bool]]


def ask_of(sort: Sort, *, limit: int = 10, after: Position | None = None, **how: Any) -> Ask:
    return Ask(STRUCTURE, order_of(sort, CATALOGUE), limit, after=after, **how)


@pytest.mark.parametrize("required", [WHOLE, PART, {"metadata": {"entry_id": "*"}}])
@pytest.mark.parametrize(
    "sort",
    [
        [],
        [("id", False)],
        [("id", True)],
        [("immutable_id", True)],
        [("last_modified", True)],
        [("nsites", False)],
        [("chemical_formula_anonymous", True)],
    ],
    ids=str,
)
async def test_walk_is_that_of_windows(sort: Sort, required: dict[str, Any]) -> None:
    """Page by page the same hits, total and more as the index gives, with an archive each; only
    the last page, which might be a shortened one, is left to the two phases."""
    async with opened_session("berlin", LINES) as (session, _):
        after, pages = None, 0
        while True:
            ask = ask_of(sort, after=after)
            assert can_be_archived(ask, site="berlin")
            window = await read_window(session, ask)
            found = await read_archived(session, ask, required=required)
            if not window.more:
                break
            assert found is not None
            hits, entries = found
            assert hits.hits == window.hits
            assert (hits.more, hits.total) == (window.more, window.total)
            assert [one.entry_id for one in entries] == [hit.entry_id for hit in hits.hits]
            assert all(one.archive for one in entries)
            after, pages = hits.hits[-1].position, pages + 1
    assert pages == 5
    assert after is not None
    assert found is None


async def test_only_page_is_complete() -> None:
    """Where everything fits on the first page, one request is enough."""
    lines = [make_line("a"), make_line("b")]
    async with opened_session("berlin", lines) as (session, wire):
        found = await read_archived(session, ask_of([]), required=WHOLE)
        assert found is not None
        assert [hit.entry_id for hit in found[0].hits] == ["a", "b"]
        assert found[0].more is False
        assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("sort", "after", "backward"),
    [
        ([], None, True),
        ([("nsites", False), ("nelements", False)], None, False),
        ([("nperiodic_dimensions", False)], None, False),
        ([("_fed_upload_id", False)], None, False),
        ([("chemical_formula_hill", False)], Position((None,), "a", "berlin"), False),
        ([("id", False)], Position(("munich~a",), "a", "munich"), False),
        ([("id", True)], Position(("aachen~a",), "a", "aachen"), False),
    ],
)
def test_what_archives_cannot_order(sort: Sort, after: Position | None, backward: bool) -> None:
    """Backward, several keys, keys that archives lack, unknown values and places behind all of the
    site's entries need the index."""
    assert not can_be_archived(ask_of(sort, after=after, backward=backward), site="berlin")


async def test_unknown_sort_value_is_left_to_the_index() -> None:
    """An archive without the value may be one that the index orders by a value."""
    async with opened_session("berlin", LINES) as (session, _):
        hill: Sort = [("chemical_formula_hill", False)]
        assert await read_archived(session, ask_of(hill), required=WHOLE) is not None
        assert await read_archived(session, ask_of(hill, limit=59), required=WHOLE) is None


def broken(asked: Asked) -> httpx.Response | None:
    return httpx.Response(500, json={"detail": "boom"}) if asked.is_archive else None


def shortened(asked: Asked, answer: Any) -> Any:
    return {**answer, "data": answer["data"][1:]}


def without_metadata(asked: Asked, answer: Any) -> Any:
    answer["data"][3]["archive"] = {"metadata": {}}
    return answer


def not_a_section(asked: Asked, answer: Any) -> Any:
    answer["data"][3]["archive"] = ["metadata"]
    return answer


def without_key(asked: Asked, answer: Any) -> Any:
    del answer["data"][3]["archive"]["metadata"]["upload_create_time"]
    return answer


def with_another_key(asked: Asked, answer: Any) -> Any:
    answer["data"][3]["archive"]["metadata"]["upload_create_time"] = ["2021"]
    return answer


def out_of_order(asked: Asked, answer: Any) -> Any:
    return {**answer, "data": answer["data"][::-1]}


async def test_doubtful_pages_are_not_used() -> None:
    """A broken archive, a shortened page, an empty archive, another order than the index's: the
    two phases know what to do."""
    async with opened_session("berlin", LINES) as (session, wire):
        wire.fault = broken
        assert await read_archived(session, ask_of([]), required=WHOLE) is None
        wire.fault = None
        for change in (shortened, without_metadata, not_a_section, out_of_order):
            wire.change = change
            assert await read_archived(session, ask_of([]), required=WHOLE) is None
        for change in (without_key, with_another_key):
            wire.change = change
            ask = ask_of([("last_modified", False)])
            assert await read_archived(session, ask, required=WHOLE) is None


async def test_fields_of_the_index_come_along() -> None:
    """What archives do not hold is asked of the index at the same time, for the same entries."""
    async with opened_session("berlin", LINES) as (session, wire):
        found = await read_archived(session, ask_of([]), required=WHOLE, fields=("authors.name",))
        assert found is not None
        assert all(one.document["authors"] == [{"name": "Ada Example"}] for one in found[1])
        assert len(wire.asked) == 2
        wire.change = lambda asked, answer: answer if asked.is_archive else shifted(answer)
        ask = ask_of([])
        assert await read_archived(session, ask, required=WHOLE, fields=("authors.name",)) is None


def shifted(answer: Any) -> Any:
    answer["data"][0]["entry_id"] = "another"
    return answer


async def test_other_failures_are_the_sites() -> None:
    """A site that does not answer is not asked a second time in another way."""
    async with opened_session("berlin", LINES) as (session, wire):
        wire.fault = lambda asked: httpx.Response(503)
        with pytest.raises(SiteError, match="503"):
            await read_archived(session, ask_of([]), required=WHOLE)


async def test_a_page_that_is_too_large_is_not_used() -> None:
    """In portions it may be had."""
    async with opened_session("berlin", LINES) as (session, wire):
        wire.fault = lambda asked: httpx.Response(200, headers={"content-length": str(10**12)})
        assert await read_archived(session, ask_of([]), required=WHOLE) is None
        with pytest.raises(AnswerTooLargeError):
            await session.archives(STRUCTURE, required=WHOLE, size=2)


Change = Callable[[list[Any], int], None]
"""Does something to the entries of an answer, at a place."""


def drop(data: list[Any], at: int) -> None:
    del data[at]


def double(data: list[Any], at: int) -> None:
    data[at] = data[at - 1]


def swap(data: list[Any], at: int) -> None:
    data[at - 1], data[at] = data[at], data[at - 1]


def empty(data: list[Any], at: int) -> None:
    data[at]["archive"] = {"metadata": {}}


def forget(data: list[Any], at: int) -> None:
    data[at]["archive"]["metadata"].get("optimade", {}).clear()


def revalue(data: list[Any], at: int) -> None:
    data[at]["archive"]["metadata"]["optimade"] = {"nsites": 10**6, "chemical_formula_hill": "zz"}


def leave(data: list[Any], at: int) -> None:
    pass


CHANGES = (leave, drop, double, swap, empty, forget, revalue)
SORTS: tuple[Sort, ...] = (
    [],
    [("id", True)],
    [("immutable_id", False)],
    [("nsites", False)],
    [("nsites", True)],
    [("last_modified", False)],
    [("chemical_formula_hill", True)],
    [("chemical_formula_descriptive", False)],
)
SEEDS = [awkward_lines(seed, {"berlin": 30, "munich": 12}) for seed in range(4)]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, len(SEEDS) - 1),
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 40),
    start=st.none() | st.integers(0, 29),
    change=st.sampled_from(CHANGES),
    place=st.integers(0, 40),
)
def test_no_entry_is_lost_or_doubled(
    seed: int, sort: Sort, limit: int, start: int | None, change: Change, place: int
) -> None:
    """Over random entries, orders and places, whatever one site does to an answer: it is the page
    of the index, or it is left to the index, or the site has failed."""

    async def pages() -> tuple[Any, Any]:
        async with opened_session("berlin", SEEDS[seed]["berlin"]) as (session, wire):
            after = None
            if start is not None:
                whole = await read_window(session, ask_of(sort, limit=60))
                after = whole.hits[start % len(whole.hits)].position
            ask = ask_of(sort, limit=limit, after=after)
            if not can_be_archived(ask, site="berlin"):
                return None, None
            expected = await read_window(session, ask)

            def changed(asked: Asked, answer: Any) -> Any:
                if answer["data"]:
                    change(answer["data"], place % len(answer["data"]))
                return answer

            wire.change = changed
            try:
                return expected, await read_archived(session, ask, required=WHOLE)
            except SiteError:
                return expected, None

    expected, found = asyncio.run(pages())
    if found is None:
        return
    hits, entries = found
    assert [hit.entry_id for hit in hits.hits] == [hit.entry_id for hit in expected.hits]
    assert (hits.more, hits.total) == (expected.more, expected.total)
    assert [one.entry_id for one in entries] == [hit.entry_id for hit in hits.hits]
    assert all(one.archive for one in entries)
