"""Downloads at a time are gathered for each site, and everybody gets an answer of their own."""

import asyncio
from typing import Any

import httpx

from gateway.native.searches.batches import AT_ONCE, BatchAnswer, Batches
from tests.native.gateways import Body, Native
from tests.whole.lines import Asked

REQUIRED = {"metadata": {"entry_id": "*"}}


async def test_gathered() -> None:
    """While some are under way the others wait, and go out together; ids stand once in it."""
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
    await asyncio.sleep(0.01)
    assert len(asked) == AT_ONCE
    reads[7].cancel()
    go_on.set()
    answers = await asyncio.gather(*reads[:7])
    assert len(asked) == AT_ONCE + 1
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


async def downloads(native: Native, ids: list[str]) -> list[httpx.Response]:
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
    return await asyncio.gather(*(native.post("/entries/archive/query", one) for one in bodies))


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
