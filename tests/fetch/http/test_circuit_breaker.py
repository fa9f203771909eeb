"""A site that keeps failing rests; one probe finds out whether it is back."""

import pytest

from gateway.fetch.http.circuit_breaker import CircuitBreaker
from gateway.fetch.http.faults import Fault


@pytest.fixture
def seen():
    return []


@pytest.fixture
def breaker(clock, seen):
    return CircuitBreaker(
        failures=3, rest_s=10.0, clock=clock, changed=lambda state: seen.append(state.state)
    )


def fail(breaker, *, times=1):
    for _ in range(times):
        breaker.failed(breaker.enter(), "connection refused")


def test_it_opens_after_failures_in_a_row(breaker, seen):
    """Three failures in a row open it, two do not."""
    fail(breaker, times=2)
    assert breaker.state.state == "closed"
    fail(breaker)
    assert (breaker.state.state, breaker.state.failures) == ("open", 3)
    assert seen == ["open"]


def test_a_success_between_failures_begins_the_count_anew(breaker):
    """Only failures in a row count."""
    fail(breaker, times=2)
    breaker.succeeded(breaker.enter())
    fail(breaker, times=2)
    assert breaker.state.state == "closed"
    assert breaker.state.failures == 2


def test_a_request_without_a_verdict_changes_nothing(breaker):
    """What says nothing of the site neither counts nor begins the count anew."""
    fail(breaker, times=2)
    breaker.released(breaker.enter())
    fail(breaker)
    assert breaker.state.state == "open"


def test_an_open_breaker_fails_fast_and_says_why(breaker, clock):
    """The text names the count, the last failure and the next attempt; so does Retry-After."""
    fail(breaker, times=3)
    clock += 3
    with pytest.raises(Fault) as caught:
        breaker.enter()
    assert caught.value.happened == (
        "not asked: it failed 3 times in a row, last: connection refused; next attempt in 7 s"
    )
    assert caught.value.retry_after_s == 7
    assert caught.value.health == "unknown"


def test_half_open_lets_exactly_one_probe_through(breaker, clock, seen):
    """Others are refused while the probe is under way, however long it takes."""
    fail(breaker, times=3)
    clock += 10
    assert breaker.state.state == "half-open"
    probe = breaker.enter()
    for _ in range(3):
        with pytest.raises(Fault, match="it is being tried again now"):
            breaker.enter()
        with pytest.raises(Fault):
            breaker.check()
        clock += 60
    breaker.succeeded(probe)
    assert breaker.state.state == "closed"
    assert seen == ["open", "half-open", "closed"]
    breaker.enter()


def test_looking_claims_no_probe(breaker, clock):
    """`check` may be asked often; the probe goes to who enters."""
    fail(breaker, times=3)
    clock += 10
    breaker.check()
    breaker.check()
    assert breaker.enter().probe


def test_a_failed_probe_opens_again_for_a_whole_rest(breaker, clock):
    """The rest begins anew when the probe fails."""
    fail(breaker, times=3)
    clock += 10
    probe = breaker.enter()
    clock += 3
    breaker.failed(probe, "timed out")
    assert breaker.state.state == "open"
    assert breaker.state.last == "timed out"
    clock += 9.9
    with pytest.raises(Fault):
        breaker.enter()
    clock += 0.1
    assert breaker.enter().probe


def test_a_probe_that_is_cancelled_makes_room_for_the_next(breaker, clock):
    """A caller who goes away does not block the site's return."""
    fail(breaker, times=3)
    clock += 10
    breaker.released(breaker.enter())
    assert breaker.enter().probe


def test_late_failures_of_earlier_requests_do_not_lengthen_the_rest(breaker, clock):
    """Requests sent before it opened may fail after; the rest ends when it was to end."""
    early = [breaker.enter() for _ in range(6)]
    for ticket in early[:3]:
        breaker.failed(ticket, "timed out")
    clock += 8
    for ticket in early[3:5]:
        breaker.failed(ticket, "timed out")
    clock += 2
    probe = breaker.enter()
    assert probe.probe
    breaker.failed(early[5], "timed out")
    with pytest.raises(Fault):
        breaker.enter()
    assert breaker.state.failures == 3


def test_a_late_success_of_an_earlier_request_closes_it(breaker):
    """Who answers is back."""
    early = breaker.enter()
    fail(breaker, times=3)
    breaker.succeeded(early)
    assert breaker.state.state == "closed"


def test_the_state_tells_how_long_it_has_lasted(breaker, clock):
    """`since_s` counts from the last change."""
    clock += 5
    assert breaker.state.since_s == 5
    fail(breaker, times=3)
    clock += 2
    assert breaker.state.since_s == 2
