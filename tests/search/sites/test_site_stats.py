"""What is known of the sites: looked at in the background, from public answers alone."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SiteError
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.nomad.session import SiteSession
from gateway.model import SearchRequest, Site
from gateway.properties import STRUCTURE
from gateway.search.sites.site_stats import SAMPLE, Share, SiteStats
from tests.whole.lines import Asked, Line
from tests.whole.oases import make_line, opened

LINES = {
    "berlin": [make_line(f"b{n}") for n in range(7)],
    "munich": [make_line(f"m{n}") for n in range(5)],
}
PRIVATE = 777

PAGE = ("f", None, 0, 20, None)
OTHER = ("f", None, 0, 20, ("nsites",))


@pytest.fixture
async def looked():
    """Statistics of one demo Oasis, its client and the line to it."""
    line = Line(httpx.ASGITransport(create_demo_oasis(LINES["berlin"], path="")))
    site = Site("berlin", "http://berlin.test/api/v1", "Berlin", attempts=1)
    client = SiteClient(site, cache=open_cache("memory"), transport=line)
    yield SiteStats({"berlin": client}, answers_s=10.0), client, line
    await client.close()


async def test_a_look_tells_size_version_and_pace(looked: Any) -> None:
    """Before the first caller wants to know."""
    site_stats, client, line = looked
    assert site_stats.info("berlin").total is None
    assert site_stats.available(["berlin"]) == 0
    await site_stats.look(client)
    info = site_stats.info("berlin")
    assert info.total == 7
    assert info.version
    assert site_stats.available(["berlin"]) == 7
    assert site_stats.pace("berlin").archive_s is not None
    assert site_stats.pace("berlin").round_trip_s is not None
    assert sum(asked.is_archive for asked in line.asked) == 1
    sizes = [asked.body["pagination"]["page_size"] for asked in line.asked if asked.is_archive]
    assert sizes == [SAMPLE]


async def test_a_light_look_counts_alone(looked: Any) -> None:
    """`/info` is large, so it is read rarely."""
    site_stats, client, line = looked
    await site_stats.look(client, version=False)
    assert len(line.asked) == 1
    assert site_stats.info("berlin").version is None


async def test_a_look_is_never_answered_from_the_cache(looked: Any) -> None:
    """It keeps a connection warm, and sees what changed."""
    site_stats, client, line = looked
    await site_stats.look(client, version=False)
    await site_stats.look(client, version=False)
    assert len(line.asked) == 2


async def test_a_site_that_cannot_be_counted_keeps_what_is_known(looked: Any) -> None:
    """The error is the looker's; the last total stays."""
    site_stats, client, line = looked
    await site_stats.look(client)
    line.fault = lambda asked: httpx.Response(403)
    with pytest.raises(SiteError):
        await site_stats.look(client)
    assert site_stats.info("berlin").total == 7


async def test_broken_archives_do_not_hide_the_version(looked: Any) -> None:
    """The index may be well where archives are not."""
    site_stats, client, line = looked
    line.fault = lambda asked: httpx.Response(500) if asked.is_archive else None
    await site_stats.look(client)
    assert site_stats.info("berlin").version
    assert site_stats.pace("berlin").archive_s is None


async def test_the_watch_outlives_failures(looked: Any) -> None:
    """Whatever a site does, it is looked at again; closing leaves no task."""
    site_stats, _, line = looked
    line.fault = lambda asked: httpx.Response(200, json={"pagination": {"total": "many"}})
    before = asyncio.all_tasks()
    site_stats.open()
    async with asyncio.timeout(20):
        while not line.asked:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.02)
    (task,) = site_stats._tasks
    assert not task.done()
    await site_stats.close()
    assert asyncio.all_tasks() == before


