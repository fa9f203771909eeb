"""Each entry once, from the site that serves it; the next holder answers for one that is away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.search.copies.entries import EntryCopies
from tests.native.copied import (
    SITES,
    lines,
    native_with_copies,
    served_by,
    served_documents,
    upload,
)
from tests.native.expected import union
from tests.native.gateways import Body, Native, walk
from tests.native.random_aggregations import problem
from tests.whole.lines import Asked, refused

ORDERS = (
    "entry_id",
    "publish_time",
    "last_processing_time",
    "mainfile",
    "datasets.doi",
    "optimade.nsites",
)
KEYS: Body = {"required": {"include": ["entry_id", "upload_id", "last_processing_time"]}}


@pytest.fixture
async def three() -> AsyncIterator[Native]:
    async with native_with_copies(lines()) as native:
        yield native


async def ids(native: Native, body: Body, *, view: str = "") -> list[str]:
    """The walk's entry_ids."""

    async def ask(asked: Body) -> Body:
        return await native.query(asked, view=view)

    return [one["entry_id"] for one in await walk(ask, {**KEYS, **body})]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("order_by", ORDERS)
@pytest.mark.parametrize("size", [3, 100])
async def test_each_entry_once(three: Native, order_by: str, order: str, size: int) -> None:
    """Pages, their order and their total are of the union, each entry as its owner has it."""
    wanted = union(await served_documents(three, {}), order_by=order_by, order=order)
    pagination = {"page_size": size, "order_by": order_by, "order": order}
    found = await walk(three.query, {"pagination": pagination, **KEYS})
    assert [(one["entry_id"], one["last_processing_time"]) for one in found] == [
        (one["entry_id"], one["last_processing_time"]) for one in wanted
    ]
    assert (await three.query({"pagination": pagination}))["pagination"]["total"] == len(wanted)


async def test_the_question_is_repeated_as_it_was_asked(three: Native) -> None:
    """What a site is asked beside the caller's query is not part of the answer."""
    body = {"query": {"optimade.nelements": {"gte": 1}}, "pagination": {"page_size": 2}}
    ours, theirs = await three.query(body), await three.at("berlin", body)
    assert ours["query"] == theirs["query"]
    archives = await three.post("/entries/archive/query", body)
    alone = await three.at("berlin", body, "/entries/archive/query")
    assert archives.json()["query"] == alone["query"]


async def test_one_site_alone_has_all_of_its_entries(three: Native) -> None:
    """Under /sites/<name> nothing is left out."""
    for site in SITES:
        ours = await three.query({"pagination": {"page_size": 0}}, view=f"/sites/{site}")
        theirs = await three.at(site, {"pagination": {"page_size": 0}})
        assert ours["pagination"]["total"] == theirs["pagination"]["total"]


async def test_aggregations(three: Native) -> None:
    """Each entry counts once, at the site that serves it; an upload in parts is one value."""
    documents = union(await served_documents(three, {}), order_by="entry_id", order="asc")
    asked = {
        "t": {"terms": {"quantity": "upload_id", "size": 3}},
        "p": {"terms": {"quantity": "upload_id", "pagination": {"page_size": 4}}},
        "m": {"min_max": {"quantity": "last_processing_time"}},
        "h": {"histogram": {"quantity": "optimade.nsites", "interval": 1}},
        "d": {"date_histogram": {"quantity": "publish_time", "calendar_interval": "1M"}},
        "s": {"statistics": {"metrics": ["n_entries"]}},
    }
    answer = await three.query({"pagination": {"page_size": 0}, "aggregations": asked})
    assert problem(asked, answer["aggregations"], documents) is None


@pytest.mark.parametrize("dead", SITES)
async def test_a_site_that_fails_is_502_unless_others_have_all(three: Native, dead: str) -> None:
    """Never short: what it alone holds would be missing; by upload_id others answer."""
    three.lines[dead].fault = refused
    assert (await three.post("/entries/query", {})).status_code == 502
    body: Body = {"query": {"upload_id": "whole"}, "pagination": {"page_size": 5}}
    assert await ids(three, body) == sorted(f"whole-{at}" for at in range(12))
    partial = await ids(three, {"pagination": {"page_size": 7}}, view="/partial")
    held = {
        line["metadata"]["entry_id"]
        for site, held in lines().items()
        for line in held
        if site != dead and not line["metadata"]["with_embargo"]
    }
    assert sorted(partial) == sorted(held)


