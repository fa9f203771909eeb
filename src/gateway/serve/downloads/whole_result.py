"""The whole result of a listing as a stream, page after page; a writer makes its bytes.

Pages come through the same search as others, the next one only once the client has taken the last.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import GatewayError
from gateway.model import PageLink, SearchAnswer, SearchRequest
from gateway.observe import log
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
    app_state.admission.check_streams(context.client)  # before the sites are asked
    async with app_state.admission.slot(context.client):
        first = await app_state.federation.search(page)
    writer.check(first)
    result = _WholeResult(page, writer, context=context, app_state=app_state)
    more = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        TOTAL: str(first.data_returned),
        **headers,
    }
    return _CountedStream(
        result.all(first),
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
    """One stream while it goes out; it holds the bytes of one page at a time."""

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

    async def all(self, first: SearchAnswer) -> AsyncIterator[bytes]:
        """Beginning, pages, end; nothing for HEAD, which is not worth a walk."""
        if self._context.is_head:
            return
        for piece in await self._writer.begin(first):
            yield piece
        chunks, link = await self._writer.page(first), first.next
        del first  # its entries would be held as long as the stream goes on
        while True:
            async for piece in self._pieces(chunks):
                yield piece
            if link is None:
                chunks = await self._writer.end()
                break
            position = link
            try:
                chunks, link = await self._following(position)
            except GatewayError as error:
                chunks = await self._writer.broken_off(error, position)
                break
        async for piece in self._pieces(chunks):
            yield piece

    async def _following(self, link: PageLink) -> tuple[Sequence[bytes], PageLink | None]:
        self._check_end()
        async with self._app_state.admission.next_page(self._context.client):
            answer = await self._app_state.federation.search(
                replace(self._page, cursor=link.cursor, offset=0)
            )
            self._writer.check(answer)
            return await self._writer.page(answer), answer.next

    def _check_end(self) -> None:
        """A stream can take hours; it ends at a page when its configuration or the server does."""
        if self._app_state.is_replaced:
            raise GatewayError("The gateway's configuration has changed.")
        if self._app_state.shutdown.is_stopping:
            raise GatewayError("The gateway is shutting down.")

    async def _pieces(self, chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
        """The chunks, many at a time; the connection knows what is still to come."""
        unsent, start, size = sum(map(len, chunks)), 0, 0
        try:
            for end, chunk in enumerate(chunks, 1):
                size += len(chunk)
                if size >= PIECE_BYTES or end == len(chunks):
                    self._context.hold(unsent)
                    yield b"".join(chunks[start:end])
                    unsent, start, size = unsent - size, end, 0
                    await asyncio.sleep(0)  # sending waits for nobody while the client is fast
        finally:
            self._context.hold(0)
