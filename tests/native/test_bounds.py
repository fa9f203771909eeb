"""What a caller may send: malformed is NOMAD's 422, too much never reaches a site."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from gateway.fetch.http.wire.weight import weight
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import read_target
from gateway.serve.routes.native.reading import read_body_of
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


def terms(**settings: Any) -> Body:
    return {"aggregations": {"a": {"terms": {"quantity": "upload_id", **settings}}}}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"x": value}
    return value


LARGE = {"entry_id:any": [f"{at:0100}" for at in range(5_000)]}
HEAVY: dict[str, tuple[str, Body]] = {
    "many aggregations of a large query": (
        "/entries/query",
        {
            "query": LARGE,
            "aggregations": {f"a{at}": terms()["aggregations"]["a"] for at in range(20)},
        },
    ),
    "many values": (
        "/entries/query",
        {"aggregations": {f"a{at}": terms(size=5_000)["aggregations"]["a"] for at in range(5)}},
    ),
    "many buckets": (
        "/entries/query",
        {
            "aggregations": {
                f"a{at}": {
                    "histogram": {"quantity": "optimade.nsites", "interval": 0.02 + at * 1e-6}
                }
                for at in range(20)
            }
        },
    ),
    "long name": (
        "/entries/query",
        {"aggregations": {"x" * 5_000: terms()["aggregations"]["a"]}},
    ),
    "long value": ("/entries/query", terms(pagination={"page_after_value": "x" * 5_000})),
    "long unknown member": ("/entries/query", terms(other=["x" * 1_000] * 3_000)),
    "deep unknown member": ("/entries/query", terms(other=deep(400))),
    "long directive": ("/entries/archive/query", {"required": "x" * 300_000}),
    "long names": ("/entries/archive/query", {"required": {"run": {"x" * 300_000: "*"}}}),
    "names of many entries": (
        "/entries/archive/query",
        {
            "required": {f"name{at}": "*" for at in range(4_000)},
            "pagination": {"page_size": 1_000},
        },
    ),
    "patterns of many entries": (
        "/entries/query",
        {
            "required": {"exclude": [f"x*{at}" for at in range(100)]},
            "pagination": {"page_size": 5_000},
        },
    ),
}
"""Little to send, much to do: for the sites, or for the gateway."""


@pytest.mark.parametrize("kind", HEAVY)
async def test_heavy(native: Native, kind: str) -> None:
    """It is 422 with the bound, and no site hears of it, or not often."""
    path, body = HEAVY[kind]
    response = await native.post(path, body)
    assert response.status_code == 422
    assert {"loc", "msg", "type"} <= response.json()["detail"][0].keys()
    if kind != "many buckets":  # they are known when they are there
        assert not any(line.asked for line in native.lines.values())


async def test_as_much_as_users_ask(native: Native) -> None:
    """What scripts do stays possible: 10,000 values, many ids with a few aggregations, whole
    archives of a large page, a tree of a hundred names for 10,000 entries."""
    several = {f"a{at}": terms()["aggregations"]["a"] for at in range(3)}
    ids = {"entry_id:any": [f"{at:028}" for at in range(20_000)]}
    for path, body in (
        ("/entries/query", terms(size=10_000)),
        ("/entries/query", {"query": ids, "aggregations": several}),
        ("/entries/archive/query", {"pagination": {"page_size": 10_000}, "required": "*"}),
        (
            "/entries/archive/query",
            {
                "pagination": {"page_size": 10_000},
                "required": {f"name{at}": "*" for at in range(100)},
                "query": {"mainfile": "x"},
            },
        ),
    ):
        response = await native.post(path, body)
        assert response.status_code == 200, response.text[:300]


async def test_at_a_time(native: Native) -> None:
    """Of many aggregations a site is asked for two at a time, so that it has room for others."""
    aggregations = {
        f"a{at}": {"terms": {"quantity": "upload_id", "size": 10 + at}} for at in range(20)
    }
    under_way, most = Counter[str](), Counter[str]()
    for site, line in native.lines.items():
        line.inner = Counted(line.inner, site, under_way, most)
    await native.query({"aggregations": aggregations, "pagination": {"page_size": 0}})
    assert most
    assert max(most.values()) <= 3  # with the page itself


class Counted(httpx.AsyncBaseTransport):
    """Counts what is under way at a time."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, site: str, now: Counter[str], most: Counter[str]
    ) -> None:
        self._inner, self._site, self._now, self._most = inner, site, now, most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._now[self._site] += 1
        self._most[self._site] = max(self._most[self._site], self._now[self._site])
        try:
            await asyncio.sleep(0.01)
            return await self._inner.handle_async_request(request)
        finally:
            self._now[self._site] -= 1


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
