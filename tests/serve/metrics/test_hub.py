"""Several workers show what all of them have counted, whatever the disk and however they end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.observe import Observer
from gateway.serve.metrics import METRICS_HUB, metrics_hub, metrics_text, published
from gateway.serve.metrics.hub import _CONNECTIONS, read_message, send_message
from tests.faults.gateways import oases
from tests.whole.oases import make_line

OK = 'gateway_site_states_total{site="berlin",state="ok"}'


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with metrics_hub() as address:
        assert address is not None
        monkeypatch.setenv(METRICS_HUB, address)
        yield address


async def until_shown(observer: Observer, part: str) -> str:
    async with asyncio.timeout(20):
        while part not in (text := (await metrics_text(observer)).decode()):
            await asyncio.sleep(0.05)
    return text


async def test_sums(hub: str) -> None:
    """Counters and gauges are added up; of some gauges the largest or the smallest is shown."""
    one, other = Observer(), Observer()
    one.served("berlin", "ok")
    other.served("berlin", "ok")
    other.served("munich", "failed")
    one.began()
    other.began()
    for observer in (one, other):
        observer.breaker("berlin", "open" if observer is one else "closed")
    one.entries("berlin", 7)
    other.entries("berlin", 9)
    other.worker.config_read(is_good=False)
    async with published(other), published(one):
        text = await until_shown(one, f"{OK} 2.0")
    for line in (
        'gateway_site_states_total{site="munich",state="failed"} 1.0',
        "gateway_requests_under_way 2.0",
        "gateway_workers 2.0",
        'gateway_site_breaker{site="berlin",state="open"} 1.0',
        'gateway_site_entries{site="berlin"} 9.0',
        "gateway_config_last_reload_successful 0.0",
    ):
        assert f"\n{line}\n" in text
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names))


async def test_a_worker_ends(hub: str) -> None:
    """What it did is counted on, up to its last moment; what it had under way is not."""
    async with published(stays := Observer()):
        for _ in range(3):
            async with published(ends := Observer()):
                await asyncio.sleep(0.1)
                ends.began()
                ends.breaker("munich", "open")
                ends.served("berlin", "ok")
        text = await until_shown(stays, f"{OK} 3.0")
    assert "\ngateway_workers 1.0\n" in text
    assert "\ngateway_requests_under_way 0.0\n" in text
    assert 'site="munich"' not in text


async def test_strangers(hub: str) -> None:
    """Who does not know the token changes nothing and learns nothing."""
    host, port, token = hub.split(":")
    wrong = "0" * len(token)
    async with published(observer := Observer()), AsyncExitStack() as stack:
        for answer in (b"", wrong.encode(), b"GET / HTTP/1.1\r\n\r\n" * 9):
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
            writer.write(answer)
            if answer:
                await send_message(writer, b'[["gateway_workers","gauge","",[]]]')
                with suppress(ConnectionError):
                    assert await reader.read() == b""
        observer.served("berlin", "ok")
        await asyncio.sleep(0.1)
        assert "\ngateway_workers 1.0\n" in (await metrics_text(observer)).decode()


async def test_a_message_has_a_largest_size() -> None:
    """What announces more is not waited for."""
    reader = asyncio.StreamReader()
    reader.feed_data((32 * 2**20 + 1).to_bytes(4, "big"))
    reader.feed_eof()
    with pytest.raises(ValueError, match="a message of"):
        await read_message(reader)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux tells who listens where")
def test_it_listens_at_the_loopback_interface_alone(hub: str) -> None:
    """No other machine can reach it."""
    port = f":{int(hub.split(':')[1]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]]
    listening = [line[1] for line in lines if line[1].endswith(port) and line[3] == "0A"]
    assert listening == [f"0100007F{port}"]


@pytest.mark.slow
async def test_silent_strangers(hub: str) -> None:
    """Who says nothing is let go after a while; beyond so many, a further one is at once."""
    host, port, _ = hub.split(":")
    async with AsyncExitStack() as stack:
        readers = []
        for _ in range(_CONNECTIONS + 1):
            reader, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
            readers.append(reader)
        async with asyncio.timeout(60):
            assert await readers[-1].read() == b""
            assert not readers[0].at_eof()
            for reader in readers:
                assert await reader.read() == b""
        async with published(observer := Observer()), published(Observer()):
            assert "\ngateway_workers 2.0\n" in await until_shown(observer, "gateway_workers 2.0")


async def test_no_hub(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Without it a worker tells its own numbers, and the log says so once."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv(METRICS_HUB, f"127.0.0.1:{closed.getsockname()[1]}:token")
        async with published(observer := Observer()):
            await asyncio.sleep(0.1)
            observer.served("berlin", "ok")
            text = (await metrics_text(observer)).decode()
    assert f"{OK} 1.0" in text
    logged = [record.message for record in caplog.records if record.name == "gateway"]
    assert logged == ["the metrics of this worker cannot be shared"]


def no_files() -> None:
    """As with a full or read-only disk: no file can be written to."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextmanager
