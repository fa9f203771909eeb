"""Names that sites lack: a NOMAD refuses one at a time, and what that costs is bounded."""

from typing import Any

import httpx
import orjson
import pytest

from tests.native.gateways import Body, Native
from tests.whole.lines import Asked

COUNT: Body = {"pagination": {"page_size": 0}}
UNKNOWN = [{f"x.unknown{at}": "a"} for at in range(1_000)]
KINDS: dict[str, Body] = {
    "and": {"query": {"and": UNKNOWN}},
    "flat": {"query": {name: "a" for one in UNKNOWN for name in one}},
    "include": {"required": {"include": [name for one in UNKNOWN[:200] for name in one]}},
    "order": {"pagination": {"order_by": "x.unknown0"}},
    "aggregation": {"aggregations": {"a": {"terms": {"quantity": "x.unknown0"}}}},
}
"""What has many names that no site has."""


def lacks(*names: str) -> Any:
    """A site without these names: it names the first that the question has."""

    def refuses(asked: Asked) -> httpx.Response | None:
        text = orjson.dumps(asked.body).decode()
        for name in names:
            if f'"{name}"' in text:
                detail = [{"msg": f"{name} is not a doc quantity", "loc": [[name]]}]
                return httpx.Response(422, json={"detail": detail})
        return None

    return refuses


CASES = [
    *(("/entries/query", kind) for kind in KINDS),
    *(("/entries/archive/query", kind) for kind in ("and", "flat", "order")),
]


@pytest.mark.parametrize(("path", "kind"), CASES)
async def test_lacked_by_all(native: Native, path: str, kind: str) -> None:
    """A name that all sites lack is their 422 after few requests, however many follow it."""
    response = await native.post(path, KINDS[kind])
    assert response.status_code == 422
    assert response.json()["detail"][0]["msg"] == "x.unknown0 is not a doc quantity"
    for line in native.lines.values():
        assert len(line.asked) <= 4


def names_of(count: int) -> list[str]:
    return [f"results.plugin{at}" for at in range(count)]


@pytest.mark.parametrize(("width", "most"), [(0, 31), (20_000, 14), (400_000, 4)])
async def test_lacked_by_one(native: Native, width: int, most: int) -> None:
    """Where one site lacks many names, it is asked less often the more is asked."""
    native.lines["berlin"].fault = lacks(*names_of(100))
    for site in ("munich", "dresden"):
        native.lines[site].fault = lambda asked: httpx.Response(
            200, json={"pagination": {"total": 0}, "data": [], "query": {}}
        )
    filler = {"mainfile:any": [f"{at:0100}" for at in range(width // 100)]}
    query = {"or": [*({one: "a"} for one in names_of(100)), filler]}
    response = await native.post("/entries/query", {**COUNT, "query": query})
    assert response.status_code == 422
    assert len(native.lines["berlin"].asked) <= most


async def test_few_in_much(native: Native) -> None:
    """A few names that a site lacks are taken out of the largest query."""
    native.lines["berlin"].fault = lacks(*names_of(3))
    for site in ("munich", "dresden"):
        native.lines[site].fault = lambda asked: httpx.Response(
            200, json={"pagination": {"total": 0}, "data": [], "query": {}}
        )
    ids = [f"{at:028}" for at in range(20_000)]
    query = {"or": [*({one: "a"} for one in names_of(3)), {"entry_id:any": ids}]}
    assert (await native.query({**COUNT, "query": query}))["pagination"]["total"] == 0
