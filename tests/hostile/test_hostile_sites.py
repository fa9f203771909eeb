"""Three sites at their worst and hostile clients at once: memory bounded, a good site unharmed."""

import asyncio
import itertools
import json
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import ROOT
from tests.free_port import free_port
from tests.hostile.server import RawClient, raw_client
from tests.hostile.test_process_limits import PROMISED_BYTES, process

CALLERS = 64
LASTS_S = 8
STREAM = "/v1/structures?response_format=_fed_jsonl"


@asynccontextmanager
async def sites(*kinds: str, module: str = "hostile_sites") -> AsyncIterator[list[int]]:
    """Sites in a process of their own; their ports."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.hostile.{module}", *kinds, stdout=PIPE, cwd=ROOT
    )
    try:
        assert running.stdout is not None
        yield [int(port) for port in (await running.stdout.readline()).split()]
    finally:
        running.kill()
        await running.communicate()


def configured(path: Path, ports: dict[str, int]) -> None:
    """A configuration of these sites with the shipped defaults."""
    content = {
        "provider": {"prefix": "fed", "name": "F", "description": "D"},
        "sites": [
            {"name": name, "url": f"http://127.0.0.1:{port}/api/v1"} for name, port in ports.items()
        ],
        "logging": {"level": "error"},
    }
    path.write_text(json.dumps(content), "utf-8")


async def all_known(client: httpx.AsyncClient) -> None:
    """Wait for the first look at all sites."""
    async with asyncio.timeout(30):
        while not all(one["version"] for one in (await client.get("/health")).json()["sites"]):
            await asyncio.sleep(0.05)


async def attack(client: httpx.AsyncClient, number: int) -> None:
    """Ask all sites for ever new pages."""
    for turn in itertools.count():
        limit, filter_ = (20, 50)[turn % 2], f"nsites>{1000 * number + turn}"
        with suppress(httpx.TransportError):
            await client.get(f"/v1/structures?page_limit={limit}&filter={filter_}")


async def hostile_clients(port: int) -> list[RawClient]:
    """Streams that nobody reads, and half requests."""
    clients = [await raw_client(port, receive_bytes=4096) for _ in range(60)]
    for one in clients[:30]:
        one.send(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        one.writer.transport.pause_reading()
    for one in clients[30:]:
        one.send(b"GET /v1/structures?filter=" + b"a" * 700_000)
    return clients


def peak_of(pid: int) -> int:
    """The most memory that a process has had."""
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", text)
    return int(kilobytes) * 1024


@pytest.mark.parametrize("kind", ["all", "dense", "claims"])
async def test_all_at_once(tmp_path: Path, kind: str) -> None:
    """64 callers of four sites and hostile clients: below 400 MB, and the healthy site's pages are
    whole and in time all the while."""
    path, port = tmp_path / "gateway.yaml", free_port()
    serve = ("-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    async with sites("good") as (good,), sites(kind, kind, kind) as bad:
        named = {f"bad-{number}": one for number, one in enumerate(bad)}
        configured(path, {"good": good, **named})
        address, most = f"http://127.0.0.1:{port}", httpx.Limits(max_connections=CALLERS)
        async with (
            process(*serve, port=port) as (running, client),
            httpx.AsyncClient(base_url=address, timeout=30, trust_env=False, limits=most) as crowd,
        ):
            await all_known(client)
            clients = await hostile_clients(port)
            attacking = [asyncio.create_task(attack(crowd, one)) for one in range(CALLERS - 1)]
            answered = 0
            until = asyncio.get_running_loop().time() + LASTS_S
            try:
                while asyncio.get_running_loop().time() < until:
                    answered += await healthy_page(client, answered)
                    await asyncio.sleep(0.05)
            finally:
                for task in attacking:
                    task.cancel()
                await asyncio.gather(*attacking, return_exceptions=True)
                for one in clients:
                    one.close()
            assert answered
            assert peak_of(running.pid) < PROMISED_BYTES


LATE = "has not read all archives in time"


async def healthy_page(client: httpx.AsyncClient, turn: int) -> bool:
    """A page of the healthy site alone has all its entries, in the time that the gateway gives
    itself; 429 is due to the crowd of callers, not to sites, and late archives to the machine."""
    answer = await client.get(f"/sites/good/v1/structures?filter=nsites<{turn}")
    assert answer.status_code in (200, 429), answer.text
    if answer.status_code == 200:
        document = answer.json()
        assert len(document["data"]) == 20
        (state,) = [one for one in document["meta"]["_fed_sites"] if one["name"] == "good"]
        assert state["state"] in ("ok", "cached") or state["reason"] == LATE, state
    return answer.status_code == 200
