"""Whether a site is asked at all: closed (yes), open (no), half-open (a probe is on its way).

A caller's failed request does not open the circuit: it may be the request that is at fault. It has
the site probed, aside from callers and with a request that every healthy site answers quickly; when
the probe fails too, the circuit opens. While it is open, probes go on and callers wait for nothing.

Own, because the libraries at hand (pybreaker, circuitbreaker, aiobreaker, purgatory) try again on a
caller's time and count the caller's cancellation as the site's failure.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.fetch.http.faults import Fault, seconds

State: TypeAlias = Literal["closed", "open", "half-open"]
Probe: TypeAlias = Callable[[], Awaitable[Fault | None]]
"""Asks the site for something light; gives the fault of an unhealthy site, None of a healthy one;
raises nothing."""

PROBE_S = 3.0
"""How long a probe may take. A site that hangs costs its callers the time of their own requests
plus this, below the 10 s that are promised (docs/explanation/partial.md)."""
PAUSE_S = 1.0
"""Between two probes of a site that is healthy while some of its answers are not."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 10.0
"""Between two probes while the circuit is open. With PROBE_S, a site that is back is used again
within 13 s, below the 20 s that are promised."""


@dataclass(frozen=True, slots=True)
class CircuitState:
    """How a site's circuit stands; `since_s` is how long it has been in this state."""

    state: State
    failures: int
    """Failed probes in a row."""
    since_s: float
    last: str | None
    """What happened last; None: nothing has failed since the last success."""


class CircuitBreaker:
    """The circuit of one site; probes run as a task of their own until `close`."""

    def __init__(
        self,
        probe: Probe,
        *,
        changed: Callable[[CircuitState], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._probe = probe
        self._changed = changed
        self._clock = clock
        self._sleep = sleep
        self._state: State = "closed"
        self._since = clock()
        self._failures = 0
        self._last: str | None = None
        self._healthy_at = float("-inf")
        self._next_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> CircuitState:
        """How it stands now."""
        return CircuitState(self._state, self._failures, self._clock() - self._since, self._last)

    def check(self) -> None:
        """Raise the fault of a site whose circuit is not closed."""
        if self._state != "closed":
            raise self._open_fault()

    def succeeded(self) -> None:
        """The site has answered as a healthy site does, whoever asked."""
        self._healthy_at = self._clock()
        self._last = None
        if self._state != "closed":
            self._turn("closed")
            if self._task is not asyncio.current_task() and self._task is not None:
                self._task.cancel()  # else failures would wait for the end of its sleep

    def failed(self, happened: str) -> None:
        """A request has failed in a way that may speak of the site's health: have it probed."""
        if self._state != "closed":
            return
        self._last = happened
        is_probed = self._task is not None and not self._task.done()
        if not is_probed and self._clock() - self._healthy_at >= PAUSE_S:
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        """End the probing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        """Probe until the site is healthy."""
        self._failures = 0
        while (fault := await self._unhealthy_fault()) is not None:
            self._failures += 1
            self._last = fault.happened
            wait_s = min(FIRST_WAIT_S * 2.0 ** (self._failures - 1), LONGEST_WAIT_S)
            asked_s = fault.retry_after_s or 0.0
            wait_s = max(wait_s, min(asked_s, LONGEST_WAIT_S))
            self._next_at = self._clock() + wait_s
            self._turn("open")
            await self._sleep(wait_s)
            self._turn("half-open")
        self._failures = 0
        self.succeeded()

    async def _unhealthy_fault(self) -> Fault | None:
        """The fault of a probe, unless the site has answered anybody else in the meantime: one that
        works on one request after the other lets a probe wait, too."""
        begun = self._clock()
        fault = await self._probe()
        return None if self._healthy_at >= begun else fault

    def _open_fault(self) -> Fault:
        left_s = max(self._next_at - self._clock(), 1.0)
        then = "it is being tried again now"
        if self._state == "open":
            then = f"it is tried again in {seconds(round(left_s))}"
        times = "once" if self._failures == 1 else f"{self._failures} times in a row"
        return Fault(
            f"not asked, as it failed {times}, last: {self._last}; {then}",
            health="unknown",
            retry_after_s=left_s,
            kind="circuit_open",
        )

    def _turn(self, state: State) -> None:
        if state == self._state:
            return
        self._state = state
        self._since = self._clock()
        if self._changed is not None:
            self._changed(self.state)
