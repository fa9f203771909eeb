"""How the time of one request is shared: every step has time, and none is longer than the whole."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config
from gateway.config.keys import LEAST_BUDGET_S
from gateway.fetch.http.coalescing import BLAMED_S, LEAST_S
from gateway.fetch.http.resilience.circuit_breaker import LONGEST_WAIT_S, PROBE_S
from gateway.model import Site
from gateway.search.deadlines import ENCODING_S, GRACE_S, KEYS_SHARE, Deadlines
from gateway.serve.request.params import LEAST_TIMEOUT_S


def budget_s() -> float:
    """What a caller has unless the configuration or the caller says otherwise."""
    provider = {"prefix": "fed", "name": "Tests", "description": "None."}
    site = {"name": "berlin", "url": "http://berlin.test/api/v1"}
    return Config(provider=provider, sites=[site]).timeouts.budget_s  # type: ignore[arg-type,list-item]


def test_the_shipped_times_fit_each_other() -> None:
    """A site that hangs is blamed by the first caller, found unhealthy before its second one gives
    up, and used again in time; a slow answer may come after its caller has gone."""
    keys_s = KEYS_SHARE * budget_s()
    assert budget_s() == 4.0  # clients give up at 5
    assert keys_s > BLAMED_S
    assert keys_s + PROBE_S < 6
    assert keys_s + PROBE_S + keys_s < 10
    assert LONGEST_WAIT_S + PROBE_S < 20
    assert Site("a", "b", "c").answer_s > budget_s()
    assert GRACE_S <= ENCODING_S
    assert LEAST_BUDGET_S >= 2 * ENCODING_S
    assert KEYS_SHARE * LEAST_BUDGET_S > LEAST_S


@given(st.floats(0, 10**6), st.floats(LEAST_BUDGET_S, 3600))
def test_the_moments_are_in_order(entered: float, wait_s: float) -> None:
    """Keys before archives before the end, with time between."""
    deadlines = Deadlines(entered, entered + wait_s)
    assert deadlines.keys is not None
    assert deadlines.archives is not None
    assert entered < deadlines.keys < deadlines.archives or wait_s < 4 * ENCODING_S
    assert deadlines.archives < entered + wait_s


async def test_a_deadline_does_not_move() -> None:
    """It is one moment from the first to the last; shares of what is left end before it."""
    now = asyncio.get_running_loop().time()
    deadlines = Deadlines(now - 1, now + 3)
    assert deadlines.keys == pytest.approx(now + 1.8)
    assert deadlines.archives == pytest.approx(now + 2.95)
    assert deadlines.next(can_be_filled=False) == deadlines.archives
    counted, searched, filled = (
        deadlines.count(), deadlines.search(), deadlines.next(can_be_filled=True),
    )  # fmt: skip
    assert counted is not None
    assert searched is not None
    assert filled is not None
    assert now < counted < searched < deadlines.keys
    assert now < filled < deadlines.archives


@pytest.mark.parametrize("wait_s", [LEAST_TIMEOUT_S, LEAST_BUDGET_S])
async def test_the_least_time_that_may_be_asked_for_is_enough_to_ask_sites(wait_s: float) -> None:
    """A site is not asked with less than LEAST_S: each step of a page has more, one by one."""
    now = asyncio.get_running_loop().time()
    deadlines = Deadlines(now, now + wait_s)
    assert deadlines.keys is not None
    assert deadlines.archives is not None
    assert min(deadlines.keys, deadlines.archives) - now > LEAST_S
    for moment in (deadlines.count(), deadlines.search(), deadlines.keys_now()):
        assert moment is not None
        assert now + LEAST_S < moment < now + wait_s


async def test_keys_that_are_asked_for_late_have_time_too() -> None:
    """Where an offset was searched again without a slow site, its page is read nevertheless; keys
    that are asked for in time have what they always have."""
    now = asyncio.get_running_loop().time()
    late = Deadlines(now - 2.6, now + 1.4)
    assert late.keys == pytest.approx(now + 0.2)
    assert late.keys_now() == pytest.approx(now + 1.35 / 2, abs=0.01)
    searched = late.search()
    assert searched is not None
    assert now + 0.4 < searched < now + 0.5
    early = Deadlines(now - 0.5, now + 3.5)
    assert early.keys_now() == early.keys


async def test_what_entered_long_ago_has_no_time_left() -> None:
    """Waiting for admission counts; nothing is negative."""
    now = asyncio.get_running_loop().time()
    deadlines = Deadlines(now - 10, now - 6)
    for moment in (deadlines.keys, deadlines.keys_now(), deadlines.count(), deadlines.search()):
        assert moment is not None
        assert moment <= asyncio.get_running_loop().time()


async def test_a_stream_has_no_deadline() -> None:
    """Each site has limits of its own."""
    deadlines = Deadlines(0.0, None)
    assert deadlines.keys is deadlines.archives is None
    assert deadlines.count() is deadlines.search() is None
    assert deadlines.next(can_be_filled=True) is deadlines.next(can_be_filled=False) is None
