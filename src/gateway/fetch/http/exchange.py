"""One exchange with a site: a request goes out, redirects within the host are followed, the answer
is read into the memory budget; or a Fault. Caches, slots and retries are the client's.
"""

import logging
import time
from dataclasses import replace

from gateway.fetch.http.error_mapping import TRANSPORT_ERRORS, status_fault, transport_fault
from gateway.fetch.http.faults import UNEXPECTED, Fault
from gateway.fetch.http.memory_budget import MemoryBudget, Reservation
from gateway.fetch.http.redirects import MAX_REDIRECTS, redirect_target, too_many_redirects
from gateway.fetch.http.request import SiteRequest
from gateway.fetch.http.telemetry.tracing import client_span, is_traced
from gateway.fetch.http.wire.decoding import AnswerReader
from gateway.fetch.http.wire.transport import Transport
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

FOLLOWED = frozenset({301, 302, 307, 308})
"""Redirects that are followed with method and body unchanged: all our requests only read."""


class Received:
    """A good answer: its data, the bytes they were read from, and the memory it takes.

    The memory is given back when the last scope that holds it closes; or, where every caller has
    left in the meantime, with this object.
    """

    __slots__ = ("data", "raw", "reservation")

    def __init__(self, data: JsonObject, raw: bytes, reservation: Reservation) -> None:
        self.data = data
        self.raw = raw
        self.reservation = reservation

    def __del__(self) -> None:
        if not self.reservation.users:
            self.reservation.lose()


class Exchange:
    """Sends requests to one site, each once."""

    def __init__(self, site: Site, *, transport: Transport, budget: MemoryBudget) -> None:
        self._site = site
        self._transport = transport
        self._budget = budget

    async def send(self, request: SiteRequest) -> Received:
        """The answer to the request, in a span of its own where requests are traced."""
        if not is_traced():
            return await self.send_untraced(request)
        with client_span(request.method, self._site.url + request.path) as headers:
            return await self.send_untraced(replace(request, trace=headers))

    async def send_untraced(self, request: SiteRequest) -> Received:
        """The answer to the request, redirects within the host followed."""
        url = self._site.url + request.path
        try:
            for _ in range(MAX_REDIRECTS + 1):
                reservation = self._budget.reserve(self._site.name, is_large=request.is_large)
                received = None
                try:
                    reader = AnswerReader(reservation, limit=request.limit)
                    await self._sent(request, url, reader)
                    if reader.status == 200:
                        received = Received(*await reader.read_object(), reservation)
                        return received
                    if reader.status not in FOLLOWED:
                        raise await self._refusal(request, reader)
                    location = reader.headers.get("location")
                    url = redirect_target(url, location, status=reader.status, token=request.token)
                finally:
                    if received is None:
                        reservation.lose()
            raise too_many_redirects()
        except Fault as fault:
            fault.tidy(request.token)
            raise fault.as_value() from None
        except TRANSPORT_ERRORS as error:
            raise transport_fault(error, connect_s=self._site.connect_s) from None
        except Exception:
            logger.exception("unexpected error in a request to site %s", self._site.name)
            raise Fault(UNEXPECTED) from None

    async def _sent(self, request: SiteRequest, url: str, reader: AnswerReader) -> None:
        """Fill the reader; of an error's text the beginning will do."""
        try:
            await self._transport.send(request, url, reader)
        except Fault as fault:
            if not fault.too_large or reader.status in (0, 200):
                raise

    async def _refusal(self, request: SiteRequest, reader: AnswerReader) -> Fault:
        """The fault that the answer's status and text tell of."""
        return status_fault(
            reader.status,
            headers=reader.headers,
            body=await reader.read_text(),
            archive=request.is_for_archives,
            token=request.token,
            now=time.time(),
        )