def two_workers(config: Path, preexec: Callable[[], None]) -> Iterator[tuple[str, list[dict]]]:
    """`gateway serve --workers 2` as a process, and its log once it has ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--workers", "2"]
    logged: list[dict] = []
    running = subprocess.Popen(
        [*command, "--port", str(port)],
        stderr=subprocess.PIPE,
        preexec_fn=preexec,
        env={**os.environ, "TMPDIR": "/nowhere"},
    )
    assert running.stderr is not None
    reading = Thread(target=lambda: logged.extend(map(json.loads, running.stderr)))
    reading.start()
    try:
        yield f"http://127.0.0.1:{port}", logged
    finally:
        running.terminate()
        running.wait(timeout=60)
        reading.join(timeout=60)
        running.stderr.close()


def values_of(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def listed(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    return values_of(text, "gateway_request_seconds_count").get(("/structures", "200"), 0.0)


@pytest.mark.slow
async def test_two_workers_under_load(tmp_path: Path) -> None:
    """Either worker's /metrics gives the sum of both, on a disk that takes nothing; a worker that
    is killed is replaced and its counts stay; each log line is JSON and says who wrote it."""
    config = tmp_path / "gateway.yaml"
    async with oases({"one": [make_line("e-one")]}) as addresses:
        config.write_text(
            json.dumps(
                {
                    "provider": {"prefix": "fed", "name": "F", "description": "D"},
                    "sites": [{"name": "one", "url": addresses["one"]}],
                    "logging": {"json": True, "level": "debug"},
                }
            ),
            encoding="utf-8",
        )
        with two_workers(config, no_files) as (base, logged):
            async with httpx.AsyncClient(base_url=base, timeout=60, trust_env=False) as client:
                await until_ready(client)
                await load(base, requests=200)
                await until_counted(base, 200)
                text = (await client.get("/metrics")).text
                assert values_of(text, "gateway_workers") == {(): 2.0}
                victim = one_worker(logged)
                os.kill(victim, signal.SIGKILL)
                await until_replaced(logged)
                await load(base, requests=100)
                await until_counted(base, 300)
    check_log(logged, killed=victim)


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(100):
        while True:
            try:
                text = (await client.get("/metrics")).text
                if values_of(text, "gateway_workers") == {(): 2.0}:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


async def load(base: str, *, requests: int) -> None:
    """New connections, so that both workers get some of them."""
    limits = httpx.Limits(max_connections=8, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def ask(number: int) -> None:
            headers = {"X-Request-ID": f"load-{number}"}
            url = f"{base}/v1/structures?page_limit={1 + number % 20}"
            assert (await client.get(url, headers=headers)).status_code == 200

        await asyncio.gather(*(ask(number) for number in range(requests)))


async def until_counted(base: str, count: int) -> None:
    """Whichever worker answers, six times in a row."""
    async with asyncio.timeout(30):
        limits, right = httpx.Limits(max_keepalive_connections=0), 0
        async with httpx.AsyncClient(base_url=base, limits=limits, trust_env=False) as client:
            while right < 6:
                found = await listed(client)
                assert found <= count
                right = right + 1 if found == count else 0
                await asyncio.sleep(0.05)


def one_worker(logged: list[dict]) -> int:
    return next(line["pid"] for line in logged if line["worker"] == 1)


async def until_replaced(logged: list[dict]) -> None:
    """Until a third process serves."""
    async with asyncio.timeout(100):
        while not any(line["worker"] == 3 and "complete" in line["event"] for line in logged):
            await asyncio.sleep(0.1)


def check_log(logged: list[dict], *, killed: int) -> None:
    assert {"timestamp", "level", "event", "logger", "pid", "worker"} <= set.intersection(
        *(set(line) for line in logged)
    )
    first = logged[0]
    assert (first["event"], first["worker"], first["workers"]) == ("serving", 0, 2)
    assert first["sites"] == ["one"]
    answered = [line for line in logged if line["event"] == "answered"]
    assert all(line["request_id"] for line in answered)
    listed = [line for line in answered if line["path"] == "/v1/structures"]
    assert {line["level"] for line in listed} == {"info"}
    assert {line["level"] for line in answered if line["path"] == "/metrics"} == {"debug"}
    assert {line["request_id"] for line in listed} == {f"load-{number}" for number in range(200)}
    assert len({(line["pid"], line["worker"]) for line in listed}) == 3
    assert killed in {line["pid"] for line in listed}
    assert "uvicorn.error" in {line["logger"] for line in logged}
    assert not any("metrics" in line["event"] for line in logged)
