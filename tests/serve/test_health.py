"""The server's own endpoints, its opening and closing, its slots and its shutdown."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI

from gateway.errors import OverloadError
from gateway.observe import SlotUsage
from gateway.search import CopiesState, SiteStatus
from gateway.serve.admission import Admission
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
        for _ in range(slots):
            await taken.enter_async_context(app.state.served.admission.slot())
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


async def test_slots() -> None:
    """When all slots are taken, a request waits for one, then is sent away."""
    admission = Admission(slots=1, queue_s=0.05)
    async with admission.slot():
        with pytest.raises(OverloadError) as caught:
            async with admission.slot():
                raise AssertionError("there is one slot")
        assert caught.value.retry_after_s >= 1
    async with admission.slot():
        pass


async def test_slot_gets_free() -> None:
    """A slot that gets free in time is taken by who waits, also after an error."""
    admission = Admission(slots=1, queue_s=5)

    async def hold() -> None:
        async with admission.slot():
            await asyncio.sleep(0.01)
            raise KeyError("fault")

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    async with admission.slot():
        assert holding.done()
    with pytest.raises(KeyError, match="fault"):
        await holding


async def test_waiting_ends_with_the_deadline() -> None:
    """A request that waits for a slot does not outlive its own deadline."""
    admission = Admission(slots=1, queue_s=60)
    loop = asyncio.get_running_loop()
    async with admission.slot():
        with pytest.raises(OverloadError):
            async with admission.slot(deadline=loop.time() + 0.05):
                raise AssertionError("there is one slot")


async def test_large_pages() -> None:
    """They have fewer slots, and take none of the others while they wait for one."""
    admission = Admission(slots=2, large_slots=1, queue_s=0.05)
    async with admission.slot(is_large=True):
        with pytest.raises(OverloadError):
            async with admission.slot(is_large=True):
                raise AssertionError("there is one slot for large pages")
        async with admission.slot():
            pass


async def test_refusals_are_counted() -> None:
    """Each refusal is counted by the limit that was reached, and the slots taken are known."""
    refused: list[str] = []
    admission = Admission(slots=3, large_slots=2, streams=1, queue_s=0.01, refused=refused.append)
    async with admission.slot(is_large=True), admission.slot(is_large=True), admission.stream():
        assert admission.usage() == {
            "requests": SlotUsage(2, 3),
            "large": SlotUsage(2, 2),
            "streams": SlotUsage(1, 1),
        }
        with pytest.raises(OverloadError):
            async with admission.slot(is_large=True):
                pass
        async with admission.slot():
            with pytest.raises(OverloadError):
                async with admission.slot():
                    pass
        with pytest.raises(OverloadError):
            async with admission.stream():
                pass
    assert refused == ["large", "requests", "streams"]
    assert {used.in_use for used in admission.usage().values()} == {0}


async def test_streams() -> None:
    """There are so many at a time; one that ends makes room."""
    admission = Admission(slots=5, streams=1, queue_s=0.05)
    async with admission.stream():
        with pytest.raises(OverloadError):
            async with admission.stream():
                raise AssertionError("there is one stream")
    async with admission.stream():
        pass


async def test_delay() -> None:
    """Up to half of the slots nobody is asked to slow down, then more and more."""
    admission = Admission(slots=4, queue_s=2)
    delays = [admission.delay_s()]
    async with admission.slot(), admission.slot():
        delays.append(admission.delay_s())
        async with admission.slot():
            delays.append(admission.delay_s())
            async with admission.slot():
                delays.append(admission.delay_s())
    assert delays == [0, 0, 1, 2]


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
