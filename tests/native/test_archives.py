"""Archives: exactly one item per id, in order, from whoever holds it."""

from typing import Any

import pytest

from tests.native.gateways import Body, Native, walk
from tests.whole.lines import Asked, refused

REQUIRED = {"metadata": {"entry_id": "*", "optimade": {"nsites": "*"}}}


async def some_ids(native: Native, count: int) -> list[str]:
    body = {"pagination": {"page_size": count, "order_by": "mainfile"}}
    return [one["entry_id"] for one in (await native.query(body))["data"]]


async def archives(native: Native, body: Body) -> Body:
    response = await native.post("/entries/archive/query", body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_pinned_ids(awkward: Native) -> None:
    """ArchiveQuery's download: one item for each of ten ids, in the order of ids, each once."""
    ids = sorted(await some_ids(awkward, 10))
    query = {"and": [{"quantities": []}, {"entry_id:any": ids}]}
    body = {"owner": "visible", "query": query, "required": REQUIRED}
    answer = await archives(awkward, {**body, "pagination": {"page_size": 10}})
    assert [one["entry_id"] for one in answer["data"]] == ids
    assert answer["pagination"]["total"] == len(ids)
    assert list(answer) == ["owner", "query", "pagination", "required", "data"]
    for one in answer["data"]:
        assert one["archive"]["metadata"]["entry_id"] == one["entry_id"]


async def test_pages(native: Native) -> None:
    """Pages in any order hold the archives of the same pages of entries."""

    async def ask(body: Body) -> Body:
        return await archives(native, {**body, "required": REQUIRED})

    pagination = {"page_size": 40, "order_by": "upload_create_time", "order": "desc"}
    query = {"optimade.nelements": {"gte": 2}}
    found = await walk(ask, {"query": query, "pagination": pagination})
    entries = await walk(native.query, {"query": query, "pagination": pagination})
    assert [one["entry_id"] for one in found] == [one["entry_id"] for one in entries]


async def test_echo_is_nomads(native: Native) -> None:
    """The query is repeated in the form that NOMAD has for archives."""
    query = {"and": [{"optimade.nelements:any": [2, 3]}, {"not": {"processed": False}}]}
    body = {"query": query, "pagination": {"page_size": 2}, "required": REQUIRED}
    ours, theirs = (
        await archives(native, body),
        await native.at("berlin", body, "/entries/archive/query"),
    )
    assert ours["query"] == theirs["query"]
    assert list(ours["pagination"]) == list(theirs["pagination"])


async def test_get(native: Native) -> None:
    """GET gives whole archives, with addresses of pages."""
    answer = (await native.get("/entries/archive?page_size=2&optimade.nelements=2")).json()
    assert answer["required"] == "*"
    assert len(answer["data"]) == 2
    assert answer["data"][0]["archive"]["metadata"]["optimade"]
    assert answer["pagination"]["next_page_url"]


async def test_broken_archive(native: Native) -> None:
    """An archive that cannot be read is 502 and named, after all others of its portion were."""
    ids = await some_ids(native, 8)
    broken = ids[3]

    def fault(asked: Asked) -> Any:
        import httpx

        if asked.is_archive and broken in str(asked.body["query"]):
            return httpx.Response(500, json={"detail": {"reason": "broken"}})
        return None

    for line in native.lines.values():
        line.fault = fault
    body = {"pagination": {"page_size": 8, "order_by": "mainfile"}, "required": REQUIRED}
    response = await native.post("/entries/archive/query", body)
    assert response.status_code == 502
    assert broken in response.json()["detail"]


async def test_parts(native: Native, monkeypatch: Any) -> None:
    """An answer is read in parts, halved where they are too large; it is the same, whether it goes
    out whole or in pieces."""
    from gateway.native.searches import bodies, streamed

    body: Body = {"pagination": {"page_size": 200, "order_by": "mainfile"}, "required": REQUIRED}
    whole = await native.post("/entries/archive/query", body)
    assert whole.status_code == 200, whole.text
    monkeypatch.setattr(bodies.Bodies.__init__, "__kwdefaults__", {"max_bytes": 4_000})
    assert (await native.post("/entries/archive/query", body)).content == whole.content
    monkeypatch.setattr(streamed, "BEGIN_BYTES", 1_000)
    answer = await native.post("/entries/archive/query", body)
    assert answer.content == whole.content
    assert "content-length" not in answer.headers
    documents: Body = {"pagination": {"page_size": 150}}
    assert len((await native.query(documents))["data"]) == 150


async def test_a_site_that_dies_within_an_answer(native: Native, monkeypatch: Any) -> None:
    """What has begun breaks off, and is never shorter, valid JSON; a site that comes back at once
    does no harm."""
    from gateway.native.searches import streamed

    monkeypatch.setattr(streamed, "BEGIN_BYTES", 1_000)
    monkeypatch.setattr(streamed, "PAUSES_S", (0.01, 0.01))
    body: Body = {"pagination": {"page_size": 250, "order_by": "mainfile"}, "required": REQUIRED}
    whole = await native.post("/entries/archive/query", body)
    for more, breaks in ((1, False), (100, True)):
        asked: list[Asked] = []

        def fault(one: Asked, more: int = more, asked: list[Asked] = asked) -> Any:
            asked += [one] if one.is_archive else []
            is_gone = one.is_archive and 6 < len(asked) <= 6 + more
            return refused(one) if is_gone else None

        for line in native.lines.values():
            line.fault = fault
        answer = await native.post("/entries/archive/query", body)
        if not breaks:
            assert answer.content == whole.content
            continue
        assert whole.content.startswith(answer.content)
        with pytest.raises(ValueError, match=r"."):
            answer.json()
