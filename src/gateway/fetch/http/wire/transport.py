"""The ways to one site: its own pool of warm connections, or any transport of httpx.

A pool connects by itself: a connection that the site closes while it is idle is replaced, so that
after a quiet night neither DNS nor handshakes are on the way of a request.
"""

import asyncio
import random
import socket
import ssl
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

import aiohappyeyeballs
import httpx

import gateway
from gateway.errors import ConfigError
from gateway.fetch.http.request import SiteRequest
from gateway.fetch.http.wire.connection import DroppedError, SiteConnection
from gateway.fetch.http.wire.decoding import ACCEPT_ENCODING
from gateway.fetch.http.wire.streaming import Reader
from gateway.model import Site

USER_AGENT = f"nomad-optimade-gateway/{gateway.__version__}"

WARM = 2
"""Connections that are kept open through quiet times: a page takes one or two at each site."""
IDLE_S = 240.0
"""Others are closed after so long. Shorter than the five minutes after which routers and balancers
forget a connection without a word."""
LOOK_S = 30.0
"""How often idle connections are looked through."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Before a closed connection is replaced: a site that closes each at once is not flooded."""
ALTERNATIVE_S = 0.25
"""Head start of one of several addresses over the next (RFC 8305, "Happy Eyeballs")."""
_PORTS = {"http": 80, "https": 443}


class Transport(Protocol):
    """Carries one request to a site and its answer back."""

    async def send(self, request: SiteRequest, url: str, reader: Reader) -> None:
        """Fill the reader with the answer from `url`; raises httpx's errors or a Fault."""

    async def aclose(self) -> None:
        """Close all connections."""


def open_transport(site: Site) -> Transport:
    """The transport for this site alone; nothing is connected before the first request.

    Sites behind a proxy are reached by httpx's own transport: slower, but it knows how.
    """
    if site.proxy:
        context = trust(site)
        return HttpxTransport(
            httpx.AsyncHTTPTransport(
                proxy=httpx.Proxy(site.proxy), verify=context, trust_env=False
            ),
            site=site,
        )
    return ConnectionPool(site)