async def test_a_dead_site_whose_entries_others_hold_is_not_missed() -> None:
    """All of its entries are at others: nothing is missing, in any order."""
    held = lines()
    held["dresden"] = [one for one in held["dresden"] if "own" not in one["metadata"]["upload_id"]]
    async with native_with_copies(held) as native:
        whole = sorted(await ids(native, {"pagination": {"page_size": 9}}))
        native.lines["dresden"].fault = refused
        for order_by in ORDERS:
            body: Body = {"pagination": {"page_size": 9, "order_by": order_by}}
            assert sorted(await ids(native, body)) == whole
        answer = await native.query({"query": {}, "pagination": {"page_size": 0}})
        assert answer["pagination"]["total"] == len(whole)


@pytest.mark.parametrize("order_by", ORDERS)
async def test_an_owner_that_dies_in_mid_walk(order_by: str) -> None:
    """The walk goes on exactly where copies have equal places; elsewhere it is 502 until the site
    is back, and then goes on: each entry once."""
    held = lines()
    held["dresden"] = [one for one in held["dresden"] if "own" not in one["metadata"]["upload_id"]]
    async with native_with_copies(held) as native:
        body: Body = {"pagination": {"page_size": 8, "order_by": order_by}, **KEYS}
        whole = [one["entry_id"] for one in await walk(native.query, body)]
        first = await native.query(body)
        after = first["pagination"]["next_page_after_value"]
        rest: Body = {**body, "pagination": {**body["pagination"], "page_after_value": after}}
        native.lines["dresden"].fault = refused
        second = await native.post("/entries/query", rest)
        if order_by in ("entry_id", "mainfile"):
            found = [one["entry_id"] for one in await walk(native.query, rest)]
            assert found == whole[8:]
        else:
            assert second.status_code == 502
        native.lines["dresden"].fault = None
        assert [one["entry_id"] for one in await walk(native.query, rest)] == whole[8:]


async def test_a_position_keeps_who_serves_what(three: Native) -> None:
    """A walk that begins while a site is away goes on without its copies when it is back; plain
    positions of a NOMAD are read as well."""
    for line in three.lines.values():
        line.fault = None
    pagination = {"page_size": 10, "order_by": "publish_time"}
    three.lines["dresden"].fault = refused
    first = await three.query({"pagination": pagination, **KEYS}, view="/partial")
    three.lines["dresden"].fault = None
    found = [one["entry_id"] for one in first["data"]]
    after = first["pagination"]["next_page_after_value"]
    assert after.endswith("!dresden")
    rest = {**pagination, "page_after_value": after}
    found += await ids(three, {"pagination": rest}, view="/partial")
    assert max(Counter(found).values()) == 1
    plain = {**pagination, "page_after_value": after.partition("!")[0]}
    assert (await three.query({"pagination": plain}))["data"]


async def test_an_index_that_is_too_old(three: Native) -> None:
    """A copy that is newer than the index comes once in a page and in its total."""
    held = lines()
    held["munich"] += upload("own-berlin", range(30))
    three.lines["munich"].inner = httpx.ASGITransport(create_demo_oasis(held["munich"], path=""))
    body: Body = {"pagination": {"page_size": 200}, **KEYS}
    answer = await three.query(body)
    found = [one["entry_id"] for one in answer["data"]]
    assert max(Counter(found).values()) == 1
    assert answer["pagination"]["total"] == len(found) == len(await served_by(three))


