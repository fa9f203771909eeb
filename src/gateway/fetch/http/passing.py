"""One site's answers as they are, whatever their status: for files and for what needs no merging.

The same circuit breaker, slots, retries and metrics as every other request to the site; nothing is
cached. A slot is held until the last piece has come.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.fetch.http.error_mapping import (
    PASSING_STATUSES,
    TRANSPORT_ERRORS,
    retry_after_s,
    transport_fault,
)
from gateway.fetch.http.faults import Fault, seconds
from gateway.fetch.http.redirects import MAX_REDIRECTS, redirect_target, too_many_redirects
from gateway.fetch.http.request import SiteRequest
from gateway.fetch.http.resilience.circuit_breaker import CircuitBreaker
from gateway.fetch.http.resilience.rate_limits import Slots
from gateway.fetch.http.resilience.retry import Retry
from gateway.fetch.http.telemetry.observer import Outcome
from gateway.fetch.http.wire.streaming import StreamReader
from gateway.fetch.http.wire.transport import Transport
from gateway.model import Site

REDIRECTS = frozenset({301, 302, 303, 307, 308})
Note = Callable[[SiteRequest, Outcome, float], None]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request whose answer has begun."""

    reader: StreamReader
    sending: "asyncio.Task[None]"

    async def end(self) -> None:
        self.sending.cancel()
        await asyncio.gather(self.sending, return_exceptions=True)


class PassedAnswer:
    """One answer of a site: its head, then its body; it must be closed."""

    def __init__(
        self, site: Site, sent: _Sent, *, close: Callable[[Outcome], Awaitable[None]]
    ) -> None:
        self.site = site
        self.status = sent.reader.status
        self.headers: Mapping[str, str] = sent.reader.headers
        self._sent = sent
        self._close = close
        self._outcome: Outcome = "cancelled"

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, unpacked; a SiteError where it breaks off."""
        doing = "pass on an answer"
        try:
            pieces = self._sent.reader.pieces(self._sent.sending, answer_s=self.site.answer_s)
            async for piece in pieces:
                yield piece
            self._outcome = "ok"
        except Fault as fault:
            self._outcome = fault.kind
            raise fault.error(self.site.name, doing=doing) from None
        except TRANSPORT_ERRORS as error:
            self._outcome = "failed"
            broken = transport_fault(error, connect_s=self.site.connect_s)
            raise broken.error(self.site.name, doing=doing) from None

    async def close(self) -> None:
        """End the request, whole or not, and give its slot back."""
        await self._close(self._outcome)


@dataclass(frozen=True, slots=True)
class PassingOn:
    """What a site's client has for requests that are passed on."""

    site: Site
    transport: Transport
    slots: Slots
    circuit: CircuitBreaker
    retry: Retry
    note: Note

    async def open(self, request: SiteRequest, *, deadline: float | None) -> PassedAnswer:
        """The answer, once it has begun; raises a Fault."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        until = began + self.site.answer_s if deadline is None else deadline
        self.circuit.check()
        await self._slot(request.client, until)
        is_open = False
        try:
            sent = await self._begun(request, until)
            is_open = True
        except Fault as fault:
            if fault.health == "bad":
                self.circuit.failed(fault.happened)
            self.note(request, fault.kind, loop.time() - began)
            raise
        finally:
            if not is_open:
                self.slots.release(request.client)
        self.circuit.succeeded()

        async def close(outcome: Outcome) -> None:
            try:
                await sent.end()
            finally:
                self.slots.release(request.client)
                self.note(request, outcome, loop.time() - began)

        return PassedAnswer(self.site, sent, close=close)

    async def _slot(self, client: str, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self.slots.acquire(client)
        except TimeoutError:
            taken = f"not asked: its {self.site.concurrency} slots were taken"
            raise Fault(taken, health="unknown", kind="timeout") from None

    async def _begun(self, request: SiteRequest, until: float) -> _Sent:
        loop = asyncio.get_running_loop()

        async def attempt() -> _Sent:
            return await self._followed(request, until)

        try:
            return await attempt()
        except Fault as fault:
            if not fault.may_pass:
                raise
            return await self.retry.after(fault, attempt, remaining_s=lambda: until - loop.time())

    async def _followed(self, request: SiteRequest, until: float) -> _Sent:
        """The answer after redirects within the site's own host."""
        url = self.site.url + request.path
        for _ in range(MAX_REDIRECTS + 1):
            sent = await self._sent(request, url, until)
            if sent.reader.status not in REDIRECTS:
                return sent
            await sent.end()
            location, status = sent.reader.headers.get("location"), sent.reader.status
            url = redirect_target(url, location, status=status, token=request.token)
        raise too_many_redirects()

    async def _sent(self, request: SiteRequest, url: str, until: float) -> _Sent:
        reader = StreamReader()
        sending = asyncio.create_task(self.transport.send(request, url, reader))
        sent = _Sent(reader, sending)
        try:
            await reader.has_begun(sending, deadline=until)
            if reader.status in PASSING_STATUSES:
                wait_s = retry_after_s(reader.headers.get("retry-after"), now=time.time())
                happened = f"HTTP {reader.status}"
                raise Fault(happened, may_pass=True, retry_after_s=wait_s, status=reader.status)
        except TimeoutError:
            await sent.end()
            waited = self.site.answer_s
            raise Fault(f"timed out within {seconds(waited)}", kind="timeout") from None
        except TRANSPORT_ERRORS as error:
            await sent.end()
            raise transport_fault(error, connect_s=self.site.connect_s) from None
        except BaseException:
            await sent.end()
            raise
        if reader.status == 0:
            raise Fault("the connection was closed before an answer came", may_pass=True)
        return sent
