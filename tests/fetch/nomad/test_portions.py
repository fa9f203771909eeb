"""Archives of a slow site: read in portions, kept as they come, the rest from the index in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SiteError
from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.archives import Wanted, read_entries
from gateway.fetch.nomad.pace import FIRST_AT_ONCE, FIRST_PORTION, SitePace
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Entry, Hit, JsonObject, Site
from tests.whole.lines import Asked, Line
from tests.whole.oases import make_line

pytestmark = pytest.mark.slow

WHOLE: JsonObject = {"metadata": {"entry_id": "*", "optimade": "*"}}
WANTED = Wanted(WHOLE, ("optimade.nsites",), are_indexed=False)
VERSION = "2023-01-01T00:00:00"


class SlowLine(Line):
    """A line to a site that takes so long for each archive; `workers` requests at a time."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        super().__init__(inner)
        self.archive_s = 0.0
        self.index_s = 0.0
        self.workers = asyncio.Semaphore(100)
        self.served: list[str] = []
        """Archives that went out, in this sequence."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        asked = self.asked[-1] if not request.content else _asked(request)
        if not asked.is_archive:
            await asyncio.sleep(self.index_s)
            return response
        async with self.workers:
            await asyncio.sleep(self.archive_s * len(ids_of(asked)))
        self.served += ids_of(asked)
        return response


def _asked(request: httpx.Request) -> Asked:
    return Asked(request.url.path, orjson.loads(request.content))


def ids_of(asked: Asked) -> list[str]:
    (clause,) = asked.body["query"]["and"]
    return list(clause["entry_id:any"])


def hits_of(count: int) -> list[Hit]:
    ids = [f"e{i:03}" for i in range(count)]
    return [
        Hit("berlin", one, (), {"entry_id": one, "last_processing_time": VERSION}) for one in ids
    ]


class Opened:
    """A client of a slow site, the line to it and the cache for its archives."""

    def __init__(self, client: SiteClient, line: SlowLine, cache: AnswerCache) -> None:
        self.client = client
        self.line = line
        self.cache = cache
        self.pace = SitePace()

    async def read(self, hits: Sequence[Hit], *, within_s: float | None) -> tuple[Entry, ...]:
        """The entries, for a caller with so much time."""
        now = asyncio.get_running_loop().time()
        scope = MemoryScope()
        options = RequestOptions(None if within_s is None else now + within_s, scope)
        session = SiteSession(self.client, options)
        try:
            return await read_entries(session, hits, WANTED, pace=self.pace, cache=self.cache)
        finally:
            scope.close()

    @property
    def requests(self) -> list[list[str]]:
        """The portions that were asked for."""
        return [ids_of(asked) for asked in self.line.asked if asked.is_archive]


@asynccontextmanager
async def opened(count: int, **site: Any) -> AsyncIterator[Opened]:
    lines = [make_line(f"e{i:03}", nsites=i) for i in range(count)]
    line = SlowLine(httpx.ASGITransport(create_demo_oasis(lines, path="")))
    cache = open_cache("memory")
    settings = Site("berlin", "http://berlin.test/api/v1", "Berlin", **site)
    client = SiteClient(settings, cache=cache, transport=line)
    try:
        yield Opened(client, line, cache)
    finally:
        await client.close()


def archives_in(entries: Sequence[Entry]) -> int:
    return sum(one.archive is not None for one in entries)


async def test_a_page_that_does_not_fit_goes_out_whole_and_the_next_try_gets_further() -> None:
    """At the deadline the rest is served from the index; what came is not asked for again, but for
    what is still on its way when its caller asks anew, in other portions."""
    async with opened(40) as site:
        site.line.archive_s = 0.03
        site.line.workers = asyncio.Semaphore(2)
        read, clock = [], asyncio.get_running_loop().time
        for _ in range(40):
            began = clock()
            entries = await site.read(hits_of(40), within_s=0.6)
            assert clock() - began < 10
            assert [one.entry_id for one in entries] == [f"e{i:03}" for i in range(40)]
            for number, one in enumerate(entries):
                assert one.missing == (None if one.archive else "late")
                if one.archive is None:
                    assert one.document["optimade"] == {"nsites": number}
            read.append(archives_in(entries))
            if read[-1] == 40:
                break
        assert read == sorted(read)
        assert any(0 < some < 40 for some in read)
        assert read[-1] == 40
        assert len(set(site.line.served)) == 40
        assert len(site.line.served) <= 80


async def test_a_portion_that_comes_late_is_cached() -> None:
    """It goes on after its caller, and the next caller has it."""
    async with opened(3) as site:
        site.line.archive_s = 0.3
        first = await site.read(hits_of(3), within_s=0.3)
        assert archives_in(first) == 0
        async with asyncio.timeout(20):
            while len(site.line.served) < 3:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        again = await site.read(hits_of(3), within_s=0.3)
        assert archives_in(again) == 3
        assert len(site.requests) == 1


async def test_an_unknown_site_is_asked_for_little_at_a_time() -> None:
    """Until it is known what an archive takes."""
    async with opened(30) as site:
        await site.read(hits_of(30), within_s=20)
        assert all(len(one) <= FIRST_PORTION for one in site.requests[:FIRST_AT_ONCE])
        before = len(site.requests)
        await site.cache.close()
        site.cache = open_cache("memory")
        await site.read(hits_of(30), within_s=20)
        assert len(site.requests) - before < before


@pytest.mark.parametrize("is_serial", [True, False])
async def test_how_many_at_once_is_what_the_site_bears(is_serial: bool) -> None:
    """A site with one worker is asked one at a time in the end, one with many is asked for more."""
    async with opened(30) as site:
        site.line.archive_s = 0.02
        site.line.workers = asyncio.Semaphore(1 if is_serial else 100)
        for number in range(60):
            hits = [
                Hit(
                    one.site,
                    one.entry_id,
                    (),
                    {**one.document, "last_processing_time": f"{number}"},
                )
                for one in hits_of(30)
            ]
            assert archives_in(await site.read(hits, within_s=60)) == 30
            site.client._cache = open_cache("none")
            if number < 5:
                continue
            if site.pace.at_once <= 2 if is_serial else site.pace.at_once >= FIRST_AT_ONCE:
                break
        else:
            pytest.fail(f"after 60 pages it is asked {site.pace.at_once} at once")


async def test_a_stream_has_patience() -> None:
    """Without a deadline a site that is too slow for a portion is asked for smaller ones: every
    archive comes."""
    async with opened(10, answer_s=0.25) as site:
        site.line.archive_s = 0.1
        entries = await site.read(hits_of(10), within_s=None)
        assert archives_in(entries) == 10
        assert max(len(one) for one in site.requests) == FIRST_PORTION
        assert min(len(one) for one in site.requests) <= 2


async def test_a_stream_gives_up_on_single_archives_alone() -> None:
    """One that never comes is served from the index."""
    async with opened(4, answer_s=0.2) as site:
        site.line.hangs = lambda asked: asked.is_archive and "e002" in ids_of(asked)
        entries = await site.read(hits_of(4), within_s=None)
        assert [one.archive is not None for one in entries] == [True, True, False, True]
        assert entries[2].missing == "late"
        assert entries[2].document["optimade"] == {"nsites": 2}


async def test_an_index_that_is_late_too_leaves_the_keys() -> None:
    """The page goes out with what is known."""
    async with opened(3) as site:
        site.line.archive_s = site.line.index_s = 30
        clock = asyncio.get_running_loop().time
        began = clock()
        entries = await site.read(hits_of(3), within_s=0.4)
        assert clock() - began < 2
        assert [one.entry_id for one in entries] == ["e000", "e001", "e002"]
        assert {one.missing for one in entries} == {"late"}


async def test_a_site_that_fails_in_the_middle_keeps_what_came() -> None:
    """One that fails before anything came is missing; one that failed later gives what it gave."""
    async with opened(20, attempts=1) as site:
        site.pace._at_once = 1

        def fault(asked: Asked) -> httpx.Response | None:
            is_late = asked.is_archive and "e008" in ids_of(asked)
            return httpx.Response(403) if is_late else None

        site.line.fault = fault
        entries = await site.read(hits_of(20), within_s=20)
        assert archives_in(entries) == 8
        assert {one.missing for one in entries[8:]} == {"late"}
        site.line.fault = lambda asked: httpx.Response(403)
        with pytest.raises(SiteError, match="read archives from berlin: HTTP 403"):
            await site.read(hits_of(20)[8:], within_s=20)


async def test_too_large_portions_are_halved() -> None:
    """Until they fit; a single one that is too large is served from the index."""
    async with opened(16, max_answer_bytes=9000) as site:
        site.pace.archives_came(2, 0.002, at_once=1)

        def swell(asked: Asked, answer: Any) -> Any:
            for one in answer["data"] if asked.is_archive else ():
                more = 10_000 if one["entry_id"] == "e005" else 1_000
                one["archive"]["metadata"]["optimade"]["x"] = "x" * more
            return answer

        site.line.change = swell
        entries = await site.read(hits_of(16), within_s=20)
        assert [one.entry_id for one in entries if one.archive is None] == ["e005"]
        assert entries[5].missing == "broken"
        assert len(site.requests) < 20


async def test_callers_of_the_same_page_share_its_portions() -> None:
    """Equal portions on their way are sent once."""
    async with opened(12) as site:
        site.line.archive_s = 0.02
        pages = await asyncio.gather(*(site.read(hits_of(12), within_s=20) for _ in range(4)))
        assert {archives_in(page) for page in pages} == {12}
        assert len(site.line.served) == 12


async def test_a_caller_who_leaves_ends_its_portions() -> None:
    """What nobody waits for is not read; what had come is cached."""
    async with opened(40) as site:
        site.line.archive_s = 0.02
        site.line.workers = asyncio.Semaphore(1)
        caller = asyncio.create_task(site.read(hits_of(40), within_s=60))
        async with asyncio.timeout(20):
            while len(site.line.served) < 2 * FIRST_PORTION:
                await asyncio.sleep(0.005)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        await asyncio.sleep(0.2)
        assert len(site.line.served) < 40
        assert not site.client._in_flight._all
        site.line.archive_s = 0
        site.line.fault = lambda asked: httpx.Response(403) if asked.is_archive else None
        served = set(site.line.served)
        hits = [hit for hit in hits_of(40) if hit.entry_id in served]
        assert archives_in(await site.read(hits, within_s=20)) == len(hits) > 0
