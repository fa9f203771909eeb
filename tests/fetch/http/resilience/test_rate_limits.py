"""At most C requests at a time and R per second; who waits can go without harm."""

import asyncio
from contextlib import asynccontextmanager
from random import Random

import pytest

from gateway.fetch.http.resilience.rate_limits import Slots


@asynccontextmanager
async def slot(slots):
    """A slot for a time, as the client takes it."""
    await slots.acquire()
    try:
        yield
    finally:
        slots.release()


async def test_at_most_c_at_a_time():
    """The others wait for a slot."""
    slots = Slots(concurrency=3)
    now, most = 0, 0

    async def use():
        nonlocal now, most
        async with slot(slots):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1

    await asyncio.gather(*(use() for _ in range(12)))
    assert (now, most) == (0, 3)
    assert slots.taken == 0


async def test_cancelled_waiters_leave():
    """A waiter who goes, and a holder who is cancelled, leave their slot to the next."""
    slots = Slots(concurrency=1)
    holding = asyncio.Event()

    async def use(seconds):
        async with slot(slots):
            holding.set()
            await asyncio.sleep(seconds)
            return "used"

    holder = asyncio.create_task(use(60))
    await holding.wait()
    waiters = [asyncio.create_task(use(0)) for _ in range(5)]
    await asyncio.sleep(0.01)
    for waiter in waiters[:4]:
        waiter.cancel()
    holder.cancel()
    async with asyncio.timeout(1):
        assert await waiters[4] == "used"
        async with slot(slots):
            pass


async def test_a_waiter_cancelled_at_the_moment_of_its_turn_passes_the_slot_on():
    """No slot is lost when release and cancellation meet."""
    slots = Slots(concurrency=1)
    leave = asyncio.Event()

    async def hold():
        async with slot(slots):
            await leave.wait()

    holder = asyncio.create_task(hold())
    await asyncio.sleep(0)
    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(holder, second)


@pytest.mark.parametrize(("rate_per_s", "uses", "least_s"), [(50, 20, 0.18), (10, 4, 0.19)])
async def test_at_most_r_per_second(rate_per_s, uses, least_s):
    """After a small burst they come at the pace of the site."""
    slots = Slots(concurrency=uses, rate_per_s=rate_per_s)
    clock = asyncio.get_running_loop().time
    began = clock()

    async def use():
        async with slot(slots):
            return clock() - began

    times = sorted(await asyncio.gather(*(use() for _ in range(uses))))
    assert least_s <= times[-1]


async def test_a_rate_below_one_per_second():
    """Fractions of a request per second are allowed."""
    slots = Slots(concurrency=2, rate_per_s=0.5)
    async with slot(slots):
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), slot(slots):
            pass


async def test_a_cancelled_waiter_for_the_pace_leaves_no_debt():
    """The next one waits for its own turn only, and the slot is free."""
    slots = Slots(concurrency=1, rate_per_s=20)
    clock = asyncio.get_running_loop().time
    for _ in range(4):
        async with slot(slots):
            pass
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005), slot(slots):
                pass
    began = clock()
    async with slot(slots):
        pass
    assert clock() - began < 1


async def test_who_waits_has_late_work_ended_and_is_counted():
    """`free_one` hears of each who waits; `waiting` of who comes and goes."""
    heard = []
    slots = Slots(concurrency=1, free_one=lambda: heard.append("free one"), waiting=heard.append)
    await slots.acquire()
    assert heard == []
    waiter = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    assert heard == ["free one", 1]
    slots.release()
    await waiter
    assert heard == ["free one", 1, -1]
    gone = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert heard == ["free one", 1, -1, "free one", 1, -1]
    slots.release()
    assert slots.taken == 0


async def test_slots_are_given_in_turn():
    """Who comes later does not go before who waits."""
    slots, order = Slots(concurrency=1), []

    async def use(number):
        async with slot(slots):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(use(number) for number in range(9)))
    assert order == list(range(9))


async def test_no_slot_is_lost_whatever_is_cancelled():
    """Random callers come, leave at any moment, and all slots are free in the end."""
    random, slots = Random(3), Slots(concurrency=3)

    async def use():
        async with slot(slots):
            assert slots.taken <= 3
            for _ in range(random.randrange(4)):
                await asyncio.sleep(0)

    tasks = []
    for _ in range(400):
        tasks.append(asyncio.create_task(use()))
        for _ in range(random.randrange(3)):
            await asyncio.sleep(0)
        random.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert slots.taken == 0
    async with asyncio.timeout(5), slot(slots), slot(slots), slot(slots):
        pass


async def test_clients_share_the_slots():
    """One that has none is next, however many requests of another have been waiting for longer."""
    slots, order = Slots(concurrency=1), []

    async def use(client):
        await slots.acquire(client)
        order.append(client)
        await asyncio.sleep(0)
        slots.release(client)

    await slots.acquire("crowd")
    crowd = [asyncio.create_task(use("crowd")) for _ in range(5)]
    await asyncio.sleep(0)
    late = asyncio.create_task(use("late"))
    await asyncio.sleep(0)
    assert slots.are_wanted
    slots.release("crowd")
    await asyncio.gather(late, *crowd)
    assert order.index("late") == 1  # after one that has been waiting as long, with as many
    assert not slots.are_wanted
    assert slots.taken == 0
