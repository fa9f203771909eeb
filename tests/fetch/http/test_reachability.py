"""What one request to an address finds, whatever stands there."""

import asyncio
import ssl
import subprocess
import time
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from gateway.fetch.http.reachability import MAX_BODY_BYTES, Reached, Unreachable, reach
from gateway.model import Site
from tests.fetch.http.wire.test_transport import certificate

__all__ = ["certificate"]


def site_at(url: str, **more: object) -> Site:
    return Site("oasis-b", url, "Oasis B", **more)  # type: ignore[arg-type]


def answering(status: int = 200, **more: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, **more))  # type: ignore[arg-type]


async def reached(transport: httpx.MockTransport) -> Reached:
    found = await reach(site_at("http://a.example/api/v1"), "/info", transport=transport)
    assert isinstance(found, Reached)
    return found


async def test_answer() -> None:
    """Status, type and content, without a redirect."""
    found = await reached(answering(json={"version": "2"}))
    assert (found.status, found.media_type, found.body) == (
        200,
        "application/json",
        b'{"version":"2"}',
    )
    assert (found.url, found.location) == ("http://a.example/api/v1/info", None)


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("/login", "http://a.example/login"),
        ("https://b.example/x", "https://b.example/x"),
        ("?a=1", "http://a.example/api/v1/info?a=1"),
        ("http://a.example:x", None),
        (None, None),
    ],
)
async def test_redirect(location: str | None, absolute: str | None) -> None:
    """Where it leads to, as a whole address; it is not followed."""
    found = await reached(answering(302, headers={"Location": location} if location else {}))
    assert (found.status, found.location) == (302, absolute)


async def test_bounded() -> None:
    """Of an answer without end only the beginning is read."""
    found = await reached(answering(content=b"x" * (3 * MAX_BODY_BYTES)))
    assert MAX_BODY_BYTES <= len(found.body) < 2 * MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("headers", "ahead_s"),
    [
        ({"Date": 600}, 600),
        ({"Date": -600}, -600),
        ({"Date": -600, "Age": "600"}, 0),  # cached
        ({"Date": "yesterday"}, None),
        ({"Date": 0, "Age": "x"}, None),
        ({}, None),
    ],
)
async def test_clock(headers: dict[str, str | float], ahead_s: float | None) -> None:
    """How far the site's clock is ahead of ours, if it says so."""
    now = time.time()
    sent = {
        name: one if isinstance(one, str) else formatdate(now + one, usegmt=True)
        for name, one in headers.items()
    }
    found = await reached(answering(headers=sent))
    if ahead_s is None:
        assert found.clock_ahead_s is None
    else:
        assert found.clock_ahead_s == pytest.approx(ahead_s, abs=60)


async def test_token_and_content() -> None:
    """The site's own token goes along, and content is posted as JSON."""
    asked = []
    transport = httpx.MockTransport(lambda one: asked.append(one) or httpx.Response(200))  # type: ignore[func-returns-value]
    site = site_at("http://a.example/api/v1", token="geheim")
    await reach(site, "/entries/query", content={"a": 1}, transport=transport)
    (request,) = asked
    assert (request.method, request.content) == ("POST", b'{"a":1}')
    assert request.headers["authorization"] == "Bearer geheim"


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("http://nowhere.invalid/api/v1", "dns"),
        ("http://127.0.0.1:9/api/v1", "refused"),
        ("http://localhost:9/api/v1", "refused"),  # both of its addresses
    ],
)
async def test_unreachable(url: str, trouble: str) -> None:
    """Why nothing answers."""
    found = await reach(site_at(url), "/info")
    assert isinstance(found, Unreachable)
    assert (found.trouble, bool(found.happened)) == (trouble, True)


async def test_silence(servers) -> None:
    """What hangs up at once is no NOMAD, and has no TLS."""

    async def handler(connection) -> None:
        connection.writer.close()

    server = await servers.start(handler)
    plain = await reach(site_at(server.url), "/info")
    assert isinstance(plain, Unreachable)
    assert plain.trouble == "closed"


async def test_dripping(servers) -> None:
    """An answer that never ends is left in time."""

    async def handler(connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await connection.send(b"x")
            await asyncio.sleep(0.05)

    server = await servers.start(handler)
    found = await reach(site_at(server.url), "/info", wait_s=0.3)
    assert isinstance(found, Unreachable)
    assert found.trouble == "timeout"


async def test_no_tls(servers) -> None:
    """An answer in plain text to a TLS handshake is told apart from bad TLS."""

    async def handler(connection) -> None:
        await connection.reader.read(10)
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await servers.start(handler)
    found = await reach(site_at(server.url.replace("http:", "https:")), "/info")
    assert isinstance(found, Unreachable)
    assert found.trouble == "no_tls"


async def test_certificates(servers, certificate, tmp_path: Path) -> None:
    """Each fault of a certificate has its own name, and none is passed over."""
    ca, context = certificate

    async def handler(connection) -> None:
        await connection.request()
        await connection.respond({"ok": True})

    server = await servers.start(handler, ssl=context)
    url = server.url.replace("http:", "https:")
    assert isinstance(await reach(site_at(url, ca_file=ca), "/info"), Reached)
    for site, trouble in (
        (site_at(url), "self_signed"),
        (site_at(url.replace("127.0.0.1", "localhost"), ca_file=ca), "other_name"),
    ):
        found = await reach(site, "/info")
        assert isinstance(found, Unreachable)
        assert found.trouble == trouble
    signed, context = signed_by_another(tmp_path)
    server = await servers.start(handler, ssl=context)
    url = server.url.replace("http:", "https:")
    assert isinstance(await reach(site_at(url, ca_file=signed), "/info"), Reached)
    found = await reach(site_at(url, ca_file=ca), "/info")
    assert isinstance(found, Unreachable)
    assert found.trouble == "unknown_issuer"


def signed_by_another(folder: Path) -> tuple[str, ssl.SSLContext]:
    """A certificate for 127.0.0.1 by an authority: its file, and the server's context."""
    ca, ca_key = folder / "ca.pem", folder / "ca-key.pem"
    cert, key, request = folder / "cert.pem", folder / "key.pem", folder / "request.pem"
    extra = folder / "names"
    extra.write_text("subjectAltName=IP:127.0.0.1\n")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for command in (
        ["req", "-x509", *new, "-days", "2", "-subj", "/CN=ca", "-keyout", ca_key, "-out", ca],
        ["req", *new, "-subj", "/CN=site", "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
         "-days", "2", "-extfile", extra, "-out", cert],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(ca), context
