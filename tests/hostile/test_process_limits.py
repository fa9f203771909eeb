"""The limits of the process: files, memory, a full disk."""

import asyncio
import configparser
import json
import re
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import yaml

from gateway.cli.serving import server_options
from gateway.serve.connections import limits_of
from tests.docs.pages import ROOT
from tests.free_port import free_port
from tests.hostile.server import RawClient, raw_client
from tests.serve.conftest import make_config

FILES = 256
PROMISED_BYTES = 400 * 1024 * 1024
STREAM = "/v1/structures?response_format=_fed_jsonl"


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


@asynccontextmanager
async def process(
    *command: str, port: int, limit: Callable[[], None] | None = None
) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """A running server, ready, and a client of it."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, *command, stderr=PIPE, preexec_fn=limit, cwd=ROOT
    )
    try:
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
            async with asyncio.timeout(60):
                while not await answers(client):
                    assert running.returncode is None
                    await asyncio.sleep(0.1)
            yield running, client
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).status_code == 200
    except httpx.TransportError:
        return False


async def test_256_descriptors(tmp_path: Path) -> None:
    """With more clients than descriptors new ones are answered or told so; the log has one line."""
    path, port = tmp_path / "gateway.yaml", free_port()
    content = {
        "provider": {"prefix": "fed", "name": "F", "description": "D"},
        "sites": [{"name": "one", "url": "http://127.0.0.1:9/api/v1"}],
        "logging": {"json": True},
    }
    path.write_text(json.dumps(content), "utf-8")
    serve = ("-m", "gateway", "serve", "--config", str(path), "--port", str(port))
    async with process(*serve, port=port, limit=limit_files) as (running, client):
        idle = [await raw_client(port) for _ in range(400)]
        for _ in range(3):
            assert (
                await client.get("/v1/info", headers={"Connection": "close"})
            ).status_code == 200
        for one in idle:
            one.close()
        running.terminate()
        _, errors = await running.communicate()
    events = [json.loads(line)["event"] for line in errors.splitlines()]
    assert events.count("too many connections") == 1
    assert not any("Too many open files" in event or "accept" in event for event in events)


async def test_memory() -> None:
    """Slow readers of 200 streams and 300 half requests together stay below what is promised."""
    port = free_port()
    async with process("-m", "tests.hostile.heavy_gateway", str(port), port=port) as (
        running,
        client,
    ):
        attackers: list[RawClient] = []
        for _ in range(200):
            reader = await raw_client(port, receive_bytes=4096)
            reader.send(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reader.writer.transport.pause_reading()
            attackers.append(reader)
        for _ in range(300):
            attackers.append(await raw_client(port))
            attackers[-1].send(b"GET /v1/structures?filter=" + b"a" * 700_000)
        largest = 0
        for _ in range(30):
            answer = await client.get("/v1/structures?page_limit=1")
            assert answer.status_code in (200, 429)
            largest = max(largest, memory_of(running.pid))
            await asyncio.sleep(0.1)
        for one in attackers:
            one.close()
    assert largest < PROMISED_BYTES


def memory_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", text)
    return int(kilobytes) * 1024


def enough_files(files: int) -> bool:
    """Whether a worker with so many open files and fifty sites has all its connections."""
    sites = [{"name": f"s{n}", "url": f"http://127.0.0.1:{n}/api/v1"} for n in range(1, 51)]
    config = make_config(sites=sites)
    return limits_of(config, files=files).connections == config.connections.max_connections


def test_unit() -> None:
    """The systemd unit bounds files, memory and tasks, and leaves workers what is promised."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "deploy/systemd/gateway.service")
    service = unit["Service"]
    assert int(service["LimitNOFILE"]) >= 2048
    assert enough_files(int(service["LimitNOFILE"]))
    assert service["MemoryMax"] == "1G"
    workers = int(service["ExecStart"].partition("--workers ")[2])
    assert workers * PROMISED_BYTES <= 2**30
    assert 16 <= int(service["TasksMax"]) <= 256
    ending_s = server_options(make_config())["timeout_graceful_shutdown"]
    assert int(service["TimeoutStopSec"]) > ending_s


def test_compose() -> None:
    """Each container has a bound on processes, memory and files; a worker fits into it."""
    compose = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text("utf-8"))
    for service in compose["services"].values():
        assert service["pids_limit"] <= 256
        assert service["mem_limit"]
        assert service["ulimits"]["nofile"] >= 2048
    gateway = compose["services"]["gateway"]
    assert enough_files(gateway["ulimits"]["nofile"])
    assert PROMISED_BYTES <= int(gateway["mem_limit"].removesuffix("m")) * 2**20 <= 2**30


def test_chart() -> None:
    """A pod has a bound on memory, and a worker fits into it."""
    chart = ROOT / "deploy/helm/nomad-optimade-gateway"
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))
    memory = int(values["resources"]["limits"]["memory"].removesuffix("Mi")) * 2**20
    assert PROMISED_BYTES <= memory <= 2**30
    assert ".Values.resources" in (chart / "templates/deployment.yaml").read_text("utf-8")
