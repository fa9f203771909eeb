"""Work for a client that may go away: when it does, the questions to the sites end, too."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

CLIENT_GONE = 499
"""What the log says of a request whose client did not wait; nobody receives it."""

Answer = TypeVar("Answer", bound=Response)


async def cancel_on_disconnect(
    request: Request, work: Coroutine[None, None, Answer]
) -> Answer | Response:
    """What the work gives; it is cancelled when the client leaves. The body has been read before.

    Starlette itself watches the client only while an answer is streamed.
    """
    task = asyncio.create_task(work)
    left = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((task, left), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else Response(status_code=CLIENT_GONE)
    finally:
        task.cancel()
        left.cancel()
        await asyncio.gather(task, left, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
