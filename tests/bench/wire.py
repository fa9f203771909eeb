"""HTTP/1.1 by hand over kept connections: what a client costs at the very least.

Requests are bytes made ahead; an answer is its status and body. No redirects, no compression.
"""

import asyncio
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and the path below which it answers."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """From `http://host:port/path`."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or 80, parts.path)

    def get(self, target: str, *, headers: str = "") -> bytes:
        """A GET request."""
        head = f"GET {self.path}{target} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\n"
        return f"{head}accept: application/json\r\n{headers}\r\n".encode()

    def post_head(self, target: str) -> bytes:
        """A POST request up to the number of its bytes."""
        head = f"POST {self.path}{target} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\n"
        types = "accept: application/json\r\ncontent-type: application/json\r\n"
        return f"{head}{types}content-length: ".encode()

    def post(self, target: str, body: bytes) -> bytes:
        """A POST request."""
        return with_body(self.post_head(target), body)


def with_body(head: bytes, body: bytes) -> bytes:
    """A request of a prebuilt head and a body."""
    return head + b"%d\r\n\r\n" % len(body) + body


class Wire(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self._read = bytearray()
        self._need = 0
        self._start = 0
        self._waiter: asyncio.Future[WireAnswer] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionResetError("closed before the answer"))

    def ask(self, request: bytes) -> "asyncio.Future[WireAnswer]":
        """Send a request; the answer comes by and by."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("closed before the request")
        self._need = 0
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._need and not self._read_head():
            return
        if self._need < 0:
            if self._read.endswith(b"0\r\n\r\n"):
                self._end(_joined(self._read, self._start))
        elif len(self._read) >= self._need:
            self._end(bytes(self._read[self._start : self._need]))

    def _read_head(self) -> bool:
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._start = end + 4
        head = bytes(self._read[:end]).lower()
        place = head.find(b"\ncontent-length:")
        if place < 0:
            self._need = -1
        else:
            stop = head.find(b"\r", place + 1)
            size = int(head[place + 16 : stop if stop > 0 else len(head)])
            self._need = self._start + size
        return True

    def _end(self, body: bytes) -> None:
        status = int(self._read[9:12])
        self._read.clear()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(WireAnswer(status, body))


class Wires:
    """Kept connections to one server."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._idle: list[Wire] = []

    async def ask(self, request: bytes) -> WireAnswer:
        """The answer, over the connection used last or a new one."""
        while self._idle:
            wire = self._idle.pop()
            if wire.is_open:
                try:
                    return await self._over(wire, request)
                except ConnectionResetError:
                    continue  # the server had closed it for being idle
        return await self._over(await self._connect(), request)

    async def _over(self, wire: Wire, request: bytes) -> WireAnswer:
        answer = await wire.ask(request)
        if wire.is_open and len(self._idle) < MOST_KEPT:
            self._idle.append(wire)
        else:
            wire.close()
        return answer

    def close(self) -> None:
        """End all connections."""
        for wire in self._idle:
            wire.close()
        self._idle.clear()

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(Wire, self.address.host, self.address.port)
        return wire


def _joined(read: bytearray, start: int) -> bytes:
    """The body that came in chunks."""
    parts: list[bytes] = []
    while True:
        end = read.index(b"\r\n", start)
        size = int(read[start:end].split(b";")[0], 16)
        if not size:
            return b"".join(parts)
        parts.append(bytes(read[end + 2 : end + 2 + size]))
        start = end + 4 + size
