"""A remote cache that is down, slow or mad costs speed and a line in the log, nothing else."""

import asyncio
import logging
import time

import pytest

from gateway.fetch.cache import store as store_module
from gateway.fetch.cache.answers import AnswerCache
from gateway.fetch.cache.store import (
    BACKLOG_BYTES,
    BUSY_S,
    LONGEST_PAUSE_S,
    READ_S,
    WRITE_S,
    LocalStore,
    NoStore,
    RemoteStore,
    open_store,
)
from tests.fetch.asking import ask


class Backend:
    """A backend in this process that raises, is slow, hangs, or answers nonsense as told."""

    def __init__(self, *, error=None, after_s=0.0, answer=None):
        self.error = error
        self.after_s = after_s
        self.answer = answer
        self.values = {}
        self.reads = 0
        self.writes = 0
        self.closed = False
        self.bounds_s = []
        self.go = asyncio.Event()
        self.go.set()

    async def _do(self):
        await self.go.wait()
        await asyncio.sleep(self.after_s)
        if self.error is not None:
            raise self.error

    async def multi_get(self, keys, *, timeout):
        self.reads += 1
        await self._do()
        return [self.values.get(key) for key in keys] if self.answer is None else self.answer

    async def multi_set(self, pairs, *, ttl, timeout):
        self.writes += 1
        self.bounds_s.append(timeout)
        assert ttl > 0
        await self._do()
        self.values.update(pairs)

    async def close(self):
        self.closed = True
        if self.error is not None:
            raise self.error


@pytest.fixture
async def store_of():
    """Makes stores, usable at once unless `connected` is False, that are closed in the end."""
    stores = []

    async def make(backend, *, connected=True, **options):
        store = RemoteStore(backend, **options)
        stores.append(store)
        if connected:
            error, backend.error = backend.error, None
            await store.get(["k"])
            await trials(store)
            backend.error, backend.reads = error, 0
        return store

    yield make
    for store in stores:
        await store.close()
        assert store._backend.closed


async def trials(store):
    """Wait for a trial under way."""
    if store._trial is not None:
        await asyncio.wait([store._trial])


async def written(store):
    """Wait for the writes under way."""
    if store._writer is not None:
        await asyncio.wait([store._writer])


async def test_values_come_back(store_of):
    """Those that are there, by key, in one command."""
    backend = Backend()
    store = await store_of(backend)
    for key in "abc":
        store.put(key, key.encode(), ttl_s=10)
    await written(store)
    assert (backend.writes, backend.bounds_s) == (1, [WRITE_S])
    assert await store.get(["a", "z", "c"]) == {"a": b"a", "c": b"c"}
    assert backend.reads == 1
    assert await store.get([]) == {}
    assert backend.reads == 1


async def test_nobody_waits_while_a_remote_cache_is_connected(store_of):
    """The first requests go on without it; once it answers it is used."""
    backend = Backend()
    backend.go.clear()
    store = await store_of(backend, connected=False)
    for _ in range(5):
        assert await store.get(["k"]) == {}
        store.put("k", b"v", ttl_s=1)
    await asyncio.sleep(0)
    assert (backend.reads, backend.writes) == (1, 0)
    backend.go.set()
    await trials(store)
    backend.values["k"] = b"v"
    assert await store.get(["k"]) == {"k": b"v"}


@pytest.mark.parametrize(
    "error",
    [OSError("down"), TimeoutError(), ValueError("odd"), KeyError("own"), TypeError("int"),
     RecursionError("nested")],
)  # fmt: skip
async def test_a_cache_that_is_down_is_left_alone_for_a_while(store_of, error, clock, caplog):
    """No error, no further wait, one line when it goes and one when it is back."""
    backend = Backend(error=error)
    store = await store_of(backend, clock=clock)
    clock += BUSY_S
    with caplog.at_level(logging.INFO):
        for _ in range(10):
            assert await store.get(["k"]) == {}
        assert backend.reads == 1
        for reads, pause_s in ((2, 0.5), (3, 1), (4, 2), (5, 4), (6, 5), (7, 5), (8, 5)):
            clock += pause_s - 0.01
            await store.get(["k"])
            await trials(store)
            assert backend.reads == reads - 1
            clock += 0.02
            await store.get(["k"])
            await trials(store)
            assert backend.reads == reads
        backend.error = None
        clock += 5
        await store.get(["k"])
        await trials(store)
        await store.get(["k"])
    assert backend.reads == 10
    assert [record.getMessage() for record in caplog.records] == [
        f"the cache does not answer ({type(error).__name__}): going on without it",
        "the cache answers again",
    ]


async def test_many_failures_at_once_are_one(store_of, clock):
    """64 requests that meet a slow moment do not make the pause the longest one."""
    backend = Backend(error=OSError("down"))
    store = await store_of(backend, clock=clock)
    await asyncio.gather(*(store.get([f"{n}"]) for n in range(64)))
    backend.error = None
    clock += LONGEST_PAUSE_S / 2
    await store.get(["k"])
    await trials(store)
    backend.values["k"] = b"v"
    assert await store.get(["k"]) == {"k": b"v"}


@pytest.mark.parametrize("answer", [None, 7, "text", ["text"], [7], {}, [b"a", b"b"], []])
async def test_nonsense_counts_as_missing(store_of, answer):
    """What is no bytes is not there."""
    store = await store_of(Backend(answer=answer))
    found = await store.get(["k"])
    assert found in ({}, {"k": b"a"})


