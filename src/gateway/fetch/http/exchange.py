"""One question to one site, sent once: redirects within its host, connections gone stale, bounds.

In: a `Question`. Out: the answer's JSON object and its bytes, or a `Fault`; nothing else.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import httpx

import gateway
from gateway.fetch.http.decoding import ACCEPT_ENCODING, read_body, read_object
from gateway.fetch.http.error_mapping import TRANSPORT_ERRORS, status_fault, transport_fault
from gateway.fetch.http.faults import Fault, plain, seconds
from gateway.fetch.http.memory_budget import MemoryBudget
from gateway.fetch.http.transport import (
    CONNECTION_USE,
    ConnectionUse,
    open_transport,
    proxy_headers,
)
from gateway.model import JsonObject, Site

USER_AGENT = f"nomad-optimade-gateway/{gateway.__version__}"
MAX_REDIRECTS = 3
MAX_ERROR_BYTES = 64 * 1024
FOLLOWED = frozenset({301, 302, 307, 308})
"""Redirects that are followed with method and body unchanged: all our questions only read."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one site is asked."""

    method: Literal["GET", "POST"]
    path: str
    content: bytes | None
    limit: int
    """Decoded bytes that the answer may have."""
    token: str | None = field(default=None, repr=False)
    request_id: str = ""

    @property
    def archive(self) -> bool:
        """Whether archives are asked for."""
        return "/archive" in self.path


@dataclass(frozen=True, slots=True)
class Answered:
    """A good answer: what it says, and the bytes that said it if they are worth keeping."""

    data: JsonObject
    raw: bytes | None = field(repr=False)
    """None: larger than what is kept."""


class Exchange:
    """Sends questions to one site over its own connection pool."""

    def __init__(
        self,
        site: Site,
        *,
        budget: MemoryBudget,
        transport: httpx.AsyncBaseTransport | None = None,
        keep_bytes: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._budget = budget
        self._keep_bytes = keep_bytes
        self._now = now
        self._transport = transport or open_transport(site)
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "User-Agent": USER_AGENT,
        }
        if site.url.startswith("http://"):
            self._headers |= proxy_headers(site)

    async def send(self, question: Question) -> Answered:
        """The answer to the question; everything that can go wrong is a Fault."""
        try:
            return await self._send(question)
        except Fault as fault:
            fault.tidy(question.token)
            raise

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _send(self, question: Question) -> Answered:
        url = _read_url(self._site.url + question.path)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._first_byte(question, url)
            try:
                if response.status_code not in FOLLOWED:
                    return await self._read(question, response)
                url = _redirected(url, response)
            except TRANSPORT_ERRORS as error:
                raise transport_fault(error, connect_s=self._site.connect_s) from None
            finally:
                with suppress(*TRANSPORT_ERRORS):
                    await response.aclose()
        raise Fault(f"redirects more than {MAX_REDIRECTS} times")

    async def _first_byte(self, question: Question, url: httpx.URL) -> httpx.Response:
        """The head of the answer; stale connections are used up one by one, each of them once.

        A NOMAD server closes the connection after a 500 without saying so, and every server does
        when it restarts: the next request on such a connection fails through nobody's fault.
        """
        for _ in range(self._site.concurrency):
            CONNECTION_USE.set(trail := ConnectionUse())
            try:
                return await self._head(question, url)
            except Fault as fault:
                if not (fault.dropped and trail.reused):
                    raise
        return await self._head(question, url)

    async def _head(self, question: Question, url: httpx.URL) -> httpx.Response:
        try:
            async with asyncio.timeout(self._site.first_byte_s):
                return await self._transport.handle_async_request(self._request(question, url))
        except TRANSPORT_ERRORS as error:
            if type(error) is TimeoutError:
                happened = f"timed out after {seconds(self._site.first_byte_s)} without an answer"
                raise Fault(happened, kind="timeout") from None
            raise transport_fault(error, connect_s=self._site.connect_s) from None

    async def _read(self, question: Question, response: httpx.Response) -> Answered:
        with self._budget.reservation(self._site.name) as reservation:
            if response.status_code != 200:
                await self._read_error(question, response)
            await read_body(response, reservation, limit=question.limit)
            data = read_object(reservation, content_type=response.headers.get("content-type", ""))
            return Answered(
                data, reservation.whole() if reservation.size <= self._keep_bytes else None
            )

    async def _read_error(self, question: Question, response: httpx.Response) -> None:
        """Raise the fault that the answer's status and text tell of."""
        with self._budget.reservation(self._site.name) as reservation:
            with suppress(Fault):
                await read_body(response, reservation, limit=MAX_ERROR_BYTES)
            raise status_fault(
                response.status_code,
                headers=response.headers,
                body=reservation.whole(),
                archive=question.archive,
                token_sent=question.token is not None,
                now=self._now(),
            )

    def _request(self, question: Question, url: httpx.URL) -> httpx.Request:
        headers = dict(self._headers)
        if question.content is not None:
            headers["Content-Type"] = "application/json"
        if question.request_id:
            headers["X-Request-ID"] = question.request_id
        if question.token:
            headers["Authorization"] = f"Bearer {question.token}"
        connect_s = self._site.connect_s
        timeout = {"connect": connect_s, "pool": connect_s, "read": None, "write": None}
        return httpx.Request(
            question.method,
            url,
            headers=headers,
            content=question.content,
            extensions={"timeout": timeout},
        )


@lru_cache(maxsize=256)  # httpx takes as long to read an address as to make the whole request
def _read_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        raise Fault("the request cannot be sent", health="unknown") from None


def _redirected(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    """Where to ask instead, on the same host."""
    location = response.headers.get("location")
    if location is None:
        raise Fault(f"HTTP {response.status_code} that names no other address")
    try:
        target = url.join(location).copy_with(userinfo=b"")
    except httpx.InvalidURL:
        raise Fault("redirects to an address that cannot be read") from None
    if target.host != url.host:
        raise Fault(f"redirects to another host ({plain(target.host) or 'none'})")
    if (target.scheme, target.port) != (url.scheme, url.port):
        where = f"{target.scheme}, port {target.port or 'of its scheme'}"
        raise Fault(f"redirects to another address of its host ({plain(where)})")
    return target
