"""A site's answers are held against what was asked; whatever is wrong is told in a sentence."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SiteError
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.session import MANY_PATTERNS, MAX_OFFSET, SiteSession, both
from gateway.model import JsonObject, Site
from gateway.properties import STRUCTURE
from tests.whole.lines import Line
from tests.whole.oases import make_line, opened_session


def result(data: Any, total: Any = 2) -> dict[str, Any]:
    return {"data": data, "pagination": {"total": total}}


def ids(*entry_ids: Any) -> list[dict[str, Any]]:
    return [{"entry_id": one} for one in entry_ids]


async def page_of(session: SiteSession, **how: Any) -> Any:
    asked = {"order_by": "entry_id", "descending": False, "size": 2, **how}
    return await session.page(STRUCTURE, **asked)


def answering(wire: Line, answer: Any) -> None:
    wire.fault = lambda asked: httpx.Response(200, json=answer)


HOSTILE = [
    ({}, "no list of entries"),
    (result(None), "no list of entries"),
    (result({"entry_id": "a"}), "no list of entries"),
    (result(ids("a", "b", "c"), 3), "no list of entries of the size asked for"),
    (result([1, 2]), "without a proper entry_id"),
    (result([{}, {}]), "without a proper entry_id"),
    (result([None]), "without a proper entry_id"),
    (result(ids(None)), "without a proper entry_id"),
    (result(ids(5)), "without a proper entry_id"),
    (result(ids("")), "without a proper entry_id"),
    (result(ids("a/../b")), "without a proper entry_id"),
    (result(ids("a:b")), "without a proper entry_id"),
    (result(ids("a~b")), "without a proper entry_id"),
    (result(ids("ä")), "without a proper entry_id"),
    (result(ids("a\n")), "without a proper entry_id"),
    (result(ids("a" * 129)), "without a proper entry_id"),
    (result(ids("a", "a")), "holds entry a twice"),
    (result(ids("a", "b"), 1), "2 entries came of a total of 1"),
    (result(ids("a"), 5), "1 entries came of a total of 5"),
    (result(ids("a", "b"), None), "no proper total"),
    (result(ids("a", "b"), "2"), "no proper total"),
    (result(ids("a", "b"), -1), "no proper total"),
    (result(ids("a", "b"), True), "no proper total"),
    (result(ids("a", "b"), 2.5), "no proper total"),
    (result(ids("a", "b"), 2**60), "no proper total"),
    ({"data": ids("a", "b")}, "no proper total"),
    ({"data": ids("a", "b"), "pagination": []}, "no proper total"),
]


@pytest.mark.parametrize(("answer", "happened"), HOSTILE, ids=str)
async def test_wrong_page_is_the_sites_failure(answer: Any, happened: str) -> None:
    """Nothing but a list of entries of the right size with an exact total is a page."""
    async with opened_session("berlin", []) as (session, wire):
        answering(wire, answer)
        with pytest.raises(SiteError, match=rf"read page of entries from berlin: .*{happened}"):
            await page_of(session)


@pytest.mark.parametrize("total", [None, "2", -1, True, 2.5, 2**60])
async def test_wrong_count_is_the_sites_failure(total: Any) -> None:
    """A number of entries is a whole number that can be one."""
    async with opened_session("berlin", []) as (session, wire):
        answering(wire, result([], total))
        with pytest.raises(SiteError, match=r"count entries from berlin: .*no proper total"):
            await session.count(STRUCTURE)


@pytest.mark.parametrize(
    "answer", [result(ids("a", "a")), result([{"archive": {}}]), result(ids("a"), 0)]
)
async def test_wrong_archives_are_the_sites_failure(answer: Any) -> None:
    """Archives come with entry_ids, each once; fewer than the total may come."""
    async with opened_session("berlin", []) as (session, wire):
        answering(wire, answer)
        with pytest.raises(SiteError, match="read archives from berlin"):
            await session.archives(STRUCTURE, required=WHOLE, size=2)
        answering(wire, result(ids("a"), 2))
        found = await session.archives(STRUCTURE, required=WHOLE, size=2)
        assert dict(found.archives) == {"a": None}


WHOLE: JsonObject = {"metadata": {"entry_id": "*", "optimade": "*"}}


async def test_only_what_was_asked_for_is_kept() -> None:
    """A site that sends megabytes beside proper entries has them dropped where they are read."""
    junk = {"x": ["junk"] * 100}
    async with opened_session("berlin", []) as (session, wire):
        documents = [{"entry_id": one, "optimade": {"nsites": 1}, "junk": junk} for one in "ab"]
        answering(wire, {**result(documents), "more": junk})
        page = await page_of(session, fields=["optimade.nsites", "upload_id"])
        assert page.documents == tuple({"entry_id": one, "optimade": {"nsites": 1}} for one in "ab")
        metadata = {"entry_id": "a", "optimade": {"nsites": 1}, "junk": junk}
        archive = {"metadata": metadata, "run": junk}
        answering(wire, result([{"entry_id": "a", "archive": archive, "junk": junk}], 1))
        found = await session.archives(STRUCTURE, required=WHOLE, size=2)
        assert found.archives == {"a": {"entry_id": "a", "optimade": {"nsites": 1}}}


async def test_many_fields_are_asked_for_as_everything() -> None:
    """Hundreds of patterns cost a NOMAD more than the whole document; what was not asked for is
    dropped here."""
    async with opened_session("berlin", [make_line("a")]) as (session, wire):
        fields = [f"optimade.field_{n}" for n in range(MANY_PATTERNS)]
        page = await page_of(session, fields=fields)
        assert wire.asked[0].body["required"] == {"include": ["*"]}
        assert set(page.documents[0]) == {"entry_id", "optimade"}


async def test_the_caller_of_a_private_site_asks_for_what_it_may_see() -> None:
    """`visible` goes with the caller's own token alone."""
    wire = Line(httpx.ASGITransport(create_demo_oasis([], path="")))
    wire.fault = lambda asked: httpx.Response(200, json=result([], 0))
    for forward, token, owner in (
        (True, "t", "visible"), (True, None, "public"), (False, "t", "public"),
    ):  # fmt: skip
        site = Site("berlin", "http://berlin.test/api/v1", "x", forward_token=forward)
        client = SiteClient(site, cache=open_cache("none"), transport=wire)
        options = RequestOptions(None, MemoryScope(), token=token)
        await SiteSession(client, options).count(STRUCTURE)
        assert wire.asked.pop().body["owner"] == owner
        await client.close()


