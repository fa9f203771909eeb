"""Stub Oases in a process of their own, cheap enough not to be what is measured.

    python -m tests.bench.stub_site --sites 5 --entries 2000 [--latency-s 0.02] [--archive-s 0.07]

Prints one line with the sites' API addresses as a JSON list, then serves until its input ends. Each
site has `workers` that answer one request at a time, as processes of a NOMAD do: a request takes
`latency_s`, and `archive_s` for each archive in it, also when its asker has gone. `GET /counts`
tells how many connections and requests a site has seen.
"""

import argparse
import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias, cast

import orjson
import uvloop

from tests.bench.stub_answers import StubAnswer, StubAnswers, StubRefusalError
from tests.bench.stub_entries import StubEntries

PATH = "/api/v1"
Fault: TypeAlias = Literal["none", "hang", "500", "drip"]
FAULTS: tuple[Fault, ...] = ("none", "hang", "500", "drip")
REASONS = {200: b"OK", 404: b"Not Found", 422: b"Unprocessable Entity", 500: b"Server Error"}


@dataclass(frozen=True, slots=True)
class Traits:
    """How a stub site behaves; `drip` sends an answer in chunks of one byte."""

    latency_s: float = 0.0
    archive_s: float = 0.0
    workers: int = 16
    fault: Fault = "none"

    def seconds(self, answer: StubAnswer) -> float:
        """How long a worker is busy with an answer."""
        return self.latency_s + self.archive_s * answer.archives


class StubSite:
    """One site: its answers, its workers, and what it has seen."""

    def __init__(self, answers: StubAnswers, traits: Traits) -> None:
        self._answers = answers
        self._traits = traits
        self._free = traits.workers
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self.seen: Counter[str] = Counter()

    def take(self, path: str, body: bytes, reply: Callable[[bytes], None]) -> None:
        """Answer a request by and by."""
        if path == "/counts":
            reply(_response(200, orjson.dumps(dict(self.seen))))
            return
        self.seen[path] += 1
        if self._traits.fault == "hang":
            return
        status, answer = self._answer(path, body)
        self.seen["archives"] += answer.archives
        response = _response(status, answer.content, drip=self._traits.fault == "drip")
        seconds = self._traits.seconds(answer)
        if seconds:
            self._work(seconds, lambda: reply(response))
        else:
            reply(response)

    def _answer(self, path: str, body: bytes) -> tuple[int, StubAnswer]:
        if self._traits.fault == "500":
            return 500, StubAnswer(b'{"detail":{"reason":"a fault of the stub"}}')
        try:
            match path:
                case "/api/v1/entries/query":
                    return 200, self._answers.query(body, archives=False)
                case "/api/v1/entries/archive/query":
                    return 200, self._answers.query(body, archives=True)
                case "/api/v1/info":
                    return 200, self._answers.info()
                case _:
                    return 404, StubAnswer(b'{"detail":"Not Found"}')
        except StubRefusalError as refusal:
            print(f"stub refuses {refusal}: {body[:500]!r}", file=sys.stderr, flush=True)
            return 422, StubAnswer(orjson.dumps({"detail": [{"msg": str(refusal), "loc": []}]}))

    def _work(self, seconds: float, done: Callable[[], None]) -> None:
        """By the next free worker."""
        if not self._free:
            self._waiting.append((seconds, done))
            return
        self._free -= 1
        asyncio.get_running_loop().call_later(seconds, self._worked, done)

    def _worked(self, done: Callable[[], None]) -> None:
        self._free += 1
        done()
        if self._waiting:
            self._work(*self._waiting.popleft())


class _Connection(asyncio.Protocol):
    """Reads requests from one connection, one after another."""

    def __init__(self, site: StubSite) -> None:
        self._site = site
        self._read = bytearray()
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._site.seen["connections"] += 1

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._read[:end]).lower()
        size = _body_size(head)
        if len(self._read) < end + 4 + size:
            return
        path = self._read[: self._read.find(b"\r\n")].split(b" ", 2)[1].decode()
        body = bytes(self._read[end + 4 : end + 4 + size])
        del self._read[: end + 4 + size]
        self._busy = True
        self._site.take(path, body, self._reply)

    def _reply(self, response: bytes) -> None:
        self._busy = False
        if not self._transport.is_closing():
            self._transport.write(response)
            self._next()


def _body_size(head: bytes) -> int:
    start = head.find(b"\ncontent-length:")
    if start < 0:
        return 0
    end = head.find(b"\r", start + 1)
    return int(head[start + 16 : end if end > 0 else len(head)])


def _response(status: int, content: bytes, *, drip: bool = False) -> bytes:
    head = b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\n" % (status, REASONS[status])
    if drip:
        chunks = b"".join(b"1\r\n%c\r\n" % one for one in content)
        return head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(content) + content


async def serve(sites: list[StubSite], *, first_port: int) -> None:
    """Answer at a port each until stdin ends."""
    loop = asyncio.get_running_loop()
    urls, servers = [], []
    for number, site in enumerate(sites):
        port = first_port + number if first_port else 0
        server = await loop.create_server(partial(_Connection, site), "127.0.0.1", port)
        servers.append(server)
        urls.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}")
    print(orjson.dumps(urls).decode(), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=5)
    parser.add_argument("--prefix", default="stub", help="of the sites' names, hence of their ids")
    parser.add_argument("--entries", type=int, default=2_000, help="of each site")
    parser.add_argument("--latency-s", type=float, default=0.0)
    parser.add_argument("--archive-s", type=float, default=0.0)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--first-port", type=int, default=0, help="0: any free ones")
    given = parser.parse_args()
    traits = Traits(given.latency_s, given.archive_s, given.workers, given.fault)
    names = [f"{given.prefix}{number}" for number in range(1, given.sites + 1)]
    answers = [StubAnswers(name, StubEntries(name, given.entries)) for name in names]
    uvloop.run(serve([StubSite(one, traits) for one in answers], first_port=given.first_port))


if __name__ == "__main__":
    main()
