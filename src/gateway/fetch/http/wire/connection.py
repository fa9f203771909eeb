"""One connection to a site, carrying one request at a time; parsed by httptools, in C.

In: the bytes of a request. Out: a `Reader` filled, or one of httpx's errors or a Fault. What
a site can make this work for is bounded: heads, interim answers, pieces.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools
import httpx

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.wire.decoding import FREE_PIECES, LEAST_PIECE
from gateway.fetch.http.wire.streaming import Reader

MAX_HEAD_BYTES = 64 * 1024
"""Of everything that is not body: heads, and beside them at most as much as the body itself for the
sizes and extensions of chunks, and for trailers."""
MAX_INTERIM = 16
"""Answers with a status of 1xx before the one that counts; HTTP sets no limit."""


class DroppedError(httpx.RemoteProtocolError):
    """The connection was closed before any part of an answer came."""


class SiteConnection(asyncio.Protocol):
    """A connection; `closed` is called once when it is gone, by whichever side."""

    def __init__(self, closed: Callable[["SiteConnection"], None]) -> None:
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[None] | None = None
        """Set while a request is under way."""
        self._reader: Reader | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._fault: Fault | None = None
        self._headers: dict[str, str] = {}
        self._received = self._segments = 0
        self._interim = 0
        self._is_final = False
        self._has_length = False
        self.is_open = False
        self.idle_since = self._loop.time()

    # asyncio calls these four

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Parse what has come; the parser calls the `on_..` methods below."""
        if self._answer is None or self._parser is None:
            self.abort()  # nothing was asked: the site speaks out of turn
            return
        if (excess := self._excess(self._reader)) is not None:
            self._fail(excess)
            return
        self._received += len(data)
        self._segments += 1
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Fault("the answer is not valid HTTP: it changes the protocol"))
        except httptools.HttpParserError:
            self._fail(self._fault or Fault("the answer is not valid HTTP"))
        if self._fault is not None:
            self._fail(self._fault)

    def eof_received(self) -> None:
        """The site sends no more; an answer without a length ends so."""
        if self._answer is not None and self._is_final and not self._has_length:
            self._complete(keep_alive=False)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's word
        """Gone, by either side."""
        self.is_open = False
        if self._answer is not None:
            if self._received:
                self._fail(httpx.ReadError("the connection broke"))
            else:
                self._fail(DroppedError("the connection was closed"))
        self._closed(self)

    # httptools calls these

    def on_message_begin(self) -> None:
        """An answer begins; behind the one that was asked for there must be none."""
        if self._answer is None:
            raise Fault("the site speaks out of turn")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of an answer."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is whole; a Fault stops the parser, as any exception in a callback does."""
        assert self._parser is not None
        assert self._reader is not None
        status = self._parser.get_status_code()
        if status < 200:
            self._interim += 1
            self._headers = {}
            self._stop_if(self._interim > MAX_INTERIM, "it announces an answer without end")
            return
        self._is_final = True
        headers = self._headers
        self._has_length = "content-length" in headers or "transfer-encoding" in headers
        try:
            self._reader.start(status, headers)
        except Fault as fault:
            self._fault = fault
            raise

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        assert self._reader is not None
        if self._fault is None:
            try:
                self._reader.feed(body)
            except Fault as fault:
                self._fault = fault
                raise

    def on_message_complete(self) -> None:
        """The answer is whole, or one that only announces it."""
        assert self._parser is not None
        if self._is_final and self._fault is None:
            self._complete(keep_alive=self._parser.should_keep_alive())

    def exchange(self, request: bytes, reader: Reader) -> "asyncio.Future[None]":
        """Send the request; done when the reader has the whole answer."""
        assert self._transport is not None
        self._answer = self._loop.create_future()
        self._reader = reader
        reader.attach(self._pause, self._resume)
        self._parser = httptools.HttpResponseParser(self)
        self._fault = None
        self._headers = {}
        self._received = self._segments = self._interim = 0
        self._is_final = self._has_length = False
        self._transport.write(request)
        return self._answer

    def abort(self) -> None:
        """Close at once; what is under way fails."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def _pause(self) -> None:
        """Read no more for now: the reader is full."""
        if self._transport is not None and self.is_open:
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Read on."""
        if self._transport is not None and self.is_open:
            self._transport.resume_reading()

    def _excess(self, reader: Reader | None) -> Fault | None:
        """What is wrong with the amount that came, before more of it is parsed."""
        body_bytes = reader.raw_bytes if reader is not None else 0
        if self._received - body_bytes > MAX_HEAD_BYTES + body_bytes:
            what = "has more framing than content" if self._is_final else "has a head without end"
            return Fault(f"the answer is not valid HTTP: it {what}")
        if self._segments > FREE_PIECES and self._received < self._segments * LEAST_PIECE:
            return Fault("the answer comes in needlessly small pieces")
        return None

    def _stop_if(self, is_wrong: bool, how: str) -> None:
        if is_wrong:
            self._fault = Fault(f"the answer is not valid HTTP: {how}")
            raise self._fault

    def _complete(self, *, keep_alive: bool) -> None:
        answer, self._answer = self._answer, None
        self._reader = None
        self._resume()
        self.idle_since = self._loop.time()
        # a site that answers before it has read the whole request may take its rest for the next
        if not keep_alive or (self._transport and self._transport.get_write_buffer_size()):
            self.abort()
        if answer is not None and not answer.done():
            answer.set_result(None)

    def _fail(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        self._reader = None
        self.abort()
        if answer is not None and not answer.done():
            answer.set_exception(error)
