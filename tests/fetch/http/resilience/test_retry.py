"""What may pass is sent again, with jitter, as often as allowed and while the time lasts."""

import pytest

from gateway.fetch.http.faults import Fault
from gateway.fetch.http.resilience.retry import Retry


class Script:
    """Attempts that end as told; sleeps are written down and cost time."""

    def __init__(self, *ends, remaining_s=10.0):
        self.ends = list(ends)
        self.calls = 0
        self.slept = []
        self.remaining_s = remaining_s

    async def attempt(self):
        self.calls += 1
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.remaining_s -= seconds

    async def run(self, *, attempts=3, uniform=lambda low, high: high):
        """As the client does: the first attempt is its own."""
        retry = Retry(attempts=attempts, sleep=self.sleep, uniform=uniform)
        try:
            return await self.attempt()
        except Fault as first:
            return await retry.after(first, self.attempt, remaining_s=lambda: self.remaining_s)


def passing(wait_s=None):
    return Fault("HTTP 503", may_pass=True, retry_after_s=wait_s)


async def test_what_may_pass_is_tried_again_with_growing_waits():
    """The waits double; the answer that comes at last is given."""
    script = Script(passing(), passing(), "good")
    assert await script.run() == "good"
    assert script.slept == pytest.approx([0.1, 0.2])


async def test_waits_are_jittered():
    """Each wait is drawn between the half and the whole, so that replicas do not come together."""
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return low

    script = Script(passing(), "good")
    await script.run(uniform=uniform)
    assert drawn == [(0.05, 0.1)]
    assert script.slept == [0.05]


async def test_what_will_not_pass_is_not_tried_again():
    """A refusal stays one."""
    script = Script(Fault("HTTP 422: no"))
    with pytest.raises(Fault, match="HTTP 422"):
        await script.run()
    assert script.calls == 1


async def test_the_last_fault_is_told_when_no_attempt_is_left():
    """At most `attempts` in all, the first included."""
    last = passing()
    script = Script(passing(), passing(), last, "never")
    with pytest.raises(Fault) as caught:
        await script.run()
    assert caught.value is last
    assert (script.calls, len(script.slept)) == (3, 2)


@pytest.mark.parametrize("attempts", [0, 1])
async def test_one_attempt_means_no_retry(attempts):
    """A site may be configured to be asked once."""
    script = Script(passing())
    with pytest.raises(Fault):
        await script.run(attempts=attempts)
    assert script.calls == 1


@pytest.mark.parametrize(
    ("wait_s", "remaining_s", "calls"),
    [(2.0, 3.0, 2), (0.0, 1.0, 2), (2.0, 2.05, 1), (3600.0, 3.0, 1)],
)
async def test_retry_after_is_waited_for_if_it_fits_the_deadline(wait_s, remaining_s, calls):
    """Otherwise the fault comes at once and holds the site's wish."""
    script = Script(passing(wait_s), "good", remaining_s=remaining_s)
    if calls == 2:
        assert await script.run() == "good"
        assert script.slept[0] >= wait_s
    else:
        with pytest.raises(Fault) as caught:
            await script.run()
        assert caught.value.retry_after_s == wait_s
        assert script.slept == []
    assert script.calls == calls


async def test_no_attempt_begins_without_time_for_it():
    """An attempt that could only be late is not made."""
    script = Script(passing(), "good", remaining_s=0.12)
    with pytest.raises(Fault):
        await script.run()
    assert script.calls == 1


async def test_other_errors_pass_through():
    """Only faults are judged."""
    script = Script(passing(), KeyError("x"))
    with pytest.raises(KeyError):
        await script.run()
    assert script.calls == 2
