"""Random faults under load: what is lost, double, miscounted or unexplained, and the memory.

`python -m tests.faults.soak --minutes 20 [--sites URL,..]`: a gateway as a process of its own, each
site behind a proxy whose fault changes every few seconds, walkers that follow every link to the
end. Without `--sites`, the sites are demo Oases. Exit code 1 if anything is wrong.
"""

import argparse
import asyncio
import json
import random
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.faults.gateways import Document, ids_of, oases, warnings_of
from tests.faults.proxy import Phase, Proxy, make_faults, proxies
from tests.whole.oases import DemoLine, make_line

DEMO = {"amber": 900, "broken": 700, "coral": 500}
HEALTHY_SHARE = 0.5
CACHE_BYTES = 8 * 2**20
"""Small enough to be full soon, so that what grows then is not the cache."""
CALM_S = 13.0
"""So long all sites are well now and then: a breaker's rest and a bit."""
SILENT_FAULTS = ("total: too small", "the first page for ever", "duplicate ids")
"""Answers that could be true where they stand alone: nobody can tell that such a count is wrong."""
PHASES: tuple[tuple[Phase, ...], ...] = ((), (), ("keys",), ("bodies",), ("count",))
"""Which questions a fault hits; none named: all."""
QUESTIONS = (
    "response_fields=nsites",
    "response_fields=nsites&sort=-nsites",
    "filter=nelements=2&sort=nsites&response_fields=species_at_sites",
    'filter=nsites>3 AND elements HAS "O"&response_fields=species_at_sites',
    "page_limit=40",
)


