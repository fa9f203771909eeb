"""A site that keeps failing rests for a while, then one request tries whether it is back.

Own, because the libraries at hand (pybreaker, circuitbreaker, aiobreaker, purgatory) let every
waiting request through when half-open, or count the caller's cancellation as the site's failure.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.fetch.http.faults import Fault, seconds

State: TypeAlias = Literal["closed", "open", "half-open"]

FAILURES = 5
REST_S = 10.0


@dataclass(frozen=True, slots=True)
class CircuitState:
    """How a site's breaker stands; `since_s` is how long it has been in this state."""

    state: State
    failures: int
    since_s: float
    last: str | None
    """What happened last; None: nothing has failed since the last success."""


class Ticket:
    """One request's permission; exactly one of the breaker's verdicts ends it."""

    __slots__ = ("ended", "probe")

    def __init__(self, *, probe: bool) -> None:
        self.probe = probe
        self.ended = False


class CircuitBreaker:
    """Counts failures in a row; opens at `failures`, lets one probe through after `rest_s`."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[CircuitState], None] | None = None,
    ) -> None:
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._changed = changed
        self._failures = 0
        self._last: str | None = None
        self._open = False
        self._probe: Ticket | None = None
        self._since = clock()

    @property
    def state(self) -> CircuitState:
        """How it stands now; open turns to half-open by time alone."""
        since_s = self._clock() - self._since
        state: State = "closed"
        if self._open:
            state = "half-open" if since_s >= self._rest_s else "open"
        return CircuitState(state, self._failures, since_s, self._last)

    def check(self) -> None:
        """Raise the fault of a resting site; nothing is claimed."""
        if self._open and (self._probe is not None or self._left_s() > 0):
            raise self._resting()

    def enter(self) -> Ticket:
        """Permission for one request, the only one while half-open; else a fault is raised."""
        self.check()
        ticket = Ticket(probe=self._open)
        if ticket.probe:
            self._probe = ticket
            self._tell()
        return ticket

    def succeeded(self, ticket: Ticket) -> None:
        """The site answered as a healthy site does."""
        self._end(ticket)
        was_open, self._open = self._open, False
        self._failures, self._last, self._probe = 0, None, None
        if was_open:
            self._turn()

    def failed(self, ticket: Ticket, happened: str) -> None:
        """The site failed in a way that speaks of its health."""
        self._end(ticket)
        self._last = happened
        if self._open and not ticket.probe:
            return  # sent before it opened; the rest began then and is not made longer
        self._failures += 1
        if self._failures >= self._limit:
            self._open = True
            self._turn()

    def released(self, ticket: Ticket) -> None:
        """The request ended without a word on the site's health; a probe's place is free again."""
        self._end(ticket)

    def _end(self, ticket: Ticket) -> None:
        ticket.ended = True
        if self._probe is ticket:
            self._probe = None

    def _left_s(self) -> float:
        return self._since + self._rest_s - self._clock()

    def _resting(self) -> Fault:
        left_s = max(self._left_s(), 1.0)
        then = "it is being tried again now"
        if self._probe is None:
            then = f"next attempt in {seconds(round(left_s))}"
        return Fault(
            f"not asked: it failed {self._failures} times in a row, last: {self._last}; {then}",
            health="unknown",
            retry_after_s=left_s,
            kind="circuit_open",
        )

    def _turn(self) -> None:
        self._since = self._clock()
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed(self.state)
