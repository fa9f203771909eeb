"""At most C requests at a time and R per second; who waits can go without harm."""

import asyncio

import pytest

from gateway.fetch.http.rate_limits import Limits


async def test_at_most_c_at_a_time():
    """The others wait for a place."""
    limits = Limits(concurrency=3)
    now, most = 0, 0

    async def use():
        nonlocal now, most
        async with limits.place():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.005)
            now -= 1

    await asyncio.gather(*(use() for _ in range(12)))
    assert (now, most) == (0, 3)


async def test_cancelled_waiters_leave():
    """A waiter who goes, and a holder who is cancelled, leave their place to the next."""
    limits = Limits(concurrency=1)
    holding = asyncio.Event()

    async def use(seconds):
        async with limits.place():
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
        async with limits.place():
            pass


async def test_a_waiter_cancelled_at_the_moment_of_its_turn_passes_the_place_on():
    """No place is lost when release and cancellation meet."""
    limits = Limits(concurrency=1)
    leave = asyncio.Event()

    async def hold():
        async with limits.place():
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
    limits = Limits(concurrency=uses, rate_per_s=rate_per_s)
    clock = asyncio.get_running_loop().time
    began = clock()

    async def use():
        async with limits.place():
            return clock() - began

    times = sorted(await asyncio.gather(*(use() for _ in range(uses))))
    assert least_s <= times[-1] < least_s + 0.2


async def test_a_rate_below_one_per_second():
    """Fractions of a request per second are allowed."""
    limits = Limits(concurrency=2, rate_per_s=0.5)
    async with limits.place():
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), limits.place():
            pass


async def test_a_cancelled_waiter_for_the_pace_leaves_no_debt():
    """The next one waits for its own turn only, and the place is free."""
    limits = Limits(concurrency=1, rate_per_s=20)
    clock = asyncio.get_running_loop().time
    for _ in range(4):
        async with limits.place():
            pass
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005), limits.place():
                pass
    began = clock()
    async with limits.place():
        pass
    assert clock() - began < 0.06