async def test_the_watch_outlives_errors_of_our_own(
    looked: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that nobody expects is in the log with its traceback, and the next look comes."""
    _, client, _ = looked
    pauses: list[float] = []
    second = asyncio.Event()

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) > 1:
            second.set()
            await asyncio.Event().wait()

    async def broken(*_: object) -> int:
        raise KeyError("an error of our own")

    monkeypatch.setattr(SiteSession, "count", broken)
    site_stats = SiteStats({"berlin": client}, sleep=sleep)
    site_stats.open()
    async with asyncio.timeout(20):
        await second.wait()
    await site_stats.close()
    assert caplog.messages == ["unexpected error while counting site berlin"] * 2
    assert "an error of our own" in caplog.text


async def test_counts_are_kept_by_query_and_site(looked: Any) -> None:
    """Equal queries are one, whichever object they are."""
    site_stats, _, _ = looked
    query = {"and": [STRUCTURE, {"optimade.nsites": 2}]}
    site_stats.remember("berlin", query, 5)
    assert site_stats.last_count("berlin", {"and": [STRUCTURE, {"optimade.nsites": 2}]}) == 5
    assert site_stats.last_count("berlin", STRUCTURE) is None
    assert site_stats.last_count("munich", query) is None
    assert site_stats.available(["berlin"], query) == 5


async def test_a_look_holds_no_memory(looked: Any) -> None:
    """What was read for it is given back, whether it went well or not."""
    site_stats, client, line = looked
    await site_stats.look(client)
    assert client._budget.held == 0
    line.change = lambda asked, answer: answer | {"pagination": {"total": "many"}}
    with pytest.raises(SiteError):
        await site_stats.look(client)
    assert client._budget.held == 0


async def test_counts_are_bounded(looked: Any) -> None:
    """Ever new filters do not fill the memory; the last ones are known."""
    site_stats, _, _ = looked
    for number in range(11_000):
        site_stats.remember("berlin", {"optimade.nsites": number}, number)
    assert site_stats.last_count("berlin", {"optimade.nsites": 10_999}) == 10_999
    assert site_stats.last_count("berlin", {"optimade.nsites": 999}) is None
    assert len(site_stats._digests) <= 256


async def test_shares_are_kept_while_answers_are(looked: Any) -> None:
    """The same page asks the same again, and finds the answers in the cache."""
    site_stats, _, _ = looked
    shares = {"berlin": Share(20, is_whole=True)}
    site_stats.remember_shares(PAGE, shares)
    assert site_stats.shares(PAGE) == shares
    assert site_stats.shares(OTHER) is None
    uncached = SiteStats({}, answers_s=0.0)
    uncached.remember_shares(PAGE, shares)
    assert uncached.shares(PAGE) is None


def privately(asked: Asked, result: Any) -> Any:
    """A caller's token sees more than the public does."""
    if asked.body.get("owner") == "visible":
        result["pagination"]["total"] = PRIVATE
    return result


@pytest.mark.parametrize("filter_", [None, "nsites=2"])
async def test_what_a_token_sees_is_remembered_for_nobody(filter_: str | None) -> None:
    """A private total reaches neither `data_available` nor anonymous callers."""
    async with opened(LINES, forward_token=True, cache={"backend": "memory"}) as gateway:
        for line in gateway.lines.values():
            line.change = privately
        mine = await gateway.federation.search(
            SearchRequest("structures", filter=filter_, page_limit=2, token="t")
        )
        assert mine.data_returned == 2 * PRIVATE
        states = {one.name: one.total for one in gateway.federation.site_states()}
        assert states == {"berlin": 7, "munich": 5}
        for line in gateway.lines.values():
            line.fault = lambda asked: httpx.Response(403)
        stats = gateway.federation._site_stats
        assert stats.available(["berlin", "munich"]) == 12
        for line in gateway.lines.values():
            line.fault = None
        public = await gateway.federation.search(
            SearchRequest("structures", filter=filter_, page_limit=2)
        )
        assert public.data_returned == 12
        assert public.data_available == 12


@pytest.mark.parametrize("result", ["x" * 101, "<b>1.3</b>", "1.3\n", "", 1.3, None, "é"])
async def test_a_version_is_short_and_plain(looked: Any, result: Any) -> None:
    """/health shows it to everybody and plans are cached by it: a text of megabytes is none."""
    site_stats, client, line = looked
    line.change = lambda asked, answer: (
        answer | {"version": result} if asked.path.endswith("/info") else answer
    )
    await site_stats.look(client)
    assert site_stats.info("berlin").version is None
