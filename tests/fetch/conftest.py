"""Small servers on 127.0.0.1 that misbehave on purpose, and clients for them."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import orjson
import pytest

from gateway.fetch.cache.answers import AnswerCache, open_cache
from gateway.fetch.http.client import SiteClient
from gateway.model import Site


@dataclass
class Request:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return orjson.loads(self.body)

    @property
    def is_probe(self) -> bool:
        """Whether the gateway looks whether the site is well; `ask` never asks for `/info`."""
        return self.line.startswith("GET /api/v1/info ")


@dataclass
class Connection:
    """One connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    """Counts the server's connections from 1."""

    async def request(self) -> Request:
        """The next request; IncompleteReadError when the client is gone."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Request(line, headers, body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def respond(self, body=b'{"ok":true}', *, status="200 OK", headers=()) -> None:
        """A whole answer; the body may be bytes or what JSON can hold."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "content-type" not in names:
            lines.append("Content-Type: application/json")
        if not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(raw)}")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)

    def reset(self) -> None:
        """Close as a crashed process does, with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Connection], Awaitable[None]]


@dataclass
class Server:
    """A running server; `keep` fills `requests` and `probes`."""

    port: int
    connections: int = 0
    open: int = 0
    requests: list[Request] = field(default_factory=list)
    probes: list[Request] = field(default_factory=list)

    def keep(self, request: Request) -> Request:
        """The request, which is now in its list."""
        (self.probes if request.is_probe else self.requests).append(request)
        return request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"


class Servers:
    """Starts servers and ends them all."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, handler: Handler, **options) -> Server:
        """Serve each connection by `handler`; a connection that the client leaves is no error."""
        server = Server(port=0)

        async def serve(reader, writer) -> None:
            task = asyncio.current_task()
            self._tasks.add(task)
            server.connections += 1
            server.open += 1
            try:
                with suppress(OSError, asyncio.IncompleteReadError):
                    await handler(Connection(reader, writer, server.connections))
            except asyncio.CancelledError:
                pass  # the test has ended
            finally:
                server.open -= 1
                writer.transport.abort()
                self._tasks.discard(task)

        running = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
        self._servers.append(running)
        server.port = running.sockets[0].getsockname()[1]
        return server

    async def answering(self, answer: Callable[[Connection, Request], Awaitable[None]]) -> Server:
        """Every request, on connections kept alive, is kept and answered by `answer`."""

        async def handler(connection: Connection) -> None:
            while True:
                await answer(connection, server.keep(await connection.request()))

        server = await self.start(handler)
        return server

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        await asyncio.sleep(0)


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Servers that end with the test."""
    running = Servers()
    yield running
    await running.close()


@pytest.fixture
async def cache() -> AsyncIterator[AnswerCache]:
    """A cache in memory."""
    answers = open_cache("memory", max_bytes=4 * 2**20, answers_s=10.0, stale_s=0.0)
    yield answers
    await answers.close()


SITE = Site(name="oasis-b", url="http://127.0.0.1:9/api/v1", title="Oasis B")


@pytest.fixture
def site() -> Site:
    """A site as it is configured unless told otherwise, at a port where nobody listens."""
    return SITE


MakeClient = Callable[..., SiteClient]


@pytest.fixture
async def client_of(servers: Servers, cache: AnswerCache) -> AsyncIterator[MakeClient]:
    """Makes clients of a server (or of a URL); keywords change the site, `with_` the client.

    They are closed before the servers are.
    """
    clients: list[SiteClient] = []

    def make(server: Server | str, *, with_=None, **changes) -> SiteClient:
        url = server if isinstance(server, str) else server.url
        site = replace(SITE, url=url, **changes)
        options = {"cache": cache} | (with_ or {})
        clients.append(SiteClient(site, **options))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.breakers: list[str] = []
        self.cached: list[str] = []
        self.archives_cached: list[tuple[int, int]] = []
        self.waiting = 0

    def asked(self, site, path, outcome, seconds) -> None:
        assert site == SITE.name
        assert seconds >= 0
        self.requests.append((path, outcome))

    def breaker(self, site, state) -> None:
        self.breakers.append(state)

    def site_waiting(self, site, more) -> None:
        self.waiting += more

    def cache(self, site, event, age_s=None) -> None:
        self.cached.append(event)

    def archives(self, site, *, hits, misses) -> None:
        self.archives_cached.append((hits, misses))


@pytest.fixture
def heard() -> Heard:
    """What an observer is told."""
    return Heard()


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time

    def __iadd__(self, seconds: float) -> "Clock":
        self.time += seconds
        return self


@pytest.fixture
def clock() -> Clock:
    """Time that passes only when told to."""
    return Clock()
