"""Cancel on disconnect: when a client leaves, the work for it and its queries to sites end, too."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

CLIENT_GONE = 499
"""The status that is logged for a client that did not wait; nobody receives it."""
_WATCH_AFTER_S = 0.05
"""Most answers are there sooner and need no watch; upstream work ends within twice this time."""

Answer = TypeVar("Answer", bound=Response)


async def cancel_on_disconnect(
    request: Request, work: Coroutine[None, None, Answer]
) -> Answer | Response:
    """What the work gives; it is cancelled when the client leaves. The body has been read before.

    Starlette itself watches the client only while an answer is streamed.
    """
    watch = _Watch(request)
    try:
        async with watch.scope:
            return await work
    except TimeoutError:
        if not watch.scope.expired():
            raise
        return Response(status_code=CLIENT_GONE)
    finally:
        watch.end()


class _Watch:
    """Looks after the client of one request from a moment later on."""

    __slots__ = ("_loop", "_request", "_task", "_timer", "scope")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(_WATCH_AFTER_S, self._begin)
        self.scope = asyncio.timeout(None)
        """Expires when the client has left."""

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.scope.reschedule(self._loop.time())
