"""Equal requests under way are sent once; who waits has its own deadline, late work goes on."""

import asyncio

import pytest

from gateway.fetch.http.resilience.single_flight import ShuttingDownError, SingleFlight


class Work:
    """Work that ends when told, and counts how often it was begun and cancelled."""

    def __init__(self, result="answer", *, is_sent=True):
        self.begun = 0
        self.cancelled = 0
        self.ended = 0
        self.is_sent = is_sent
        self.result = result
        self.go = asyncio.Event()

    async def __call__(self, flight):
        self.begun += 1
        if self.is_sent:
            flight.sent_at = asyncio.get_running_loop().time()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1
        return self.result


@pytest.fixture
async def flights():
    running = SingleFlight()
    yield running
    await running.close()


def join(flights, work, *, key=b"k", within_s=30.0, may_be_late=True, limit_s=30.0):
    flight = flights.find(key) or flights.begin(key, work, limit_s=limit_s)
    deadline = asyncio.get_running_loop().time() + within_s
    waiting = flights.wait(flight, deadline=deadline, may_be_late=may_be_late)
    return asyncio.ensure_future(waiting)


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def gone(task):
    """The caller leaves."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def late(flights, work, **how):
    """Begin work and give it up at once, at a deadline."""
    with pytest.raises(TimeoutError):
        await join(flights, work, within_s=0.02, **how)


async def test_equal_requests_are_sent_once(flights):
    """All callers get the one answer, as the same object."""
    work = Work(result := object())
    callers = [join(flights, work) for _ in range(5)]
    work.go.set()
    assert all(answer is result for answer in await asyncio.gather(*callers))
    assert work.begun == 1
    await turns()
    assert flights.find(b"k") is None


async def test_other_requests_and_those_without_a_key_are_sent_each(flights):
    """None equals nothing, not even None."""
    work = Work()
    work.go.set()
    keys = (b"a", b"b", None, None)
    await asyncio.gather(*(join(flights, work, key=key) for key in keys))
    assert work.begun == 4


async def test_an_answer_is_not_kept(flights):
    """A request after the answer is sent anew; keeping is the cache's work."""
    work = Work()
    work.go.set()
    await join(flights, work)
    await turns()
    await join(flights, work)
    assert work.begun == 2


async def test_a_caller_who_leaves_does_not_fail_the_others(flights):
    """The work belongs to nobody in particular."""
    work = Work()
    first, second = join(flights, work), join(flights, work)
    await turns()
    await gone(first)
    work.go.set()
    assert await second == "answer"
    assert (work.begun, work.cancelled) == (1, 0)


async def test_the_work_ends_when_all_have_left_in_time(flights):
    """What nobody waits for any more is cancelled, and a later request begins anew."""
    work = Work()
    callers = [join(flights, work) for _ in range(3)]
    await turns()
    for caller in callers:
        await gone(caller)
    assert flights.find(b"k") is None
    later = join(flights, work)
    await turns()
    assert (work.begun, work.cancelled) == (2, 1)
    work.go.set()
    assert await later == "answer"


async def test_each_caller_has_a_deadline_of_its_own(flights):
    """An impatient caller goes alone, a patient one gets the answer."""
    work = Work()
    patient = join(flights, work)
    with pytest.raises(TimeoutError):
        await join(flights, work, within_s=0.02)
    assert flights.find(b"k").waiting == 1
    work.go.set()
    assert await patient == "answer"
    assert work.begun == 1


async def test_the_flight_knows_the_latest_deadline(flights):
    """Retries may use the time of the most patient caller."""
    work = Work()
    callers = [join(flights, work, within_s=s) for s in (20, 30, 10)]
    await turns()
    left_s = flights.find(b"k").deadline - asyncio.get_running_loop().time()
    assert 20 < left_s <= 30
    work.go.set()
    await asyncio.gather(*callers)


async def test_late_work_goes_on_and_serves_the_next_caller(flights):
    """Who asks again joins it, and is no longer behind time."""
    work = Work()
    await late(flights, work)
    flight = flights.find(b"k")
    assert flight.is_late
    again = join(flights, work)
    await turns()
    assert not flight.is_late
    work.go.set()
    assert await again == "answer"
    assert (work.begun, work.cancelled) == (1, 0)


