"""The cache in this process is bounded in bytes; what was used longest ago leaves first."""

import tracemalloc

from gateway.fetch.cache.memory import ENTRY_OVERHEAD, BoundedMemory

KIB = 1024


async def test_values_come_back():
    """As the bytes they were."""
    memory = BoundedMemory(max_bytes=100 * KIB)
    await memory.set("a", b"1", ttl=10.0)
    await memory.multi_set([("b", b"2"), ("c", b"3")], ttl=10.0)
    assert await memory.get("a") == b"1"
    assert await memory.get("z") is None
    assert await memory.multi_get(["c", "z", "b"]) == [b"3", None, b"2"]


async def test_the_bound_is_in_bytes():
    """What was used longest ago makes room."""
    memory = BoundedMemory(max_bytes=100 * KIB)
    for n in range(50):
        await memory.set(f"{n}", bytes(10 * KIB), ttl=100.0)
        await memory.get("0")
    assert memory.held <= 100 * KIB
    assert await memory.get("0") is not None
    assert await memory.get("1") is None
    assert await memory.get("49") is not None


async def test_small_values_count_with_their_overhead():
    """A million tiny values are not free."""
    memory = BoundedMemory(max_bytes=100 * KIB)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for n in range(2000):
            await memory.set(f"{n:048x}", b"%d" % n, ttl=100.0)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert memory.held <= 100 * KIB
    assert len(memory._values) <= 100 * KIB / ENTRY_OVERHEAD
    assert after - before < 2 * 100 * KIB


async def test_a_value_too_large_is_not_kept():
    """It would drive out everything else; what stood there before is not left as if it were new."""
    memory = BoundedMemory(max_bytes=100 * KIB)
    await memory.set("other", b"1", ttl=10.0)
    await memory.set("a", b"old", ttl=10.0)
    await memory.set("a", bytes(20 * KIB), ttl=10.0)
    assert await memory.get("a") is None
    assert await memory.get("other") == b"1"


async def test_values_expire(clock):
    """Each after its own time."""
    memory = BoundedMemory(max_bytes=100 * KIB, clock=clock)
    await memory.set("short", b"1", ttl=1.0)
    await memory.set("long", b"2", ttl=100.0)
    clock += 2
    assert await memory.multi_get(["short", "long"]) == [None, b"2"]
