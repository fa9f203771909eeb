"""Equal questions under way are asked once; the work lasts as long as somebody waits for it."""

import asyncio

import pytest

from gateway.fetch.http.single_flight import ShuttingDownError, SingleFlight


class Work:
    """Work that ends when told, and counts how often it was begun and cancelled."""

    def __init__(self, result="answer"):
        self.begun = 0
        self.cancelled = 0
        self.result = result
        self.go = asyncio.Event()
        self.deadlines = []

    async def __call__(self, deadline):
        self.begun += 1
        self.deadlines.append(deadline)
        try:
            async with deadline.running():
                await self.go.wait()
        except TimeoutError:
            return "late"
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.result


@pytest.fixture
async def flights():
    running = SingleFlight()
    yield running
    await running.close()


def join(flights, work, *, key="k", within_s=1.0, total_s=1.0):
    until = asyncio.get_running_loop().time() + within_s
    return asyncio.ensure_future(flights.join(key, work, until=until, within_s=total_s))


async def test_equal_questions_are_asked_once(flights):
    """All askers get the one answer."""
    work = Work(result := object())
    work.result = result
    askers = [join(flights, work) for _ in range(5)]
    await asyncio.sleep(0)
    assert flights.has("k")
    work.go.set()
    assert all(answer is result for answer in await asyncio.gather(*askers))
    assert work.begun == 1
    await asyncio.sleep(0)
    assert not flights.has("k")


async def test_other_questions_and_those_without_a_key_are_asked_each(flights):
    """None equals nothing, not even None."""
    work = Work()
    work.go.set()
    keys = ("a", "b", None, None)
    await asyncio.gather(*(join(flights, work, key=key) for key in keys))
    assert work.begun == 4


async def test_an_answer_is_not_kept(flights):
    """A question after the answer is asked anew; keeping is the cache's work."""
    work = Work()
    work.go.set()
    await join(flights, work)
    await join(flights, work)
    assert work.begun == 2


async def test_a_cancelled_first_asker_does_not_fail_the_others(flights):
    """The work belongs to nobody in particular."""
    work = Work()
    first, second = join(flights, work), join(flights, work)
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.go.set()
    assert await second == "answer"
    assert (work.begun, work.cancelled) == (1, 0)


async def test_the_work_is_cancelled_when_nobody_waits(flights):
    """The last asker who goes ends it, and a later one begins anew."""
    work = Work()
    askers = [join(flights, work) for _ in range(3)]
    await asyncio.sleep(0.01)
    for asker in askers:
        asker.cancel()
    await asyncio.gather(*askers, return_exceptions=True)
    assert not flights.has("k")
    later = join(flights, work)
    await asyncio.sleep(0.01)
    assert (work.begun, work.cancelled) == (2, 1)
    work.go.set()
    assert await later == "answer"


async def test_each_asker_keeps_a_deadline_of_its_own(flights):
    """An impatient asker goes alone; a patient one who came later gives the work more time."""
    work = Work()
    hasty = join(flights, work, within_s=0.05)
    await asyncio.sleep(0.01)
    patient = join(flights, work, within_s=0.3)
    with pytest.raises(TimeoutError):
        await hasty
    await asyncio.sleep(0.1)
    work.go.set()
    assert await patient == "answer"
    assert work.begun == 1


async def test_the_work_ends_at_the_latest_deadline_of_its_askers(flights):
    """It says itself that it is late, before its askers give up."""
    work = Work()
    clock = asyncio.get_running_loop().time
    began = clock()
    askers = [join(flights, work, within_s=0.1), join(flights, work, within_s=0.05)]
    assert await askers[0] == "late"
    assert 0.09 < clock() - began < 0.2
    with pytest.raises(TimeoutError):
        await askers[1]


async def test_the_work_has_its_own_total_whoever_joins(flights):
    """Askers who keep coming do not keep it going for ever."""
    work = Work()
    first = join(flights, work, within_s=1.0, total_s=0.1)
    await asyncio.sleep(0.05)
    second = join(flights, work, within_s=1.0, total_s=0.1)
    assert await asyncio.gather(first, second) == ["late", "late"]
    assert work.begun == 1


async def test_closing_ends_the_work_and_tells_the_askers(flights):
    """They are not cancelled: they learn that the work was ended."""
    work = Work()
    askers = [join(flights, work), join(flights, work, key=None)]
    await asyncio.sleep(0.01)
    await flights.close()
    ends = await asyncio.gather(*askers, return_exceptions=True)
    assert [type(end) for end in ends] == [ShuttingDownError, ShuttingDownError]
    assert work.cancelled == 2


async def test_an_error_nobody_waits_for_makes_no_noise(flights, caplog):
    """No 'exception was never retrieved' in the log."""

    async def stubborn(deadline):
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            raise KeyError("late trouble") from None

    asker = join(flights, stubborn)
    await asyncio.sleep(0.01)
    asker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asker
    await flights.close()
    assert not caplog.records
