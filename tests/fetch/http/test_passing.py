"""Answers that are passed on: piece by piece, in bounded memory, within deadlines per piece."""

import asyncio
import gzip

import pytest

from gateway.errors import SiteError
from gateway.fetch.http.wire.streaming import FULL_BYTES, PIECE_BYTES
from tests.fetch.asking import options_for

PATH = "/entries/x/raw/file"
PIECE = b"x" * 65_536


async def opened(client, **options):
    return await client.pass_on("GET", PATH, None, doing="pass", options=options_for(**options))


async def read(answer):
    try:
        return b"".join([piece async for piece in answer.pieces()])
    finally:
        await answer.close()


async def test_any_status_as_it_is(servers, client_of):
    """Status, type and text of a refusal are the site's; the connection is used again."""

    async def handler(connection):
        while True:
            server.keep(await connection.request())
            await connection.respond({"detail": "no"}, status="404 Not Found")

    server = await servers.start(handler)
    client = client_of(server.url)
    for _ in range(2):
        answer = await opened(client)
        assert answer.status == 404
        assert await read(answer) == b'{"detail":"no"}'


async def test_packed_answers_are_unpacked(servers, client_of):
    """The client may not understand what the gateway asked for."""
    text = b"some text " * 100_000

    async def handler(connection):
        server.keep(await connection.request())
        packed = (("Content-Encoding", "gzip"),)
        await connection.respond(gzip.compress(text), headers=packed)

    server = await servers.start(handler)
    assert await read(await opened(client_of(server.url))) == text


async def test_a_little_that_becomes_much(servers, client_of):
    """It is unpacked in pieces, one at a time."""

    async def handler(connection):
        server.keep(await connection.request())
        packed = (("Content-Encoding", "gzip"),)
        await connection.respond(gzip.compress(bytes(8 * 2**20)), headers=packed)

    server = await servers.start(handler)
    answer = await opened(client_of(server.url))
    sizes = [len(piece) async for piece in answer.pieces()]
    await answer.close()
    assert sum(sizes) == 8 * 2**20
    assert max(sizes) <= PIECE_BYTES


async def test_a_slow_reader_stops_the_site(servers, client_of):
    """No more is read ahead than the buffer takes, whatever the site would send."""
    sent = 0

    async def handler(connection):
        nonlocal sent
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
        while sent < 1024 * len(PIECE):
            await connection.send(PIECE)
            sent += len(PIECE)

    server = await servers.start(handler)
    answer = await opened(client_of(server.url))
    await asyncio.sleep(0.5)
    held = answer._sent.reader._held
    assert held <= FULL_BYTES + 2**20
    assert sent < 40 * 2**20
    assert len(await read(answer)) == 64 * 2**20


