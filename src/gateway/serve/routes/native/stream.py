"""A search's answer that is too large to be held, on its way in a slot for streams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.native.api import BrokenStreamError, StreamedAnswer
from gateway.observe import log
from gateway.serve.request.context import CUT, RequestContext
from gateway.serve.response.piecewise import PIECE_BYTES
from gateway.serve.state import AppState


class SearchStream(StreamingResponse):
    """Sent piece by piece; where it breaks off, so does the connection."""

    def __init__(
        self,
        answer: StreamedAnswer,
        *,
        context: RequestContext,
        state: AppState,
        headers: Mapping[str, str],
    ) -> None:
        kept = {**headers, "X-Accel-Buffering": "no"}
        super().__init__(self._pieces(), headers=kept, media_type="application/json")
        self._answer = answer
        self._context = context
        self._admission = state.admission
        self._cut: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as soon as there is a slot."""
        self._cut = scope.get("extensions", {}).get(CUT)
        async with self._admission.stream(self._context.client):
            await super().__call__(scope, receive, send)

    async def _pieces(self) -> AsyncIterator[bytes]:
        if self._context.is_head:
            return
        try:
            async for text in self._answer.pieces():
                for at in range(0, len(text), PIECE_BYTES):
                    yield text[at : at + PIECE_BYTES]
                    await asyncio.sleep(0)
        except BrokenStreamError as error:
            log().warning("an answer broke off", reason=error.reason)
            if self._cut is None:
                raise
            self._cut()
