"""A proxy in front of one Oasis, over real sockets, that spoils the answers as a `Fault` says.

Faults may be changed at any time; they hold from the next request on.
"""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import httpx
import orjson

Phase: TypeAlias = Literal["keys", "bodies", "count", "info"]
DRIP_S = 0.3
ENDLESS = b" " * 65_536
BOMB = gzip.compress(b'{"data": [' + b"0," * 2**22, compresslevel=9)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the proxy read it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body) if self.body else {}

    @property
    def phase(self) -> Phase:
        """What the gateway asks for."""
        if "/archive/query" in self.path:  # in order, in place of keys, or for keys that came
            return "bodies" if b"entry_id:any" in self.body else "keys"
        if not self.path.endswith("/entries/query"):
            return "info"
        return "keys" if self.json.get("pagination", {}).get("page_size") else "count"


@dataclass(slots=True)
class Reply:
    """An answer on its way back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def raw(self) -> bytes:
        given = {"Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {v}" for name, v in given.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(slots=True)
class Exchange:
    """One request and its honest answer, and the socket to the gateway."""

    asked: Asked
    writer: asyncio.StreamWriter
    answer: Callable[[Asked], Awaitable[Reply]]

    async def honest(self) -> Reply:
        return await self.answer(self.asked)

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    def end(self) -> None:
        """Close after what was sent."""
        self.writer.close()

    def reset(self) -> None:
        """Close as a crashed process does, with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Fault: TypeAlias = Callable[[Exchange], Awaitable[None]]


class Proxy:
    """One site behind faults."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.removesuffix("/api/v1")
        self.fault: Fault | None = None
        self.phases: tuple[Phase, ...] = ()
        """Which questions the fault hits; empty: all."""
        self.asked: list[Asked] = []
        self.open = 0
        self.broken_off = 0
        """Questions whose asker went away before the answer."""
        self._listening: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/v1"

    def break_with(self, fault: Fault | None, *phases: Phase) -> None:
        """Be faulty from now on, for questions of those phases; None: be honest."""
        self.fault, self.phases = fault, phases

    async def listen(self) -> None:
        """Answer at the port as before."""
        if self._listening is None:
            self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._listening.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Have no open port: connections are refused, those that are open end."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                async with httpx.AsyncClient(timeout=60, trust_env=False, verify=False) as session:
                    while not writer.is_closing():
                        await self._one(await _read(reader), reader, writer, session)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _one(
        self,
        asked: Asked,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        session: httpx.AsyncClient,
    ) -> None:
        self.asked.append(asked)
        exchange = Exchange(asked, writer, lambda one: self._answer(session, one))
        hit = self.fault is not None and (not self.phases or asked.phase in self.phases)
        work = asyncio.ensure_future((self.fault if hit and self.fault else honest)(exchange))
        gone = asyncio.ensure_future(_at_end(reader))
        self.open += 1
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            self.broken_off += not work.done()
            if work.done():
                work.result()
        finally:
            self.open -= 1
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _answer(self, session: httpx.AsyncClient, asked: Asked) -> Reply:
        kept = ("content-type", "x-request-id", "authorization")
        headers = {name: value for name, value in asked.headers.items() if name in kept}
        headers["accept-encoding"] = "identity"
        url = self.upstream + asked.path
        answer = await session.request(asked.method, url, content=asked.body, headers=headers)
        return Reply(answer.status_code, answer.content)


async def _at_end(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.01)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = line.split(" ")
    return Asked(method, path, headers, body)


@asynccontextmanager
async def proxies(upstreams: dict[str, str]) -> AsyncIterator[dict[str, Proxy]]:
    """A listening proxy before each address."""
    opened = {name: Proxy(url) for name, url in upstreams.items()}
    try:
        for proxy in opened.values():
            await proxy.listen()
        yield opened
    finally:
        for proxy in opened.values():
            await proxy.refuse()
        await asyncio.sleep(0.05)  # the servers' tasks end


# The faults -------------------------------------------------------------------------------------


async def honest(exchange: Exchange) -> None:
    await exchange.send((await exchange.honest()).raw())


async def hang(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def drip(exchange: Exchange) -> None:
    """A byte now and then."""
    raw = (await exchange.honest()).raw()
    head = raw.index(b"\r\n\r\n") + 4
    await exchange.send(raw[:head])
    for place in range(head, len(raw)):
        await exchange.send(raw[place : place + 1])
        await asyncio.sleep(DRIP_S)


async def drop(exchange: Exchange) -> None:
    raw = (await exchange.honest()).raw()
    await exchange.send(raw[: -len(raw) // 3])
    exchange.end()


async def reset(exchange: Exchange) -> None:
    raw = (await exchange.honest()).raw()
    await exchange.send(raw[: -len(raw) // 3])
    exchange.reset()


async def close_unanswered(exchange: Exchange) -> None:
    exchange.end()


async def no_http(exchange: Exchange) -> None:
    await exchange.send(b"\x00\x01SSH-2.0-OpenSSH_9.9\r\n\r\n")
    exchange.end()


async def slow(exchange: Exchange) -> None:
    await asyncio.sleep(0.2)
    await honest(exchange)


def refuses(status: int, **headers: str) -> Fault:
    """Another status than 200."""

    async def fault(exchange: Exchange) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        body = orjson.dumps({"detail": "a fault of the test"})
        await exchange.send(
            Reply(status, body, {"Content-Type": "application/json", **given}).raw()
        )

    return fault


def at_first(fault: Fault) -> Fault:
    """Each question fails once, its repetition is answered."""
    seen: set[bytes] = set()

    async def first(exchange: Exchange) -> None:
        is_new = exchange.asked.body not in seen
        seen.add(exchange.asked.body)
        await (fault if is_new else honest)(exchange)

    return first


def spoilt(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    """The bytes of the answer are changed."""

    async def fault(exchange: Exchange) -> None:
        reply = await exchange.honest()
        reply.body = change(reply.body)
        reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.send(reply.raw())

    return fault


def reworded(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The JSON of the answer is changed; what `change` returns is sent."""
    return spoilt(lambda body: orjson.dumps(change(orjson.loads(body))))