async def test_late_work_ends_by_itself(flights):
    """Its answer comes though nobody waits."""
    work = Work()
    await late(flights, work)
    work.go.set()
    await turns()
    assert (work.ended, work.cancelled) == (1, 0)


async def test_late_work_has_a_limit(flights):
    """Counted from when it was sent, whoever waits."""
    work = Work()
    await late(flights, work, limit_s=0.06)
    await asyncio.sleep(0.2)
    assert (work.ended, work.cancelled) == (0, 1)
    assert flights.find(b"k") is None


async def test_a_caller_who_joins_late_work_keeps_it_beyond_its_limit(flights):
    """As long as somebody waits in time."""
    work = Work()
    await late(flights, work, limit_s=0.06)
    again = join(flights, work)
    await asyncio.sleep(0.2)
    assert work.cancelled == 0
    work.go.set()
    assert await again == "answer"


async def test_who_joins_after_the_limit_and_gives_up_ends_it(flights):
    """It had its time."""
    work = Work()
    await late(flights, work, limit_s=0.06)
    again = join(flights, work, within_s=0.3)
    with pytest.raises(TimeoutError):
        await again
    await turns()
    assert work.cancelled == 1


async def test_a_caller_who_leaves_late_work_that_it_joined_ends_it(flights):
    """It was the last who waited, and left in time."""
    work = Work()
    await late(flights, work)
    again = join(flights, work)
    await turns()
    await gone(again)
    assert work.cancelled == 1


@pytest.mark.parametrize(
    ("is_sent", "may_be_late"), [(False, True), (True, False)], ids=["not sent", "private"]
)
async def test_what_does_not_go_on_late(flights, is_sent, may_be_late):
    """What has no slot yet, and what is for one caller alone."""
    work = Work(is_sent=is_sent)
    await late(flights, work, may_be_late=may_be_late)
    await turns()
    assert work.cancelled == 1


async def test_the_oldest_late_work_is_ended_first(flights):
    """One at a time, as slots are needed; never what somebody waits for."""
    works = [Work() for _ in range(4)]
    waiting = join(flights, works[0], key=b"0")
    for number in (1, 2, 3):
        await late(flights, works[number], key=b"%d" % number)
    for expected in ([0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1], [0, 1, 1, 1]):
        flights.end_oldest_late()
        await turns()
        assert [work.cancelled for work in works] == expected
    works[0].go.set()
    assert await waiting == "answer"


async def test_what_an_ill_site_was_sent_before_is_ended(flights):
    """Whoever waits for it is told; what was sent after goes on, and what was not sent yet."""
    works = [Work(), Work(), Work(is_sent=False), Work()]
    early = [join(flights, works[0], key=b"0"), join(flights, works[2], key=b"2")]
    await late(flights, works[1], key=b"1")
    await asyncio.sleep(0.01)
    moment = asyncio.get_running_loop().time()
    await asyncio.sleep(0.01)
    after = join(flights, works[3], key=b"3")
    await turns()
    flights.end_sent_before(moment)
    with pytest.raises(ShuttingDownError):
        await early[0]
    assert [work.cancelled for work in works] == [1, 1, 0, 0]
    for work in works:
        work.go.set()
    assert await asyncio.gather(early[1], after) == ["answer", "answer"]


async def test_closing_ends_the_work_and_tells_the_callers(flights):
    """They are not cancelled: they learn that the work was ended; late work ends, too."""
    work = Work()
    await late(flights, work, key=b"late")
    callers = [join(flights, work), join(flights, work, key=None)]
    await turns()
    await flights.close()
    ends = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(end) for end in ends] == [ShuttingDownError, ShuttingDownError]
    assert work.cancelled == 3


async def test_an_error_nobody_waits_for_makes_no_noise(flights, caplog):
    """No 'exception was never retrieved' in the log."""

    async def stubborn(flight):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise KeyError("late trouble") from None

    caller = join(flights, stubborn)
    await turns()
    await gone(caller)
    await flights.close()
    assert not caplog.records


async def test_a_caller_cancelled_as_the_answer_comes_is_cancelled(flights):
    """Cancellation is never swallowed, not even when the work was cancelled as well."""
    work = Work()
    caller = join(flights, work)
    await turns()
    caller.cancel()
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
