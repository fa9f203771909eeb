"""The bodies of a page: whatever cannot be read is served from the index, at a bounded cost."""

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SiteError
from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.archives import Wanted, read_entries
from gateway.fetch.nomad.pace import LARGEST_PORTION, SitePace
from gateway.fetch.nomad.portions import MOST_REQUESTS
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Entry, Hit, JsonObject, Site
from tests.whole.lines import Asked, Line
from tests.whole.oases import make_line, opened_session

WHOLE: JsonObject = {"metadata": {"optimade": "*"}}
FALLBACK = ("optimade.nsites",)
VERSION = "2023-01-01T00:00:00"


def lines_of(count: int) -> list[dict[str, Any]]:
    return [make_line(f"e{i:03}", nsites=i) for i in range(count)]


def hits_of(count: int, **document: Any) -> list[Hit]:
    found = [{"entry_id": f"e{i:03}", **document} for i in range(count)]
    return [Hit("berlin", one["entry_id"], (), one) for one in found]


def brisk() -> SitePace:
    """Of a site whose archives take no time: one portion for a page."""
    pace = SitePace()
    pace.archives_came(2, 0.002, at_once=1)
    return pace


async def entries_of(
    session: SiteSession,
    hits: Sequence[Hit],
    *,
    cache: AnswerCache | None = None,
    pace: SitePace | None = None,
    required: JsonObject = WHOLE,
    are_indexed: bool = False,
) -> tuple[Entry, ...]:
    wanted = Wanted(required, FALLBACK, are_indexed)
    return await read_entries(session, hits, wanted, pace=pace or brisk(), cache=cache)


def wanted(asked: Asked) -> list[str]:
    (clause,) = asked.body["query"]["and"]
    return list(clause["entry_id:any"])


def breaking(*entry_ids: str) -> Callable[[Asked], httpx.Response | None]:
    """NOMAD answers 500 for any page that holds one of these."""

    def fault(asked: Asked) -> httpx.Response | None:
        if asked.is_archive and set(entry_ids) & set(wanted(asked)):
            return httpx.Response(500, json={"detail": {"reason": "boom"}})
        return None

    return fault


async def test_archives_in_the_sequence_of_the_hits() -> None:
    """One request for a page; the entries come as the hits stand, not as the site answers."""
    async with opened_session("berlin", lines_of(9)) as (session, wire):
        entries = await entries_of(session, hits_of(9)[::-1])
        assert [one.entry_id for one in entries] == [f"e{i:03}" for i in range(8, -1, -1)]
        assert [one.archive["optimade"]["nsites"] for one in entries] == list(range(8, -1, -1))  # type: ignore[index,call-overload]
        assert len(wire.asked) == 1
        assert await entries_of(session, []) == ()
        assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("count", "broken", "most"),
    [
        (1, ["e000"], 1),
        (2, ["e001"], 3),
        (20, ["e007"], 11),
        (20, ["e000", "e019"], 14),
        (20, [f"e{i:03}" for i in range(20)], 28),
        (300, ["e123"], 27),
    ],
)
async def test_broken_archives_cost_little_and_take_no_other_along(
    count: int, broken: list[str], most: int
) -> None:
    """Only the broken entries are served from the index; finding them takes few requests."""
    async with opened_session("berlin", lines_of(count)) as (session, wire):
        wire.fault = breaking(*broken)
        entries = await entries_of(session, hits_of(count))
        assert [one.entry_id for one in entries if one.archive is None] == broken
        for one in entries:
            if one.archive is None:
                assert one.document == {
                    "entry_id": one.entry_id,
                    "optimade": {"nsites": int(one.entry_id[1:])},
                }
        assert sum(one.is_archive for one in wire.asked) <= most
        assert sum(not one.is_archive for one in wire.asked) == 1


@pytest.mark.parametrize("too_large", [False, True])
async def test_a_site_whose_archives_are_all_bad_is_asked_so_often_and_no_more(
    too_large: bool,
) -> None:
    """Beyond the bound entries are served from the index unasked: none is lost, none waits."""

    def fault(asked: Asked) -> httpx.Response | None:
        if not asked.is_archive:
            return None
        headers = {"content-length": str(10**12)} if too_large else {}
        return httpx.Response(200 if too_large else 500, headers=headers)

    async with opened_session("berlin", lines_of(LARGEST_PORTION)) as (session, wire):
        wire.fault = fault
        entries = await entries_of(session, hits_of(LARGEST_PORTION))
        assert [one.document["optimade"] for one in entries] == [
            {"nsites": i} for i in range(LARGEST_PORTION)
        ]
        assert all(one.archive is None and one.missing == "broken" for one in entries)
        assert len(wire.asked) == 1 + MOST_REQUESTS + 1


async def test_vanished_archives_are_served_from_the_index() -> None:
    """A page that comes shorter than asked, or with empty archives, loses no entry."""

    def vanish(asked: Asked, answer: Any) -> Any:
        if asked.is_archive:
            answer["data"] = answer["data"][1:]
            answer["data"][0]["archive"] = {"metadata": {}}
            answer["data"][1]["archive"] = "gone"
        return answer

    async with opened_session("berlin", lines_of(6)) as (session, wire):
        wire.change = vanish
        entries = await entries_of(session, hits_of(6))
        assert [one.archive is None for one in entries] == [True] * 3 + [False] * 3
        assert [one.document.get("optimade") for one in entries[:3]] == [
            {"nsites": 0}, {"nsites": 1}, {"nsites": 2},
        ]  # fmt: skip


