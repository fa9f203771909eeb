"""The weighted semaphore: never more than its capacity, in turn, whoever leaves while it waits."""

import asyncio
from random import Random

import pytest

from gateway.serve.admission.weighted_semaphore import WeightedSemaphore


async def hold(whole: WeightedSemaphore, weight: int, held: list[str], name: str) -> None:
    await whole.take(weight)
    held.append(name)


async def test_in_turn() -> None:
    """A small part does not overtake a large one that waits."""
    whole, held = WeightedSemaphore(10), list[str]()
    await whole.take(8)
    large = asyncio.create_task(hold(whole, 9, held, "large"))
    await asyncio.sleep(0)
    assert not whole.has(1)
    waiting = asyncio.create_task(hold(whole, 1, held, "small"))
    await asyncio.sleep(0)
    assert held == []
    whole.give_back(8)
    await asyncio.gather(large, waiting)
    assert held == ["large", "small"]


async def test_leaves() -> None:
    """Who stops waiting holds up nobody, at the very moment of its turn neither."""
    for moment in (0, 1):
        whole, held = WeightedSemaphore(10), list[str]()
        await whole.take(8)
        large = asyncio.create_task(hold(whole, 9, held, "large"))
        await asyncio.sleep(0)
        small = asyncio.create_task(hold(whole, 2, held, "small"))
        await asyncio.sleep(0)
        if moment:
            whole.give_back(8)
        large.cancel()
        with pytest.raises(asyncio.CancelledError):
            await large
        await small
        assert held == ["small"]
        assert whole.has(0 if moment == 0 else 8)


@pytest.mark.parametrize("seed", range(5))
async def test_random(seed: int) -> None:
    """However they come and go, the capacity is never exceeded, and whole at the end."""
    random, whole, now = Random(seed), WeightedSemaphore(20), [0]

    async def one(weight: int) -> None:
        await whole.take(weight)
        now[0] += weight
        assert now[0] <= 20
        try:
            await asyncio.sleep(random.random() / 500)
        finally:
            now[0] -= weight
            whole.give_back(weight)

    tasks = [asyncio.create_task(one(random.randint(1, 20))) for _ in range(100)]
    for task in random.sample(tasks, 30):
        await asyncio.sleep(random.random() / 1000)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert whole.has(20)
