"""What a caller may send: malformed is NOMAD's 422, too much never reaches a site."""

from typing import Any

import pytest
from starlette.requests import Request

from gateway.fetch.http.wire.weight import weight
from gateway.serve.native.reading import read_body_of
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import read_target
from tests.hostile.loop_watch import watch_loop
from tests.native.gateways import Body, Native

VOLUME = "results.properties.structures.structure_original.cell_volume"


def nested(depth: int, name: str = "and") -> Body:
    query: Any = {"processed": True}
    for _ in range(depth):
        query = {name: [query]} if name != "not" else {name: query}
    return query


TOO_MUCH: dict[str, Body] = {
    "deep and": nested(25),
    "deep not": nested(200, "not"),
    "deep section": {"results": {"a": {"b": {"c": nested(17)}}}},
    "wide or": {"or": [{"mainfile": str(at)} for at in range(1_500)]},
    "many criteria": {"and": [{"or": [{"mainfile": str(at)} for at in range(900)]}] * 6},
    "many values": {"mainfile:all": [str(at) for at in range(1_500)]},
    "too many of any": {"mainfile:any": [str(at) for at in range(70_000)]},
    "long text": {"mainfile": "x" * 5_000},
    "prefix": {"prefix": "results.material.topology", "query": {"n_atoms": 1}},
    "filter": {"optimade_filter": "(" * 50 + "nsites=1" + ")" * 50},
    "no object": {"and": [1]},
    "no scalar": {"mainfile:any": [{"a": 1}]},
}


@pytest.mark.parametrize("query", TOO_MUCH.values(), ids=TOO_MUCH)
@pytest.mark.parametrize("path", ["/entries/query", "/entries/archive/query", "/entries/raw/query"])
async def test_too_much(native: Native, query: Body, path: str) -> None:
    """It is 422 in NOMAD's form, and no site hears of it."""
    response = await native.post(path, {"query": query})
    assert response.status_code == 422
    assert {"loc", "msg", "type"} <= response.json()["detail"][0].keys()
    assert not any(line.asked for line in native.lines.values())


MANY = {"include": [f"*a*b{at}" for at in range(300)]}
MALFORMED: list[Body] = [
    {"query": []},
    {"query": "x"},
    {"pagination": []},
    {"pagination": {"page_size": -1}},
    {"pagination": {"page_size": "many"}},
    {"pagination": {"page_size": "+-5"}},
    {"pagination": {"page": "--1"}},
    {"pagination": {"order": "up"}},
    {"pagination": {"order_by": "entry_id:any", "page_after_value": "None:x!"}},
    {"query": {"entry_id:any:any": ["x"]}},
    {"required": {"exclude": ["entry_*"]}},
    {"aggregations": {"a": {"terms": {"quantity": "x", "entries": {"size": 5, "required": MANY}}}}},
    {"aggregations": {"a": {"terms": {"quantity": "x", "size": 9_000, "entries": {"size": 5}}}}},
    {"aggregations": {"a": {"terms": {"quantity": "x", "metrics": ["n_entries"] * 99}}}},
    {"pagination": {"page_size": 0, "page": 1}},
    {"pagination": {"page": 1, "page_offset": 5}},
    {"pagination": {"page_offset": 9_995}},
    {"pagination": {"page": 2_000}},
    {"pagination": {"order_by": "_score"}},
    {"required": []},
    {"required": {"include": "entry_id"}},
    {"required": {"include": ["a"] * 300}},
    {"owner": 3},
    {"aggregations": []},
]


@pytest.mark.parametrize("body", MALFORMED, ids=str)
async def test_malformed(native: Native, body: Body) -> None:
    """It is NOMAD's 422: a list of what is wrong, and where."""
    response = await native.post("/entries/query", body)
    assert response.status_code == 422
    assert response.json()["detail"]
    assert not any(line.asked for line in native.lines.values())


async def test_no_json(native: Native) -> None:
    """A body that is no JSON, or too large, is refused."""
    post = native.client.post
    assert (await post("/api/v1/entries/query", content=b"xx")).status_code == 422
    assert (await post("/api/v1/entries/query", content=b"[" * 5_000)).status_code == 422
    large = b'{"query": {"mainfile": "' + b"x" * 5_000_000 + b'"}}'
    assert (await post("/api/v1/entries/query", content=large)).status_code == 413


@pytest.mark.parametrize("part", [b"[],", b"{},", b"1,", b"[" * 500 + b"]" * 500 + b","])
async def test_many_members(native: Native, part: bytes) -> None:
    """A body that takes long to read holds the event loop for no more than counting."""
    body = b'{"x": [' + part * (4_000_000 // len(part)) + b"1]}"
    with watch_loop() as watch:
        response = await native.client.post("/api/v1/entries/query", content=body)
    assert response.status_code == 422
    assert watch.longest_s < 0.05, watch.callback


@pytest.mark.parametrize("body", [b"", b'{"query": {"a:any": [' + b'"x",' * 50_000 + b'"x"]}}'])
async def test_what_comes_of_a_body_counts_as_held(body: bytes) -> None:
    """It takes several times its length: a few of the largest are as much as all clients may hold,
    and the others make way."""
    held: list[int] = []
    context = RequestContext(read_target("/api/v1/entries/query", sites=()), hold=held.append)
    scope = {"type": "http", "method": "POST", "headers": [], "state": {"context": context}}

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    assert await read_body_of(Request(scope, receive)) == body
    assert held == ([2 * len(body) + weight(body).kept] if body else [])
    assert sum(held) >= 3 * len(body)


@pytest.mark.parametrize(
    "parameter",
    [f"results.material.n_elements__gt={'9' * 30}", f"{VOLUME}__gt=nan", f"{VOLUME}=-inf"],
)
async def test_endless_numbers(native: Native, parameter: str) -> None:
    """A number in a URL that no site can be asked for is the caller's mistake."""
    response = await native.get(f"/entries?{parameter}")
    assert response.status_code == 422
    assert not any(line.asked for line in native.lines.values())


async def test_page_size(native: Native) -> None:
    """10,000 at most, as NOMAD."""
    response = await native.post("/entries/query", {"pagination": {"page_size": 10_001}})
    assert response.status_code == 400


async def test_empty_any(native: Native) -> None:
    """An empty `:any` matches nothing, at old sites too."""
    answer = await native.query({"query": {"mainfile:any": []}})
    assert answer["pagination"]["total"] == 0
