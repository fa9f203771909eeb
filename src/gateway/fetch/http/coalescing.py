"""A caller's wait for what the site answers, to its own request or to an equal one on its way.

Each caller waits until its own deadline; whether a site that gives no answer is
unhealthy, the circuit breaker's probe finds out.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

from gateway.fetch.http.faults import Fault, seconds
from gateway.fetch.http.request import RequestOptions, SiteRequest
from gateway.fetch.http.resilience.circuit_breaker import CircuitBreaker
from gateway.fetch.http.resilience.single_flight import InFlight, ShuttingDownError, SingleFlight
from gateway.fetch.http.sending import Result
from gateway.fetch.http.telemetry.observer import SiteObserver
from gateway.fetch.http.telemetry.path_labels import path_label
from gateway.model import Site

LEAST_S = 0.03
"""A request that has less time than this is not sent."""
BLAMED_S = 0.1
"""A site that had at least this time and did not answer may be unhealthy, so it is probed. Below
it, the caller was impatient. Keys have 0.7 of `timeouts.budget_s`, which is 0.2 s at least, so that
every hanging site is found."""
SUSPECT_S = 2.8
"""A caller with more patience than the default (keys have 2.8 s of 4) has the site probed after so
long; should it be unhealthy, the caller need not wait for its own deadline."""

Send: TypeAlias = Callable[[InFlight[Result]], Coroutine[None, None, Result]]


class CoalescedRequests:
    """Waits for requests to one site, equal ones of which are sent once."""

    def __init__(
        self,
        site: Site,
        *,
        in_flight: SingleFlight[Result],
        circuit: CircuitBreaker,
        observer: SiteObserver,
    ) -> None:
        self._site = site
        self._in_flight = in_flight
        self._circuit = circuit
        self._observer = observer
        self._loop = asyncio.get_running_loop()

    async def answer(
        self, request: SiteRequest, key: bytes | None, options: RequestOptions, *, send: Send
    ) -> Result:
        """What the site says, or the fault as a value; `key` is the same for equal requests, and
        None for one that is shared with nobody."""
        now = self._loop.time()
        deadline = options.deadline
        if deadline is None:
            deadline = now + self._site.answer_s
        elif deadline - now < LEAST_S:
            return Fault("not asked: no time was left", health="unknown", kind="timeout")
        # A caller that wants a fresh answer may join another such caller alone.
        shared = key if not options.fresh or key is None else b"fresh" + key
        in_flight = self._in_flight.find(shared)
        if in_flight is None:
            try:
                self._circuit.check()
            except Fault as fault:
                label = path_label(request.path)
                self._observer.asked(self._site.name, label, "circuit_open", 0.0)
                return fault
            if key is not None:
                self._observer.cache(self._site.name, "miss")
            in_flight = self._in_flight.begin(shared, send, limit_s=self._site.answer_s)
        else:
            self._observer.cache(self._site.name, "joined")
        return await self._wait(in_flight, deadline=deadline, began=now, is_shared=key is not None)

    async def _wait(
        self, in_flight: InFlight[Result], *, deadline: float, began: float, is_shared: bool
    ) -> Result:
        is_patient = deadline > began + 2 * SUSPECT_S
        look = (
            self._loop.call_at(began + SUSPECT_S, self._suspect, in_flight) if is_patient else None
        )
        try:
            return await self._in_flight.wait(in_flight, deadline=deadline, may_be_late=is_shared)
        except TimeoutError:
            return self._timed_out(in_flight, deadline=deadline, began=began)
        except ShuttingDownError:
            if self._circuit.state.state == "closed":
                return Fault("not asked: the gateway is shutting down", health="unknown")
            waited = seconds(self._loop.time() - began)
            happened = f"no answer for {waited}, and none to a probe"
            return Fault(happened, health="unknown", kind="timeout")
        finally:
            if look is not None:
                look.cancel()

    def _timed_out(self, in_flight: InFlight[Result], *, deadline: float, began: float) -> Fault:
        """The fault of a request without an answer at its caller's deadline."""
        after_s = deadline - began
        if in_flight.sent_at is None:
            taken = f"its {self._site.concurrency} slots were taken"
            happened = f"not asked: {taken} for {seconds(after_s)}"
            return Fault(happened, health="unknown", kind="timeout")
        fault = Fault(f"timed out after {seconds(after_s)}", kind="timeout")
        if deadline - in_flight.sent_at >= BLAMED_S:
            self._circuit.failed(fault.happened)
        return fault

    def _suspect(self, in_flight: InFlight[Result]) -> None:
        """Have the site probed that has not answered a patient caller for long."""
        if in_flight.sent_at is not None:
            self._circuit.failed(f"no answer for {seconds(SUSPECT_S)}")
