"""By hand: random native queries against a gateway and its sites; counts differences.

    PYTHONPATH=src:. python -m tests.native.run_random GATEWAY SITE SITE .. [--cases 2000]

All addresses end in `/api/v1`; the sites come in the order of the gateway's configuration. Which
site serves an entry that several hold, and what each answer is to be, is computed here.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

import httpx

from gateway.native.order import position, read_key, read_order
from gateway.native.reading.request import Pagination
from tests.native.expected import owners, served, union
from tests.native.gateways import walk
from tests.native.random_aggregations import problem, random_aggregations
from tests.native.random_queries import FIELDS, ORDERS, random_query

Body: TypeAlias = dict[str, Any]
Ask: TypeAlias = Callable[[Body], Awaitable[Body]]
SIZES = (1, 7, 50, 100, 333, 1000)
MOST_PAGES, MOST_ENTRIES = 5, 150
"""Of a walk; a further page begins at a random place."""
AGGREGATED = 0.25
"""Of the queries; each of these has one aggregation of every kind."""
KEPT = ("entry_id", "upload_id", "mainfile")


@dataclass(frozen=True, slots=True)
class Known:
    """All public entries, as the sites themselves list them."""

    documents: dict[str, dict[str, Body]]
    """By site and entry_id."""
    entries: list[Body]
    owner_of: dict[str, str]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    limits = httpx.Limits(keepalive_expiry=1)  # a NOMAD closes idle connections after 5 s
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        gateway, *sites = options.addresses
        known = await read_all(client, sites)
        copies = sum(map(len, known.documents.values())) - len(known.owner_of)
        print(f"{len(known.owner_of)} entries, {copies} copies of them", flush=True)
        places = asyncio.Semaphore(options.at_once)

        async def one(case: int) -> bool:
            async with places:
                found = await compare(client, gateway, known, Random(f"{options.seed} {case}"))
            if found:
                print(f"case {case}: {found}", flush=True)
            if case % 100 == 99:
                print(f"{case + 1} done", flush=True)
            return bool(found)

        different = sum(await asyncio.gather(*map(one, range(options.cases))))
    print(f"{options.cases} queries, {different} different")


async def read_all(client: httpx.AsyncClient, sites: list[str]) -> Known:
    """What every site has, page by page of its own."""
    include = [*FIELDS, "last_processing_time"]
    documents: dict[str, list[Body]] = {}
    for site in sites:

        async def ask(body: Body, site: str = site) -> Body:
            return (await client.post(f"{site}/entries/query", json=body)).json()

        first: Body = {"pagination": {"page_size": 1000}, "required": {"include": include}}
        documents[site] = await walk(ask, {"owner": "visible", **first}, most=100_000)
    public = {}
    for site in sites:
        first = {"pagination": {"page_size": 1000}, "required": {"include": ["entry_id"]}}

        async def ask_public(body: Body, site: str = site) -> Body:
            return (await client.post(f"{site}/entries/query", json=body)).json()

        ids = {one["entry_id"] for one in await walk(ask_public, first, most=100_000)}
        public[site] = [one for one in documents[site] if one["entry_id"] in ids]
    by_id = {site: {one["entry_id"]: one for one in held} for site, held in documents.items()}
    return Known(by_id, [one for held in documents.values() for one in held], owners(public))


async def compare(
    client: httpx.AsyncClient, gateway: str, known: Known, random: Random
) -> str | None:
    """One query: what differs; None: nothing, or it is refused by the sites."""
    order_by, order = random.choice(ORDERS), random.choice(("asc", "desc"))
    body: Body = {
        "owner": random.choice(("public", "visible")),
        "query": random_query(random, random.sample(known.entries, 50)),
    }
    aggregations = random_aggregations(random) if random.random() < AGGREGATED else {}
    by_site: dict[str, list[Body]] = {}
    for site, held in known.documents.items():
        ids = await matching(client, site, body)
        if ids is None:
            return None
        by_site[site] = [held[one] for one in ids]
    by_site = served(by_site, known.owner_of)
    wanted = union(by_site, order_by=order_by, order=order)
    pagination = {"page_size": random.choice(SIZES), "order_by": order_by, "order": order}
    whole: Body = {**body, "pagination": pagination, "required": {"include": [*KEPT]}}

    async def ask(asked: Body) -> Body:
        response = await posted(client, f"{gateway}/entries/query", asked)
        answer = response.json()
        if response.status_code != 200:
            raise AssertionError((response.status_code, answer, asked))
        assert answer["pagination"]["total"] == len(wanted), (answer["pagination"], asked)
        return answer

    try:
        found = await first_pages(ask, whole)
        again, at = await somewhere(ask, whole, wanted, random)
        counts = {**body, "pagination": {"page_size": 0}, "aggregations": aggregations}
        result = await ask(counts) if aggregations else {}
    except AssertionError as error:
        return str(error)[:600]
    for begin, part in ((0, found), (at, again)):
        if (wrong := _first(part, wanted[begin:])) is not None:
            return f"{len(wanted)} wanted, from {begin} {wrong}: {whole}"
    if not aggregations:
        return None
    wrong = problem(aggregations, result["aggregations"], wanted)
    return f"{wrong} in {body}" if wrong else None


async def posted(client: httpx.AsyncClient, url: str, body: Body) -> httpx.Response:
    """The answer; once more where a connection broke, as on a machine that is too busy."""
    for _ in range(3):
        try:
            return await client.post(url, json=body)
        except httpx.TransportError as error:
            print(f"{url}: {error!r}", flush=True)
            await asyncio.sleep(1)
    return await client.post(url, json=body)


async def matching(client: httpx.AsyncClient, site: str, body: Body) -> list[str] | None:
    """All entry_ids that match at a site, by an aggregation, which costs it far less than pages;
    None: it refuses the query."""
    terms = {"quantity": "entry_id", "pagination": {"page_size": 10_000}}
    asked = {**body, "pagination": {"page_size": 0}, "aggregations": {"ids": {"terms": terms}}}
    answer = (await posted(client, f"{site}/entries/query", asked)).json()
    if "detail" in answer:
        return None
    ids = [one["value"] for one in answer["aggregations"]["ids"]["terms"]["data"]]
    assert len(ids) == answer["pagination"]["total"], (site, body)
    return ids


async def first_pages(ask: Ask, whole: Body) -> list[Body]:
    """The walk from its beginning, by next_page_after_value."""
    found: list[Body] = []
    pagination = whole["pagination"]
    for _ in range(MOST_PAGES):
        answer = await ask({**whole, "pagination": pagination})
        found += answer["data"]
        after = answer["pagination"].get("next_page_after_value")
        if after is None or not answer["data"]:
            assert len(found) == answer["pagination"]["total"], (len(found), whole)
            return found
        pagination = {**pagination, "page_after_value": after}
        if len(found) >= MOST_ENTRIES:
            break
    return found


async def somewhere(
    ask: Ask, whole: Body, wanted: list[Body], random: Random
) -> tuple[list[Body], int]:
    """A page from a position within the walk, as a plain NOMAD writes it, and where that is."""
    pagination = whole["pagination"]
    if not wanted:
        return [], 0
    at = random.randrange(len(wanted))
    order = read_order(Pagination(order_by=pagination["order_by"], order=pagination["order"]))
    after = position(read_key(wanted[at], order), order)
    asked = {**pagination, "page_size": min(pagination["page_size"], 50), "page_after_value": after}
    answer = await ask({**whole, "pagination": asked})
    assert len(answer["data"]) == min(asked["page_size"], len(wanted) - at - 1), asked
    return answer["data"], at + 1


def _first(found: list[Body], wanted: list[Body]) -> str | None:
    """Where the found ones are not the first of those wanted; None: nowhere."""
    for at, one in enumerate(found):
        names = [name for name in KEPT if at >= len(wanted) or one[name] != wanted[at].get(name)]
        if names:
            return f"at {at} {one}, not {wanted[at : at + 1]}"
    return None


if __name__ == "__main__":
    asyncio.run(main())