async def test_a_site_that_stops_in_the_middle(servers, client_of):
    """Each piece has the site's own limit; then it is a failure that says so."""

    async def handler(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
        await asyncio.sleep(30)

    server = await servers.start(handler)
    answer = await opened(client_of(server.url, answer_s=0.3))
    with pytest.raises(SiteError, match=r"sent nothing for 0\.3 s in the middle"):
        await read(answer)


async def test_a_site_that_drips(servers, client_of):
    """Holds one of the few streams no longer than one that stops."""

    async def handler(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            await connection.send(b"x")
            await asyncio.sleep(0.05)

    server = await servers.start(handler)
    answer = await opened(client_of(server.url, answer_s=0.3))
    async with asyncio.timeout(2):
        with pytest.raises(SiteError, match="less than 4096 bytes in"):
            await read(answer)


async def test_a_slow_site_that_goes_on(servers, client_of):
    """Takes as long as it takes."""
    text = b"x" * 30_000

    async def handler(connection):
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n")
        for at in range(0, len(text), 1500):
            await connection.send(text[at : at + 1500])
            await asyncio.sleep(0.05)

    server = await servers.start(handler)
    assert await read(await opened(client_of(server.url, answer_s=0.4))) == text


async def test_no_head_in_time(servers, client_of):
    """The head is waited for as long as the caller's deadline allows."""

    async def handler(connection):
        await connection.request()
        await asyncio.sleep(30)

    server = await servers.start(handler)
    with pytest.raises(SiteError, match="timed out"):
        await opened(client_of(server.url, attempts=1), within_s=0.3)


async def test_other_hosts_are_not_followed(servers, client_of):
    """A redirect to another host is a failure, within the host it is followed."""

    async def handler(connection):
        while True:
            request = await connection.request()
            server.keep(request)
            if PATH in request.line:
                to = (("Location", server.url + "/elsewhere"),)
                await connection.respond(b"", status="307 Temporary Redirect", headers=to)
            elif "/elsewhere" in request.line:
                away = (("Location", "http://example.org/"),)
                await connection.respond(b"", status="307 Temporary Redirect", headers=away)
            else:
                await connection.respond()

    server = await servers.start(handler)
    with pytest.raises(SiteError, match="another host"):
        await opened(client_of(server.url, attempts=1))


async def test_redirects_without_end(servers, client_of):
    """Three are followed, as for other requests."""

    async def handler(connection):
        while True:
            request = await connection.request()
            server.keep(request)
            to = (("Location", request.line.split(" ")[1] + "x"),)
            await connection.respond(b"", status="302 Found", headers=to)

    server = await servers.start(handler)
    with pytest.raises(SiteError, match="redirects more than 3 times"):
        await opened(client_of(server.url, attempts=1))
    assert len([one for one in server.requests if PATH in one.line]) == 4


@pytest.mark.parametrize("whose", ["gateway", "caller"])
async def test_a_token_that_a_site_sends_back_is_not_repeated(servers, client_of, whose):
    """Whoever it is of, and wherever it stands."""
    token = "secret-of-somebody"

    async def handler(connection):
        while True:
            request = await connection.request()
            server.keep(request)
            result = request.headers.get("authorization", "").removeprefix("Bearer ")
            to = (("Location", f"{result}://127.0.0.1:{server.port}/"),)
            await connection.respond(b"", status="302 Found", headers=to)

    server = await servers.start(handler)
    own = {"token": token} if whose == "gateway" else {"forward_token": True}
    client = client_of(server.url, attempts=1, **own)
    with pytest.raises(SiteError, match="another address of its host") as caught:
        await opened(client, token=token if whose == "caller" else None)
    assert token not in str(caught.value)
    assert server.requests[0].headers["authorization"] == f"Bearer {token}"


@pytest.mark.parametrize(
    ("with_token", "forwards", "given", "sent"),
    [
        (True, False, None, "Bearer own"),
        (False, False, None, None),
        (False, False, "callers", None),
        (False, True, "callers", "Bearer callers"),
        (False, True, None, None),
    ],
)
async def test_whose_token_goes_along(servers, client_of, with_token, forwards, given, sent):
    """What the gateway's own token sees is not for callers; theirs goes where it is forwarded."""

    async def answer(connection, request):
        await connection.respond()

    server = await servers.answering(answer)
    client = client_of(server, token="own", forward_token=forwards)
    options = options_for(token=given)
    asked = client.pass_on("GET", PATH, None, doing="pass", options=options, with_token=with_token)
    await read(await asked)
    assert server.requests[0].headers.get("authorization") == sent


async def test_slots_come_back(servers, client_of):
    """A slot is held until the answer is closed, whole or not."""

    async def handler(connection):
        while True:
            await connection.request()
            await connection.respond(b"x" * 10)

    server = await servers.start(handler)
    client = client_of(server.url, concurrency=1)
    for _ in range(3):
        answer = await opened(client, within_s=2)
        assert client._slots.taken == 1
        await answer.close()
        assert client._slots.taken == 0


@pytest.mark.parametrize("end", [-1, -8, 200])
async def test_a_part_of_what_was_packed_is_not_the_whole(servers, client_of, end):
    """Though the connection says that it is all."""
    text = b"".join(b"%d" % number for number in range(50_000))

    async def handler(connection):
        await connection.request()
        packed = (("Content-Encoding", "gzip"),)
        await connection.respond(gzip.compress(text)[:end], headers=packed)

    server = await servers.start(handler)
    answer = await opened(client_of(server.url))
    with pytest.raises(SiteError, match="in the middle of its gzip compression"):
        await read(answer)


async def test_what_was_packed_in_parts_comes_whole(servers, client_of):
    """gzip goes on after a member has ended."""
    parts = b"first " * 1000, b"second " * 1000

    async def handler(connection):
        await connection.request()
        packed = (("Content-Encoding", "gzip"),)
        await connection.respond(b"".join(map(gzip.compress, parts)), headers=packed)

    server = await servers.start(handler)
    assert await read(await opened(client_of(server.url))) == b"".join(parts)
