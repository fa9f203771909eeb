"""What happens after a first attempt has failed: back-off with jitter, within the deadline.

By tenacity: unlike stamina it takes sleep and randomness as arguments and can give up before a wait
that does not fit. A request that succeeds at once never comes here.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_base

from gateway.fetch.http.faults import Fault

Answered = TypeVar("Answered")
Sleep = Callable[[float], Awaitable[None]]

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 1.0
LEAST_ATTEMPT_S = 0.05
"""No further attempt is begun that would have less time than this."""


class Retry:
    """Sends again what may pass, at most `attempts` times in all."""

    def __init__(
        self,
        *,
        attempts: int,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._attempts = max(1, attempts)
        self._sleep = sleep
        self._uniform = uniform

    async def after(
        self,
        first: Fault,
        attempt: Callable[[], Awaitable[Answered]],
        *,
        remaining_s: Callable[[], float],
    ) -> Answered:
        """What `attempt` gives after the first has failed; the last fault if none is left or none
        fits into the time."""
        failed: Fault | None = first

        async def next_attempt() -> Answered:
            nonlocal failed
            if failed is not None:  # the first attempt was made before; here is its outcome
                fault, failed = failed, None
                raise fault
            return await attempt()

        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=self._wait_s,
            stop=stop_after_attempt(self._attempts) | _TooLate(remaining_s),
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(next_attempt)

    def _wait_s(self, state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked_s = fault.retry_after_s if isinstance(fault, Fault) else None
        doubled_s = min(FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), LONGEST_WAIT_S)
        jittered_s = self._uniform(doubled_s / 2, doubled_s)
        return jittered_s if asked_s is None else asked_s + jittered_s / 2


class _TooLate(stop_base):
    """Stops when the next attempt would begin too late to be of use."""

    def __init__(self, remaining_s: Callable[[], float]) -> None:
        self._remaining_s = remaining_s

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep + LEAST_ATTEMPT_S > self._remaining_s()


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Fault) and error.may_pass
