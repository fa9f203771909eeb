"""Faults of the wire: dead and stale connections, redirects, malformed answers."""

import asyncio
import errno
import socket

import pytest

from gateway.errors import SiteError

PATH = "/entries/query"


async def ask(client, n=0, **options):
    return await client.ask(PATH, {"n": n}, doing="read page of entries", **options)


async def failure(client, n=0, **options) -> SiteError:
    with pytest.raises(SiteError) as caught:
        await ask(client, n, **options)
    return caught.value


# connections


async def test_connection_refused(client_of, site, unused_port):
    """Tried again as often as allowed, quickly, and told in two words."""
    clock = asyncio.get_running_loop().time
    began = clock()
    client = client_of(f"http://127.0.0.1:{unused_port}/api/v1")
    error = await failure(client)
    assert error.happened == "connection refused"
    assert clock() - began > 0.1
    assert client.breaker.failures == 1


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_host_that_does_not_exist(client_of):
    """The name is not repeated, the reason is."""
    client = client_of("http://no-such-host.invalid/api/v1", connect_s=5.0, first_byte_s=5.0)
    error = await failure(client, within_s=10)
    assert error.happened in ("its host name cannot be resolved", "timed out after 0.6 s")


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
    clock = asyncio.get_running_loop().time
    began = clock()
    error = await failure(client_of(f"http://127.0.0.1:{full_port}/api/v1"))
    assert error.happened == "timed out after 0.3 s while connecting"
    assert 0.25 < clock() - began < 1.5


async def stale(servers, *, at_once):
    """A server that closes every connection after its first answer without saying so.

    `at_once`: together with the answer, so that the next request meets a closing connection.
    """

    async def handler(connection):
        server.requests.append(await connection.request())
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
        answer = await ask(client, n)
        assert answer.data == {"n": n + 1}
    assert client.breaker.failures == 0
    assert {outcome for _, outcome in heard.questions} == {"ok"}


async def test_after_a_500_the_next_question_is_answered(servers, client_of):
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
    await asyncio.gather(*(ask(client, n) for n in range(4)))
    assert server.connections == 4
    restarted.set()
    assert (await ask(client, 9)).data == {}
    assert server.connections == 5
    assert client.breaker.failures == 0


async def test_a_server_that_always_hangs_up_is_a_failure(servers, client_of):
    """A new connection that is closed without an answer is the site's fault, and tried again."""

    async def handler(connection):
        server.requests.append(await connection.request())

    server = await servers.start(handler)
    client = client_of(server)
    error = await failure(client)
    assert error.happened == "the connection was closed before an answer came"
    assert len(server.requests) == 3
    assert client.breaker.failures == 1


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
        server.requests.append(await connection.request())
        if len(server.requests) < 3:
            await connection.send(sent)
        else:
            await connection.respond({"whole": True})

    server = await servers.start(handler)
    assert (await ask(client_of(server))).data == {"whole": True}
    server.requests.clear()
    error = await failure(client_of(server, attempts=2), 1)
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
    assert error.happened == "the answer is not valid HTTP"
    assert "geheim" not in repr((error, error.__context__, error.__cause__))
    assert client.breaker.failures == 1


async def test_an_answer_before_the_question_was_read(servers, client_of):
    """A server may refuse a large question before it has come in whole."""

    async def handler(connection):
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.respond({"detail": "too long"}, status="413 Content Too Large")
        await asyncio.sleep(5)

    client = client_of(await servers.start(handler))
    with pytest.raises(SiteError) as caught:
        await client.ask(PATH, {"q": "x" * 900_000}, doing="read page of entries")
    assert caught.value.happened == "HTTP 413: too long"


# redirects


async def redirecting(servers, location, *, status="307 Temporary Redirect", times=1):
    async def answer(connection, request):
        if len(server.requests) <= times:
            where = location.replace("PORT", str(server.port))
            await connection.respond(b"", status=status, headers=(("Location", where),))
        else:
            await connection.respond({"n": len(server.requests)})

    server = await servers.answering(answer)
    return server


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_redirects_within_the_site_are_followed(servers, client_of, status):
    """With the same method and body: our questions only read."""
    server = await redirecting(servers, "/api/v1/entries/query/", status=status)
    answer = await ask(client_of(server, token="geheim"))
    assert answer.data == {"n": 2}
    first, second = server.requests
    assert second.line == "POST /api/v1/entries/query/ HTTP/1.1"
    assert second.body == first.body
    assert second.headers["authorization"] == "Bearer geheim"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:PORT/elsewhere",
        "//127.0.0.1:PORT/elsewhere",
        "http://user:pass@127.0.0.1:PORT/elsewhere",
        "../elsewhere",
        "?page=2",
    ],
)
async def test_redirects_may_be_written_in_many_ways(servers, client_of, location):
    """Absolute and relative addresses of the same host; a user in them is dropped."""
    server = await redirecting(servers, location)
    assert (await ask(client_of(server, token="geheim"))).data == {"n": 2}
    assert server.requests[1].headers["authorization"] == "Bearer geheim"


@pytest.mark.parametrize(
    ("location", "happened"),
    [
        ("http://evil.example/api/v1/entries/query", "redirects to another host (evil.example)"),
        ("//evil.example/", "redirects to another host (evil.example)"),
        ("http://127.0.0.1.evil.example/", "redirects to another host (127.0.0.1.evil.example)"),
        ("http://127.0.0.1@evil.example/", "redirects to another host (evil.example)"),
        ("http://localhost:PORT/", "redirects to another host (localhost)"),
        (
            "https://127.0.0.1:PORT/",
            "redirects to another address of its host (https, port {port})",
        ),
        (
            "https://127.0.0.1/",
            "redirects to another address of its host (https, port of its scheme)",
        ),
        ("http://127.0.0.1:1/", "redirects to another address of its host (http, port 1)"),
        ("file:///etc/passwd", "redirects to another host (none)"),
        ("http://[::1", "redirects to an address that cannot be read"),
        ("http://x:99999999/", "redirects to another host (x)"),
    ],
)
async def test_redirects_elsewhere_are_not_followed(servers, client_of, location, happened):
    """Only configured sites are ever called, and the token goes nowhere else."""
    server = await redirecting(servers, location, times=9)
    client = client_of(server, token="geheim")
    error = await failure(client)
    assert error.happened == happened.format(port=server.port)
    assert len(server.requests) == 1
    assert client.breaker.failures == 1


async def test_redirects_in_a_circle_end(servers, client_of):
    """Three are followed."""
    server = await redirecting(servers, "/api/v1/entries/query", times=99)
    error = await failure(client_of(server))
    assert error.happened == "redirects more than 3 times"
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", ["303 See Other", "304 Not Modified", "300 Choices"])
async def test_other_redirects_are_failures(servers, client_of, status):
    """303 would drop the question, 304 answers one that was not asked."""
    server = await redirecting(servers, "/", status=status, times=9)
    error = await failure(client_of(server))
    assert error.happened.startswith(f"HTTP {status[:3]}")
    assert len(server.requests) == 1


async def test_a_redirect_to_nowhere(servers, client_of):
    """Without a Location there is nothing to follow."""

    async def answer(connection, request):
        await connection.respond({}, status="302 Found")

    error = await failure(client_of(await servers.answering(answer)))
    assert error.happened == "HTTP 302 that names no other address"
