"""Each site has its own trust, its own proxy and its own connections."""

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import replace

import pytest

from gateway.errors import ConfigError, SiteError
from gateway.fetch.http.wire.transport import open_transport
from tests.fetch.asking import ask, timed_failure


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: its CA file and its server's context."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", "req", "-x509", *kind, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(cert), context


@pytest.fixture
async def secure(servers, certificate):
    """An HTTPS server that counts its answers."""

    async def handler(connection):
        while True:
            server.keep(await connection.request())
            await connection.respond({"n": len(server.requests)})

    server = await servers.start(handler, ssl=certificate[1])
    return server


def https(server):
    return server.url.replace("http:", "https:")


async def test_a_site_may_have_its_own_ca(secure, certificate, client_of):
    """Its certificate is checked against the CA file of the site."""
    client = client_of(https(secure), ca_file=certificate[0])
    assert (await ask(client)).data == {"n": 1}


async def test_an_unknown_certificate_is_not_accepted(secure, client_of):
    """The reason is told; nothing is sent, and nothing tried again."""
    client = client_of(https(secure))
    with pytest.raises(SiteError) as caught:
        await ask(client)
    assert caught.value.happened.startswith("its TLS certificate is not trusted (")
    assert secure.requests == []
    assert secure.connections <= 1


async def test_the_ca_of_one_site_counts_for_no_other(secure, certificate, client_of):
    """Trust is per site, not per process."""
    await ask(client_of(https(secure), ca_file=certificate[0]))
    with pytest.raises(SiteError, match="is not trusted"):
        await ask(client_of(https(secure)), {"n": 1})


async def test_a_certificate_for_another_name(secure, certificate, client_of):
    """The name must be right, too."""
    client = client_of(https(secure).replace("127.0.0.1", "localhost"), ca_file=certificate[0])
    with pytest.raises(SiteError, match="is not trusted"):
        await ask(client)


async def test_plain_http_where_tls_was_expected(servers, client_of):
    """A wrong scheme in the configuration ends in a sentence."""

    async def handler(connection):
        await connection.reader.read(10)
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    client = client_of(https(await servers.start(handler)), attempts=1)
    with pytest.raises(SiteError) as caught:
        await ask(client)
    assert caught.value.happened == "the TLS handshake failed"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_read(site, tmp_path, content):
    """It is said at the start, with the site and the file."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=f"Site oasis-b: the CA file {path} cannot be read"):
        open_transport(replace(site, url="https://oasis.example/api/v1", ca_file=str(path)))


async def test_plain_http_goes_through_the_proxy(servers, client_of):
    """With the whole address, and the proxy's own credentials."""

    async def answer(connection, request):
        await connection.respond({"proxied": True})

    proxy = await servers.answering(answer)
    client = client_of(
        "http://oasis.invalid/api/v1",
        proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}",
        token="geheim",
    )
    assert (await ask(client)).data == {"proxied": True}
    (request,) = proxy.requests
    assert request.line == "POST http://oasis.invalid/api/v1/entries/query HTTP/1.1"
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpwQHNz"  # user:p@ss
    assert request.headers["authorization"] == "Bearer geheim"


async def tunnel(servers, target):
    """A proxy that connects through to `target`."""

    async def handler(connection):
        proxy.requests.append(await connection.request())
        reader, writer = await asyncio.open_connection("127.0.0.1", target)
        await connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")

        async def pump(source, sink):
            while data := await source.read(65536):
                sink.write(data)

        try:
            there = pump(connection.reader, writer)
            await asyncio.gather(there, pump(reader, connection.writer))
        finally:
            writer.transport.abort()

    proxy = await servers.start(handler)
    return proxy


async def test_https_goes_through_a_tunnel(servers, secure, certificate, client_of):
    """The proxy gets its credentials and sees neither path nor token; the site gets no more."""
    proxy = await tunnel(servers, secure.port)
    client = client_of(
        https(secure),
        proxy=f"http://user:pass@127.0.0.1:{proxy.port}",
        ca_file=certificate[0],
        token="geheim",
    )
    assert (await ask(client)).data == {"n": 1}
    assert (await ask(client, {"n": 1})).data == {"n": 2}
    (opened,) = proxy.requests
    assert opened.line == f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1"
    assert opened.headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"
    assert "authorization" not in opened.headers
    request = secure.requests[0]
    assert request.line == "POST /api/v1/entries/query HTTP/1.1"
    assert request.headers["authorization"] == "Bearer geheim"
    assert "proxy-authorization" not in request.headers


@pytest.mark.parametrize(
    ("scheme", "happened"),
    [
        ("http", "HTTP 407: the proxy wants to know who asks"),
        ("https", "the proxy refuses to connect"),
    ],
)
async def test_a_proxy_that_refuses(servers, client_of, scheme, happened):
    """The text says that it was the proxy, without its credentials."""

    async def answer(connection, request):
        await connection.respond(
            {"detail": "the proxy wants to know who asks"}, status="407 Proxy Authentication"
        )

    proxy = await servers.answering(answer)
    client = client_of(
        f"{scheme}://oasis.invalid/api/v1", proxy=f"http://user:pass@127.0.0.1:{proxy.port}"
    )
    with pytest.raises(SiteError) as caught:
        await ask(client)
    assert caught.value.happened == happened
    assert "pass" not in repr(vars(caught.value))


async def test_a_proxy_that_is_down(client_of):
    """It is the proxy that does not answer, not the site."""
    client = client_of("http://oasis.invalid/api/v1", proxy="http://127.0.0.1:9", attempts=1)
    with pytest.raises(SiteError) as caught:
        await ask(client)
    assert caught.value.happened == "connection refused"


async def test_a_hanging_site_takes_no_connection_of_another(servers, client_of):
    """Ten requests that hang at one site do not slow the other down."""

    async def hang(connection, request):
        await asyncio.sleep(600)

    async def answer(connection, request):
        await connection.respond({})

    hanging = client_of(await servers.answering(hang))
    good = client_of(await servers.answering(answer))
    stuck = [asyncio.create_task(ask(hanging, {"n": n})) for n in range(20)]
    await asyncio.sleep(0.05)
    for n in range(20):
        await ask(good, {"n": n}, within_s=2)
    for task in stuck:
        task.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_handshake_that_hangs(servers, client_of):
    """TLS that is never answered costs the time to connect."""

    async def hang(connection):
        await asyncio.sleep(600)

    server = await servers.start(hang)
    client = client_of(https(server), connect_s=0.3)
    error, took_s = await timed_failure(client)
    assert error.happened == "timed out after 0.3 s while connecting"
    assert took_s < 2


async def test_tls_connections_stay_warm(secure, certificate, client_of):
    """No second handshake for the next request, and one aside when the site hangs up."""
    client = client_of(https(secure), ca_file=certificate[0])
    for n in range(3):
        await ask(client, {"n": n})
    assert secure.connections == 1
    (connection,) = client._transport._idle
    connection._transport.abort()
    async with asyncio.timeout(20):
        while secure.connections < 2 or not client._transport._idle:
            await asyncio.sleep(0.01)
    await ask(client, {"n": 4})
    assert secure.connections == 2
