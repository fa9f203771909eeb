"""What is wrong with a request on the wire is refused, before any of it costs much."""

import asyncio
from contextlib import suppress
from random import Random
from urllib.parse import quote

import pytest

from gateway.config import ConnectionKeys
from gateway.serve.connections.limits import PROBES_AT_A_TIME
from tests.hostile.server import RawClient, eventually, served

HOST = b"Host: x\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\n", 414),
        (b"GET /v1/info HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /v1/info HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 20_000 + b"\r\n", 431),
        (b"GET /v1/info HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2**20, 431),
        (b"POST /v1/structures HTTP/1.1\r\n" + HOST + FORM
         + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/structures HTTP/1.1\r\n" + HOST + FORM
         + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/structures HTTP/1.1\r\n" + HOST + FORM
         + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nfilter", 400),
        (b"GET /v1/info HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST /v1/structures HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: x\r\n\r\n", 400),
        (b"GET /v1/in\x00fo HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /v1/info HTTP/1.1\r\n" + HOST + b"X : y\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)  # fmt: skip
async def test_refused(request_: bytes, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """It is answered so and the connection is closed, without a word in the log."""
    async with served() as gateway:
        client = await gateway.raw_client()
        client.send(request_)
        answer = await client.read_all()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"\r\nx-content-type-options: nosniff\r\n" in answer
        assert (await gateway.client.get("/v1/info")).status_code == 200
    assert not [one for one in caplog.records if one.levelname in ("WARNING", "ERROR")]


async def test_largest_request() -> None:
    """The longest filter that is allowed fits into a first line, and 60 kB of headers beside it."""
    async with served() as gateway:
        filter_ = 'chemical_formula_hill="' + "😀" * 16_000 + '"'
        client = await gateway.raw_client()
        line = f"GET /v1/structures?filter={quote(filter_)}#part HTTP/1.1\r\n".encode()
        client.send(line + HOST + b"X: " + b"a" * 60_000 + b"\r\nConnection: close\r\n\r\n")
        assert (await client.read_all()).startswith(b"HTTP/1.1 200 ")
        (request,) = gateway.federation.asked
        assert getattr(request, "filter", None) == filter_


GREETING = "GET /v1/structures?filter=chemical_formula_hill=%22Größe😀%22{} HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("size", [1, 7, 61, 10_000])
async def test_text_in_an_address_as_it_is(size: int) -> None:
    """UTF-8 that is not percent-encoded is understood, in whatever pieces it comes, also for the
    second request of a connection; bodies are left alone."""
    async with served() as gateway:
        client = await gateway.raw_client()
        body = "filter=chemical_formula_hill=%22Ärger%22%0A&page_limit=3\n".encode()
        head = b"POST /v1/structures HTTP/1.1\r\n" + HOST + FORM
        post = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        last = (GREETING.format("") + "Connection: close\r\n\r\n").encode()
        for request in ((GREETING.format("") + "X: ä\r\n\r\n").encode(), post, b"\r\n" + last):
            before = len(gateway.federation.asked)
            for at in range(0, len(request), size):
                client.send(request[at : at + size])
                await asyncio.sleep(0)
            await eventually(lambda before=before: len(gateway.federation.asked) > before)
        assert (await client.read_all()).count(b"HTTP/1.1 200 ") == 3
        texts = [getattr(one, "filter", None) for one in gateway.federation.asked]
        assert texts == [
            f'chemical_formula_hill="{word}"' for word in ("Größe😀", "Ärger", "Größe😀")
        ]


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/v1/structures?filter=a=%22é%22".encode("latin-1"), 400, b"not UTF-8"),
        ("/v1/strüctures".encode(), 404, "strüctures".encode()),
        ("/v1/structures?größe=1".encode(), 400, "no parameter 'größe'".encode()),
    ],
)
async def test_errors_about_such_addresses_are_documents(
    address: bytes, status: int, says: bytes
) -> None:
    """As about any other."""
    async with served() as gateway:
        client = await gateway.raw_client()
        client.send(b"GET " + address + b" HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        answer = await client.read_all()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"application/vnd.api+json" in answer
        assert says in answer


@pytest.mark.parametrize(
    "line", ["GÜT /v1/info HTTP/1.1", "GET /v1/info HTTP/1.1ü", "GET /v1/info HTTÜP/1.1"]
)
async def test_only_addresses_may_hold_such_text(line: str) -> None:
    """Methods and versions are ASCII."""
    async with served() as gateway:
        client = await gateway.raw_client()
        client.send(line.encode() + b"\r\n" + HOST + b"\r\n")
        assert (await client.read_all()).startswith(b"HTTP/1.1 400 ")


async def test_pipelining() -> None:
    """Some requests ahead of their answers are served in order; thousands are not queued."""
    async with served() as gateway:
        client = await gateway.raw_client()
        client.send(b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        read = b""
        async with asyncio.timeout(20):
            while read.count(b"HTTP/1.1 200 ") < 20:
                read += await client.reader.read(65_536)
        flood = await gateway.raw_client()
        flood.send(b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n" * 20_000)
        answer = await flood.read_all()
        assert answer.count(b"HTTP/1.1 200 ") <= 64
        assert gateway.connections.held_bytes < 2**20


async def test_connections() -> None:
    """Beyond the limit, the connection that has been idle longest makes way for a new one."""
    async with served(connections=ConnectionKeys(max_connections=10)) as gateway:
        clients = [await gateway.raw_client() for _ in range(10)]
        assert (await gateway.client.get("/v1/info")).status_code == 200
        assert await clients[0].read_all() == b""
        clients[9].send(b"GET /v1/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await clients[9].read_all()).startswith(b"HTTP/1.1 200 ")


async def test_an_answered_connection_is_idle_again() -> None:
    """Whoever keeps a connection after its answer keeps nobody out."""
    async with served(connections=ConnectionKeys(max_connections=4)) as gateway:
        clients = [await gateway.raw_client() for _ in range(4)]
        for client in clients:
            client.send(b"GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await client.reader.readuntil(b"\r\n\r\n")
        assert gateway.connections.held_bytes == 0
        for _ in range(3):
            answer = await gateway.client.get("/v1/info", headers={"Connection": "close"})
            assert answer.status_code == 200
        assert len(gateway.connections) <= 4


async def test_no_connection_is_idle() -> None:
    """When all connections are being answered, a new client is told so, and the log, once."""
    async with served(connections=ConnectionKeys(max_connections=2)) as gateway:
        gateway.federation.hold = asyncio.Event()
        for _ in range(2):
            client = await gateway.raw_client()
            client.send(b"GET /v1/structures HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            while len(gateway.federation.asked) < 2:
                await asyncio.sleep(0.01)
        silent = await gateway.raw_client()
        for path in (b"/v1/info", b"/live/", b"/v1/structures?filter=/live"):
            client = await gateway.raw_client()
            client.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert is_refused(await client.read_all(timeout_s=0.9))
        assert is_refused(await silent.read_all())
        gateway.federation.hold.set()


def is_refused(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 503 ") and b"too many connections" in answer


async def test_probes_beyond_the_limit() -> None:
    """When all connections are being answered, probes still are; only so many at a time."""
    async with served(connections=ConnectionKeys(max_connections=2)) as gateway:
        gateway.federation.hold = asyncio.Event()
        for _ in range(2):
            client = await gateway.raw_client()
            client.send(b"GET /v1/structures HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            while len(gateway.federation.asked) < 2:
                await asyncio.sleep(0.01)
        for path in (b"/live", b"/ready", b"/health", b"/metrics?x"):
            client = await gateway.raw_client()
            client.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await client.read_all()  # the connection is closed: others need it
            assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"gateway_connections 2.0" in answer
        silent = [await gateway.raw_client() for _ in range(PROBES_AT_A_TIME)]
        client = await gateway.raw_client()
        client.send(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_refused(await client.read_all())
        assert all([is_refused(await one.read_all()) for one in silent])
        text = (await gateway.client.get("/metrics")).text
        assert 'gateway_connections_ended_total{reason="refused"} 17.0' in text
        gateway.federation.hold.set()


async def test_an_upgrade_is_not_followed() -> None:
    """No other protocol is spoken here: the request itself is answered."""
    async with served() as gateway:
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "a"}
        assert (await gateway.client.get("/v1/info", headers=headers)).status_code == 200


SEEDS = (
    b"GET /v1/structures?filter=nsites%3D2&page_limit=2 HTTP/1.1\r\nHost: x\r\nAccept: a\r\n\r\n",
    b"POST /v1/structures HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 15\r\nExpect: 100-continue\r\n\r\nfilter=nsites=2",
    b"POST /v1/structures HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nsort=\r\n0\r\n\r\n",
    b"HEAD /index/v1/links HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Headers: a\r\n\r\n",
    b"GET http://other.example/v1/info?x#y HTTP/1.0\r\n\r\n",
    b"GET /docs HTTP/1.1\r\nHost: <b>\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
)
PIECES = (b"\r\n", b"%", b"\x00", b": ", b"?", b"&", b"//", b"\xff", b" ", b"..", b"v1", *SEEDS)


def mutated(random: Random) -> bytes:
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.randint(1, 6)):
        place = random.randrange(len(data))
        match random.randrange(3):
            case 0:
                data[place] = random.randrange(256)
            case 1 if len(data) > 20:
                del data[place : place + 8]
            case _:
                data[place:place] = random.choice(PIECES)
    return bytes(data)


async def test_damaged_requests(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever comes, there is no error of ours; the next client is served."""
    random, limits = Random(7), ConnectionKeys(head_s=0.3, body_s=0.3)
    async with served(connections=limits) as gateway:
        for _ in range(15):
            clients = [await gateway.raw_client() for _ in range(20)]
            for client in clients:
                client.send(mutated(random))
            answers = await asyncio.gather(*(first_line(client) for client in clients))
            assert not [one for one in answers if b" 500 " in one]
            for client in clients:
                client.close()
        assert (await gateway.client.get("/v1/info")).status_code == 200
        await eventually(lambda: len(gateway.connections) <= 1)
    wrong = [one for one in caplog.records if one.levelname in ("WARNING", "ERROR")]
    assert not [one for one in wrong if not one.getMessage().startswith("X-Forwarded headers")]


async def first_line(client: RawClient) -> bytes:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(1):
            return await client.reader.read(100)
    return b""