async def test_an_index_that_changes_between_two_rounds() -> None:
    """A page that is asked again without copies, while the index comes to say that others serve
    them: nothing is left out by all."""
    held = lines()
    async with native_with_copies(held, copies={"prefer": ["munich"]}) as native:
        held["munich"] += upload("own-berlin", range(30))
        native.lines["munich"].inner = httpx.ASGITransport(
            create_demo_oasis(held["munich"], path="")
        )
        copies = native.federation.entry_copies
        before, plainly = copies.index.latest, EntryCopies.served
        asked = 0

        async def served(*args: Any, **more: Any) -> Any:
            nonlocal asked
            asked += 1
            async with asyncio.timeout(20):
                while asked == 2 and copies.index.latest is before:
                    await asyncio.sleep(0.01)
            return await plainly(*args, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(EntryCopies, "served", served)
            patch.setattr("gateway.search.copies.refresh.LEAST_PAUSE_S", 0.0)
            answer = await native.query({"pagination": {"page_size": 200}, **KEYS})
        assert asked >= 2
        wanted = {one["metadata"]["entry_id"] for some in held.values() for one in some}
        assert [one["entry_id"] for one in answer["data"]] == sorted(wanted)
        assert answer["pagination"]["total"] == len(wanted)


async def test_positions_that_name_what_is_not_there(three: Native) -> None:
    """Whatever sites a position says were away, no more is kept than there are choices of sites."""
    kept = three.federation.entry_copies.assignments._made
    for at in range(20):
        after = f"2024-01-01T00:00:00:x!{'0' * 12}!dresden!no-{at}!dresden"
        pagination = {"page_size": 1, "order_by": "publish_time", "page_after_value": after}
        await three.query({"pagination": pagination})
    assert len(kept) <= 3


async def archives(native: Native, wanted: list[str]) -> httpx.Response:
    """ArchiveQuery's download of these ids."""
    query = {"and": [{"and": [{"quantities": []}, {}]}, {"entry_id:any": wanted}]}
    body = {"owner": "visible", "query": query, "required": {"metadata": {"upload_id": "*"}}}
    return await native.post("/entries/archive/query", {**body, "pagination": {"page_size": 10}})


@pytest.mark.parametrize("dead", ["", *SITES])
async def test_pinned_archives(three: Native, dead: str) -> None:
    """One item for each id, in their order, also from the next holder; 502 where there is none."""
    if dead:
        three.lines[dead].fault = refused
    wanted = sorted(["whole-1", "whole-2", "anew-3", "mix-4", "mix-5"])
    answer = await archives(three, wanted)
    assert answer.status_code == 200, answer.text
    assert [one["entry_id"] for one in answer.json()["data"]] == wanted
    lost = await archives(three, ["own-dresden-1", "whole-1"])
    assert lost.status_code == (502 if dead == "dresden" else 200)


async def test_an_owner_that_has_lost_an_entry(three: Native) -> None:
    """Who has the id now answers, though the index knows another owner."""
    held = [one for one in lines()["munich"] if one["metadata"]["entry_id"] != "whole-1"]
    three.lines["munich"].inner = httpx.ASGITransport(create_demo_oasis(held, path=""))
    wanted = sorted(["whole-1", "whole-2", "own-munich-3"])
    answer = await archives(three, wanted)
    assert [one["entry_id"] for one in answer.json()["data"]] == wanted


@pytest.mark.parametrize("dead", ["", *SITES])
@pytest.mark.parametrize(
    "path", ["/entries/whole-1", "/entries/whole-1/archive", "/uploads/whole",
             "/uploads/whole/archive/whole-1"],
)  # fmt: skip
async def test_single_ones(three: Native, dead: str, path: str) -> None:
    """The owner answers, the newest of equally full ones; else the next holder."""
    if dead:
        three.lines[dead].fault = refused
    answer = await three.get(path)
    assert answer.status_code == 200, answer.text
    site = "munich" if dead != "munich" else "berlin"
    assert answer.json() == (await three.sites[site].get(f"/api/v1{path}")).json()


@pytest.mark.parametrize("path", ["/entries/none", "/entries/none/archive", "/uploads/none"])
async def test_what_no_site_has(three: Native, path: str) -> None:
    """It is 404, also where the index of copies is known."""
    assert (await three.get(path)).status_code == 404


async def test_downloads_where_one_site_has_all(three: Native) -> None:
    """A copy counts once: what one of the holders has in whole is passed on from there."""

    def download(asked: Asked) -> Any:
        return httpx.Response(200, content=b"zip") if "download" in asked.path else None

    for line in three.lines.values():
        line.fault = download
    for upload_id, status in (("whole", 200), ("part", 200), ("mix", 501)):
        answer = await three.post(
            "/entries/archive/download/query", {"query": {"upload_id": upload_id}}
        )
        assert answer.status_code == status, upload_id
    assert "8 at berlin" in answer.json()["detail"]
    assert "4 at munich" in answer.json()["detail"]
    three.lines["munich"].fault = refused
    answer = await three.post("/entries/archive/download/query", {"query": {"upload_id": "whole"}})
    assert answer.status_code == 200


def asked_for(line: Any) -> list[Asked]:
    return [one for one in line.asked if one.path.endswith("/query")]


async def test_a_site_without_anything_of_its_own_is_not_asked() -> None:
    """Others serve copies of all its entries."""
    held = lines()
    held["dresden"] = upload("whole", range(3))
    async with native_with_copies(held) as native:
        await native.query({})
        assert not asked_for(native.lines["dresden"])
