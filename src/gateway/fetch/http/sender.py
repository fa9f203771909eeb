"""A question to one site with all patience allowed: breaker, place, attempts, one deadline.

In: a `Question` and its `Deadline`. Out: the answer, or the fault as a value.
"""

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gateway.fetch.http.circuit_breaker import CircuitBreaker, CircuitState, Ticket
from gateway.fetch.http.exchange import Answered, Exchange, Question
from gateway.fetch.http.faults import Fault, Health, seconds
from gateway.fetch.http.observer import Observer, Outcome
from gateway.fetch.http.rate_limits import Limits
from gateway.fetch.http.retry import Retry, Sleep
from gateway.fetch.http.single_flight import Deadline
from gateway.model import Site

FAIR_SHARE = 0.75
"""A site that had at least this part of its own time and was late is to blame for it."""
_ENTRY_PATH = re.compile(r"^/entries/(?!query$|archive/)[^/]+")


@dataclass(slots=True)
class _Trip:
    """How far one question came; `ticket` None: it has not been sent."""

    ticket: Ticket | None = None
    sent_at: float = 0.0


class Sender:
    """Sends questions to one site, as often and as fast as the site is configured for."""

    def __init__(
        self,
        site: Site,
        *,
        exchange: Exchange,
        observer: Observer,
        changed: Callable[[CircuitState], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._site = site
        self._exchange = exchange
        self._observer = observer
        self._clock = clock
        self._limits = Limits(
            concurrency=site.concurrency,
            rate_per_s=site.rate_per_s,
            waiting=partial(observer.site_waiting, site.name),
        )
        self._retry = Retry(attempts=site.attempts, sleep=sleep, uniform=uniform)
        self._breaker = CircuitBreaker(clock=clock, changed=changed)

    @property
    def breaker(self) -> CircuitState:
        """Whether the site is asked at the moment, and why not."""
        return self._breaker.state

    async def send(self, question: Question, deadline: Deadline) -> Answered | Fault:
        """The answer or what happened instead; only cancellation is raised."""
        trip = _Trip()
        began = self._clock()
        result: Answered | Fault | None = None
        try:
            result = await self._in_time(question, deadline, trip)
            return result
        finally:
            self._judge(trip.ticket, result)
            path = _ENTRY_PATH.sub("/entries/{entry_id}", question.path)
            self._observer.asked(self._site.name, path, _outcome(result), self._clock() - began)

    async def _in_time(
        self, question: Question, deadline: Deadline, trip: _Trip
    ) -> Answered | Fault:
        try:
            async with deadline.running():
                return await self._retry.run(
                    lambda: self._attempt(question, trip), remaining_s=deadline.remaining_s
                )
        except Fault as fault:
            return fault
        except TimeoutError:
            return self._late(deadline, trip)

    async def _attempt(self, question: Question, trip: _Trip) -> Answered:
        if trip.ticket is None:
            self._breaker.check()  # do not wait for a place at a site that rests
        async with self._limits.place():
            if trip.ticket is None:
                trip.ticket = self._breaker.enter()
                trip.sent_at = asyncio.get_running_loop().time()
            return await self._exchange.send(question)

    def _late(self, deadline: Deadline, trip: _Trip) -> Fault:
        after = seconds(deadline.until - deadline.begun)
        if trip.ticket is None:
            happened = f"not asked: its {self._site.concurrency} places were taken for {after}"
            return Fault(happened, health="unknown", kind="timeout")
        had_s = deadline.until - trip.sent_at
        health: Health = "bad" if had_s >= FAIR_SHARE * self._site.total_s else "unknown"
        return Fault(f"timed out after {after}", health=health, kind="timeout")

    def _judge(self, ticket: Ticket | None, result: Answered | Fault | None) -> None:
        """Tell the breaker; None: cancelled, which says nothing of the site."""
        if ticket is None:
            return
        if isinstance(result, Answered) or (result is not None and result.health == "good"):
            self._breaker.succeeded(ticket)
        elif result is not None and result.health == "bad":
            self._breaker.failed(ticket, result.happened)
        else:
            self._breaker.released(ticket)


def _outcome(result: Answered | Fault | None) -> Outcome:
    match result:
        case None:
            return "cancelled"
        case Answered():
            return "ok"
        case Fault():
            return "refused" if result.refused else result.kind
