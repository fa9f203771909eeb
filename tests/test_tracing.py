"""`opentelemetry-instrument -- gateway serve`, as docs/reference/operation.md says."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.cli.serving import address_of, open_socket, serving
from gateway.demo import create_demo_oasis
from tests.whole.oases import make_line

COMMAND = Path(sys.executable).with_name("opentelemetry-instrument")
CONSOLE = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
}
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = CALLER.split("-")[1]
START_S = 60


def noting(app: ASGIApp, seen: list[str]) -> ASGIApp:
    """The app, which notes the `traceparent` of questions for entries."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/query"):
            seen.append(dict(scope["headers"]).get(b"traceparent", b"").decode())
        await app(scope, receive, send)

    return noted


def spans(reported: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(reported):
        span, at = decoder.raw_decode(reported, at)
        at += len(reported[at:]) - len(reported[at:].lstrip())
        yield span


@pytest.mark.slow
async def test_one_trace_from_the_caller_to_the_sites(tmp_path: Path) -> None:
    """The answer and each question to a site are spans of the caller's trace, without tokens."""
    seen: list[str] = []
    site, gateway = open_socket("127.0.0.1", 0), socket.socket()
    gateway.bind(("127.0.0.1", 0))
    port = gateway.getsockname()[1]
    gateway.close()
    path = tmp_path / "gateway.yaml"
    content = {
        "provider": {"prefix": "fed", "name": "F", "description": "D"},
        "sites": [{"name": "one", "url": address_of(site, "/api/v1"), "forward_token": True}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    app = create_demo_oasis([make_line("e1")], path="")
    async with serving([(noting(app, seen), site)]):
        running = await asyncio.create_subprocess_exec(
            COMMAND, "--", sys.executable, "-m", "gateway", "serve",
            "--config", path, "--port", str(port),
            env={**os.environ, **CONSOLE}, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                async with asyncio.timeout(START_S):
                    await until_ready(client)
                seen.clear()
                headers = {"traceparent": CALLER, "Authorization": "Bearer very-secret"}
                answer = await client.get("/v1/structures?filter=nsites=2", headers=headers)
                assert [one["id"] for one in answer.json()["data"]] == ["one~e1"]
        finally:
            running.send_signal(signal.SIGTERM)
            reported, _ = await running.communicate()
    assert seen
    assert {one.split("-")[1] for one in seen} == {TRACE}
    assert b"very-secret" not in reported
    of_trace = [one for one in spans(reported.decode()) if TRACE in one["context"]["trace_id"]]
    kinds = [one["kind"] for one in of_trace]
    assert kinds.count("SpanKind.SERVER") == 1
    assert kinds.count("SpanKind.CLIENT") == len(seen)


async def until_ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await client.get("/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
