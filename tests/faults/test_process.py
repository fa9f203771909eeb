"""`gateway serve` as a process: signals and a configuration that changes under load."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.gateways import ids_of, oases
from tests.faults.proxy import Exchange, honest, proxies
from tests.whole.oases import make_line

LINES = {name: [make_line(f"e-{name}")] for name in ("one", "two")}
START_S = 100
URL = "/v1/structures?response_fields=nsites"
NO_CACHE = {"Cache-Control": "no-cache"}


def write(path: Path, sites: Mapping[str, str], **server: object) -> None:
    content = {
        "provider": {"prefix": "fed", "name": "F", "description": "D"},
        "sites": [{"name": name, "url": url} for name, url in sites.items()],
        "logging": {"json": True},
        "server": server,
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(path)


@asynccontextmanager
async def process(path: Path) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """A running `gateway serve`, ready, and a client of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    running = await asyncio.create_subprocess_exec(*command, stderr=PIPE, stdout=PIPE)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=START_S
        ) as client:
            await until(client, {"one"})
            yield running, client
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def until(client: httpx.AsyncClient, sites: Iterable[str]) -> None:
    """Wait until those sites, and no others, are known."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                logged = (await client.get("/health")).json()["sites"]
            except httpx.TransportError:
                logged = []
            if {one["name"] for one in logged if one["version"]} == set(sites):
                return
            await asyncio.sleep(0.05)


async def events(running: Process) -> list[dict[str, str]]:
    """The log of a process that has ended."""
    _, errors = await running.communicate()
    assert b"Traceback" not in errors
    return [json.loads(line) for line in errors.splitlines()]


async def taking(exchange: Exchange) -> None:
    await asyncio.sleep(1)
    await honest(exchange)


@pytest.mark.parametrize("drain_s", [0, 3])
async def test_sigterm(tmp_path: Path, drain_s: int) -> None:
    """Requests under way are finished, new ones find /ready 503 or no server; soon it ends."""
    path = tmp_path / "gateway.yaml"
    async with oases({"one": LINES["one"]}) as addresses, proxies(addresses) as standing:
        write(path, {"one": standing["one"].url}, drain_s=drain_s)
        async with process(path) as (running, client):
            standing["one"].break_with(taking)
            under_way = asyncio.create_task(client.get(URL))
            while not standing["one"].open:
                await asyncio.sleep(0.01)
            running.send_signal(signal.SIGTERM)
            if drain_s:
                await asyncio.sleep(0.2)
                ready = await client.get("/ready")
                assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
            answer = await under_way
            assert ids_of(answer.json()) == ["one~e-one"]
            async with asyncio.timeout(START_S):
                await running.wait()
            assert running.returncode in (0, -signal.SIGTERM)
            await events(running)


async def test_reloading(tmp_path: Path) -> None:
    """SIGHUP and a changed file take another site in; a bad file changes nothing; none is lost."""
    path = tmp_path / "gateway.yaml"
    async with oases(LINES) as addresses:
        write(path, {"one": addresses["one"]})
        async with process(path) as (running, client):
            statuses: list[int] = []
            asking = asyncio.create_task(keep_asking(client, statuses))
            path.write_text("sites: [", encoding="utf-8")
            os.kill(running.pid, signal.SIGHUP)
            await asyncio.sleep(1)
            await until(client, {"one"})
            write(path, addresses)
            os.kill(running.pid, signal.SIGHUP)
            await until(client, {"one", "two"})
            both = (await client.get(URL, headers=NO_CACHE)).json()
            assert ids_of(both) == ["one~e-one", "two~e-two"]
            write(path, {"two": addresses["two"]})
            await until(client, {"two"})
            assert await states_told(client) == {"two"}
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert len(statuses) > 20
            assert set(statuses) == {200}
            running.send_signal(signal.SIGTERM)
            logged = await events(running)
    names = [one["event"] for one in logged]
    assert names.count("configuration read again") == 2
    bad = [one for one in logged if one["event"].startswith("the new configuration is wrong")]
    assert 1 <= len(bad) <= 2
    assert str(path) in bad[0]["reason"]


@pytest.mark.parametrize("head", [b"GET /v1/structures?filter=", b"GET /v1/info HTTP/1.1\r\nX: "])
async def test_an_endless_request_is_ended(tmp_path: Path, head: bytes) -> None:
    """An address or a header without end is refused and not kept in memory."""
    path = tmp_path / "gateway.yaml"
    async with oases({"one": LINES["one"]}) as addresses:
        write(path, addresses)
        async with process(path) as (_, client):
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(head)
            sent = 0
            with suppress(ConnectionError):
                while sent < 64 * 2**20:
                    writer.write(b"a" * 65_536)
                    await writer.drain()
                    sent += 65_536
            assert sent < 64 * 2**20
            with suppress(ConnectionError):
                assert (await reader.read(100)).startswith((b"HTTP/1.1 414 ", b"HTTP/1.1 431 "))
            writer.close()
            assert (await client.get(URL)).status_code == 200


async def states_told(client: httpx.AsyncClient) -> set[str]:
    """The sites whose state the metrics tell, once the configuration before has ended."""
    async with asyncio.timeout(START_S):
        while True:
            text = (await client.get("/metrics")).text
            named = {
                name: set(re.findall(rf'^gateway_site_{name}{{site="(\w+)"', text, re.MULTILINE))
                for name in ("breaker", "entries")
            }
            if named["breaker"] == named["entries"]:
                return named["breaker"]
            await asyncio.sleep(0.05)


async def keep_asking(client: httpx.AsyncClient, statuses: list[int]) -> None:
    while True:
        statuses.append((await client.get(URL, headers=NO_CACHE)).status_code)
        await asyncio.sleep(0.02)