async def bomb(exchange: Exchange) -> None:
    await exchange.send(Reply(200, BOMB, {"Content-Type": "application/json",
                                          "Content-Encoding": "gzip"}).raw())  # fmt: skip


async def huge(exchange: Exchange) -> None:
    """An answer without an end."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
    while True:
        await exchange.send(ENDLESS)


async def announced(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{")
    await asyncio.Event().wait()


def _with_total(total: object) -> Callable[[dict[str, Any]], Any]:
    return lambda answer: answer | {"pagination": answer["pagination"] | {"total": total}}


def _one_more(answer: dict[str, Any]) -> Any:
    return _with_total(answer["pagination"]["total"] + 1)(answer)


def _first_again() -> Fault:
    """The same page for ever, whatever position is asked for."""
    first: dict[Phase, Reply] = {}

    async def fault(exchange: Exchange) -> None:
        phase = exchange.asked.phase
        if phase not in first:
            first[phase] = await exchange.honest()
        await exchange.send(first[phase].raw())

    return fault


def make_faults() -> dict[str, Fault]:
    """All faults by name, but `refuse`, which is no open port at all; some remember, so anew."""
    return {
        "hang": hang,
        "drip": drip,
        "slow": slow,
        "drop mid-answer": drop,
        "reset mid-answer": reset,
        "close unanswered": close_unanswered,
        "close once": at_first(close_unanswered),
        "no HTTP": no_http,
        "500": refuses(500),
        "502": refuses(502),
        "503": refuses(503),
        "503 once": at_first(refuses(503)),
        "503, Retry-After 60": refuses(503, Retry_After="60"),
        "429, Retry-After 0": at_first(refuses(429, Retry_After="0")),
        "429, Retry-After 60": refuses(429, Retry_After="60"),
        "401": refuses(401),
        "404": refuses(404),
        "truncated": spoilt(lambda body: body[: len(body) // 2]),
        "garbage": spoilt(lambda body: b"\x93\xff\x00" * 99),
        "HTML": spoilt(lambda body: b"<html>Log in</html>", Content_Type="text/html"),
        "empty": spoilt(lambda body: b""),
        "gzip bomb": bomb,
        "gzip, broken": spoilt(lambda body: body, Content_Encoding="gzip"),
        "huge": huge,
        "huge, announced": announced,
        "deep": spoilt(lambda body: b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
        "NaN": spoilt(lambda body: body.replace(b'"total":', b'"odd": NaN, "total":')),
        "a list": reworded(lambda answer: [answer]),
        "data of another type": reworded(lambda answer: answer | {"data": {"entries": 1}}),
        "entries of another type": reworded(lambda answer: answer | {"data": [[1], None]}),
        "ids of another type": reworded(
            lambda answer: answer | {"data": [{**one, "entry_id": 7} for one in answer["data"]]}
        ),
        "duplicate ids": reworded(
            lambda answer: answer | {"data": [*answer["data"][:-1], *answer["data"][:1]]}
        ),
        "more than asked for": reworded(
            lambda answer: (
                answer
                | {"data": [*answer["data"], *({"entry_id": f"more{i}"} for i in range(600))]}
            )
        ),
        "total: text": reworded(_with_total("many")),
        "total: negative": reworded(_with_total(-1)),
        "total: too small": reworded(_with_total(1)),
        "total: absurd": reworded(_with_total(2**60)),
        "the first page for ever": _first_again(),
        "redirect to another host": refuses(302, Location="http://elsewhere.invalid/api/v1"),
        "redirect to another port": refuses(307, Location="http://127.0.0.1:1/api/v1"),
        "redirect in a circle": refuses(308, Location="query"),
    }
