"""By hand: what ArchiveQuery sends for the archives of N entries, to a gateway over some sites and
to these sites one after the other; how long each takes, and their quotient.

    PYTHONPATH=src:. python -m tests.native.run_archive_query GATEWAY SITE SITE .. [--entries 1000]

No gateway can be faster than the site with the most entries is alone; where the sites share a
machine, nor than they are when asked at once without a gateway. Both are printed as quotients, too.
ArchiveQuery itself sends at most 20 requests per second unless `max_requests_per_second` says
otherwise: 1,000 archives take it 5 s from anywhere. This sends as many as are answered.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeAlias

import httpx

Body: TypeAlias = dict[str, Any]
QUERY: Body = {"and": [{"quantities": []}, {"optimade.nelements": {"gte": 1}}]}
PAGE, PER_CALL, AT_ONCE = 100, 10, 8


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    gateway, *sites = options.addresses
    for _ in range(options.rounds):
        begun = time.perf_counter()
        ids = await read(gateway, options.entries)
        ours = time.perf_counter() - begun
        shares = [await total(site) for site in sites]
        parts = [round(options.entries * share / sum(shares)) for share in shares]
        alone = [await seconds(read(*one)) for one in zip(sites, parts, strict=True)]
        at_once = await seconds(asyncio.gather(*map(read, sites, parts)))
        whole = sum(alone)
        print(f"{len(ids)} entries: {ours:.2f} s, one after the other {whole:.2f} s, quotient "
              f"{ours / whole:.2f}; largest site alone {max(alone) / whole:.2f}, "
              f"all at once {at_once / whole:.2f}", flush=True)  # fmt: skip


async def seconds(work: Awaitable[Any]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def total(site: str) -> int:
    """How many entries match at a site."""
    async with httpx.AsyncClient(timeout=300) as client:
        body: Body = {"query": QUERY, "pagination": {"page_size": 0}}
        answer = (await client.post(f"{site}/entries/query", json=body)).json()
        return int(answer["pagination"]["total"])


async def read(base: str, most: int) -> list[str]:
    """Fetch, then download: the ids, each with its archive."""
    async with httpx.AsyncClient(timeout=300) as client:
        begun = time.perf_counter()
        ids = await fetch(client, base, most)
        fetched = time.perf_counter() - begun
        places = asyncio.Semaphore(AT_ONCE)

        async def download(part: list[str]) -> None:
            body = {
                "owner": "visible",
                "query": {"and": [QUERY, {"entry_id:any": part}]},
                "pagination": {"page_size": PER_CALL},
                "required": "*",
            }
            async with places:
                response = await client.post(f"{base}/entries/archive/query", json=body)
            found = [one["entry_id"] for one in response.json()["data"]]
            assert found == part, (found, part)

        parts = [ids[at : at + PER_CALL] for at in range(0, len(ids), PER_CALL)]
        await asyncio.gather(*map(download, parts))
        print(f"  {base}: fetch {fetched:.2f} s, all {time.perf_counter() - begun:.2f} s")
        return ids


async def fetch(client: httpx.AsyncClient, base: str, most: int) -> list[str]:
    """The ids, page after page."""
    ids: list[str] = []
    pagination: Body = {"page_size": PAGE}
    while len(ids) < most:
        body = {
            "owner": "visible",
            "query": QUERY,
            "pagination": pagination,
            "required": {"include": ["entry_id", "upload_id"]},
        }
        answer = (await client.post(f"{base}/entries/query", json=body)).json()
        ids += [one["entry_id"] for one in answer["data"]]
        after = answer["pagination"].get("next_page_after_value")
        if after is None:
            break
        pagination = {**pagination, "page_after_value": after}
    return ids[:most]


if __name__ == "__main__":
    asyncio.run(main())
