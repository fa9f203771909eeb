"""Clients that break off: their work ends at once, and it is no fault of ours in the log."""

import asyncio
import logging
import socket
import struct
import time

import pytest

from tests.hostile.loop_watch import watch_loop
from tests.hostile.server import Served, eventually, served

HEAD = (
    b"POST /v1/structures HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\nfilter="
)
BUSY_S = 5
"""Nothing else ends the work: the federation of these tests waits for ever."""
STREAM = b"GET /v1/structures?response_format=_fed_jsonl HTTP/1.1\r\nHost: x\r\n\r\n"


async def leave(gateway: Served, request: bytes, *, reset: bool) -> None:
    client = await gateway.raw_client()
    client.send(request)
    await asyncio.sleep(0.1)
    if reset:
        linger = struct.pack("ii", 1, 0)
        bound = client.writer.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.close()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "request_", [HEAD, STREAM, b"GET /v1/structures HTTP/1.1\r\nHost: x\r\n\r\n", HEAD[:40]]
)
async def test_log(request_: bytes, reset: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing above `info` is logged."""
    async with served() as gateway:
        gateway.federation.total = 10**6
        await leave(gateway, request_, reset=reset)
        await eventually(lambda: len(gateway.connections) == 0)
        await asyncio.sleep(0.05)
    assert not [one for one in caplog.records if one.levelno > logging.INFO]


async def test_work_ends_at_once() -> None:
    """What is under way for a client that leaves is cancelled within a tenth of a second."""
    async with served() as gateway:
        gateway.federation.hold = asyncio.Event()
        client = await gateway.raw_client()
        client.send(b"GET /v1/structures HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: gateway.federation.under_way == 1)
        await asyncio.sleep(0.2)
        left = time.monotonic()
        client.close()
        await eventually(lambda: gateway.federation.under_way == 0)
        assert time.monotonic() - left < BUSY_S  # a tenth, on a machine that is not busy


async def test_work_of_an_earlier_request_ends_too() -> None:
    """A client that had sent another request ahead is no less gone."""
    async with served() as gateway:
        gateway.federation.hold = asyncio.Event()
        client = await gateway.raw_client()
        client.send(b"GET /v1/structures HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        await eventually(lambda: gateway.federation.under_way == 1)
        client.close()
        await eventually(lambda: gateway.federation.under_way == 0)
        assert len(gateway.federation.asked) == 1


async def test_a_stream_ends_at_once() -> None:
    """It stops where it is, although its pages are at hand and nothing makes it wait."""
    async with served() as gateway:
        gateway.federation.total = 10**6
        with watch_loop() as watch:
            client = await gateway.raw_client()
            client.send(STREAM)
            await eventually(lambda: len(gateway.federation.asked) > 3)
            client.close()
            await eventually(lambda: len(gateway.connections) == 0)
            asked = len(gateway.federation.asked)
            await asyncio.sleep(0.3)
            assert len(gateway.federation.asked) <= asked + 1
        watch.check()
