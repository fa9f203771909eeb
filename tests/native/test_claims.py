"""A site that says what is not so: of its counts, of its order, and of entries that others have."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.native.copied import native_with_copies, upload
from tests.native.gateways import Body, Native
from tests.whole.lines import Asked

SCRAPS: tuple[Any, ...] = (
    None, True, -1, 0.5, 2**63, 1e308, "", "x", "2021-99-99", "9999-12-31", "\x00", [], {}, [None],
)  # fmt: skip
EXAMPLES: Body = {"size": 1, "required": {"include": ["entry_id"]}}
AGGREGATIONS: tuple[tuple[str, Body], ...] = (
    ("terms", {"quantity": "results.material.elements"}),
    ("terms", {"quantity": "results.material.elements", "size": 3, "entries": EXAMPLES}),
    ("terms", {"quantity": "results.material.elements", "pagination": {"page_size": 3}}),
    ("terms", {"quantity": "upload_id", "pagination": {"page_size": 3}}),
    ("histogram", {"quantity": "results.material.n_elements", "interval": 1}),
    ("histogram", {"quantity": "results.material.n_elements", "buckets": 5}),
    ("date_histogram", {"quantity": "upload_create_time", "calendar_interval": "1M"}),
    ("date_histogram", {"quantity": "upload_create_time", "fixed_interval": "7d"}),
    ("min_max", {"quantity": "results.material.n_elements"}),
    ("statistics", {"metrics": ["n_entries"]}),
)


def buckets(scrap: Any) -> list[Any]:
    """Data of an aggregation with something in each of its places."""
    return [
        scrap,
        [scrap],
        [{"count": 1}],
        [{"value": scrap, "count": 1}],
        [{"value": 1, "count": scrap}],
        [{"value": 1, "count": 1}, {"value": scrap, "count": 2}],
        [{"value": 1, "count": 1, "entries": [scrap], "metrics": scrap, "nested_count": scrap}],
    ]


@pytest.mark.parametrize(("kind", "settings"), AGGREGATIONS, ids=str)
async def test_counts_that_are_none(kind: str, settings: Body) -> None:
    """Are that site's failure: 502 with its name, and left out where that is asked for. A histogram
    that spans too much for one answer may be 422."""
    held = {"honest": upload("h", range(4)), "evil": upload("e", range(3))}
    body = {"pagination": {"page_size": 0}, "aggregations": {"x": {kind: settings}}}
    async with native_with_copies(held) as native:
        whole = (await native.query(body, view="/sites/honest"))["aggregations"]["x"]
        for data in (data for scrap in SCRAPS for data in buckets(scrap)):
            native.lines["evil"].change = said_instead(kind, data)
            answer = await native.post("/entries/query", body)
            assert answer.status_code in (200, 422, 502), (data, answer.text)
            if answer.status_code == 502:
                assert "evil" in answer.json()["detail"]
                partial = await native.query(body, view="/partial")
                assert partial["aggregations"]["x"][kind]["data"] == whole[kind]["data"]


def said_instead(kind: str, data: Any) -> Callable[[Asked, Body], Body]:
    def change(asked: Asked, result: Body) -> Body:
        if "aggregations" in result:
            result["aggregations"] = {"a": {kind: {"data": data}}}
        return result

    return change


def documents(count: int, *, same: bool = False, **more: Any) -> Callable[[Asked, Body], Body]:
    """A page of so many."""

    def change(asked: Asked, result: Body) -> Body:
        if result.get("data"):
            ids = ["e-0"] * count if same else [f"e-{number}" for number in range(count)]
            result["data"] = [{"entry_id": one, "upload_id": "e", **more} for one in ids]
        return result

    return change


@pytest.mark.parametrize(
    "change",
    [
        documents(1000),
        documents(3, same=True),
        documents(3, entry_id="../\x00<script>"),
        documents(4),
        lambda asked, result: {**result, "pagination": {"total": 1}},
        lambda asked, result: {**result, "data": []},
    ],
    ids=["more than asked for", "one entry thrice", "no ids", "more than there are", "fewer", "0"],
)
async def test_pages_that_are_none(change: Callable[[Asked, Body], Body]) -> None:
    """Are that site's failure; a thousand of one entry would cost a second of the event loop."""
    held = {"honest": upload("h", range(4)), "evil": upload("e", range(3))}
    async with native_with_copies(held) as native:
        native.lines["evil"].change = change
        answer = await native.post("/entries/query", {"pagination": {"page_size": 5}})
        assert answer.status_code == 502, answer.text
        assert "evil (read page of entries: " in answer.json()["detail"]
        partial = await native.query({"pagination": {"page_size": 5}}, view="/partial")
        assert [one["entry_id"] for one in partial["data"]] == [f"h-{at}" for at in range(4)]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "order_by", ["entry_id", "upload_create_time", "optimade.nsites", "mainfile", "publish_time"]
)
async def test_a_walk_goes_no_way_back(order_by: str, order: str) -> None:
    """A site that gives its first page again and again keeps nobody from the others' entries."""
    held = {"honest": upload("h", range(9)), "evil": upload("e", range(9), nsites=1)}
    pagination: Body = {"page_size": 4, "order_by": order_by, "order": order}
    async with native_with_copies(held) as native:
        native.lines["evil"].rewrite = goes_back
        found: list[str] = []
        while True:
            body = {"pagination": pagination}
            answer = await native.post("/entries/query", body, view="/partial")
            result = answer.json()
            found += [one["entry_id"] for one in result["data"]]
            after = result["pagination"].get("next_page_after_value")
            if after is None or len(found) > 40:
                break
            pagination["page_after_value"] = after
        assert {f"h-{at}" for at in range(9)} <= {*found}


