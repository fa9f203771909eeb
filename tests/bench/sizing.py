"""What a gateway needs for each kind of request: for whoever has to size it.

    python -m tests.bench.sizing [--url URL] [--seconds 10] [--clients 8]

Without a URL: one worker as shipped, over the three demo Oases, all on this machine. Processor
time, memory and what the sites are asked are read from the gateway's own /metrics, so that they
hold on a busy machine too. Filters are new, so that no cache helps, where the name does not say
otherwise. It only reads; it asks the sites for real.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gateway.demo import DEMO_SITES
from tests.bench.gateway_process import DEFAULTS, gateway
from tests.bench.load import distinct_filter
from tests.bench.processes import end

MIB = 2**20
LINES = 200
"""Entries of one download of JSON Lines."""

Ask = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Spent:
    """What /metrics has counted."""

    cpu_s: float
    memory_bytes: float
    to_sites: float
    """Requests to all sites."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of request."""

    name: str
    answers: int
    failed: int
    seconds: float
    times_s: tuple[float, ...]
    before: Spent
    after: Spent
    live_s: float
    """The slowest answer of /live meanwhile."""

    def row(self) -> str:
        """A line of the table."""
        cpu_s = (self.after.cpu_s - self.before.cpu_s) / max(1, self.answers)
        sites = (self.after.to_sites - self.before.to_sites) / max(1, self.answers)
        ordered = sorted(self.times_s) or [0.0]
        median, late = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        failed = f" ({self.failed} failed)" if self.failed else ""
        per_core = 1 / cpu_s if cpu_s > 0 else 0
        return (
            f"| {self.name} | {1000 * cpu_s:.1f} ms | {per_core:.0f} | "
            f"{self.answers / self.seconds:.0f}{failed} | "
            f"{1000 * median:.0f} / {1000 * late:.0f} ms | "
            f"{sites:.1f} | {self.after.memory_bytes / MIB:.0f} MiB | {1000 * self.live_s:.0f} ms |"
        )


HEAD = (
    "| request | processor time | per second and core | per second here | median / 99 % | "
    "requests to sites | memory of the worker | slowest `/live` |\n" + "|---" * 8 + "|"
)


class Kinds:
    """The kinds of requests, each as one that was not asked before."""

    def __init__(self, client: httpx.AsyncClient, prefix: str, ids: list[str]) -> None:
        self._client = client
        self._prefix = prefix
        self._ids = itertools.cycle(ids)
        self._following: list[str] = []

    async def _next_page(self) -> None:
        """The next page of a walk; a new walk where all others go on or have ended."""
        if not self._following:
            self._following.append(f"/v1/structures?filter={distinct_filter()}")
        page = (await self._get(self._following.pop())).json()
        if following := page["links"].get("next"):
            self._following.append(str(httpx.URL(following).raw_path, "ascii"))

    @property
    def all(self) -> dict[str, Ask]:
        """By name."""
        listing = "/v1/structures?filter="
        own = f"_{self._prefix}"
        return {
            "first page, 20 entries": self._of(lambda: listing + distinct_filter()),
            "first page that was asked for before": self._of(lambda: listing + "nsites<100001"),
            "next page": self._next_page,
            "single entry, one of 100": self._of(lambda: f"/v1/structures/{next(self._ids)}"),
            "properties of the index alone": self._of(
                lambda: f"{listing}{distinct_filter()}&response_fields=nelements,elements"
            ),
            "facets of two properties": self._of(
                lambda: f"{listing}{distinct_filter()}&page_limit=1&{own}_facets=elements,nelements"
            ),
            f"JSON Lines, {LINES} entries": self._lines,
            "search page, HTML": self._of(
                lambda: f"/?filter={distinct_filter()}", accept="text/html"
            ),
        }

    async def _get(self, path: str, accept: str = "application/json") -> httpx.Response:
        return (await self._client.get(path, headers={"accept": accept})).raise_for_status()

    def _of(self, path: Callable[[], str], accept: str = "application/json") -> Ask:
        async def ask() -> None:
            await self._get(path(), accept)

        return ask

    async def _lines(self) -> None:
        path = f"/v1/structures?filter={distinct_filter()}&response_format={self._format}"
        async with self._client.stream("GET", path) as answer:
            answer.raise_for_status()
            count = 0
            async for _ in answer.aiter_lines():
                count += 1
                if count > LINES:
                    break

    @property
    def _format(self) -> str:
        return f"_{self._prefix}_jsonl"


