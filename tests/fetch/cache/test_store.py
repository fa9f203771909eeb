"""Memory is bounded in bytes; a cache that is down or slow costs speed and a line in the log."""

import asyncio
import importlib.util
import logging
import shutil
import subprocess
import tracemalloc

import pytest

from gateway.errors import ConfigError
from gateway.fetch.cache.answers import BodyKey, open_cache
from gateway.fetch.cache.memory import ENTRY_OVERHEAD, BoundedMemory
from gateway.fetch.cache.store import Store, open_store

KIB = 1024


# memory


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


# a cache in trouble


class Troubled:
    """A backend that raises, hangs, or answers nonsense."""

    def __init__(self, *, error=None, answer=None):
        self.error = error
        self.answer = answer
        self.calls = 0

    async def _do(self):
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.answer

    async def get(self, key):
        return await self._do()

    async def multi_get(self, keys, *, timeout):
        return await self._do()

    async def set(self, key, value, *, ttl):
        await self._do()

    async def multi_set(self, pairs, *, ttl, timeout):
        await self._do()

    async def close(self):
        pass


USES = {
    "get": lambda store: store.get("k"),
    "get_many": lambda store: store.get_many(["k"]),
    "put": lambda store: store.put("k", b"v", ttl_s=1),
    "put_many": lambda store: store.put_many([("k", b"v")], ttl_s=1),
}


async def settled(store):
    """Wait for a trial under way."""
    if store._trial is not None:
        await asyncio.wait([store._trial])


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("error", [OSError("down"), TimeoutError(), KeyError("own")])
async def test_a_cache_that_is_down_is_left_alone_for_a_while(use, error, clock, caplog):
    """No error, no further wait, one line when it goes and one when it is back."""
    backend = Troubled(error=error)
    store = Store(backend, max_value_bytes=100, errors=(KeyError,), clock=clock)
    with caplog.at_level(logging.INFO):
        for _ in range(10):
            assert not await use(store)
        assert backend.calls == 1
        for calls, rest_s in ((2, 0.5), (3, 1), (4, 2), (5, 4), (6, 5), (7, 5), (8, 5)):
            clock += rest_s - 0.01
            await use(store)
            await settled(store)
            assert backend.calls == calls - 1
            clock += 0.02
            await use(store)
            await settled(store)
            assert backend.calls == calls
        backend.error = None
        clock += 5
        await use(store)
        await settled(store)
        await use(store)
    assert backend.calls == 10
    assert [record.getMessage() for record in caplog.records] == [
        f"the cache does not answer ({type(error).__name__}): going on without it",
        "the cache answers again",
    ]
    await store.close()


async def test_nobody_waits_while_a_remote_cache_is_connected(clock):
    """The first questions go on without it; once it answers it is used."""
    connected = asyncio.Event()

    class Slow(Troubled):
        async def multi_get(self, keys, *, timeout):
            await connected.wait()
            return [None]

    backend = Slow(answer=b"v")
    store = Store(backend, max_value_bytes=100, remote=True, clock=clock)
    for _ in range(5):
        assert await store.get("k") is None
    assert backend.calls == 0
    connected.set()
    await settled(store)
    assert await store.get("k") == b"v"
    await store.close()


async def test_closing_ends_a_trial_under_way(clock):
    """No task is left behind."""

    class Hanging(Troubled):
        async def multi_get(self, keys, *, timeout):
            await asyncio.sleep(60)

    store = Store(Hanging(), max_value_bytes=100, remote=True, clock=clock)
    await store.get("k")
    await asyncio.sleep(0)
    await store.close()
    assert store._trial.cancelled()


@pytest.mark.parametrize("answer", [None, [], [None], "text", ["text"], [7], {}])
async def test_nonsense_counts_as_missing(answer):
    """What is no bytes is not there."""
    store = Store(Troubled(answer=answer), max_value_bytes=100)
    if not isinstance(answer, list):
        assert await store.get("k") is None
    else:
        assert await store.get_many(["k"]) == {}


async def test_values_too_large_are_not_sent():
    """The network is spared what would not be kept."""
    backend = Troubled()
    store = Store(backend, max_value_bytes=3)
    await store.put("k", b"1234", ttl_s=1)
    await store.put_many([("k", b"1234")], ttl_s=1)
    assert backend.calls == 0
    await store.put_many([("k", b"1234"), ("l", b"123")], ttl_s=1)
    assert backend.calls == 1


# Redis and Valkey

with_redis = pytest.mark.skipif(
    importlib.util.find_spec("redis") is None, reason="the extra `redis` is not installed"
)


@pytest.mark.skipif(importlib.util.find_spec("redis") is not None, reason="it is installed")
def test_redis_without_its_library_is_said():
    """The text names the extra."""
    with pytest.raises(ConfigError, match=r"nomad-optimade-gateway\[redis\]"):
        open_store("redis", url="redis://127.0.0.1/0", max_bytes=0)


