"""Merged pages: the union of all sites, in NOMAD's order, page after page."""

from random import Random
from typing import Any

import pytest

from tests.native.expected import union
from tests.native.gateways import Body, Native, walk
from tests.native.random_queries import FIELDS, ORDERS, random_query
from tests.whole.lines import Asked, refused

SCALARS = ["entry_id", "upload_id", "mainfile"]


async def everything(native: Native, body: Body, order_by: str, order: str) -> dict[str, list[Any]]:
    """All that matches at each site, by one page of the site's own."""
    pagination = {"page_size": 10_000, "order_by": order_by, "order": order}
    return {
        site: (await native.at(site, {**body, "pagination": pagination}))["data"]
        for site in native.sites
    }


@pytest.mark.parametrize("seed", range(8))
async def test_union(native: Native, seed: int) -> None:
    """Random queries: what the walk gives is the union of the sites, in order, with its total."""
    random, sample = Random(seed), []
    for site in native.sites:
        body = {"pagination": {"page_size": 60}, "required": {"include": [*FIELDS]}}
        sample += (await native.at(site, body))["data"]
    for _ in range(6):
        order_by, order = random.choice(ORDERS), random.choice(("asc", "desc"))
        body = {"query": random_query(random, sample), "required": {"include": [*SCALARS]}}
        wanted = union(
            await everything(native, body, order_by, order), order_by=order_by, order=order
        )
        size = max(random.choice((1, 7, 60, 1000)), len(wanted) // 12 + 1)
        pagination = {"page_size": size, "order_by": order_by, "order": order}
        found = await walk(native.query, {**body, "pagination": pagination})
        assert found == wanted, (body, pagination)
        first = await native.query({**body, "pagination": pagination})
        assert first["pagination"]["total"] == len(wanted)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "order_by",
    [
        "optimade.chemical_formula_descriptive",
        "optimade.nsites",
        "upload_create_time",
        "results.properties.structures.structure_original.cell_volume",
    ],
)
async def test_missing_values(awkward: Native, order_by: str, order: str) -> None:
    """Entries without a value come last both ways, and a walk through them ends."""
    body: Body = {"required": {"include": SCALARS}}
    pagination = {"page_size": 4, "order_by": order_by, "order": order}
    found = await walk(awkward.query, {**body, "pagination": pagination})
    by_site = await everything(awkward, body, order_by, order)
    wanted = {one["entry_id"] for held in by_site.values() for one in held}
    ids = [one["entry_id"] for one in found]
    assert set(ids) == wanted
    values = [_place(one, order_by) for one in found]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=order == "desc")


def _place(document: Body, order_by: str) -> Any:
    value: Any = document
    for part in order_by.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value[:23] if order_by.endswith("_time") and value else value


async def test_copies_come_once(awkward: Native) -> None:
    """An entry at several sites stands once in an answer, from the first of them."""
    answer = await awkward.query({"pagination": {"page_size": 100}})
    ids = [one["entry_id"] for one in answer["data"]]
    assert len(set(ids)) == len(ids) == answer["pagination"]["total"] > 40
    by_site = await everything(awkward, {}, "entry_id", "asc")
    assert answer["data"] == union(by_site, order_by="entry_id", order="asc")


async def test_answer_is_nomads(native: Native) -> None:
    """The members of an answer and their order are those of a site asked alone."""
    body = {
        "query": {"optimade.elements": {"all": ["O"]}},
        "pagination": {"page_size": 1},
        "required": {"include": ["entry_id"]},
    }
    ours, theirs = await native.query(body), await native.at("berlin", body)
    assert list(ours) == list(theirs)
    assert list(ours["pagination"]) == list(theirs["pagination"])
    assert {**ours, "pagination": 0, "data": 0} == {**theirs, "pagination": 0, "data": 0}
    assert ours["pagination"]["next_page_after_value"] == ours["data"][-1]["entry_id"]


@pytest.mark.parametrize(
    "pagination", [{"page_size": 7, "page": 3}, {"page_size": 7, "page_offset": 14}]
)
async def test_pages_by_number(native: Native, pagination: Body) -> None:
    """A page by number or offset is that part of the whole."""
    order = {"order_by": "mainfile", "order": "desc"}
    whole = await native.query({"pagination": {"page_size": 21, **order}})
    part = await native.query({"pagination": {**pagination, **order}})
    assert part["data"] == whole["data"][14:]


async def test_two_phases_give_the_same(native: Native) -> None:
    """A large page of whole documents is read by keys first; it holds the same."""
    small = await walk(native.query, {"pagination": {"page_size": 50}})
    large = await native.query({"pagination": {"page_size": 400}})
    assert large["data"] == small[:400]
    excluded = await native.query(
        {"pagination": {"page_size": 60}, "required": {"exclude": ["quantities", "sections*"]}}
    )
    assert [one["entry_id"] for one in excluded["data"]] == [one["entry_id"] for one in small[:60]]
    assert "quantities" not in excluded["data"][0]
    assert excluded["required"] == {"exclude": ["quantities", "sections*"]}