async def measure(url: str, *, seconds: float, clients: int) -> None:
    """Print the table for the gateway at that address."""
    print(f"{url}: {clients} clients, {seconds:g} s each; load {os.getloadavg()[0]:.1f} on "
          f"{os.cpu_count()} cores", file=sys.stderr)  # fmt: skip
    print(HEAD, flush=True)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        first: Any = (await client.get("/v1/structures?page_limit=100")).raise_for_status().json()
        prefix = first["meta"]["provider"]["prefix"]
        kinds = Kinds(client, prefix, [one["id"] for one in first["data"]])
        for name, ask in kinds.all.items():
            found = await _measure(name, ask, client, seconds=seconds, clients=clients)
            print(found.row(), flush=True)


async def _measure(
    name: str, ask: Ask, client: httpx.AsyncClient, *, seconds: float, clients: int
) -> Measured:
    before, begin = await spent(client), time.monotonic()
    until = begin + seconds
    async with _looking(client) as slowest:
        found = await asyncio.gather(*(_ask_until(ask, until) for _ in range(clients)))
    lasted = time.monotonic() - begin
    times = tuple(itertools.chain.from_iterable(times for times, _ in found))
    failed = sum(failed for _, failed in found)
    after = await spent(client)
    return Measured(name, len(times), failed, lasted, times, before, after, max(slowest))


async def _ask_until(ask: Ask, until: float) -> tuple[list[float], int]:
    times, failed = list[float](), 0
    while (start := time.monotonic()) < until:
        try:
            await ask()
            times.append(time.monotonic() - start)
        except httpx.HTTPError:
            failed += 1
    return times, failed


@contextlib.asynccontextmanager
async def _looking(client: httpx.AsyncClient) -> AsyncIterator[list[float]]:
    """Ask /live as an orchestrator does, over a connection of its own each time."""
    taken, over = [0.0], asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            begin = time.monotonic()
            async with httpx.AsyncClient(base_url=client.base_url, timeout=10) as own:
                await own.get("/live")
            taken.append(time.monotonic() - begin)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 1)

    looking = asyncio.create_task(look())
    try:
        yield taken
    finally:
        over.set()
        await looking


async def spent(client: httpx.AsyncClient) -> Spent:
    """What the gateway has needed so far."""
    text = (await client.get("/metrics")).text
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            sums[one.name] = sums.get(one.name, 0.0) + one.value
    return Spent(
        sums.get("process_cpu_seconds_total", 0.0),
        sums.get("process_resident_memory_bytes", 0.0),
        sums.get("gateway_site_request_seconds_count", 0.0),
    )


@contextlib.contextmanager
def demo_oases() -> Iterator[list[str]]:
    """The demo Oases, each in a process of its own."""
    processes = list[subprocess.Popen[bytes]]()
    try:
        for site in DEMO_SITES:
            words = [sys.executable, "-m", "gateway", "oasis", site.name, "--port", "0"]
            processes.append(subprocess.Popen(words, stdout=subprocess.PIPE))
        yield [_last_address(one) for one in processes]
    finally:
        for one in processes:
            end(one)


def _last_address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"http"):
            return line.decode().strip()
    raise RuntimeError("a demo Oasis did not start")


def main() -> None:
    """Measure a gateway, or one of our own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", help="a gateway that runs; else one over the demo Oases")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each kind of request")
    parser.add_argument("--clients", type=int, default=8, help="at a time")
    given = parser.parse_args()
    with contextlib.ExitStack() as opened:
        url = given.url
        if not url:
            sites = opened.enter_context(demo_oases())
            url = opened.enter_context(gateway(sites, environment=DEFAULTS)).url
        asyncio.run(measure(url.rstrip("/"), seconds=given.seconds, clients=given.clients))


if __name__ == "__main__":
    main()
