"""A distance before each server: every byte is late by half a round trip, each way.

    python -m tests.bench.delaying_proxy URL,URL [--round-trip-s 0.04] [--idle-s 75]

Prints one line with the addresses before the given ones as a JSON list. A new connection costs two
round trips more, for TCP and TLS. As an nginx does, it ends connections idle for `idle_s` and hides
that the server behind it ends idle ones sooner. Each line of its input, whatever it says, is
answered with what was seen since the line before: a `Seen` as JSON.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import orjson
import uvloop

HANDSHAKES = 2
SURELY_OVER_S = 0.5
"""So long after its last byte an answer is over, and a server that closes is only idle."""


@dataclass(slots=True)
class Passed:
    """One request that went through, and when; times in seconds."""

    server: int
    request: str
    start: float
    end: float = 0.0


@dataclass(slots=True)
class Seen:
    """What went through."""

    connections: int = 0
    requests: list[Passed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a server is."""

    host: str
    port: int
    round_trip_s: float
    idle_s: float


class Journal:
    """What is seen from one line of input to the next."""

    def __init__(self) -> None:
        self.now = Seen()

    def turn(self) -> Seen:
        """What was seen; from now on anew."""
        seen, self.now = self.now, Seen()
        return seen


class _Caller(asyncio.Protocol):
    """The connection of whoever asks."""

    def __init__(self, distance: Distance, number: int, journal: Journal) -> None:
        self._distance = distance
        self._number = number
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._server: _Server | None = None
        self._unread = bytearray()
        self._waiting: list[bytes] = []
        self._is_connecting = False
        self._passed: Passed | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._journal.now.connections += 1
        self._touched = self._loop.time()
        self._open_at = self._touched + HANDSHAKES * self._distance.round_trip_s
        self._idle = self._loop.call_later(self._distance.idle_s, self._end_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.cancel()
        if self._server is not None:
            self._server.transport.close()

    def data_received(self, data: bytes) -> None:
        self._touched = self._loop.time()
        self._note(data)
        at = max(self._touched, self._open_at) + self._distance.round_trip_s / 2
        self._loop.call_at(at, self._forward, data)

    def come_back(self, data: bytes) -> None:
        """Bytes of the server are on their way."""
        self._touched = self._loop.time()
        if self._passed is not None:
            self._passed.end = time.monotonic()
        self._loop.call_at(self._touched + self._distance.round_trip_s / 2, self._write, data)

    def server_closed(self) -> None:
        """Hidden where the server was only idle."""
        self._server = None
        if self._loop.time() - self._touched < SURELY_OVER_S:
            self._loop.call_later(self._distance.round_trip_s / 2, self.transport.close)

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def _forward(self, data: bytes) -> None:
        if self._server is not None and not self._server.transport.is_closing():
            self._server.transport.write(data)
            return
        self._waiting.append(data)
        if not self._is_connecting:
            self._is_connecting = True
            self._task = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            _, server = await self._loop.create_connection(
                lambda: _Server(self), self._distance.host, self._distance.port
            )
        except OSError:
            self.transport.close()
            return
        self._server, self._is_connecting = server, False
        waiting, self._waiting = b"".join(self._waiting), []
        server.transport.write(waiting)

    def _end_if_idle(self) -> None:
        left = self._touched + self._distance.idle_s - self._loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._idle = self._loop.call_later(left, self._end_if_idle)

    def _note(self, data: bytes) -> None:
        """Keep a request once it is whole."""
        self._unread += data
        end = self._unread.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        _, found, rest = bytes(self._unread[:end]).lower().partition(b"\ncontent-length:")
        size = int(rest.split(b"\r", 1)[0]) if found else 0
        if len(self._unread) < end + size:
            return
        text = self._unread[: end + size].decode("latin-1")
        self._passed = Passed(self._number, text, time.monotonic())
        self._journal.now.requests.append(self._passed)
        del self._unread[: end + size]


class _Server(asyncio.Protocol):
    """The connection to the server behind."""

    def __init__(self, caller: _Caller) -> None:
        self._caller = caller

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._caller.come_back(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._caller.server_closed()


async def serve(urls: list[str], *, round_trip_s: float, idle_s: float) -> None:
    """Stand before those servers until stdin ends."""
    loop = asyncio.get_running_loop()
    journal, own, servers = Journal(), [], []
    for number, url in enumerate(urls):
        parts = urlsplit(url)
        distance = Distance(parts.hostname or "", parts.port or 80, round_trip_s, idle_s)
        server = await loop.create_server(
            partial(_Caller, distance, number, journal),
            "127.0.0.1",
            0,
        )
        servers.append(server)
        netloc = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        own.append(urlunsplit((parts.scheme, netloc, parts.path, "", "")))
    print(orjson.dumps(own).decode(), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(orjson.dumps(asdict(journal.turn())).decode(), flush=True)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", help="addresses, separated by commas")
    parser.add_argument("--round-trip-s", type=float, default=0.04)
    parser.add_argument("--idle-s", type=float, default=75.0)
    given = parser.parse_args()
    uvloop.run(serve(given.urls.split(","), round_trip_s=given.round_trip_s, idle_s=given.idle_s))


if __name__ == "__main__":
    main()