async def test_another_deadline_is_the_same_conversation() -> None:
    """How the site has answered is remembered for both."""
    async with opened_session("berlin", [make_line("a")]) as (session, _):
        now = asyncio.get_running_loop().time()
        other = session.until(now + 20)
        assert other.deadline == now + 20
        await page_of(other)
        assert session.state == other.state == "ok"
        with pytest.raises(SiteError, match="no time was left"):
            await page_of(session.until(now))


async def test_later_page_may_be_short() -> None:
    """Behind a position, or an offset, fewer entries than the total are left."""
    async with opened_session("berlin", []) as (session, wire):
        answering(wire, result(ids("b"), 9))
        assert (await page_of(session, after="a")).total == 9
        assert (await page_of(session, offset=8)).total == 9


async def test_what_is_asked() -> None:
    """One page: public entries, in one order, the fields named once, no empty position."""
    async with opened_session("berlin", [make_line("a"), make_line("b")]) as (session, wire):
        await page_of(session, fields=("optimade.nsites", "entry_id", "optimade.nsites"))
        await page_of(session, descending=True, after="b")
        await page_of(session, offset=0)
        bodies = [one.body for one in wire.asked]
    assert bodies[0]["owner"] == "public"
    assert bodies[0]["required"] == {"include": ["entry_id", "optimade.nsites"]}
    assert bodies[0]["pagination"] == {"page_size": 2, "order_by": "entry_id", "order": "asc"}
    assert bodies[1]["pagination"]["page_after_value"] == "b"
    assert bodies[1]["pagination"]["order"] == "desc"
    assert "page_offset" not in bodies[2]["pagination"]


async def test_largest_offset_is_accepted_and_the_next_is_not() -> None:
    """MAX_OFFSET is NOMAD's own limit for a page of one."""
    async with opened_session("berlin", [make_line("a")]) as (session, _):
        assert (await page_of(session, offset=MAX_OFFSET, size=1)).documents == ()
        with pytest.raises(SiteError, match="422"):
            await page_of(session, offset=MAX_OFFSET + 1, size=1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a": 1}, {"and": [{"a": 1}, {"b": 2}]}),
        ({"and": [{"a": 1}]}, {"and": [{"a": 1}, {"b": 2}]}),
        ({"and": [{"a": 1}], "c": 3}, {"and": [{"and": [{"a": 1}], "c": 3}, {"b": 2}]}),
        ({"or": [{"a": 1}]}, {"and": [{"or": [{"a": 1}]}, {"b": 2}]}),
    ],
)
def test_conditions_join_on_one_level(query: Any, expected: Any) -> None:
    """A further condition makes no query deeper than it must; the query itself stays as it is."""
    before = str(query)
    assert both(query, {"b": 2}) == expected
    assert str(query) == before