class ConnectionPool:
    """Connections to one site, by hand on asyncio: a tenth of the time of a general client."""

    def __init__(self, site: Site) -> None:
        parts = urlsplit(site.url)
        self._site = site
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._context = trust(site) if parts.scheme == "https" else None
        self._common = (
            f"Host: {parts.netloc}\r\n"
            f"Accept-Encoding: {ACCEPT_ENCODING}\r\nUser-Agent: {USER_AGENT}\r\n"
        ).encode()
        self._heads: dict[tuple[str, str, str, str], bytes] = {}
        self._idle: list[SiteConnection] = []
        self._open: set[SiteConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._look: asyncio.TimerHandle | None = None
        self._wanted = 0
        """How many idle connections to keep, once so many have been in use."""
        self._pause_s = FIRST_PAUSE_S
        self._is_closed = False

    async def send(self, request: SiteRequest, url: str, reader: Reader) -> None:
        """Send on a warm connection where there is one.

        A site may close an idle connection in the moment in which it is used (NOMAD does after each
        answer 500, every server when it restarts): the request is then sent again on the next one.
        """
        written = self._written(request, url)
        while (connection := self._take()) is not None:
            try:
                await self._exchange(connection, written, reader)
            except DroppedError:
                continue
            return
        await self._exchange(await self._connect(), written, reader)

    async def aclose(self) -> None:
        """Close all connections."""
        self._is_closed = True
        if self._look is not None:
            self._look.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        for connection in tuple(self._open):
            connection.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # closed connections say so in the next turn of the loop

    async def _exchange(self, connection: SiteConnection, written: bytes, reader: Reader) -> None:
        try:
            await connection.exchange(written, reader)
        except BaseException:
            connection.abort()
            raise
        if connection.is_open and not self._is_closed:
            self._idle.append(connection)

    def _take(self) -> SiteConnection | None:
        """The connection that was used last: the others may grow old and be closed."""
        oldest = asyncio.get_running_loop().time() - IDLE_S
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> SiteConnection:
        if self._is_closed:
            raise httpx.PoolTimeout("the pool is closed")
        try:
            async with asyncio.timeout(self._site.connect_s):
                connection = await self._connected()
        except TimeoutError as error:
            raise httpx.ConnectTimeout("timed out while connecting") from error
        except OSError as error:  # of TLS and DNS, too
            raise httpx.ConnectError("connection failed") from error
        self._open.add(connection)
        self._wanted = min(WARM, max(self._wanted, len(self._open)))
        self._pause_s = FIRST_PAUSE_S
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(LOOK_S, self._look_through)
        return connection

    async def _connected(self) -> SiteConnection:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        bound = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=ALTERNATIVE_S)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            _, connection = await loop.create_connection(
                lambda: SiteConnection(self._forget),
                sock=bound,
                ssl=self._context,
                server_hostname=self._host if self._context else None,
            )
        except BaseException:
            bound.close()
            raise
        return connection

    def _forget(self, connection: SiteConnection) -> None:
        """A connection is gone; an idle one is replaced."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
            self._replace()

    def _replace(self) -> None:
        if self._is_closed or self._tasks or len(self._idle) >= self._wanted:
            return
        task = asyncio.get_running_loop().create_task(self._keep_warm())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_warm(self) -> None:
        """Connect until enough idle connections are there; what fails waits for the next look."""
        while len(self._idle) < self._wanted and not self._is_closed:
            pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311  # no secret
            connection = None
            with suppress(httpx.HTTPError):
                doubled_s = self._pause_s
                connection = await self._connect()
                self._pause_s = doubled_s  # it may be closed again at once; a request resets this
            if connection is None:
                return
            self._idle.append(connection)

    def _look_through(self) -> None:
        """Close what has been idle for long, and have enough warm ones."""
        loop = asyncio.get_running_loop()
        self._look = loop.call_later(LOOK_S, self._look_through)
        oldest = loop.time() - IDLE_S
        for connection in [one for one in self._idle if one.idle_since < oldest]:
            self._idle.remove(connection)
            connection.abort()
        self._replace()

    def _written(self, request: SiteRequest, url: str) -> bytes:
        """The request as it goes over the wire."""
        key = (request.method, url, request.content_type, request.accept)
        head = self._heads.get(key)
        if head is None:
            head = self._head(request, url)
            if len(self._heads) < 64:  # paths with entry ids would grow without bound
                self._heads[key] = head
        parts = [head]
        if request.content is not None:
            parts.append(b"Content-Length: %d\r\n" % len(request.content))
        if request.token:
            parts.append(b"Authorization: Bearer %s\r\n" % request.token.encode())
        if request.request_id:
            parts.append(b"X-Request-ID: %s\r\n" % request.request_id.encode())
        for name, value in request.trace.items():
            parts.append(f"{name}: {value}\r\n".encode())
        parts += (b"\r\n", request.content or b"")
        return b"".join(parts)

    def _head(self, request: SiteRequest, url: str) -> bytes:
        path = httpx.URL(url).raw_path
        kind = f"Accept: {request.accept}\r\n"
        if request.content is not None:
            kind += f"Content-Type: {request.content_type}\r\n"
        first = (request.method.encode(), path, self._common, kind.encode())
        return b"%s %s HTTP/1.1\r\n%s%s" % first


class HttpxTransport:
    """Any transport of httpx as the way to a site: an app in this process, or through a proxy."""

    def __init__(self, transport: httpx.AsyncBaseTransport, *, site: Site) -> None:
        self._transport = transport
        self._timeout = dict.fromkeys(("read", "write"), None) | dict.fromkeys(
            ("connect", "pool"), site.connect_s
        )

    async def send(self, request: SiteRequest, url: str, reader: Reader) -> None:
        """Send by httpx."""
        response = await self._transport.handle_async_request(self._request(request, url))
        try:
            reader.start(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
            )
            async for piece in response.stream:  # type: ignore[union-attr]  # async, as it is sent
                reader.feed(piece)
                await reader.drained()
        finally:
            with suppress(httpx.HTTPError, OSError):
                await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def _request(self, request: SiteRequest, url: str) -> httpx.Request:
        headers = {
            "Accept": request.accept,
            "Accept-Encoding": ACCEPT_ENCODING,
            "User-Agent": USER_AGENT,
            **request.trace,
        }
        if request.content is not None:
            headers["Content-Type"] = request.content_type
        if request.request_id:
            headers["X-Request-ID"] = request.request_id
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        return httpx.Request(
            request.method,
            url,
            headers=headers,
            content=request.content,
            extensions={"timeout": self._timeout},
        )


def trust(site: Site) -> ssl.SSLContext:
    """Whom to trust: the site's CA file alone, or else what the machine trusts."""
    try:
        if site.ca_file is None:
            return httpx.create_ssl_context()
        return ssl.create_default_context(cafile=site.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"Site {site.name}: the CA file {site.ca_file} cannot be read: {error}."
        ) from error
