"""The server's own endpoints, its opening and closing, its places and its draining."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.errors import OverloadError
from gateway.search import SiteStatus
from gateway.serve.admission import Admission
from gateway.serve.app import create_app
from gateway.serve.graceful_shutdown import is_shutting_down


async def test_health(client: httpx.AsyncClient) -> None:
    """/health says that the server runs, also with sites down, and how each site is doing."""
    response = await client.get("/health")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == "ok"
    assert body["sites"] == [
        {"name": "berlin", "version": "2.0.0", "breaker": "closed", "total": 40},
        {"name": "munich", "version": None, "breaker": "open", "total": None},
    ]


async def test_ready(client: httpx.AsyncClient, app: FastAPI, federation) -> None:
    """/ready is 200 once some site has answered, and 503 before that and while stopping."""
    assert (await client.get("/ready")).status_code == 200
    app.state.served.is_shutting_down = True
    response = await client.get("/ready")
    assert (response.status_code, response.json()["reason"]) == (503, "stopping")
    app.state.served.is_shutting_down = False
    federation.states = (SiteStatus("berlin", version=None, total=None, breaker="closed"),)
    response = await client.get("/ready")
    assert (response.status_code, response.json()["ready"]) == (503, False)


async def test_metrics(client: httpx.AsyncClient, app: FastAPI) -> None:
    """/metrics is in Prometheus' text format and tells the sites' sizes."""
    observer = app.state.served.observer
    observer.asked("berlin", "entries/query", "ok", 0.02)
    observer.cache("berlin", "hit")
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'gateway_site_entries{site="berlin"} 40.0',
        'gateway_site_breaker{site="berlin",state="closed"} 1.0',
        'gateway_site_breaker{site="munich",state="open"} 1.0',
        'gateway_site_breaker{site="munich",state="closed"} 0.0',
        'gateway_cache_lookups_total{event="hit",site="berlin"} 1.0',
        'gateway_site_request_seconds_count{outcome="ok",path="entries/query",site="berlin"} 1.0',
    ):
        assert line in response.text
    assert 'gateway_site_entries{site="munich"}' not in response.text


KILLED_WORKER = """
import os
from gateway.observe import Observer
observer = Observer()
for site in ("berlin", "munich"):
    observer.breaker(site, "open")
observer.gone("munich")
if not (worker := os.fork()):
    Observer().began()
    os.kill(os.getpid(), 9)
os.waitpid(worker, 0)
print(observer.exposition().decode())
"""


def test_numbers_of_several_workers(tmp_path: Path) -> None:
    """What a killed worker had under way is not counted on; a site that is gone has no state."""
    told = subprocess.run(
        [sys.executable, "-c", KILLED_WORKER],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "gateway_requests_under_way 1.0" not in told
    assert 'gateway_site_breaker{site="berlin",state="open"} 1.0' in told
    assert 'gateway_site_breaker{site="munich",state="open"} 0.0' in told


async def test_lifespan(app: FastAPI, federation) -> None:
    """The federation is open as long as the app runs; making the app opens nothing."""
    assert not federation.is_open
    async with app.router.lifespan_context(app):
        assert federation.is_open
    assert not federation.is_open
    assert app.state.served.is_shutting_down


def test_apps_are_independent(app_with) -> None:
    """Any number of apps live side by side in a process."""
    one, other = app_with(), app_with()
    one.state.served.observer.cache("berlin", "hit")
    assert b'event="hit"' not in other.state.served.observer.exposition()


async def test_create_app(config) -> None:
    """create_app needs no running site: without any it opens, serves /info, and is not ready."""
    app = create_app(config)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://x") as client,
    ):
        assert (await client.get("/v1/info")).status_code == 200
        assert (await client.get("/ready")).status_code == 503


async def test_places() -> None:
    """When all places are taken, a request waits for one, then is sent away."""
    admission = Admission(places=1, queue_s=0.05)
    async with admission.target():
        with pytest.raises(OverloadError) as caught:
            async with admission.target():
                raise AssertionError("there is one place")
        assert caught.value.retry_after_s >= 1
    async with admission.target():
        pass


async def test_place_gets_free() -> None:
    """A place that gets free in time is taken by who waits, also after an error."""
    admission = Admission(places=1, queue_s=5)

    async def hold() -> None:
        async with admission.target():
            await asyncio.sleep(0.01)
            raise KeyError("fault")

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    async with admission.target():
        assert holding.done()
    with pytest.raises(KeyError, match="fault"):
        await holding


async def test_delay() -> None:
    """Up to half of the places nobody is asked to slow down, then more and more."""
    admission = Admission(places=4, queue_s=2)
    delays = [admission.delay_s()]
    async with admission.target(), admission.target():
        delays.append(admission.delay_s())
        async with admission.target():
            delays.append(admission.delay_s())
            async with admission.target():
                delays.append(admission.delay_s())
    assert delays == [0, 0, 1, 2]


class Stopping:
    is_shutting_down = False


async def test_draining() -> None:
    """The first SIGTERM only says so; the server's own reaction follows later, or at a second."""
    reactions: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reactions.append(number))
    try:
        app_state = Stopping()
        with is_shutting_down(app_state, 0.05):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            assert app_state.is_shutting_down
            assert reactions == []
            await asyncio.sleep(0.1)
            assert reactions == [signal.SIGTERM]
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            assert len(reactions) == 2
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        assert len(reactions) == 3
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_no_draining() -> None:
    """Unless it is configured, nothing stands between a signal and the server."""
    before = signal.getsignal(signal.SIGTERM)
    with is_shutting_down(Stopping(), 0):
        assert signal.getsignal(signal.SIGTERM) is before