async def test_a_read_is_given_up_after_a_short_time(store_of, clock):
    """A cache that hangs costs callers READ_S for half a second, later ones nothing."""
    backend = Backend()
    store = await store_of(backend, clock=clock)
    backend.go.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await store.get(["k"]) == {}
    assert READ_S <= loop.time() - began < 10  # the cache itself would hang for ever
    clock += BUSY_S
    for _ in range(100):
        assert await store.get(["k"]) == {}
    assert backend.reads == 2


async def test_a_busy_moment_is_no_outage(store_of, clock):
    """Reads that are too slow while others are answered cost their own time alone."""
    backend = Backend()
    store = await store_of(backend, clock=clock)
    backend.values["k"] = b"v"
    for _ in range(3):
        backend.go.clear()
        assert await store.get(["k"]) == {}
        backend.go.set()
        assert await store.get(["k"]) == {"k": b"v"}
        clock += BUSY_S / 2


async def test_writes_wait_in_the_background_and_are_bounded(store_of):
    """Nobody waits for them; beyond the backlog the oldest are dropped, small ones count, too."""
    backend = Backend()
    store = await store_of(backend)
    backend.go.clear()
    began = time.thread_time()
    for n in range(200):
        store.put(f"large {n}", bytes(2**20), ttl_s=10)
    await asyncio.sleep(0)
    assert store._backlog_bytes <= BACKLOG_BYTES
    assert sum(len(value) for _, value, _ in store._backlog) <= BACKLOG_BYTES
    for n in range(60_000):
        store.put(f"{n}", b"{}", ttl_s=10)
    assert len(store._backlog) * 300 <= BACKLOG_BYTES
    assert time.thread_time() - began < 5
    backend.go.set()
    await written(store)
    assert store._backlog_bytes == 0
    assert "59999" in backend.values
    assert "large 50" not in backend.values


async def test_failed_writes_are_dropped(store_of, clock):
    """And count as a failure of the cache."""
    backend = Backend()
    store = await store_of(backend, clock=clock)
    backend.error = OSError("full")
    for n in range(500):
        store.put(f"{n}", b"{}", ttl_s=10)
    await written(store)
    assert (backend.writes, store._backlog_bytes, len(store._backlog)) == (1, 0, 0)
    assert await store.get(["k"]) == {}
    assert backend.reads == 0


async def test_writes_are_grouped_by_their_time(store_of):
    """Values of one time to live go together, as many as one command takes."""
    backend = Backend()
    store = await store_of(backend)
    for n in range(130):
        store.put(f"{n}", b"{}", ttl_s=10)
    store.put("long", b"{}", ttl_s=1000)
    await written(store)
    assert backend.writes == 4
    assert len(backend.values) == 131


async def test_values_too_large_are_not_sent(store_of):
    """The network is spared what would not be kept."""
    backend = Backend()
    store = await store_of(backend, max_value_bytes=3)
    store.put("k", b"1234", ttl_s=1)
    store.put("l", b"123", ttl_s=1)
    await written(store)
    assert backend.values == {"l": b"123"}


async def test_closing_leaves_no_task(store_of):
    """Neither a trial nor a writer that hangs."""
    before = asyncio.all_tasks()
    backend = Backend()
    store = await store_of(backend)
    backend.go.clear()
    store.put("k", b"v", ttl_s=1)
    trying = await store_of(Backend(), connected=False)
    trying._backend.go.clear()
    await trying.get(["k"])
    await asyncio.sleep(0)
    await store.close()
    await trying.close()
    assert asyncio.all_tasks() == before


SLOW = {
    "20 ms": {"after_s": 0.02},
    "45 ms": {"after_s": 0.045},
    "hangs": {"after_s": 600},
    "fails": {"error": OSError("down")},
    "fails late": {"error": OSError("down"), "after_s": 0.03},
    "garbage": {"answer": [b"\x00garbage"]},
    "nothing": {"answer": 5},
}


@pytest.mark.parametrize("how", SLOW.values(), ids=SLOW)
async def test_a_cache_in_trouble_costs_requests_only_time(servers, client_of, store_of, how):
    """64 callers at once, three times: all are answered, in little more than the site takes."""

    async def answer(connection, request):
        await asyncio.sleep(0.005)
        await connection.respond({"n": request.json["n"]})

    server = await servers.answering(answer)
    backend = Backend()
    store = await store_of(backend)
    backend.error, backend.answer = how.get("error"), how.get("answer")
    backend.after_s = how.get("after_s", 0.0)
    client = client_of(server, with_={"cache": AnswerCache(store)})
    clock = asyncio.get_running_loop().time
    for _ in range(3):
        began = clock()
        answers = await asyncio.gather(*(ask(client, {"n": n}) for n in range(64)))
        assert [one.data["n"] for one in answers] == list(range(64))
        assert clock() - began < 3


async def test_which_store_is_opened():
    """`none` and a memory of zero keep nothing."""
    assert isinstance(open_store("memory", url=None, max_bytes=1000), LocalStore)
    for kind, size in (("none", 1000), ("memory", 0)):
        store = open_store(kind, url=None, max_bytes=size)
        assert isinstance(store, NoStore)
        store.put("k", b"v", ttl_s=1)
        assert await store.get(["k"]) == {}
        await store.close()


def test_the_constants_fit_each_other():
    """A read is shorter than the shortest pause, and a page's two reads than what it may cost."""
    assert READ_S < store_module.FIRST_PAUSE_S
    assert READ_S < store_module.WRITE_S
    assert 2 * READ_S <= 0.1
