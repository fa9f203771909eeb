"""Redirects are followed within a site's own address and nowhere else."""

import pytest

from gateway.fetch.http.redirects import redirect_target
from tests.fetch.asking import ask, failure


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
    """With the same method and body: our requests only read."""
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
    assert client.circuit.last == error.happened


async def test_redirects_in_a_circle_end(servers, client_of):
    """Three are followed."""
    server = await redirecting(servers, "/api/v1/entries/query", times=99)
    error = await failure(client_of(server))
    assert error.happened == "redirects more than 3 times"
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", ["303 See Other", "304 Not Modified", "300 Choices"])
async def test_other_redirects_are_failures(servers, client_of, status):
    """303 would drop the body, 304 answers one that was not asked."""
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


@pytest.mark.parametrize("location", ["http://user:secret@h.example/b", "//user@h.example/b", "/b"])
def test_credentials_in_an_address_are_left_out(location):
    """A site cannot make the gateway log in."""
    assert redirect_target("http://h.example/a", location, status=302, token=None) == (
        "http://h.example/b"
    )
