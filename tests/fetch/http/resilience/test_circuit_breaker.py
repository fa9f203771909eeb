"""A site is not asked while its probes fail; who asks never waits for a probe."""

import asyncio

import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.resilience.circuit_breaker import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    PAUSE_S,
    PROBE_S,
    CircuitBreaker,
)


class Site:
    """Probes end as told; sleeps are written down and end when told."""

    def __init__(self, clock):
        self.clock = clock
        self.fault = None
        self.probes = 0
        self.slept = []
        self.states = []
        self.answers = True
        self._wake = asyncio.Event()
        self.breaker = CircuitBreaker(
            self.probe, changed=self.changed, clock=clock, sleep=self.sleep
        )

    @property
    def state(self):
        return self.breaker.state.state

    def changed(self, circuit):
        self.states.append(circuit.state)

    async def probe(self):
        self.probes += 1
        while not self.answers:
            await asyncio.sleep(0)
        return self.fault

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self._wake.clear()
        await self._wake.wait()

    async def wake(self):
        """The wait for the next probe is over."""
        self.clock += self.slept[-1]
        self._wake.set()
        await turns()


async def turns(count=5):
    """Let the tasks that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
async def ill(clock):
    """A site whose requests and probes fail."""
    site = Site(clock)
    site.fault = Fault("HTTP 502 Bad Gateway")
    yield site
    await site.breaker.close()


async def opened(site):
    site.breaker.failed("timed out after 2.8 s")
    await turns()
    return site


async def test_it_opens_only_when_the_probe_fails_too(ill):
    """A caller's failed request alone may be the request's own fault."""
    ill.fault = None
    ill.breaker.failed("HTTP 500")
    await turns()
    assert (ill.state, ill.probes, ill.states) == ("closed", 1, [])
    ill.clock += PAUSE_S
    ill.fault = Fault("HTTP 502 Bad Gateway")
    await opened(ill)
    assert (ill.state, ill.probes, ill.states) == ("open", 2, ["open"])


async def test_failures_while_a_probe_is_under_way_begin_no_other(ill):
    """However many callers fail at once, a site is probed once."""
    ill.answers = False
    for _ in range(50):
        ill.breaker.failed("timed out")
        await asyncio.sleep(0)
    assert ill.probes == 1
    assert ill.state == "closed"


async def test_a_site_that_answers_others_is_not_probed_all_the_time(ill):
    """Failures beside good answers, as of one odd filter, cost a probe a second at most."""
    for _ in range(20):
        ill.breaker.succeeded()
        ill.breaker.failed("HTTP 500")
        await turns()
    assert ill.probes == 0
    ill.clock += PAUSE_S
    ill.breaker.failed("HTTP 500")
    await turns()
    assert ill.probes == 1


async def test_an_open_circuit_says_why_and_until_when(ill):
    """The text names what happened and the next attempt; so does Retry-After."""
    await opened(ill)
    with pytest.raises(Fault) as caught:
        ill.breaker.check()
    assert caught.value.happened == (
        "not asked, as it failed once, last: HTTP 502 Bad Gateway; it is tried again in 1 s"
    )
    assert (caught.value.retry_after_s, caught.value.health) == (1, "unknown")
    assert caught.value.kind == "circuit_open"
    for _ in range(3):
        await ill.wake()
    with pytest.raises(Fault, match=r"it failed 4 times in a row, .*it is tried again in 8 s"):
        ill.breaker.check()


async def test_callers_never_wait_for_a_probe(ill):
    """Half-open is for the probe alone; who asks meanwhile is told at once."""
    await opened(ill)
    ill.answers = False
    await ill.wake()
    assert ill.state == "half-open"
    with pytest.raises(Fault, match="it is being tried again now"):
        ill.breaker.check()
    ill.breaker.failed("timed out")
    assert ill.probes == 2


async def test_probes_go_on_until_the_site_is_back(ill):
    """The waits double up to a bound; the first good probe closes it, without any caller."""
    await opened(ill)
    for _ in range(6):
        await ill.wake()
    assert ill.slept == [1, 2, 4, 8, 10, 10, 10]
    ill.fault = None
    await ill.wake()
    assert ill.state == "closed"
    ill.breaker.check()
    assert (ill.breaker.state.failures, ill.breaker.state.last) == (0, None)
    assert ill.states == ["open", *["half-open", "open"] * 6, "half-open", "closed"]


def test_the_waits_keep_what_is_promised():
    """A site that is back is used again within 20 s (docs/explanation/partial.md)."""
    assert LONGEST_WAIT_S + PROBE_S < 20
    assert FIRST_WAIT_S <= LONGEST_WAIT_S


@pytest.mark.parametrize(("asked_s", "wait_s"), [(None, 1), (0.2, 1), (5, 5), (3600, 10)])
async def test_retry_after_lengthens_the_wait_within_bounds(ill, asked_s, wait_s):
    """A site may ask for time, but not to be left out for long."""
    ill.fault = Fault("HTTP 503", retry_after_s=asked_s)
    await opened(ill)
    assert ill.slept == [wait_s]


async def test_a_late_answer_of_an_earlier_request_closes_it(ill):
    """Who answers is back, and later failures are looked into at once."""
    await opened(ill)
    ill.breaker.succeeded()
    assert ill.state == "closed"
    await turns()
    ill.clock += PAUSE_S
    await opened(ill)
    assert (ill.state, ill.probes) == ("open", 2)


async def test_the_state_tells_how_long_it_has_lasted(ill):
    """`since_s` counts from the last change."""
    ill.clock += 5
    assert ill.breaker.state.since_s == 5
    await opened(ill)
    ill.clock += 2
    assert ill.breaker.state.since_s == 2


async def test_closing_ends_the_probes(ill):
    """No task is left, whether it sleeps or probes."""
    await opened(ill)
    await ill.breaker.close()
    before = asyncio.all_tasks()
    assert before == {asyncio.current_task()}


async def test_an_answer_to_anybody_outweighs_a_failed_probe(clock):
    """A site that works on one request after the other lets its probe wait, and is well."""
    site = Site(clock)
    site.fault, site.answers = Fault("timed out", kind="timeout"), False
    site.breaker.failed("timed out")
    await turns()
    clock += 1
    site.breaker.succeeded()
    site.answers = True
    await turns()
    assert (site.probes, site.state, site.states) == (1, "closed", [])
