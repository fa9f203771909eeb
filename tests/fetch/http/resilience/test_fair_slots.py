"""Slots are shared fairly: none is lost, none is given twice, and who holds fewest is next."""

import asyncio
from collections import Counter
from random import Random

import pytest

from gateway.fetch.http.resilience.fair_slots import FairSlots


async def waiting(slots: FairSlots, client: str, order: list[str]) -> "asyncio.Task[None]":
    """A task that waits for a slot, and notes when it has it."""

    async def take() -> None:
        await slots.acquire(client)
        order.append(client)

    task = asyncio.create_task(take())
    await asyncio.sleep(0)
    return task


@pytest.mark.parametrize(
    ("count", "most"), [(1, 1), (2, 2), (7, 7), (8, 7), (15, 14), (16, 14), (64, 56)]
)
async def test_the_most_of_one_client(count: int, most: int) -> None:
    """Of few slots it can have all, of more a part is left for others."""
    slots = FairSlots(count)
    for _ in range(most):
        assert slots.is_free("a")
        await slots.acquire("a")
    assert not slots.is_free("a")
    assert slots.is_free("b") == (most < count)
    assert (slots.most_of_one, slots.in_use) == (most, most)


async def test_who_holds_fewest_is_next() -> None:
    """However many another has been waiting for longer."""
    slots, order = FairSlots(3), []
    for _ in range(3):
        await slots.acquire("greedy")
    tasks = [await waiting(slots, "greedy", order) for _ in range(5)]
    tasks.append(await waiting(slots, "late", order))
    slots.release("greedy")
    await asyncio.sleep(0)
    assert order == ["late"]
    for _ in range(2):
        slots.release("greedy")
    await asyncio.sleep(0)
    assert order == ["late", "greedy", "greedy"]
    for task in tasks:
        task.cancel()


async def test_equals_take_turns() -> None:
    """The one that has been waiting longest first; then round and round."""
    slots, order = FairSlots(1), []
    await slots.acquire("holder")
    tasks = [await waiting(slots, client, order) for client in "aabbc"]
    slots.release("holder")
    for _ in range(5):
        await asyncio.sleep(0)
        slots.release(order[-1])
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c", "a", "b"]
    assert slots.in_use == 0


async def test_who_stops_waiting_is_forgotten() -> None:
    """Its turn goes to the next, also when it was given in the same moment."""
    slots, order = FairSlots(1), []
    await slots.acquire("a")
    leaving, given, last = [await waiting(slots, client, order) for client in "bcd"]
    leaving.cancel()
    await asyncio.sleep(0)
    slots.release("a")
    given.cancel()
    await asyncio.wait([leaving, given, last])
    assert order == ["d"]
    slots.release("d")
    assert slots.in_use == 0


@pytest.mark.parametrize("seed", range(20))
async def test_random_clients(seed: int) -> None:
    """Whatever comes, waits and leaves in whatever order: never more than there are, never more
    than one may have, nobody waits for ever, and all come back."""
    random = Random(seed)
    slots = FairSlots(random.randrange(1, 20))
    held: Counter[str] = Counter()

    async def caller(client: str) -> None:
        for _ in range(20):
            try:
                async with asyncio.timeout(random.choice([0, 0.001, 1])):
                    await slots.acquire(client)
            except TimeoutError:
                continue
            held[client] += 1
            try:
                assert held.total() <= slots.in_use <= slots.count
                assert held[client] <= slots.most_of_one
                for _ in range(random.randrange(3)):
                    await asyncio.sleep(0)
            finally:
                held[client] -= 1
                slots.release(client)

    callers = [asyncio.create_task(caller(random.choice("aaab"))) for _ in range(30)]
    for task in random.sample(callers, 5):
        await asyncio.sleep(0)
        task.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert not [one for one in results if isinstance(one, AssertionError)]
    assert slots.in_use == 0
    assert slots.is_free("a")
