"""Hot reload under adverse conditions: nothing is overlooked, all that is old comes to an end."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import certifi
import httpx
import pytest
from fastapi import FastAPI

from gateway.config import Config, load_config
from gateway.observe import Observer
from gateway.serve.app import build_app
from gateway.serve.graceful_shutdown import ShutdownState
from gateway.serve.hot_reload import HotReload
from gateway.serve.hot_reload import reloading as reloading_module
from tests.hostile.server import eventually, heavy_structure, raw_client, serving
from tests.serve.conftest import FakeFederation

STREAM = "/v1/structures?response_format=_fed_jsonl"


def write(path: Path, name: str, **server: object) -> None:
    content = {
        "provider": {"prefix": "fed", "name": name, "description": "D"},
        "sites": [{"name": "berlin", "url": "http://127.0.0.1:9/api/v1"}],
        "timeouts": {"budget_s": 0.2, "connect_s": 0.2},
        "server": server,
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(path)


class Walked(FakeFederation):
    """A long listing of large structures."""

    def __init__(self) -> None:
        super().__init__(total=10**6)
        self.one = heavy_structure(1, atoms=400)
        self.gate: asyncio.Event | None = None

    async def open(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        await super().open()

    def page(self, offset: int, limit: int):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        page = super().page(offset, 1)
        return replace(page, resources=(self.one,) * limit)


@dataclass
class Apps:
    """Makes apps over canned answers, by the provider's name."""

    made: list[tuple[str, Walked]] = field(default_factory=list)
    gate: asyncio.Event | None = None

    def __call__(self, config: Config, *, observer: Observer, shutdown: ShutdownState) -> FastAPI:
        if config.provider.name == "broken":
            raise RuntimeError("a fault that nobody foresaw")
        federation = Walked()
        federation.gate = self.gate if self.made else None
        self.made.append((config.provider.name, federation))
        return build_app(config, federation=federation, observer=observer, shutdown=shutdown)

    def named(self, name: str) -> Walked:
        return next(federation for known, federation in self.made if known == name)


@asynccontextmanager
async def reloading(path: Path, apps: Apps) -> AsyncIterator[tuple[HotReload, httpx.AsyncClient]]:
    config = load_config(path)
    app = HotReload(config, path=path, make_app=apps, look_s=0.05, ready_s=0.05)
    async with serving(app, config) as (port, _):
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
            yield app, client


async def name_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/v1/info")).json()["meta"]["provider"]["name"])


async def until_named(client: httpx.AsyncClient, name: str) -> None:
    async with asyncio.timeout(15):
        while await name_of(client) != name:
            await asyncio.sleep(0.02)


async def test_a_change_during_a_reload_is_not_lost(tmp_path: Path) -> None:
    """The file changes while the configuration before is being opened: the last one wins."""
    path, apps = tmp_path / "gateway.yaml", Apps(gate=asyncio.Event())
    write(path, "one")
    async with reloading(path, apps) as (_, client):
        write(path, "two")
        await eventually(lambda: len(apps.made) == 2)
        write(path, "three")
        await asyncio.sleep(0.2)
        assert apps.gate is not None
        apps.gate.set()
        await until_named(client, "three")


async def test_a_change_while_the_file_is_read_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and the end of reading: it counts as one that came later."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    write(path, "one")

    def overtaken(path: Path | None) -> Config:
        config = load_config(path)
        if config.provider.name == "two":
            assert path is not None
            write(path, "three")
        return config

    async with reloading(path, apps) as (_, client):
        monkeypatch.setattr(reloading_module, "load_config", overtaken)
        write(path, "two")
        await until_named(client, "three")


async def test_a_signal_during_a_reload_is_not_lost(tmp_path: Path) -> None:
    """What it asked for may have changed since the reload began."""
    path, apps = tmp_path / "gateway.yaml", Apps(gate=asyncio.Event())
    write(path, "one")
    async with reloading(path, apps) as (app, _):
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: len(apps.made) == 2)
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(app._asked.is_set)
        assert apps.gate is not None
        apps.gate.set()
        await eventually(lambda: len(apps.made) == 3)


async def test_a_file_that_is_named_later_is_watched_too(tmp_path: Path) -> None:
    """A new configuration names a token's file; the token changes after that."""
    path, apps, token = tmp_path / "gateway.yaml", Apps(), tmp_path / "token"
    token.write_text("first", "utf-8")
    write(path, "one")
    async with reloading(path, apps):
        content = json.loads(path.read_text("utf-8"))
        content["sites"][0]["token_file"] = str(token)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(content), "utf-8")
        new.replace(path)
        await eventually(lambda: len(apps.made) == 2)
        await asyncio.sleep(0.2)
        new.write_text("second", "utf-8")
        new.replace(token)
        await eventually(lambda: len(apps.made) == 3)


