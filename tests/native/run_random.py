"""By hand: random native queries against a gateway and its sites; counts differences.

    PYTHONPATH=src:. python -m tests.native.run_random GATEWAY SITE SITE .. [--cases 2000]

All addresses end in `/api/v1`; the sites come in the order of the gateway's configuration.
"""

import argparse
import asyncio
from collections import Counter
from random import Random
from typing import Any, TypeAlias

import httpx

from tests.native.expected import union
from tests.native.gateways import walk
from tests.native.random_queries import FIELDS, ORDERS, random_query

Body: TypeAlias = dict[str, Any]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random, different = Random(options.seed), 0
    async with httpx.AsyncClient(timeout=120) as client:
        gateway, *sites = options.addresses
        sample: list[Body] = []
        for site in sites:
            body = {"pagination": {"page_size": 300}, "required": {"include": [*FIELDS]}}
            sample += (await client.post(f"{site}/entries/query", json=body)).json()["data"]
        for case in range(options.cases):
            problem = await compare(client, gateway, sites, random, sample)
            if problem:
                different += 1
                print(f"case {case}: {problem}", flush=True)
    print(f"{options.cases} queries, {different} different")


async def compare(
    client: httpx.AsyncClient, gateway: str, sites: list[str], random: Random, sample: list[Body]
) -> str | None:
    order_by, order = random.choice(ORDERS), random.choice(("asc", "desc"))
    include = ["entry_id", "mainfile", "upload_id"]
    body = {
        "owner": random.choice(("public", "visible")),
        "query": random_query(random, sample),
        "required": {"include": include},
    }
    by_site, totals = {}, 0
    for site in sites:
        pagination = {"page_size": 10_000, "order_by": order_by, "order": order}
        answer = (
            await client.post(f"{site}/entries/query", json={**body, "pagination": pagination})
        ).json()
        if "data" not in answer:
            return None if "detail" in answer else f"{site}: {answer}"
        by_site[site] = answer["data"]
        totals += answer["pagination"]["total"]
    wanted = union(by_site, order_by=order_by, order=order)
    size = random.choice((1, 7, 50, 100, 333, 1000))
    size = max(size, len(wanted) // 25 + 1)

    async def ask(asked: Body) -> Body:
        response = await client.post(f"{gateway}/entries/query", json=asked)
        answer = response.json()
        if response.status_code != 200:
            raise AssertionError((response.status_code, answer, asked))
        assert answer["pagination"]["total"] <= totals, (answer["pagination"], totals, asked)
        assert answer["pagination"]["total"] >= len(wanted), (answer["pagination"], asked)
        return answer

    pagination = {"page_size": size, "order_by": order_by, "order": order}
    try:
        found = await walk(ask, {**body, "pagination": pagination}, most=30_000)
    except AssertionError as error:
        return str(error)[:600]
    ids = [one["entry_id"] for one in found]
    counts = Counter(one["entry_id"] for documents in by_site.values() for one in documents)
    alone = [one for one in ids if counts[one] == 1]
    wanted_alone = [one["entry_id"] for one in wanted if counts[one["entry_id"]] == 1]
    if alone != wanted_alone or set(ids) != counts.keys():
        return f"{len(ids)} found, {len(wanted)} wanted: {body} {pagination}"
    return None


if __name__ == "__main__":
    asyncio.run(main())