@with_redis
@pytest.mark.parametrize("url", ["http://host/0", "redis:///0", "redis://host/x", "redis://h:x/0"])
def test_a_bad_address_is_said(url):
    """Without repeating it: it may hold a password."""
    with pytest.raises(ConfigError, match="must be like redis://host:6379/0"):
        open_store("redis", url=url, max_bytes=0)


@pytest.fixture
async def redis_url(tmp_path):
    """A Redis of this test's own."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        pytest.skip("neither valkey-server nor redis-server is installed")
    path = tmp_path / "redis.conf"
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    path.write_text(f'bind 127.0.0.1\nport {port}\nsave ""\ndir {tmp_path}\nrequirepass "p@ss"\n')
    with subprocess.Popen([program, str(path)], stdout=subprocess.DEVNULL) as running:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                break
            except OSError:
                await asyncio.sleep(0.02)
        yield f"redis://:p%40ss@127.0.0.1:{port}/1"
        running.terminate()


@pytest.fixture
async def redis_caches():
    """Caches over a Redis that are connected, and closed in the end."""
    caches = []

    async def make(url, **options):
        cache = open_cache("redis", url=url, **options)
        caches.append(cache)
        for _ in range(100):
            await cache.find("k")
            if cache._store._answers:
                break
            await asyncio.sleep(0.05)
        return cache

    yield make
    for cache in caches:
        await cache.close()


PARTS = {"generation": "", "identity": "public", "path": "/p"}


@with_redis
async def test_two_replicas_share_a_redis(redis_url, redis_caches, site):
    """What one keeps the other finds; namespaces stay apart; values go after their time."""
    one = await redis_caches(redis_url, namespace="n")
    two = await redis_caches(redis_url, namespace="n")
    apart = await redis_caches(redis_url, namespace="m")
    key = one.answer_key(site, content=b"{}", **PARTS)
    await one.keep(key, b'{"a":1}', fresh_s=0.5)
    kept = await two.find(key)
    assert bytes(kept.value) == b'{"a":1}'
    assert await apart.find(apart.answer_key(site, content=b"{}", **PARTS)) is None
    bodies = {BodyKey("s", f"e{n}", "v"): b"%d" % n for n in range(200)}
    await one.put_bodies(bodies)
    assert dict(await two.get_bodies([*bodies, BodyKey("s", "none", "v")])) == bodies
    await asyncio.sleep(0.6)
    assert await two.find(key) is None


@with_redis
async def test_many_at_once_take_turns(redis_url, redis_caches, site, caplog):
    """A burst does not count as an outage."""
    cache = await redis_caches(redis_url)
    keys = [cache.answer_key(site, content=b"%d" % n, **PARTS) for n in range(300)]
    await cache.keep(keys[0], b"{}", fresh_s=10)
    found = await asyncio.gather(*(cache.find(key) for key in keys))
    assert sum(kept is not None for kept in found) == 1
    assert not caplog.records


@with_redis
async def test_a_value_of_another_kind_counts_as_missing(redis_url, redis_caches, site):
    """Somebody else's data under our key is an error of Redis, and a miss here."""
    cache = await redis_caches(redis_url)
    key = cache.answer_key(site, content=b"{}", **PARTS)
    await cache._store._backend.client.hset(key, "field", "value")
    assert await cache.find(key) is None


async def nonsense(connection):
    while True:
        await connection.reader.read(100)
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def hang(connection):
    await asyncio.sleep(60)


@with_redis
@pytest.mark.parametrize("handler", [None, nonsense, hang], ids=["down", "nonsense", "hangs"])
async def test_a_redis_in_trouble_costs_nothing(servers, handler, caplog):
    """Nobody waits for it, and the log has one line at most."""
    port = (await servers.start(handler)).port if handler else 9
    cache = open_cache("redis", url=f"redis://127.0.0.1:{port}/0")
    clock = asyncio.get_running_loop().time
    began = clock()
    for _ in range(20):
        assert await cache.find("k") is None
        await cache.keep("k", b"{}", fresh_s=1)
        await asyncio.sleep(0.005)
    assert clock() - began < 1
    assert len(caplog.records) <= 1
    await cache.close()


@with_redis
async def test_a_redis_that_stops_answering(redis_url, redis_caches, site, caplog):
    """One question waits a twentieth of a second, the next ones not at all."""
    cache = await redis_caches(redis_url)
    key = cache.answer_key(site, content=b"{}", **PARTS)
    await cache._store._backend.client.execute_command("CLIENT", "PAUSE", "2000")
    clock = asyncio.get_running_loop().time
    began = clock()
    for _ in range(20):
        assert await cache.find(key) is None
    assert clock() - began < 0.5
    assert len(caplog.records) == 1