async def test_a_fault_ends_no_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error during a reload is logged; the old one serves, the next change counts."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    write(path, "one")
    async with reloading(path, apps) as (_, client):
        write(path, "broken")
        await eventually(lambda: "could not be read again" in caplog.text)
        assert "nobody foresaw" in caplog.text
        assert await name_of(client) == "one"
        path.unlink()
        await eventually(lambda: "the new configuration is wrong" in caplog.text)
        write(path, "two")
        await until_named(client, "two")


async def test_sigterm_during_a_reload(tmp_path: Path) -> None:
    """/ready says 503 from the signal on, whichever configuration answers; then the end comes."""
    path, apps = tmp_path / "gateway.yaml", Apps(gate=asyncio.Event())
    reactions: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reactions.append(number))
    try:
        write(path, "one", drain_s=0.5)
        async with reloading(path, apps) as (_, client):
            write(path, "two", drain_s=0.5)
            await eventually(lambda: len(apps.made) == 2)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            assert apps.gate is not None
            apps.gate.set()
            await asyncio.sleep(0.2)
            ready = await client.get("/ready")
            assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
            assert (await client.get("/v1/structures?page_limit=1")).status_code == 200
            await eventually(lambda: reactions == [signal.SIGTERM])
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_a_second_sigterm_ends_at_once(tmp_path: Path) -> None:
    """The first one is put off, as long as is configured; nothing is reloaded from then on."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    reactions: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reactions.append(number))
    try:
        write(path, "one", drain_s=600)
        async with reloading(path, apps) as (_, client):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
            assert (await client.get("/ready")).status_code == 503
            write(path, "two")
            await asyncio.sleep(0.3)
            assert (await name_of(client), len(apps.made)) == ("one", 1)
            assert reactions == []
            os.kill(os.getpid(), signal.SIGTERM)
            await eventually(lambda: reactions == [signal.SIGTERM])
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_the_end_waits_for_no_old_configuration(tmp_path: Path) -> None:
    """When the server ends, what is left of former configurations ends with it."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    write(path, "one", drain_s=600)
    async with asyncio.timeout(60):
        async with reloading(path, apps) as (app, client):
            stuck = await raw_client(client.base_url.port or 0, receive_bytes=4096)
            stuck.send(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            stuck.writer.transport.pause_reading()
            await eventually(lambda: bool(apps.named("one").asked))
            write(path, "two")
            await until_named(client, "two")
            assert len(app._retiring) == 1
        assert not apps.named("one").is_open
        stuck.close()
    assert not apps.named("two").is_open


async def test_a_stuck_stream_does_not_keep_the_old_one(tmp_path: Path) -> None:
    """An old configuration closes in time although a client reads nothing of its stream."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    write(path, "one")
    async with reloading(path, apps) as (_, client):
        stuck = await raw_client(client.base_url.port or 0, receive_bytes=4096)
        stuck.send(f"GET {STREAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        stuck.writer.transport.pause_reading()
        await eventually(lambda: bool(apps.named("one").asked))
        write(path, "two")
        await until_named(client, "two")
        assert apps.named("one").is_open
        await eventually(lambda: not apps.named("one").is_open, timeout_s=6)
        assert (await client.get("/v1/structures?page_limit=1")).status_code == 200
        stuck.close()


async def test_a_stream_that_is_read_ends_with_a_link(tmp_path: Path) -> None:
    """It ends at a page, and its last line says where to resume."""
    path, apps = tmp_path / "gateway.yaml", Apps()
    write(path, "one")
    async with reloading(path, apps) as (_, client):
        async with client.stream("GET", STREAM, headers={"Accept-Encoding": "identity"}) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            write(path, "two")
            last = [line async for line in lines][-1]
        meta = json.loads(last)["meta"]
        assert meta["_fed_complete"] is False
        assert "configuration" in meta["_fed_reason"]
        assert "page_cursor=" in meta["_fed_resume"]


def some_certificates() -> list[str]:
    """Two of those that everybody trusts, in PEM form."""
    end = "-----END CERTIFICATE-----\n"
    return [one + end for one in Path(certifi.where()).read_text("utf-8").split(end)[:2]]


async def test_a_certificate_that_changes_is_read_again(tmp_path: Path) -> None:
    """A CA file that a site names is a part of the configuration: its new content is trusted."""
    path, apps, authority = tmp_path / "gateway.yaml", Apps(), tmp_path / "ca.pem"
    old, newer = some_certificates()
    authority.write_text(old, "utf-8")
    write(path, "one")
    content = json.loads(path.read_text("utf-8"))
    content["sites"][0] |= {"url": "https://127.0.0.1:9/api/v1", "ca_file": str(authority)}
    path.write_text(json.dumps(content), "utf-8")
    async with reloading(path, apps):
        assert len(apps.made) == 1
        new = authority.with_suffix(".new")
        new.write_text(newer, "utf-8")
        new.replace(authority)
        await eventually(lambda: len(apps.made) == 2)
