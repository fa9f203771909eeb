"""Two replicas behind the shipped balancer with a shared cache, under load: the configuration
changes, one replica is killed and comes back, the other is ended as an update does and comes back.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.bench.balancer import balanced, cache_server, missing_programs
from tests.bench.gateway_process import PREFIX
from tests.bench.load import distinct_filter
from tests.bench.measuring import Effort, Row
from tests.bench.processes import end, stubs
from tests.free_port import free_port

CLIENTS = 12
ENTRIES = 200
DRAIN_S = 3
NEW_SITE = "oasis3"
BUDGET_S = 20
"""Longer than what is shipped: a busy machine is not what is measured."""


@dataclass
class Outcome:
    """What clients met."""

    answers: Counter[str] = field(default_factory=Counter)
    """By kind of request."""
    failed: Counter[str] = field(default_factory=Counter)
    """By kind and by what came instead of a whole answer."""
    not_yet: int = 0
    """Entries of the new site, asked of the replica that had not yet read the configuration."""
    slowest_s: float = 0.0
    sites: Counter[int] = field(default_factory=Counter)
    """How many sites answers were made from."""
    happened: list[str] = field(default_factory=list)


class Replica:
    """A gateway at a port of its own, which can end and come back."""

    def __init__(self, config: Path, cache: str) -> None:
        self.port = free_port()
        self._config = config
        self._environment = {
            **os.environ,
            "GATEWAY_CACHE__BACKEND": "redis",
            "GATEWAY_CACHE__URL": cache,
            "GATEWAY_SERVER__DRAIN_S": str(DRAIN_S),
            "GATEWAY_TIMEOUTS__BUDGET_S": str(BUDGET_S),
            "GATEWAY_LOGGING__LEVEL": "warning",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to serve; it is ready a little later."""
        words = ["serve", "--config", str(self._config), "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *words],
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """End at once, in the midst of its answers."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def leave(self) -> None:
        """End as systemd, Compose and Kubernetes ask for it."""
        assert self._process is not None
        self._process.terminate()
        while self._process.poll() is None:
            await asyncio.sleep(0.05)

    def end(self) -> None:
        """Clean up."""
        if self._process is not None:
            end(self._process)

    async def until_ready(self) -> None:
        """Until a balancer may send requests."""
        async with httpx.AsyncClient(timeout=2) as client:
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.get(f"http://127.0.0.1:{self.port}/ready")
                    if answer.status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError("a replica was not ready within a minute")


def failover(effort: Effort) -> Iterator[Row]:
    """One line: how many requests, how many of them failed."""
    what = "two replicas: reload, kill, rolling update under load"
    if missing := missing_programs():
        yield Row(what, f"left out: needs {missing}", "0 failed")
        return
    found = run_failover(calm_s=effort.seconds)
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.answers.items()))
    failed = "; ".join(f"{kind} {count}" for kind, count in found.failed.items())
    yield Row(
        what,
        f"{sum(found.answers.values())} requests ({kinds}), {sum(found.failed.values())} failed"
        f"{f' ({failed})' if failed else ''}, slowest {found.slowest_s:.1f} s; "
        f"{found.not_yet} entries of the new site not yet known to one replica; "
        f"{'; '.join(found.happened)}",
        "0 failed",
    )


def run_failover(*, calm_s: float) -> Outcome:
    """All of it, with so many seconds of load between one event and the next."""
    with (
        tempfile.TemporaryDirectory() as name,
        stubs(3, entries=ENTRIES) as sites,
        cache_server(Path(name)) as cache,
    ):
        config = Path(name) / "gateway.yaml"
        write_config(config, sites.urls[:2])
        replicas = (Replica(config, cache), Replica(config, cache))
        try:
            return asyncio.run(_under_load(replicas, config, sites.urls, Path(name), calm_s))
        finally:
            for one in replicas:
                one.end()


def write_config(path: Path, urls: "tuple[str, ...] | list[str]") -> None:
    """A configuration over these sites takes the place of the one before, in one step."""
    sites = [{"name": f"oasis{number}", "url": url} for number, url in enumerate(urls, 1)]
    provider = {"prefix": PREFIX, "name": "Failover", "description": "Failover."}
    new = path.with_suffix(".new")
    new.write_bytes(orjson.dumps({"provider": provider, "sites": sites}))  # JSON is YAML
    new.replace(path)


async def _under_load(
    replicas: tuple[Replica, Replica],
    config: Path,
    urls: tuple[str, ...],
    folder: Path,
    calm_s: float,
) -> Outcome:
    first, second = replicas
    for one in replicas:
        one.start()
    for one in replicas:
        await one.until_ready()
    outcome, begin = Outcome(), time.monotonic()

    def note(text: str) -> None:
        outcome.happened.append(f"{time.monotonic() - begin:.0f} s {text}")

    with balanced([one.port for one in replicas], folder) as address:
        async with _load(address, outcome):
            await asyncio.sleep(calm_s)
            write_config(config, urls)
            note("a third site is configured")
            await asyncio.sleep(2 * calm_s)
            first.kill()
            note("one replica is killed")
            await asyncio.sleep(calm_s)
            first.start()
            await first.until_ready()
            note("it is back")
            await asyncio.sleep(calm_s)
            await second.leave()
            note("the other one has ended for an update")
            second.start()
            await second.until_ready()
            note("it is back")
            await asyncio.sleep(calm_s)
    return outcome


@contextlib.asynccontextmanager
async def _load(address: str, outcome: Outcome) -> AsyncIterator[None]:
    over = asyncio.Event()
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=address, timeout=40, limits=limits) as client:
        asking = [asyncio.create_task(_walk(client, outcome, over)) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            over.set()
            await asyncio.gather(*asking)


async def _walk(client: httpx.AsyncClient, outcome: Outcome, over: asyncio.Event) -> None:
    """First page, next page, one of its entries, and again with another filter."""
    while not over.is_set():
        path = f"/v1/structures?filter={distinct_filter()}&page_limit=10"
        page = await _ask(client, path, "first page", outcome)
        following = (page or {}).get("links", {}).get("next")
        if not page or not following:
            continue
        await _ask(client, str(httpx.URL(following).raw_path, "ascii"), "next page", outcome)
        await _ask(client, f"/v1/structures/{page['data'][0]['id']}", "entry", outcome)


async def _ask(
    client: httpx.AsyncClient, path: str, kind: str, outcome: Outcome
) -> dict[str, Any] | None:
    """The document, if it came whole and no site is missing from it."""
    begin = time.monotonic()
    try:
        answer = await client.get(path)
        document = orjson.loads(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        outcome.failed[f"{kind}: {type(error).__name__}"] += 1
        return None
    finally:
        outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - begin)
    sites = document.get("meta", {}).get(f"_{PREFIX}_sites", [])
    if answer.status_code == 200 and not document["data"] and f"/{NEW_SITE}~" in path:
        outcome.not_yet += 1
        return None
    if trouble := _trouble(answer.status_code, document, {one["state"] for one in sites}):
        outcome.failed[f"{kind}: {trouble}"] += 1
        return None
    outcome.answers[kind] += 1
    if kind == "first page":
        outcome.sites[len(sites)] += 1
    return document


def _trouble(status: int, document: dict[str, Any], states: set[str]) -> str:
    """What is wrong with an answer; empty: nothing."""
    reported = document.get("errors") or document.get("meta", {}).get("warnings") or [{}]
    detail = str(reported[0].get("detail", ""))
    if status != 200:
        return f"{status} {detail}"
    if states & {"failed", "partial"}:
        return f"a site is missing: {detail}"
    return "" if document["data"] else f"nothing found: {detail}"
