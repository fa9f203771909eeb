"""The line to one site: counts what goes over it and breaks as a test says.

It stands around the transport of a real site or of a demo Oasis in this process.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
import orjson

from gateway.model import Site

Body: TypeAlias = dict[str, Any]
Answer: TypeAlias = httpx.Response | Exception | None
"""None: the site answers itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One native request: the end of its path and its body."""

    path: str
    body: Body

    @property
    def is_count(self) -> bool:
        """Whether it asks for a number alone."""
        return bool(self.body.get("pagination", {}).get("page_size") == 0)

    @property
    def is_archive(self) -> bool:
        """Whether it asks for archives."""
        return self.path.endswith("/archive/query")

    @property
    def is_by_ids(self) -> bool:
        """Whether it asks for the archives of a page whose keys are known."""
        return self.is_archive and b"entry_id:any" in orjson.dumps(self.body["query"])


@dataclass(slots=True)
class Line(httpx.AsyncBaseTransport):
    """A transport that remembers; `fault` may answer, or raise, in the site's place."""

    inner: httpx.AsyncBaseTransport
    fault: Callable[[Asked], Answer] | None = None
    change: Callable[[Asked, Any], Any] | None = None
    """What the site says -> what arrives."""
    rewrite: Callable[[Asked], None] | None = None
    """Changes the question's body before the site reads it."""
    hangs: Callable[[Asked], bool] | None = None
    """Which questions are never answered."""
    asked: list[Asked] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_json = "json" in request.headers.get("content-type", "json")
        body = orjson.loads(request.content) if request.content and is_json else {}
        asked = Asked(request.url.path, body)
        self.asked.append(asked)
        if self.hangs is not None and self.hangs(asked):
            await asyncio.Event().wait()
        answer = self.fault(asked) if self.fault else None
        if isinstance(answer, Exception):
            raise answer
        if self.rewrite is not None:
            self.rewrite(asked)
            request = httpx.Request(request.method, request.url, json=asked.body)
        response = answer or await self.inner.handle_async_request(request)
        return response if self.change is None else await self._changed(asked, response)

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _changed(self, asked: Asked, response: httpx.Response) -> httpx.Response:
        assert self.change is not None
        await response.aread()
        result = self.change(asked, orjson.loads(response.content))
        return httpx.Response(response.status_code, json=result)


def open_lines(sites: tuple[Site, ...]) -> dict[str, Line]:
    """Lines to real sites."""
    return {site.name: Line(httpx.AsyncHTTPTransport()) for site in sites}


def refused(asked: Asked) -> httpx.Response:
    """A fault that lasts as long as it stands, without making the breaker rest the site."""
    return httpx.Response(403, json={"detail": "not today"})