def goes_back(asked: Asked) -> None:
    asked.body.get("pagination", {}).pop("page_after_value", None)


async def test_no_site_answers_for_the_entries_of_another() -> None:
    """What it gives of an entry that it was not asked for is not used, in pages, in archives and
    where entries are named."""
    held = {"evil": upload("a", range(3)), "honest": upload("h", range(3))}

    def forge(asked: Asked, result: Body) -> Body:
        for one in result.get("data") or []:
            one["entry_id"] = one["entry_id"].replace("a-", "h-")
            one["archive"] = {"metadata": {"comment": "forged"}}
        return result

    async with native_with_copies(held, copies={"prefer": ["honest"]}) as native:
        native.lines["evil"].change = lambda asked, result: (
            forge(asked, result) if asked.is_archive else result
        )
        for query in ({}, {"entry_id:any": [f"{one}-{at}" for one in "ah" for at in range(3)]}):
            body = {"query": query, "required": {"metadata": "*"}, "pagination": {"page_size": 9}}
            answer = await native.post("/entries/archive/query", body, view="/partial")
            assert b"forged" not in answer.content


async def entry_at(native: Native, entry_id: str) -> Body:
    return (await native.get(f"/entries/{entry_id}")).json()["data"]


@pytest.mark.parametrize("claimed", ["h", "other", None])
async def test_who_claims_an_entry_is_not_asked_first(claimed: str | None) -> None:
    """A site that says to have an entry comes after the one that is known to have it, whatever
    upload it names; `copies.prefer` decides where both are known to."""

    def claim(asked: Asked, result: Body) -> Body:
        if "h-1" in str(asked.body.get("query")) and isinstance(result.get("data"), list):
            result["data"] = [{"entry_id": "h-1", "upload_id": claimed}]
            result["pagination"]["total"] = 1
        return result

    held = {"evil": upload("a", range(3)), "honest": upload("h", range(3))}
    async with native_with_copies(held) as native:
        native.lines["evil"].change = claim
        native.lines["evil"].asked.clear()
        assert (await entry_at(native, "h-1"))["upload_id"] == "h"
        assert not [one for one in native.lines["evil"].asked if "/entries/h-1" in one.path]


async def test_preferred_sites_serve_what_others_give_too() -> None:
    """A site that gives entries of another one without naming their upload, each first in the
    order, does not take their place."""
    held = {"evil": upload("a", range(3)), "honest": upload("h", range(3))}

    def steal(asked: Asked, result: Body) -> Body:
        for at, one in enumerate(result.get("data") or []):
            if not asked.is_archive:
                one |= {"entry_id": f"h-{at}", "mainfile": "0"}
        return result

    async with native_with_copies(held, copies={"prefer": ["honest"]}) as native:
        native.lines["evil"].change = steal
        page = {"page_size": 10, "order_by": "mainfile"}
        result = await native.query({"pagination": page}, view="/partial")
        stolen = [one for one in result["data"] if one["entry_id"].startswith("h-")]
        assert [one["upload_id"] for one in stolen] == ["h"] * 3


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_site_that_refuses_everything(status: int) -> None:
    """Is left out where that is asked for, like one that does not answer; else it is named."""
    held = {"honest": upload("h", range(4)), "evil": upload("e", range(3))}
    async with native_with_copies(held) as native:
        native.lines["evil"].fault = lambda asked: httpx.Response(status, json={"detail": "no"})
        answer = await native.post("/entries/query", {})
        assert (answer.status_code, answer.json()["detail"]) == (status, "evil: no")
        partial = await native.query({}, view="/partial")
        assert [one["entry_id"] for one in partial["data"]] == [f"h-{at}" for at in range(4)]
        assert (await native.get("/entries/h-1", view="/partial")).status_code == 200
