"""An Oasis that fails on purpose, for tests of partial answers: wraps any demo Oasis.

Set the fields of a `Faults` at any time; they take effect with the next request.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.demo.refusals import crash

ARCHIVES = "/entries/archive/query"


@dataclass(slots=True)
class Faults:
    """What goes wrong now. `times` limits `status`, `drop`, `truncate` and `wrong_types`."""

    latency_s: float = 0.0
    hang: bool = False  # no answer, ever
    status: int | None = None  # answered instead, with `headers`
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # the connection ends within the answer
    truncate: bool = False  # the JSON ends halfway
    wrong_types: bool = False  # JSON of another shape
    times: int | None = None  # None: until it is set back
    broken_entries: set[str] = field(default_factory=set)  # 500 for the whole page of archives
    vanished_uploads: set[str] = field(default_factory=set)  # pages of archives lack their entries
    requests: int = 0  # how many came, failed or not

    def strikes(self) -> bool:
        """Whether this request is still one to fail; counts down."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of the wrapped app."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class FaultyOasis:
    """ASGI app: the wrapped app's answers, spoilt as `faults` say."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or does what the faults say instead."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        faults = self.faults
        faults.requests += 1
        await asyncio.sleep(faults.latency_s)
        if faults.hang:
            await asyncio.Event().wait()
        if faults.status is not None and faults.strikes():
            await _send(_refusal(faults), send)
            return
        reply = await _ask(self.app, scope, receive)
        await self._spoil(reply, scope, send)

    async def _spoil(self, reply: Reply, scope: Scope, send: Send) -> None:
        faults = self.faults
        if str(scope["path"]).endswith(ARCHIVES):
            reply = _spoil_archives(reply, faults)
        if faults.drop and faults.strikes():
            await _drop(reply, send)
        if faults.truncate and faults.strikes():
            reply = Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        if faults.wrong_types and faults.strikes():
            reply = _change(reply, _reshape)
        await _send(reply, send)


def _refusal(faults: Faults) -> Reply:
    headers = {"content-type": "application/json", **faults.headers}
    raw = tuple((name.encode(), value.encode()) for name, value in headers.items())
    assert faults.status is not None
    return Reply(faults.status, raw, orjson.dumps({"detail": "fault set by a test"}))


async def _ask(app: ASGIApp, scope: Scope, receive: Receive) -> Reply:
    messages: list[Message] = []

    async def record(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, record)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Reply(messages[0]["status"], tuple(messages[0]["headers"]), body)


async def _send(reply: Reply, send: Send) -> None:
    unchanged = [(name, value) for name, value in reply.headers if name != b"content-length"]
    headers = [*unchanged, (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _drop(reply: Reply, send: Send) -> None:
    start = {"type": "http.response.start", "status": reply.status, "headers": [*reply.headers]}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body[:10], "more_body": True})
    raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _spoil_archives(reply: Reply, faults: Faults) -> Reply:
    if reply.status != 200 or not (faults.broken_entries or faults.vanished_uploads):
        return reply
    answer = orjson.loads(reply.body)
    if any(item["entry_id"] in faults.broken_entries for item in answer["data"]):
        detail = {"detail": crash("Unpack failed: incomplete input", kind="ValueError").detail}
        return Reply(500, reply.headers, orjson.dumps(detail))
    answer["data"] = [
        item for item in answer["data"] if item["upload_id"] not in faults.vanished_uploads
    ]
    return Reply(reply.status, reply.headers, orjson.dumps(answer))


def _change(reply: Reply, change: Callable[[dict[str, object]], object]) -> Reply:
    return Reply(reply.status, reply.headers, orjson.dumps(change(orjson.loads(reply.body))))


def _reshape(answer: dict[str, object]) -> object:
    """The same keys with values of other types."""
    return answer | {"pagination": {"total": "many"}, "data": {"entries": answer.get("data")}}
