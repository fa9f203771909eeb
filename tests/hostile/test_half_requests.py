"""Requests that never become whole: they end, and hold little until then."""

import asyncio

import pytest

from gateway.cli import serving
from gateway.config import ConnectionKeys
from gateway.serve.connections import protocol
from tests.hostile.server import MIB, eventually, served

SHORT = ConnectionKeys(head_s=0.5, body_s=0.5)
HEAD = (
    b"POST /v1/structures HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)


@pytest.mark.parametrize(
    "half",
    [b"", b"\r\n", b"GET /v1/info HT", b"GET /v1/info HTTP/1.1\r\nHost: x\r\n",
     HEAD + b"Content-Length: 9\r\n\r\nfil",
     HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nfil\r\n"],
)  # fmt: skip
async def test_time_out(half: bytes) -> None:
    """A head or body that does not come is answered with 408, and the connection ends."""
    async with served(connections=SHORT) as gateway:
        client = await gateway.raw_client()
        client.send(half)
        assert (await client.read_all()).startswith(b"HTTP/1.1 408 ")
        assert (await gateway.client.get("/v1/info")).status_code == 200


async def test_a_byte_now_and_then() -> None:
    """A client that sends a byte now and then does not get more time for it."""
    async with served(connections=SHORT) as gateway:
        client = await gateway.raw_client()
        client.send(b"GET /v1/info HTTP/1.1\r\nX: ")
        reading = asyncio.create_task(client.read_all())
        async with asyncio.timeout(10):
            while not reading.done():
                client.send(b"a")
                await asyncio.sleep(0.05)
        assert b" 408 " in await reading


@pytest.mark.parametrize(
    "head", [b"GET /v1/structures?filter=", HEAD + b"Content-Length: 500000\r\n\r\nfilter="]
)
async def test_memory(head: bytes) -> None:
    """All half requests together hold no more than allowed; whole ones are answered meanwhile."""
    patient = ConnectionKeys(max_held_bytes=4 * MIB, head_s=600, body_s=600)
    async with served(connections=patient) as gateway:
        clients = [await gateway.raw_client() for _ in range(100)]
        for client in clients:
            client.send(head + b"a" * 400_000)
        for _ in range(50):
            assert (await gateway.client.get("/v1/info")).status_code == 200
            assert gateway.connections.held_bytes < 10 * MIB
        await eventually(lambda: len(gateway.connections) <= 12)
        await eventually(lambda: gateway.connections.held_bytes <= 4 * MIB)


async def test_rest_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends the rest of a request after its answer is idle from then on: the connection ends
    in time, and makes way for others."""
    monkeypatch.setattr(serving, "KEEP_ALIVE_S", 1)
    async with served(connections=ConnectionKeys(max_connections=2)) as gateway:
        clients = [await gateway.raw_client() for _ in range(2)]
        for client in clients:
            client.send(b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
            assert b" 404 " in await client.reader.readuntil(b"\r\n\r\n")
            client.send(b"abc")
        await asyncio.sleep(0.1)
        assert (await gateway.client.get("/v1/info")).status_code == 200
        for client in clients:
            await client.read_all(5)


async def test_places() -> None:
    """Half bodies may take long, but keep nobody out: who has waited longest makes way."""
    async with served(connections=ConnectionKeys(max_connections=5)) as gateway:
        halves = [await gateway.raw_client() for _ in range(5)]
        for half in halves:
            half.send(HEAD + b"Content-Length: 9\r\n\r\nfil")
        await asyncio.sleep(0.1)
        for _ in range(5):
            answer = await gateway.client.get("/v1/info", headers={"Connection": "close"})
            assert answer.status_code == 200
        assert len(gateway.connections) <= 5
        assert await halves[0].read_all(5) == b""


async def test_what_an_answer_holds_makes_others_lose_at_once() -> None:
    """An application that has made much to be sent need not wait for the next look."""
    patient = ConnectionKeys(max_held_bytes=4 * MIB, head_s=600)
    async with served(connections=patient) as gateway:
        half = await gateway.raw_client()
        half.send(b"GET /v1/structures?filter=" + b"a" * 100_000)
        await eventually(lambda: gateway.connections.held_bytes > 100_000)
        (waiting,) = gateway.connections._all
        assert (await gateway.client.get("/v1/info")).status_code == 200
        (other,) = gateway.connections._all - {waiting}
        other._hold(8 * MIB)  # type: ignore[attr-defined]
        assert waiting not in gateway.connections
        assert gateway.connections.held_bytes >= 8 * MIB
        other._hold(0)  # type: ignore[attr-defined]
        assert gateway.connections.held_bytes < MIB


async def test_a_refused_request_is_read_no_further_than_its_answer_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who goes on sending gets the answer; who sends megabytes loses the connection."""
    monkeypatch.setattr(protocol, "_LINGER_S", 600)
    async with served() as gateway:
        client = await gateway.raw_client()
        client.send(b"GET /v1/in\x00fo HTTP/1.1\r\n" + b"a" * 2**20)
        assert (await client.reader.read(12)) == b"HTTP/1.1 400"
        assert len(gateway.connections) == 1
        client.send(b"a" * 3 * 2**20)
        await eventually(lambda: len(gateway.connections) == 0)


async def test_who_is_not_read_is_not_blamed() -> None:
    """While the gateway itself reads no further, the rest of a request cannot come."""
    async with served(connections=SHORT) as gateway:
        client = await gateway.raw_client()
        client.send(HEAD + b"Content-Length: 9\r\n\r\nfil")
        await eventually(lambda: len(gateway.connections) == 1)
        (one,) = gateway.connections._all
        await eventually(lambda: one._message_bytes > 0)  # type: ignore[attr-defined]
        one.flow.pause_reading()  # type: ignore[attr-defined]
        now = asyncio.get_running_loop().time()
        one.check(now + 1000)
        assert not one._is_refused  # type: ignore[attr-defined]
        one.flow.resume_reading()  # type: ignore[attr-defined]
        assert b" 408 " in await client.read_all()


async def test_what_is_not_yet_sent_counts() -> None:
    """Also what the application has done with."""
    async with served(connections=ConnectionKeys(write_s=600)) as gateway:
        gateway.federation.total = 10**6
        await gateway.slow_reader("/v1/structures?response_format=_fed_jsonl")
        await eventually(lambda: len(gateway.connections) == 1)
        (one,) = gateway.connections._all
        unsent = one.transport.get_write_buffer_size  # type: ignore[attr-defined]
        await eventually(lambda: unsent() > 10_000)
        one._hold(0)  # type: ignore[attr-defined]
        assert one.held_bytes >= unsent()
