"""One configuration at work: its app, opened, and the requests that it answers until its end."""

import asyncio
from contextlib import AsyncExitStack, suppress

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.observe import log
from gateway.serve.app import opened
from gateway.serve.request.context import cut_off
from gateway.serve.state import AppState

GRACE_S = 2.0
"""How much longer than one request, and than `server.drain_s`, an old configuration lives."""
_WAIT_S = 0.05


class Generation:
    """The app of one configuration, and the requests that it is answering."""

    def __init__(self, app: FastAPI) -> None:
        self._app: ASGIApp = app
        self.state: AppState = app.state.served
        self.config = self.state.config
        self._under_way: set[asyncio.Timeout] = set()
        self._opened = AsyncExitStack()

    @property
    def site_names(self) -> frozenset[str]:
        """The sites it asks."""
        return frozenset(site.name for site in self.config.site_list)

    async def open(self) -> None:
        """Begin to look at its sites."""
        await self._opened.enter_async_context(opened(self.state))

    async def close(self) -> None:
        """End it at once."""
        await self._opened.aclose()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; it is cut off when this configuration has to end."""
        limit = asyncio.timeout(None)
        self._under_way.add(limit)
        try:
            async with limit:
                await self._app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            log().info("request cut off: its configuration has ended")
            cut_off(scope, "the configuration of this request has ended")
        finally:
            self._under_way.discard(limit)

    async def until_ready(self, seconds: float) -> None:
        """Wait a little for the sites' first answers, so that versions, sizes and copies are
        known."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not await self._is_known():
                    await asyncio.sleep(_WAIT_S)

    async def _is_known(self) -> bool:
        federation = self.state.federation
        copies = await federation.copies()
        is_compared = copies is None or None not in copies.oldest().values()
        return is_compared and all(state.version for state in federation.site_states())

    async def close_when_unused(self) -> None:
        """Let requests end, streams at their next page; what then still goes on is cut off."""
        self.state.is_replaced = True
        loop = asyncio.get_running_loop()
        until = loop.time() + self._grace_s()
        try:
            while self._under_way and loop.time() < until:
                await asyncio.sleep(_WAIT_S)
            for limit in self._under_way:
                limit.reschedule(loop.time())
            while self._under_way and loop.time() < until + GRACE_S:
                await asyncio.sleep(_WAIT_S)
        finally:
            await self.close()

    def _grace_s(self) -> float:
        longest_s: float = max(self.config.timeouts.budget_s, self.config.server.drain_s)
        return longest_s + GRACE_S
