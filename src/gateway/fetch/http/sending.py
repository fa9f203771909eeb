"""A request that nothing else answers -> what the site says to it, or the fault as a value.

In one of the site's slots, tried again where that may help; how it ended moves the circuit breaker.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias

import orjson

from gateway.fetch.http.exchange import Exchange, Received
from gateway.fetch.http.faults import Fault, seconds
from gateway.fetch.http.request import SiteRequest
from gateway.fetch.http.resilience.circuit_breaker import PROBE_S, CircuitBreaker, CircuitState
from gateway.fetch.http.resilience.rate_limits import Slots
from gateway.fetch.http.resilience.retry import Retry, Sleep
from gateway.fetch.http.resilience.single_flight import InFlight, SingleFlight
from gateway.fetch.http.telemetry.observer import Outcome, SiteObserver
from gateway.fetch.http.telemetry.path_labels import path_label
from gateway.model import JsonObject, Site

logger = logging.getLogger(__name__)

Result: TypeAlias = Received | Fault
_PROBE_BYTES = 1024 * 1024


class Sender:
    """Sends requests to one site; `in_flight` are those that callers wait for."""

    def __init__(
        self,
        site: Site,
        *,
        exchange: Exchange,
        slots: Slots,
        retry: Retry,
        in_flight: SingleFlight[Result],
        probe: SiteRequest,
        observer: SiteObserver,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self._site = site
        self._exchange = exchange
        self._slots = slots
        self._retry = retry
        self._in_flight = in_flight
        self._probe_request = probe
        self._observer = observer
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.circuit = CircuitBreaker(
            self._probe, changed=self._circuit_changed, clock=clock, sleep=sleep
        )

    async def send(self, request: SiteRequest, in_flight: InFlight[Result]) -> Result:
        """The answer, or the fault as a value; only cancellation is raised."""
        result: Result | None = None
        began = self._clock()
        await self._slots.acquire(request.client)
        try:
            try:
                self.circuit.check()  # it may have opened while this waited for a slot
                in_flight.sent_at = self._loop.time()
                result = await self._exchange.send(request)
            except Fault as fault:
                result = await self._after(fault, request, in_flight) if fault.may_pass else fault
            if isinstance(result, Fault):
                result = result.as_value()
        finally:
            self._slots.release(request.client)
            self._note(request, result, seconds=self._clock() - began)
        return result

    async def _after(
        self, first: Fault, request: SiteRequest, in_flight: InFlight[Result]
    ) -> Result:
        """What comes of a request whose first attempt failed in a way that may pass."""
        self.circuit.failed(first.happened)
        try:
            return await self._retry.after(
                first,
                lambda: self._exchange.send(request),
                remaining_s=lambda: in_flight.deadline - self._loop.time(),
            )
        except Fault as fault:
            return fault

    def _note(self, request: SiteRequest, result: Result | None, *, seconds: float) -> None:
        """Report how the request ended; None: it was cancelled, which says nothing of the site."""
        outcome: Outcome = "cancelled"
        if isinstance(result, Fault):
            outcome = "refused" if result.refused else result.kind
            if result.health == "bad":
                self.circuit.failed(result.happened)
            elif result.health == "good":
                self.circuit.succeeded()
        elif result is not None:
            outcome = "ok"
            self.circuit.succeeded()
        self._observer.asked(self._site.name, path_label(request.path), outcome, seconds)

    async def _probe(self) -> Fault | None:
        """Whether the site is unhealthy: its fault, or None."""
        try:
            async with asyncio.timeout(PROBE_S):
                await self._exchange.send_untraced(self._probe_request)
        except TimeoutError:
            return Fault(f"timed out after {seconds(PROBE_S)}", kind="timeout")
        except Fault as fault:
            return fault if fault.health == "bad" else None
        return None

    def _circuit_changed(self, circuit: CircuitState) -> None:
        self._observer.breaker(self._site.name, circuit.state)
        if circuit.state == "open" and circuit.failures == 1:
            self._in_flight.end_sent_before(self._loop.time() - PROBE_S)
            logger.warning(
                "site %s is unhealthy and not asked until it answers a probe: %s",
                self._site.name,
                circuit.last,
            )
        elif circuit.state == "closed":
            logger.info("site %s answers again", self._site.name)


def probe_request(probe: tuple[str, JsonObject] | None, *, token: str | None) -> SiteRequest:
    """The request that shows whether the site is healthy: a path and a body; None: its `/info`."""
    if probe is None:
        return SiteRequest("GET", "/info", None, limit=_PROBE_BYTES, token=token)
    path, body = probe
    return SiteRequest("POST", path, orjson.dumps(body), limit=_PROBE_BYTES, token=token)
