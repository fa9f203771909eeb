"""Whether a page costs more the deeper it is: the walk goes along `links.next`."""

import random
import time
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlencode

import httpx

from tests.bench.gateway_process import gateway
from tests.bench.measuring import Effort, Row
from tests.bench.processes import stubs

SHALLOW, DEEP, QUICK_DEEP = 3, 2_000, 200
SITES, SIZE = 5, 20


def deep_page(effort: Effort) -> Iterator[Row]:
    """Page 2,000 over page 3, both asked in turn once the walk has found them."""
    deep = QUICK_DEEP if effort.is_quick else DEEP
    entries = deep * SIZE // SITES * 2
    with (
        stubs(SITES, entries=entries) as sites,
        gateway(sites.urls) as own,
        httpx.Client(timeout=60) as client,
    ):
        links = _walk(client, f"{own.url}/v1/structures?" + urlencode({"page_limit": SIZE}), deep)
        found = _in_turn(client, {n: links[n] for n in (SHALLOW, deep)}, effort)
    ratio = found[deep] / found[SHALLOW]
    yield Row(
        f"page {deep:,} over page {SHALLOW}",
        f"{ratio:.2f} ({found[deep]:.1f} / {found[SHALLOW]:.1f} ms)",
        "<= 1.05",
    )


def _walk(client: httpx.Client, url: str, pages: int) -> dict[int, str]:
    """The address of each page; no entry comes twice."""
    links, seen = {1: url}, set[str]()
    for number in range(1, pages):
        document = client.get(links[number]).raise_for_status().json()
        ids = {one["id"] for one in document["data"]}
        if len(ids) != SIZE or ids & seen:
            raise RuntimeError(f"page {number} is wrong: {sorted(ids)}")
        seen |= ids
        links[number + 1] = document["links"]["next"]
    return links


def _in_turn(client: httpx.Client, links: dict[int, str], effort: Effort) -> dict[int, float]:
    """Median milliseconds of each page."""
    taken: dict[int, list[float]] = {number: [] for number in links}
    for _ in range(20 if effort.is_quick else 200):
        for number in random.sample(tuple(links), len(links)):
            begin = time.perf_counter()
            client.get(links[number]).raise_for_status()
            taken[number].append(time.perf_counter() - begin)
    return {number: 1000 * median(times) for number, times in taken.items()}
