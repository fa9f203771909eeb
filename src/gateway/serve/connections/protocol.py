"""uvicorn's HTTP protocol over httptools, with bounds on what a client can hold or hold up."""

import asyncio
from typing import Any

import httptools
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from gateway.serve.connections.first_line import FirstLines
from gateway.serve.connections.registry import Connections
from gateway.serve.connections.unsent import UnsentAnswer
from gateway.serve.request.context import CUT, HOLD
from gateway.serve.request.paths import PROBES

_PROBES = frozenset(b"/" + name.encode() for name in PROBES)
_BEYOND_LIMIT = 503
_PROBE_S = 1.0
"""How long a client beyond the limit of connections has to show that it is a probe."""
_PIPELINED = 64
"""Requests that one connection may send ahead of their answers."""
_LINGER_S = 1.0
_LINGER_BYTES = 2 * 1024 * 1024
"""How much of a refused request is still read, so that its client gets the answer."""
_UNREAD_S = 5.0
"""For the rest of a request that was answered before it was whole."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; what its client does is bounded in size and time."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._all = connections
        self._limits = connections.limits
        self._first_lines = FirstLines()
        self._refusal = 400
        self._is_for_probes = False
        """Whether there are as many other connections as there may be."""
        self._running: RequestResponseCycle | None = None
        self._is_refused = False
        self._discarded = 0
        self._reading_since: float | None = None
        """Since when a part of a request is being received; None: none is."""
        self._reading_s = self._limits.head_s
        self._head_bytes = 0
        self._header_bytes = 0
        self._message_bytes = 0
        """Of the request that is being received or answered."""
        self._held_by_app = 0
        self._unsent = UnsentAnswer(write_s=self._limits.write_s)

    # What uvicorn and the parser call

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._is_for_probes = not self._all.admit(self)
        if not self._is_for_probes:
            self._expect(self._limits.head_s)
        elif self._all.admit_for_probes(self):
            self._expect(min(_PROBE_S, self._limits.head_s))
        else:
            self._refuse_beyond_limit()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._all.leave(self)
        self._forget_requests()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; what is wrong with a request is answered, and never logged as an error of ours."""
        self._unset_keepalive_if_required()
        if self._is_refused:
            self._discarded += len(data)
            if self._discarded > _LINGER_BYTES:
                self.cut()
            return
        if self._reading_since is None and self._is_answered():
            self._expect(self._limits.head_s)
        self._message_bytes += len(data)
        self._all.grew(len(data))
        try:
            self.parser.feed_data(self._first_lines.encoded(data))
        except httptools.HttpParserUpgrade:
            return  # no other protocol is spoken here; the request itself is answered
        except httptools.HttpParserError:
            if self._refusal == _BEYOND_LIMIT:
                self._refuse_beyond_limit()
            else:
                self.refuse(self._refusal, "The request is not valid HTTP, or too large.")
            return
        if self._is_in_head():
            self._head_bytes += len(data)  # a line without an end is never given to the callbacks
            if self._head_bytes > self._limits.first_line_bytes + self._limits.headers_bytes:
                self.refuse(431, "The request is too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._first_lines.begun()
        self._header_bytes = 0
        if not self._is_for_probes:
            self._expect(self._limits.head_s)
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a TypedDict without ours
        scope["extensions"] = {HOLD: self._hold, CUT: self.cut}

    def on_url(self, url: bytes) -> None:
        """A part of its first line."""
        super().on_url(url)
        if len(self.url) > self._limits.first_line_bytes:
            self._fail(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._limits.headers_bytes:
            self._fail(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self.url, _, query = self.url.partition(b"?")  # httptools splits no more than 64 kB
        if self._is_for_probes and self.url not in _PROBES:
            self._fail(_BEYOND_LIMIT)
        super().on_headers_complete()
        self.scope["query_string"] = query.partition(b"#")[0]
        self._head_bytes = 0
        self._expect(self._limits.body_s)
        if len(self.pipeline) > _PIPELINED:
            self._fail(400)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle  # `self.cycle` is the latest one, which may wait for this one
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """All of it is there; from now on the client waits for us."""
        super().on_message_complete()
        self._first_lines.complete()
        self._reading_since = None
        if self._running is self.cycle and self._is_answered():
            self._wait_for_request()
        else:
            self._all.busy(self)

    def on_response_complete(self) -> None:
        """It is answered, as far as the application is concerned."""
        self._held_by_app = 0
        self._message_bytes = 0
        if self._running is not None and self._running is self.cycle and self.cycle.more_body:
            self._expect(_UNREAD_S)
        super().on_response_complete()
        if self.transport.is_closing() or self.pipeline:
            return
        if self._is_for_probes:
            self.transport.close()
        else:
            self._all.idle(self)

    def pause_writing(self) -> None:
        """The client does not take its answer as fast as it is made."""
        super().pause_writing()
        self._unsent.waits(self.loop.time())
        self._all.make_way()

    def resume_writing(self) -> None:
        """It has taken most of it."""
        super().resume_writing()
        self._unsent.since = None

    # What the registry calls

    @property
    def held_bytes(self) -> int:
        """Of a request that is read or answered, and of an answer that is not yet sent."""
        return self._message_bytes + self._held_by_app + self.transport.get_write_buffer_size()

    def waiting_since(self) -> float | None:
        """Since when it has been waiting for its client; None: it is not."""
        return self._reading_since if self._unsent.since is None else self._unsent.since

    def check(self, now: float) -> None:
        """End it if a request takes too long to come, or an answer to be taken."""
        since = self._reading_since
        if since is not None and now - since > self._reading_s and not self.flow.read_paused:
            self._refuse_slow()
        elif self._unsent.is_stuck(now, unsent=self.transport.get_write_buffer_size()):
            self._all.ended("slow")
            self.cut()

    def cut(self) -> None:
        """End it at once, sent or not."""
        self.transport.abort()

    def refuse(self, status: int, reason: str) -> None:
        """Answer so and close, unless an answer is already on its way."""
        self._is_refused = True
        self._reading_since = None
        if (
            self._running and self._running.response_started and not self._is_answered()
        ) or self.transport.is_closing():
            self.transport.abort()
            return
        self._forget_requests()
        body = f"{reason}\n".encode()
        head = (
            b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            b"x-content-type-options: nosniff\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self._close_later()

    def _refuse_beyond_limit(self) -> None:
        self._all.ended("refused")
        self.refuse(_BEYOND_LIMIT, "The server has too many connections; try again later.")

    def _refuse_slow(self) -> None:
        if self._is_for_probes:
            self._refuse_beyond_limit()
            return
        self._all.ended("slow")
        self.refuse(408, "The request took too long to arrive.")

    def _forget_requests(self) -> None:
        """Requests whose answers nobody receives any more are as good as those of a client that has
        left; uvicorn itself tells the latest one only."""
        self.pipeline.clear()
        for cycle in (self._running, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.waiting_for_100_continue = False
                cycle.message_event.set()

    def _close_later(self) -> None:
        """Close at once what was not admitted; else a client that is still sending would lose the
        answer, as unread bytes reset a connection."""
        if self not in self._all:
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _wait_for_request(self) -> None:
        """The rest of a request that was answered before it was whole has come: as idle as after
        any other answer."""
        self._message_bytes = 0
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _is_answered(self) -> bool:
        return self._running is None or self._running.response_complete

    def _is_in_head(self) -> bool:
        """Whether a first line or header is still to come; uvicorn names the method last."""
        return self.scope is None or "method" not in self.scope

    def _expect(self, seconds: float) -> None:
        """The next part of a request is due in so many seconds."""
        self._reading_since, self._reading_s = self.loop.time(), seconds

    def _fail(self, status: int) -> None:
        """End parsing: the parser turns any exception of a callback into one of its own."""
        self._refusal = status
        raise ValueError("the request exceeds a limit")

    def _hold(self, count: int) -> None:
        more, self._held_by_app = count - self._held_by_app, count
        if more > 0:
            self._all.grew(more)