async def test_get_has_page_urls(native: Native) -> None:
    """A browser follows next_page_url; q, order and include are read as NOMAD reads them."""
    query = "page_size=2&q=optimade.nelements__gt__2&order_by=upload_create_time&order=desc"
    first = await native.get(f"/entries?{query}&include=mainfile")
    assert first.status_code == 200, first.text
    pagination = first.json()["pagination"]
    assert first.json()["query"] == {"name": "optimade.nelements", "value": {"gt": 2}}
    assert first.json()["required"] == {"include": ["mainfile", "upload_create_time", "entry_id"]}
    assert pagination["first_page_url"].startswith("http://gateway.test/api/v1/entries?")
    second = await native.client.get(pagination["next_page_url"])
    both = [*first.json()["data"], *second.json()["data"]]
    body = {
        "query": {"optimade.nelements": {"gt": 2}},
        "pagination": {"page_size": 4, "order_by": "upload_create_time", "order": "desc"},
        "required": {"include": ["mainfile"]},
    }
    assert both == (await native.query(body))["data"]


async def test_get_without_traps(native: Native) -> None:
    """`processed=false` is false; a text for a number, and `and` beside q, are 422 and say why."""
    false = (await native.get("/entries?processed=false&page_size=0")).json()
    assert false["query"] == {"name": "processed", "value": {"any": [False]}}
    for query in (
        "optimade.nelements=many",
        "q=nonsense",
        "q=foo__1",
        'q=processed__true&json_query={"and": []}',
        "json_query=[",
    ):
        response = await native.get(f"/entries?{query}")
        assert response.status_code == 422, query
        assert response.json()["detail"][0]["msg"]


async def test_names_that_a_site_lacks(native: Native) -> None:
    """A criterion on a name that one site lacks matches nothing there; all lack it: their 422."""

    def lacks(asked: Asked) -> Any:
        if b"description" not in str(asked.body).encode():
            return None
        import httpx

        detail = [{"msg": "description is not a doc quantity", "loc": [["description"]]}]
        return httpx.Response(422, json={"detail": detail})

    whole = await native.query({"pagination": {"page_size": 0}})
    site = await native.at("berlin", {"pagination": {"page_size": 0}})
    native.lines["berlin"].fault = lacks
    wanted = whole["pagination"]["total"] - site["pagination"]["total"]
    body: Body = {
        "query": {"not": {"description": "no such text"}},
        "required": {"include": ["description", "entry_id"]},
        "pagination": {"page_size": 5, "order_by": "description"},
    }
    answer = await native.query(body)
    assert answer["pagination"]["total"] == whole["pagination"]["total"]
    answer = await native.query({**body, "query": {"description:none": ["x"]}})
    assert answer["pagination"]["total"] == wanted
    response = await native.post("/entries/query", {"query": {"foo.bar": 1}})
    assert response.status_code == 422
    assert response.json()["detail"][0]["msg"] == "foo.bar is not a doc quantity"


async def test_strict(native: Native) -> None:
    """A missing site is 502 with Retry-After and its name, never a short answer, never 503; the
    partial API leaves it out."""
    native.lines["munich"].fault = refused
    strict = await native.post("/entries/query", {})
    assert strict.status_code == 502
    assert "munich" in strict.json()["detail"]
    assert int(strict.headers["retry-after"]) > 0
    partial = await native.query({"pagination": {"page_size": 0}}, view="/partial")
    alone = [
        await native.at(site, {"pagination": {"page_size": 0}}) for site in ("berlin", "dresden")
    ]
    assert partial["pagination"]["total"] == sum(one["pagination"]["total"] for one in alone)
    assert (await native.query({}, view="/sites/berlin"))["data"]


@pytest.mark.parametrize(
    ("owner", "status"),
    [("public", 200), ("visible", 200), ("all", 403), ("user", 401), ("shared", 401), ("x", 422)],
)
async def test_owners(native: Native, owner: str, status: int) -> None:
    """Owners that need a token are 401 without one, `all` is 403 with the reason."""
    response = await native.post("/entries/query", {"owner": owner})
    assert response.status_code == status
    assert status == 200 or response.json()["detail"]


async def test_tokens_go_only_where_trusted(native: Native) -> None:
    """A caller's token reaches no site that is not configured for it."""
    response = await native.client.post(
        "/api/v1/entries/query", json={"owner": "user"}, headers={"Authorization": "Bearer abc"}
    )
    assert response.status_code == 501
    assert not any(line.asked for line in native.lines.values())