@dataclass
class Tally:
    """What was seen."""

    walks: int = 0
    pages: int = 0
    partial_pages: int = 0
    waits: int = 0
    """503 with Retry-After, naming a site that had a fault: the walk goes on later."""
    singles: int = 0
    offsets: int = 0
    lost: int = 0
    double: int = 0
    wrong_counts: int = 0
    unexplained: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    memory: list[int] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        return bool(self.lost or self.double or self.wrong_counts or self.unexplained)

    def rows(self) -> list[tuple[str, str]]:
        return [
            ("walks to the end", str(self.walks)),
            ("pages", str(self.pages)),
            ("of them without some site", str(self.partial_pages)),
            ("503 with Retry-After, walk continued later", str(self.waits)),
            ("single entries", str(self.singles)),
            ("pages by offset", str(self.offsets)),
            ("slowest answer", f"{self.slowest_s:.1f} s"),
            ("**entries lost**", str(self.lost)),
            ("**duplicates**", str(self.double)),
            ("**wrong counts**", str(self.wrong_counts)),
            ("**unexplained 5xx and others**", str(dict(self.unexplained) or 0)),
            ("memory at start", mebibytes(self.memory[0])),
            ("memory in each quarter of the time, median", ", ".join(self.quarters())),
            ("memory, most", mebibytes(max(self.memory))),
        ]

    def quarters(self) -> list[str]:
        """The memory held in each quarter of the time."""
        size = max(1, len(self.memory) // 4)
        parts = [self.memory[i * size : (i + 1) * size] for i in range(4)]
        return [mebibytes(statistics.median(part)) for part in parts if part]


def mebibytes(size: float) -> str:
    return f"{size / 2**20:.0f} MiB"


class Soak:
    """One run."""

    def __init__(self, client: httpx.AsyncClient, standing: dict[str, Proxy], until: float) -> None:
        self.client = client
        self.standing = standing
        self.until = until
        self.tally = Tally()
        self.truth: dict[str, list[str]] = {}
        self.last_fault: dict[str, float] = dict.fromkeys(standing, 0.0)

    @property
    def running(self) -> bool:
        return time.monotonic() < self.until

    async def learn(self) -> None:
        """What each question finds while all is well."""
        for question in QUESTIONS:
            found: list[str] = []
            url: str | None = f"/v1/structures?{question}"
            while url is not None:
                page = (await self.client.get(url)).raise_for_status().json()
                assert not warnings_of(page, "site_failed"), warnings_of(page, "site_failed")
                found += ids_of(page)
                url = page["links"].get("next")
            assert len(found) == len(set(found)) == page["meta"]["data_returned"]
            self.truth[question] = found

    async def break_things(self) -> None:
        """Another fault at a random site every few seconds, and a calm time now and then."""
        calm_at = time.monotonic() + 30
        while self.running:
            if time.monotonic() > calm_at:
                for proxy in self.standing.values():
                    await self.heal(proxy)
                await asyncio.sleep(CALM_S)
                calm_at = time.monotonic() + 30
            name, proxy = random.choice(list(self.standing.items()))
            await self.heal(proxy)
            if random.random() > HEALTHY_SHARE:
                await self.break_one(name, proxy)
            await asyncio.sleep(random.uniform(0.2, 3))
        for proxy in self.standing.values():
            await self.heal(proxy)

    async def break_one(self, name: str, proxy: Proxy) -> None:
        faults = make_faults()
        fault = random.choice([one for one in [*faults, "refuse"] if one not in SILENT_FAULTS])
        phases = random.choice(PHASES)
        self.last_fault[name] = time.monotonic() + 3600
        if fault == "refuse":
            await proxy.refuse()
        else:
            proxy.break_with(faults[fault], *phases)

    async def heal(self, proxy: Proxy) -> None:
        await proxy.listen()
        proxy.break_with(None)
        for name, one in self.standing.items():
            if one is proxy and self.last_fault[name] > time.monotonic():
                self.last_fault[name] = time.monotonic()

    async def get(self, url: str) -> httpx.Response | None:
        """The answer; None: a 503 that is explained, so that it is asked again later."""
        began = time.monotonic()
        try:
            headers = random.choice(({}, {"Cache-Control": "no-cache"}))
            response = await self.client.get(url, headers=headers)
        except httpx.HTTPError as error:
            self.tally.unexplained[type(error).__name__] += 1
            await asyncio.sleep(1)
            return None
        self.tally.slowest_s = max(self.tally.slowest_s, time.monotonic() - began)
        if response.status_code == 200:
            return response
        detail = response.json()["errors"][0]["detail"]
        named = [name for name in self.standing if name in detail]
        # the breaker of a site that is back may rest for ten seconds more
        failing = any(time.monotonic() - self.last_fault[name] < CALM_S + 5 for name in named)
        explained = response.status_code == 503 and "retry-after" in response.headers and failing
        if explained:
            self.tally.waits += 1
        else:
            self.tally.unexplained[f"{response.status_code} {detail[:120]}"] += 1
        await asyncio.sleep(0.5)
        return None

    async def walk(self) -> None:
        while self.running:
            question = random.choice(QUESTIONS)
            limit = "" if "page_limit" in question else f"&page_limit={random.choice((50, 200))}"
            url: str | None = f"/v1/structures?{question}{limit}"
            found: list[str] = []
            while url is not None:
                response = await self.get(url)
                if response is None:
                    continue
                page = response.json()
                self.check_count(page, question)
                found += ids_of(page)
                url = page["links"].get("next")
            self.tally.walks += 1
            self.tally.double += len(found) - len(set(found))
            self.tally.lost += len(set(self.truth[question]) - set(found))
            self.tally.wrong_counts += len(set(found) - set(self.truth[question]))

    def check_count(self, page: Document, question: str) -> None:
        self.tally.pages += 1
        missing = warnings_of(page, "site_failed")
        self.tally.partial_pages += bool(missing)
        logged = page["meta"]["data_returned"]
        # a missing site's part is as last known, and all has been counted at the beginning
        unknown = any("not in data_returned" in one for one in missing)
        if logged != len(self.truth[question]) and not unknown:
            self.tally.wrong_counts += 1

    async def look_up(self) -> None:
        """Single entries: the right one, or 503; never another or none."""
        while self.running:
            wanted = random.choice(self.truth[QUESTIONS[0]])
            response = await self.get(f"/v1/structures/{wanted}")
            if response is not None:
                self.tally.singles += 1
                data = response.json()["data"]
                self.tally.lost += data is None
                self.tally.wrong_counts += data is not None and data["id"] != wanted
            await asyncio.sleep(0.05)

    async def jump(self) -> None:
        """Pages by offset: exact whenever no site is missing."""
        every = self.truth[QUESTIONS[0]]
        while self.running:
            offset = random.randrange(len(every))
            url = f"/v1/structures?{QUESTIONS[0]}&page_limit=30&page_offset={offset}"
            response = await self.get(url)
            if response is not None:
                self.tally.offsets += 1
                page = response.json()
                if not warnings_of(page, "site_failed"):
                    self.tally.lost += ids_of(page) != every[offset : offset + 30]
            await asyncio.sleep(0.1)

    async def weigh(self, pid: int) -> None:
        while self.running:
            self.tally.memory.append(resident(pid))
            await asyncio.sleep(1)

    async def run(self, pid: int, walkers: int) -> Tally:
        await self.learn()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.break_things())
            group.create_task(self.weigh(pid))
            group.create_task(self.look_up())
            group.create_task(self.jump())
            for _ in range(walkers):
                group.create_task(self.walk())
        self.tally.memory.append(resident(pid))
        return self.tally


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def demo_lines() -> dict[str, list[DemoLine]]:
    return {
        site: [
            make_line(f"e{number:04d}-{site}", nsites=number % 37, nelements=2 + number % 2)
            for number in range(size)
        ]
        for site, size in DEMO.items()
    }


