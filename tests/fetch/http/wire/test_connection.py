"""Faults of the wire: dead and stale connections, truncated and malformed answers."""

import asyncio
import errno
import socket

import pytest

from tests.fetch.asking import ask, failure, timed_failure

# connections


async def test_connection_refused(client_of, unused_port):
    """Tried again as often as allowed, quickly, and told in two words."""
    client = client_of(f"http://127.0.0.1:{unused_port}/api/v1")
    error, took_s = await timed_failure(client)
    assert error.happened == "connection refused"
    assert took_s > 0.1


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_host_that_does_not_exist(client_of):
    """The name is not repeated, the reason is."""
    client = client_of("http://no-such-host.invalid/api/v1", connect_s=60)
    error = await failure(client, within_s=60)
    assert error.happened == "its host name cannot be resolved"


@pytest.fixture
def full_port():
    """A port whose queue of connections is full: connecting hangs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = []
        for _ in range(4):
            waiting.append(one := socket.socket())
            one.setblocking(False)
            assert one.connect_ex(address) in (0, errno.EINPROGRESS)
        yield address[1]
        for one in waiting:
            one.close()


async def test_connecting_that_hangs(client_of, full_port):
    """It ends at the deadline for connecting and is not tried again: TCP did that."""
    client = client_of(f"http://127.0.0.1:{full_port}/api/v1", connect_s=0.3)
    error, took_s = await timed_failure(client)
    assert error.happened == "timed out after 0.3 s while connecting"
    assert error.is_timeout
    assert 0.3 <= took_s < 2


async def stale(servers, *, at_once):
    """A server that closes every connection after its first answer without saying so.

    `at_once`: together with the answer, so that the next request meets a closing connection.
    """

    async def handler(connection):
        server.keep(await connection.request())
        await connection.respond({"n": len(server.requests)}, status=server.status)
        if not at_once:
            # what NOMAD does after a 500: it reads the next request, and hangs up
            await connection.reader.readuntil(b"\r\n\r\n")
        connection.reset()

    server = await servers.start(handler)
    server.status = "200 OK"
    return server


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_stale_connection_is_no_failure(servers, client_of, at_once, heard):
    """The request is sent again on another connection, without wait and without count."""
    server = await stale(servers, at_once=at_once)
    client = client_of(server, with_={"observer": heard}, attempts=1)
    for n in range(4):
        answer = await ask(client, {"n": n})
        assert answer.data == {"n": n + 1}
    assert client.circuit.last is None
    assert {outcome for _, outcome in heard.requests} == {"ok"}


async def test_after_a_500_the_next_request_is_answered(servers, client_of):
    """A broken archive does not cost the request behind it."""
    server = await stale(servers, at_once=False)
    client = client_of(server, attempts=1)
    server.status = "500 Broken"
    assert (await failure(client)).status == 500
    server.status = "200 OK"
    assert (await ask(client)).data == {"n": 2}


async def test_many_stale_connections_are_used_up(servers, client_of):
    """A restarted server leaves a whole pool of dead connections."""
    restarted = asyncio.Event()

    async def handler(connection):
        await connection.request()
        server.arrived += 1
        while server.arrived < 4:
            await asyncio.sleep(0.001)
        await connection.respond({})
        while True:
            await connection.request()
            if not restarted.is_set() or connection.number <= 4:
                connection.reset()
                return
            await connection.respond({})

    server = await servers.start(handler)
    server.arrived = 0
    client = client_of(server, attempts=1)
    await asyncio.gather(*(ask(client, {"n": n}) for n in range(4)))
    assert server.connections == 4
    restarted.set()
    assert (await ask(client, {"n": 9})).data == {}
    assert server.connections == 5
    assert client.circuit.last is None


async def test_a_server_that_always_hangs_up_is_a_failure(servers, client_of):
    """A new connection that is closed without an answer is the site's fault, and tried again."""

    async def handler(connection):
        server.keep(await connection.request())

    server = await servers.start(handler)
    client = client_of(server)
    error = await failure(client)
    assert error.happened == "the connection was closed before an answer came"
    assert len(server.requests) == 3
    assert client.circuit.last == error.happened


async def test_a_server_that_resets(servers, client_of):
    """RST is told like FIN."""

    async def handler(connection):
        await connection.request()
        connection.reset()

    error = await failure(client_of(await servers.start(handler)))
    assert error.happened == "the connection was closed before an answer came"


CUT = {
    "by length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "by chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    "before the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
}


@pytest.mark.parametrize("sent", CUT.values(), ids=CUT)
async def test_a_truncated_answer_is_tried_again(servers, client_of, sent):
    """Half an answer is none, even where the half would be JSON."""

    async def handler(connection):
        server.keep(await connection.request())
        if len(server.requests) < 3:
            await connection.send(sent)
        else:
            await connection.respond({"whole": True})

    server = await servers.start(handler)
    assert (await ask(client_of(server))).data == {"whole": True}
    server.requests.clear()
    error = await failure(client_of(server, attempts=2), {"n": 1})
    assert error.happened == "the connection broke in the middle of the answer"
    assert len(server.requests) == 2


NOT_HTTP = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200_000 + b"\r\n",
}


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_an_answer_that_is_not_http(servers, client_of, sent):
    """Malformed HTTP is told in words, at once, and shows nothing of what was sent."""

    async def handler(connection):
        await connection.request()
        await connection.send(sent)
        await asyncio.sleep(5)

    client = client_of(await servers.start(handler), token="geheim")
    error = await failure(client)
    assert error.happened.startswith("the answer is not valid HTTP")
    assert "geheim" not in repr((error, error.__context__, error.__cause__))
    assert client.circuit.last == error.happened


async def test_an_answer_before_the_request_was_read(servers, client_of):
    """A server may refuse a large request before it has come in whole; what it left unread must
    not be taken for another request."""

    async def handler(connection):
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.respond({"detail": "too long"}, status="413 Content Too Large")
        await asyncio.sleep(5)

    server = await servers.start(handler)
    client = client_of(server)
    for n in range(2):
        error = await failure(client, {"q": "x" * 9_000_000, "n": n})
        assert error.happened == "HTTP 413: too long"
    assert server.connections == 2
