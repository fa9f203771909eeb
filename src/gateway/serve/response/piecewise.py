"""Large bodies go out in pieces, so that compressing them leaves the event loop to others."""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 128 * 1024
"""Compressing so much takes a few milliseconds."""


class PiecewiseResponse(Response):
    """A body that is known as a whole, sent piece by piece; `hold` counts what is still to come."""

    def __init__(
        self, body: bytes, *, headers: dict[str, str], media_type: str, hold: Callable[[int], None]
    ) -> None:
        super().__init__(body, headers=headers, media_type=media_type)
        self._hold = hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a slow reader is waited for after each piece."""
        del scope, receive
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        body = memoryview(self.body)
        try:
            while body:
                self._hold(len(body))
                piece, body = bytes(body[:PIECE_BYTES]), body[PIECE_BYTES:]
                await send({"type": "http.response.body", "body": piece, "more_body": bool(body)})
                await asyncio.sleep(0)
        finally:
            self._hold(0)
