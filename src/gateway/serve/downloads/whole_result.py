"""The whole result of a listing as a stream, page after page; a writer makes its bytes.

Pages come through the same search as others, the next one only once the client has taken the last.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import GatewayError
from gateway.model import PageLink, SearchAnswer, SearchRequest
from gateway.observe import log
from gateway.search import MemoryScope
from gateway.serve.request.context import RequestContext, cut_off
from gateway.serve.response.piecewise import PIECE_BYTES
from gateway.serve.state import AppState

PAGE = 200
"""Entries asked for at a time."""
TOTAL = "X-Total-Count"
"""The header with the number of entries that match."""


class Writer(Protocol):
    """Makes the bytes of one stream; it holds what it needs of the entries that went out."""

    def check(self, answer: SearchAnswer) -> None:
        """A GatewayError where this page cannot go out; the first one is checked before all."""

    async def begin(self, first: SearchAnswer) -> Sequence[bytes]:
        """What stands before the entries."""

    async def page(self, answer: SearchAnswer) -> Sequence[bytes]:
        """The entries of one page."""

    async def end(self) -> Sequence[bytes]:
        """What stands after all of them."""

    async def broken_off(self, error: GatewayError, link: PageLink) -> Sequence[bytes]:
        """What stands in place of the rest; raises the error where nothing can say so."""


async def stream_response(
    search: SearchRequest,
    writer: Writer,
    *,
    media_type: str,
    headers: Mapping[str, str],
    context: RequestContext,
    app_state: AppState,
) -> StreamingResponse:
    """The stream; what is wrong with the request itself is raised before it begins."""
    page = replace(search, page_limit=min(PAGE, app_state.config.paging.max_limit), patient=True)
    async with app_state.admission.first_page(context.client):
        with MemoryScope(is_large=True) as scope:
            first = await app_state.federation.search(page, scope=scope)
            writer.check(first)
            result = _WholeResult(page, writer, context=context, app_state=app_state)
            if not context.is_head:  # which is not worth a walk
                await result.begin(first)
    more = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        TOTAL: str(first.data_returned),
        **headers,
    }
    return _CountedStream(
        result.all(),
        media_type=media_type,
        headers=more,
        context=context,
        app_state=app_state,
    )


class _CountedStream(StreamingResponse):
    """A stream that takes one of the slots for streams while it goes out."""

    def __init__(
        self,
        content: AsyncIterator[bytes],
        *,
        media_type: str,
        headers: Mapping[str, str],
        context: RequestContext,
        app_state: AppState,
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._admission = app_state.admission
        self._client = context.client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; one that breaks off without a word of its own ends with its connection."""
        async with self._admission.stream(self._client):
            try:
                await super().__call__(scope, receive, send)
            except GatewayError as error:
                log().warning("download broken off", reason=str(error))
                cut_off(scope, str(error))
                while (await receive())["type"] != "http.disconnect":
                    pass  # until the server knows that nobody waits for the rest


class _WholeResult:
    """One stream while it goes out; it holds the bytes of one page at a time, and none while it
    waits for the next one."""

    def __init__(
        self,
        page: SearchRequest,
        writer: Writer,
        *,
        context: RequestContext,
        app_state: AppState,
    ) -> None:
        self._page = page
        self._writer = writer
        self._context = context
        self._app_state = app_state
        self._is_begun = False
        self._chunks: Sequence[bytes] = ()
        """Of one page, not sent yet."""
        self._next: PageLink | None = None
        """The next page; None: there is none."""

    async def begin(self, first: SearchAnswer) -> None:
        """Make what stands before the entries, and the first page of them."""
        begin = await self._writer.begin(first)
        self._chunks, self._next = [*begin, *await self._writer.page(first)], first.next
        self._is_begun = True

    async def all(self) -> AsyncIterator[bytes]:
        """Beginning, pages, end; nothing where it was not begun."""
        if not self._is_begun:
            return
        while True:
            async for piece in self._pieces():
                yield piece
            if self._next is None:
                self._chunks = await self._writer.end()
                break
            try:
                await self._read(self._next)
            except GatewayError as error:
                self._chunks = await self._writer.broken_off(error, self._next)
                break
        async for piece in self._pieces():
            yield piece

    async def _read(self, link: PageLink) -> None:
        self._check_end()
        page = replace(self._page, cursor=link.cursor, offset=0)
        async with self._app_state.admission.next_page(self._context.client):
            with MemoryScope(is_large=True) as scope:
                answer = await self._app_state.federation.search(page, scope=scope)
                self._writer.check(answer)
                self._chunks, self._next = await self._writer.page(answer), answer.next

    def _check_end(self) -> None:
        """A stream can take hours; it ends at a page when its configuration or the server does."""
        if self._app_state.is_replaced:
            raise GatewayError("The gateway's configuration has changed.")
        if self._app_state.shutdown.is_stopping:
            raise GatewayError("The gateway is shutting down.")

    async def _pieces(self) -> AsyncIterator[bytes]:
        """The chunks, many at a time; the connection knows what is still to come."""
        chunks, self._chunks = deque(self._chunks), ()
        unsent = sum(map(len, chunks))
        try:
            while chunks:
                self._context.hold(unsent)
                piece = _taken(chunks, PIECE_BYTES)
                unsent -= len(piece)
                yield piece
                del piece
                await asyncio.sleep(0)  # sending waits for nobody while the client is fast
        finally:
            self._context.hold(0)


def _taken(chunks: deque[bytes], least: int) -> bytes:
    """The first chunks, joined: as many as have so many bytes together, or all."""
    taken, size = [], 0
    while chunks and size < least:
        taken.append(chunks.popleft())
        size += len(taken[-1])
    return b"".join(taken)