@asynccontextmanager
async def served(addresses: dict[str, str], log: Path) -> AsyncIterator[tuple[int, str]]:
    """`gateway serve` over these addresses: its process id and its own address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = log.with_suffix(".yaml")
    content = {
        "provider": {"prefix": "fed", "name": "Soak", "description": "Behind faults."},
        "sites": [{"name": name, "url": url} for name, url in addresses.items()],
        "logging": {"json": True},
        "cache": {"max_bytes": CACHE_BYTES},
        "site_defaults": {"attempts": 2, "max_answer_bytes": 8 * 2**20},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    command = (sys.executable, "-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(*command, stderr=errors)
        try:
            yield process.pid, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            await process.wait()


async def soak(minutes: float, sites: dict[str, str], walkers: int, log: Path) -> Tally:
    async with AsyncExitStack() as stack:
        upstreams = sites or await stack.enter_async_context(oases(demo_lines()))
        standing = await stack.enter_async_context(proxies(upstreams))
        addresses = {name: proxy.url for name, proxy in standing.items()}
        pid, address = await stack.enter_async_context(served(addresses, log))
        limits = httpx.Limits(max_connections=50)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=address, timeout=30, limits=limits)
        )
        async with asyncio.timeout(60):
            while not await is_ready(client):
                await asyncio.sleep(0.2)
        return await Soak(client, standing, time.monotonic() + 60 * minutes).run(pid, walkers)


async def is_ready(client: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return all(site["version"] for site in (await client.get("/health")).json()["sites"])
    return False


def tracebacks(log: Path) -> int:
    return log.read_text(encoding="utf-8").count("Traceback")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--sites", default="", help="API addresses, separated by commas.")
    parser.add_argument("--walkers", type=int, default=4)
    options = parser.parse_args()
    urls = [url for url in options.sites.split(",") if url]
    sites = {f"site-{number}": url for number, url in enumerate(urls, start=1)}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "gateway.log"
        tally = asyncio.run(soak(options.minutes, sites, options.walkers, log))
        faults = tracebacks(log)
    print("| | |\n|---|---|")
    for name, value in [*tally.rows(), ("tracebacks in the log", str(faults))]:
        print(f"| {name} | {value} |")
    return 1 if tally.wrong or faults else 0


if __name__ == "__main__":
    sys.exit(main())
