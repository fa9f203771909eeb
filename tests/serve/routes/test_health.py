"""The server's own endpoints, its opening and closing, its slots and its shutdown."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import httpx
from fastapi import FastAPI

from gateway.search import CopiesState, SiteStatus
from gateway.serve.app import create_app
from gateway.serve.graceful_shutdown import ShutdownState, graceful_shutdown
from gateway.serve.metrics import metrics_text


async def test_health(client: httpx.AsyncClient) -> None:
    """/health says that the server runs, also with sites down, and how each site is doing."""
    response = await client.get("/health")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == "ok"
    assert body["sites"] == [
        {"name": "berlin", "version": "2.0.0", "breaker": "closed", "total": 40, "same_as": []},
        {"name": "munich", "version": None, "breaker": "open", "total": None, "same_as": []},
    ]


async def test_live(client: httpx.AsyncClient, app: FastAPI, federation) -> None:
    """/live is 200 whatever the sites and the admission do; a restart would mend neither."""
    federation.states = ()
    app.state.served.shutdown.is_stopping = True
    slots = app.state.served.config.admission.max_requests
    async with AsyncExitStack() as taken:
        for number in range(slots):
            await taken.enter_async_context(app.state.served.admission.slot(f"client {number}"))
        response = await client.get("/live")
    assert (response.status_code, response.text) == (200, "ok\n")
    assert response.headers["cache-control"] == "no-store"


async def test_copies(client: httpx.AsyncClient, federation) -> None:
    """/health and /metrics say how old the index of copies is and what it holds."""
    assert (await client.get("/health")).json()["copies"] is None
    federation.copies_state = CopiesState("0123456789ab", {"berlin": 12.34, "munich": None}, 3, 160)
    assert (await client.get("/health")).json()["copies"] == {
        "generation": "0123456789ab",
        "shared_uploads": 3,
        "hidden": 160,
        "age_s": {"berlin": 12.3, "munich": None},
    }
    reported = (await client.get("/metrics")).text
    for line in (
        "gateway_copies_uploads 3.0",
        "gateway_copies_hidden 160.0",
        'gateway_copies_age_seconds{site="berlin"} 12.34',
    ):
        assert line in reported


async def test_ready(client: httpx.AsyncClient, app: FastAPI, federation) -> None:
    """/ready is 200 once some site has answered, and 503 before that and while stopping."""
    assert (await client.get("/ready")).status_code == 200
    app.state.served.shutdown.is_stopping = True
    response = await client.get("/ready")
    assert (response.status_code, response.json()["reason"]) == (503, "stopping")
    app.state.served.shutdown.is_stopping = False
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


async def test_lifespan(app: FastAPI, federation) -> None:
    """The federation is open as long as the app runs; making the app opens nothing."""
    assert not federation.is_open
    async with app.router.lifespan_context(app):
        assert federation.is_open
    assert not federation.is_open
    assert app.state.served.shutdown.is_stopping


async def test_apps_are_independent(app_with) -> None:
    """Any number of apps live side by side in a process."""
    one, other = app_with(), app_with()
    one.state.served.observer.cache("berlin", "hit")
    assert b'event="hit"' not in await metrics_text(other.state.served.observer)


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


async def test_graceful_shutdown() -> None:
    """The first SIGTERM only says so; the server's own reaction follows later, or at a second."""
    reactions: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reactions.append(number))
    try:
        state = ShutdownState()
        with graceful_shutdown(state, lambda: 0.05):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            assert state.is_stopping
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


async def test_no_delay() -> None:
    """Unless it is configured, the server reacts to a signal at once."""
    reactions: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reactions.append(number))
    try:
        with graceful_shutdown(ShutdownState(), lambda: 0):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            assert reactions == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