async def test_entries_that_were_not_asked_for_are_left_out() -> None:
    """A site cannot slip in an entry."""

    def slip(asked: Asked, answer: Any) -> Any:
        answer["data"][0]["entry_id"] = "other"
        return answer

    async with opened_session("berlin", lines_of(2)) as (session, wire):
        wire.change = slip
        entries = await entries_of(session, hits_of(2))
        assert [one.entry_id for one in entries] == ["e000", "e001"]
        assert entries[0].archive is None


@pytest.mark.parametrize("status", [403, 422, 429, 502, 503])
async def test_other_failures_are_the_sites(status: int) -> None:
    """What is no broken archive fails the site: it keeps its place on the next page."""
    async with opened_session("berlin", lines_of(3)) as (session, wire):
        wire.fault = lambda asked: httpx.Response(status) if asked.is_archive else None
        with pytest.raises(SiteError, match=f"read archives from berlin: HTTP {status}"):
            await entries_of(session, hits_of(3))


async def test_large_pages_are_read_in_portions() -> None:
    """NOMAD 1.3 takes about a thousand ids at a time."""
    count = LARGEST_PORTION + 3
    async with opened_session("berlin", lines_of(count)) as (session, wire):
        entries = await entries_of(session, hits_of(count))
        assert all(one.archive for one in entries)
        assert sorted(len(wanted(asked)) for asked in wire.asked) == [3, LARGEST_PORTION]


async def test_archives_are_cached_by_version() -> None:
    """An archive is asked for again only when the entry was processed again, or more is wanted of
    it; without a version, without a cache, and when broken it is not cached."""
    cache = open_cache("memory")
    async with opened_session("berlin", lines_of(3)) as (session, wire):
        now, later = (
            hits_of(3, last_processing_time=VERSION),
            hits_of(3, last_processing_time="2024-01-01T00:00:00"),
        )
        first = await entries_of(session, now, cache=cache)
        assert await entries_of(session, now, cache=cache) == first
        assert len(wire.asked) == 1
        await entries_of(session, later, cache=cache)
        assert len(wire.asked) == 2
        part: JsonObject = {"metadata": {"optimade": {"nsites": "*"}}}
        await entries_of(session, now, required=part, cache=cache)
        assert len(wire.asked) == 3
        for hits, kept in ((hits_of(3), cache), (now, None)):
            await entries_of(session, hits, cache=kept)
            await entries_of(session, hits, cache=kept)
        assert len(wire.asked) == 7


async def test_cached_archives_are_counted(heard) -> None:
    """Whoever observes hears how many archives were in the cache, and how many were not."""
    cache = open_cache("memory")
    async with opened_session("oasis-b", lines_of(3), observer=heard) as (session, _):
        hits = hits_of(3, last_processing_time=VERSION)
        await entries_of(session, hits[:2], cache=cache)
        await entries_of(session, hits, cache=cache)
        await entries_of(session, hits, cache=None)
    assert heard.archives_cached == [(0, 2), (2, 1)]


async def test_broken_archives_are_not_cached() -> None:
    """When the archive is mended, the next page has it."""
    cache = open_cache("memory")
    async with opened_session("berlin", lines_of(3)) as (session, wire):
        hits = hits_of(3, last_processing_time=VERSION)
        wire.fault = breaking("e001")
        assert (await entries_of(session, hits, cache=cache))[1].archive is None
        wire.fault = None
        wire.asked.clear()
        assert (await entries_of(session, hits, cache=cache))[1].archive is not None
        assert [wanted(asked) for asked in wire.asked] == [["e001"]]


async def test_cached_archives_take_memory_as_those_of_the_site_do() -> None:
    """A page of small archives that became large when decoded would hold gigabytes otherwise."""
    lines = [make_line(f"e{i:03}", species=[{}] * 2000) for i in range(12)]
    hits = hits_of(12, last_processing_time=VERSION)
    cache, budget = open_cache("memory"), MemoryBudget(2_000_000)
    wire = Line(httpx.ASGITransport(create_demo_oasis(lines, path="")))
    site = Site("berlin", "http://berlin.test/api/v1", "x", attempts=1, answer_s=50)
    client = SiteClient(site, cache=cache, transport=wire, budget=budget)
    try:
        for hit in hits:  # each alone has room
            scope = MemoryScope()
            session = SiteSession(client, RequestOptions(None, scope))
            (entry,) = await entries_of(session, [hit], cache=cache)
            assert entry.archive is not None
            scope.close()
        wire.asked.clear()
        scope = MemoryScope()
        session = SiteSession(client, RequestOptions(None, scope))
        entries = await entries_of(session, hits, cache=cache, are_indexed=True)
        held = sum(entry.archive is not None for entry in entries)
        assert 0 < held < 12
        assert held * 132 * 2000 < budget.held <= budget.capacity
        scope.close()
        assert budget.held == 0
    finally:
        await client.close()
