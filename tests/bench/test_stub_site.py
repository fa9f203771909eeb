"""A stub site answers what a demo Oasis over the same entries answers, which answers as a NOMAD."""

from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette

from gateway.demo import create_demo_oasis
from gateway.demo.store import read_lines
from tests.bench.stub_answers import StubAnswers, StubRefusalError
from tests.bench.stub_entries import DATA, StubEntries, read_templates

COUNT = 60
ENTRIES = StubEntries("stub", COUNT)
IDS = ENTRIES.ids
BASE = {"quantities": "metadata.optimade"}
FIELDS = ["entry_id", "last_processing_time", "references", "datasets.doi", "optimade.*"]
REQUIRED = {"metadata": {"entry_id": "*", "optimade": "*", "upload_create_time": "*"}}
ANY = {"and": [{"entry_id:any": [IDS[7], IDS[3], IDS[50], "unknown"]}]}

TERMS = {"quantity": "upload_id", "pagination": {"page_size": 10_000}}

PAGES = [
    {"page_size": 0},
    {"page_size": 21},
    {"page_size": 21, "order_by": "entry_id", "order": "desc"},
    {"page_size": COUNT},
    {"page_size": COUNT + 1},
    {"page_size": 5, "page_after_value": IDS[9]},
    {"page_size": 5, "page_after_value": f"{IDS[9][:-1]}~~~~"},
    {"page_size": 5, "page_after_value": f"{IDS[9]}!", "order": "desc"},
    {"page_size": 5, "page_after_value": IDS[9], "order": "desc"},
    {"page_size": 5, "page_after_value": IDS[54]},
    {"page_size": 5, "page_after_value": IDS[-1]},
    {"page_size": 5, "page_offset": 57},
    {"page_size": 5, "page_offset": 100},
]
QUERIES: list[Any] = [
    BASE,
    {"and": [BASE, {"optimade.nsites": {"lt": 10**6}}]},
    ANY,
    {"and": [BASE, {"entry_id": {"gt": IDS[10], "lte": IDS[20]}}]},
    {"and": [BASE, {"entry_id:any": IDS[:9]}, {"entry_id": {"gte": IDS[4]}}]},
]


@pytest.fixture
async def oasis() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=_demo())
    async with httpx.AsyncClient(transport=transport, base_url="http://demo/api/v1") as client:
        yield client


@cache
def _demo() -> Starlette:
    return create_demo_oasis(_lines(), path="")


def _lines() -> list[dict[str, Any]]:
    """The lines that the stub's templates are made of, under the stub's ids."""
    held = {}
    for name in DATA:
        for line in read_lines(name):
            held[line["metadata"]["upload_id"], line["metadata"]["mainfile"]] = line
    templates = [held[e.document["upload_id"], e.document["mainfile"]] for e in read_templates()]
    return [
        {
            **line,
            "metadata": {**line["metadata"], "entry_id": entry_id, "upload_id": ENTRIES.upload_id},
        }
        for entry_id, line in zip(IDS, templates, strict=False)
    ]


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("pagination", PAGES, ids=str)
@pytest.mark.parametrize("path", ["/entries/query", "/entries/archive/query"])
async def test_answers(oasis: httpx.AsyncClient, path: str, pagination: Any, query: Any) -> None:
    """Data, order, totals and pagination are the demo's; only the echo of the query differs."""
    archives = "archive" in path
    required: Any = REQUIRED if archives else {"include": FIELDS}
    body = {"owner": "public", "query": query, "pagination": pagination, "required": required}
    theirs = (await oasis.post(path, json=body)).raise_for_status().json()
    own = StubAnswers("stub", ENTRIES).query(orjson.dumps(body), archives=archives)
    assert {**orjson.loads(own.content), "query": None} == {**theirs, "query": None}
    assert own.archives == (len(theirs["data"]) if archives else 0)


@pytest.mark.parametrize(
    "asked",
    [
        {"pagination": {"page_size": 0}, "aggregations": {"values": {"terms": TERMS}}},
        {"pagination": {"page_size": 1, "order_by": "publish_time", "order": "desc"}},
        {"pagination": {"page_size": 1, "order_by": "last_processing_time", "order": "desc"}},
    ],
    ids=str,
)
async def test_index_of_copies(oasis: httpx.AsyncClient, asked: Any) -> None:
    """What the gateway asks to know of copies: one upload, and its latest times."""
    newest = asked["pagination"].get("order_by", "publish_time")
    body = {"owner": "public", "query": BASE, "required": {"include": [newest]}, **asked}
    theirs = (await oasis.post("/entries/query", json=body)).raise_for_status().json()
    own = orjson.loads(
        StubAnswers("stub", ENTRIES).query(orjson.dumps(body), archives=False).content
    )
    assert own["pagination"]["total"] == theirs["pagination"]["total"]
    assert [one[newest] for one in own["data"]] == [one[newest] for one in theirs["data"]]
    terms = [
        one.get("aggregations", {}).get("values", {}).get("terms", {}) for one in (own, theirs)
    ]
    buckets = [[(one["value"], one["count"]) for one in part.get("data", [])] for part in terms]
    assert buckets[0] == buckets[1]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"or": [{"entry_id": "a"}, BASE]}},
        {"query": {"not": {"entry_id:any": ["a"]}}},
        {"pagination": {"order_by": "optimade.nsites"}},
        {"pagination": {"page_size": 10_001}},
        {"aggregations": {}},
    ],
    ids=str,
)
def test_refusals(body: Any) -> None:
    """What the stub cannot answer truly it refuses."""
    with pytest.raises(StubRefusalError):
        StubAnswers("stub", ENTRIES).query(orjson.dumps(body), archives=False)


async def test_info(oasis: httpx.AsyncClient) -> None:
    """The stub's /info says what the demo's says."""
    theirs = (await oasis.get("/info")).json()
    own = orjson.loads(StubAnswers("demo", ENTRIES).info().content)
    assert own == theirs


@pytest.mark.parametrize("quantity", ["publish_time", "last_processing_time"])
def test_newest_of_all_templates(quantity: str) -> None:
    """An entry that was not published has no time, and is never the newest."""
    entries = StubEntries("stub", 2 * len(read_templates()))
    (number,) = entries.newest(quantity)
    document = orjson.loads(entries.documents([number], {"include": [quantity]}))
    assert document[quantity] == max(
        str(one.document.get(quantity, "")) for one in read_templates()
    )
