"""Downloads at a time are gathered for each site, and everybody gets an answer of their own."""

import asyncio
from typing import Any

import httpx

from gateway.native.searches.batches import AT_ONCE, MOMENT_S, BatchAnswer, Batches
from tests.native.gateways import Body, Native
from tests.whole.lines import Asked

REQUIRED = {"metadata": {"entry_id": "*"}}


async def test_gathered() -> None:
    """While some are under way the others wait, and go out together; ids stand once in it.

    Few ids wait a moment for more where one is under way, and not for its end.
    """
    asked: list[list[str]] = []
    batches, go_on = Batches(), asyncio.Event()

    async def ask(ids: Any) -> BatchAnswer:
        asked.append([*ids])
        await go_on.wait()
        return BatchAnswer([{"entry_id": one} for one in ids], len(ids), {})

    reads = [
        asyncio.create_task(batches.read(("a", b""), [f"{at}", f"{at + 1}"], ask))
        for at in range(8)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(asked) == 1
    async with asyncio.timeout(10):
        while len(asked) < AT_ONCE:
            await asyncio.sleep(0.01)
    reads += [asyncio.create_task(batches.read(("a", b""), ["7", "8"], ask))]
    await asyncio.sleep(2 * MOMENT_S)
    assert len(asked) == AT_ONCE
    reads[8].cancel()
    go_on.set()
    answers = await asyncio.gather(*reads[:8])
    assert len(asked) == AT_ONCE + 1
    assert all(len(ids) == len({*ids}) for ids in asked)
    for at, answer in enumerate(answers):
        assert {f"{at}", f"{at + 1}"} <= {one["entry_id"] for one in answer.documents}


async def test_what_nobody_expects() -> None:
    """An error of any kind reaches all who wait, and those who come later are answered."""
    batches = Batches()

    async def fails(ids: Any) -> BatchAnswer:
        await asyncio.sleep(0)
        raise KeyError(ids)

    async def ask(ids: Any) -> BatchAnswer:
        return BatchAnswer([], 0, {})

    reads = [batches.read(("a", b""), [f"{at}"], fails) for at in range(8)]
    async with asyncio.timeout(5):
        found = await asyncio.gather(*reads, return_exceptions=True)
        assert all(isinstance(one, KeyError) for one in found)
        assert (await batches.read(("a", b""), ["1"], ask)).total == 0


async def downloads(
    native: Native, ids: list[str], headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """ArchiveQuery's downloads, all at a time."""
    bodies: list[Body] = [
        {
            "owner": "visible",
            "query": {"and": [{"optimade.nelements": {"gte": 1}}, {"entry_id:any": part}]},
            "pagination": {"page_size": 10},
            "required": REQUIRED,
        }
        for part in (ids[at : at + 10] for at in range(0, len(ids), 10))
    ]
    path = "/api/v1/entries/archive/query"
    posts = [native.client.post(path, json=one, headers=headers) for one in bodies]
    return await asyncio.gather(*posts)


async def test_downloads(native: Native) -> None:
    """Each is answered as if it were alone, its echo too, and the sites are asked less often."""
    body = {"query": {"optimade.nelements": {"gte": 1}}, "pagination": {"page_size": 80}}
    ids = [one["entry_id"] for one in (await native.query(body))["data"]]
    for line in native.lines.values():
        line.asked.clear()
    together = await downloads(native, ids)
    asked = sum(len(line.asked) for line in native.lines.values())
    assert asked < 8 * len(native.lines)
    for at, answer in enumerate(together):
        (alone,) = await downloads(native, ids[10 * at : 10 * at + 10])
        assert answer.json() == alone.json()
        assert [one["entry_id"] for one in answer.json()["data"]] == ids[10 * at : 10 * at + 10]


async def test_one_that_fails_harms_no_other(native: Native) -> None:
    """An archive that cannot be read is the failure of the request that asks for it."""
    body = {"query": {"optimade.nelements": {"gte": 1}}, "pagination": {"page_size": 80}}
    ids = [one["entry_id"] for one in (await native.query(body))["data"]]

    def fault(asked: Asked) -> Any:
        is_broken = asked.is_archive and ids[33] in str(asked.body["query"])
        return httpx.Response(500, json={"detail": {"reason": "broken"}}) if is_broken else None

    for line in native.lines.values():
        line.fault = fault
    answers = await downloads(native, ids)
    assert [answer.status_code for answer in answers] == [200] * 3 + [502] + [200] * 4


async def test_only_holders_are_asked(native: Native) -> None:
    """Entries that were just listed are asked only of the sites that served them; where one does
    not have its any more, all are asked."""
    body = {"query": {"optimade.nelements": {"gte": 1}}, "pagination": {"page_size": 80}}
    ids = [one["entry_id"] for one in (await native.query(body))["data"]]
    for line in native.lines.values():
        line.asked.clear()
    (answer,) = await downloads(native, ids[:10])
    sent = [one for line in native.lines.values() for one in line.asked]
    named = [entry_id for one in sent for entry_id in _ids_of(one.body["query"])]
    assert sorted(named) == sorted(ids[:10])
    assert [one["entry_id"] for one in answer.json()["data"]] == ids[:10]
    (asked_of_all,) = await downloads(native, ids[:10], {"cache-control": "no-cache"})
    assert answer.json() == asked_of_all.json()
    native.lines["dresden"].fault = _has_no_archives
    (after,) = await downloads(native, ids[:10])
    listed = [one["entry_id"] for one in after.json()["data"]]
    assert listed == [one for one in ids[:10] if one in listed]
    assert after.json()["pagination"]["total"] == len(listed) < 10


def _ids_of(query: Any) -> list[str]:
    if isinstance(query, dict):
        return query.get("entry_id:any") or [
            one for part in query.values() for one in _ids_of(part)
        ]
    return [one for part in query for one in _ids_of(part)] if isinstance(query, list) else []


def _has_no_archives(asked: Asked) -> Any:
    body: Body = {"data": [], "pagination": {"total": 0}, "query": {}, "owner": "visible"}
    return httpx.Response(200, json=body) if asked.is_archive else None
