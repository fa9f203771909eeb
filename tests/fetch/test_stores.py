"""Memory is bounded in bytes; a cache that is down or slow costs speed and a line in the log."""

import asyncio
import importlib.util
import shutil
import subprocess
import sys
import tracemalloc

import pytest

from gateway.errors import ConfigError
from gateway.fetch.cache import open_cache
from gateway.fetch.stores import ENTRY_OVERHEAD, BoundedMemory, Store, open_store

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


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("error", [OSError("down"), TimeoutError(), KeyError("own")])
async def test_a_cache_that_is_down_is_left_alone_for_a_while(use, error, clock, caplog):
    """One line in the log, no error, no further wait; then it is tried again."""
    backend = Troubled(error=error)
    store = Store(backend, max_value_bytes=100, errors=(KeyError,), rest_s=5.0, clock=clock)
    for _ in range(10):
        assert not await use(store)
    assert backend.calls == 1
    (record,) = caplog.records
    assert record.getMessage() == (
        f"cache does not answer ({type(error).__name__}): not used for 5 s"
    )
    clock += 5
    await use(store)
    assert backend.calls == 2


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


@with_redis
async def test_two_replicas_share_a_redis(redis_url, site):
    """What one keeps the other finds; namespaces stay apart; values go after their time."""
    one = open_cache("redis", url=redis_url, namespace="n", answers_s=0.2)
    two = open_cache("redis", url=redis_url, namespace="n")
    apart = open_cache("redis", url=redis_url, namespace="m")
    parts = {"generation": "", "identity": "public", "path": "/p", "content": b"{}"}
    key = one.answer_key(site, **parts)
    await one.keep(key, b'{"a":1}', fresh_s=0.3)
    kept = await two.find(key)
    assert bytes(kept.value) == b'{"a":1}'
    assert await apart.find(apart.answer_key(site, **parts)) is None
    bodies = {("s", f"e{n}", "v"): b"%d" % n for n in range(200)}
    await one.put_bodies(bodies)
    assert dict(await two.get_bodies([*bodies, ("s", "none", "v")])) == bodies
    await asyncio.sleep(0.4)
    assert await two.find(key) is None
    for cache in (one, two, apart):
        await cache.close()


@with_redis
async def test_many_at_once_wait_for_a_connection(redis_url, site, caplog):
    """A burst does not count as an outage."""
    cache = open_cache("redis", url=redis_url)
    parts = {"generation": "", "identity": "public", "path": "/p"}
    keys = [cache.answer_key(site, content=b"%d" % n, **parts) for n in range(100)]
    await asyncio.gather(*(cache.keep(key, b"{}", fresh_s=10) for key in keys[:1]))
    await asyncio.gather(*(cache.find(key) for key in keys))
    assert not caplog.records
    await cache.close()


@with_redis
async def test_a_redis_that_is_down(caplog):
    """Nobody waits, one line in the log."""
    cache = open_cache("redis", url="redis://127.0.0.1:9/0")
    for _ in range(5):
        assert await cache.find("k") is None
        await cache.keep("k", b"{}", fresh_s=1)
    assert len(caplog.records) == 1
    await cache.close()


@with_redis
async def test_a_redis_that_hangs(servers, caplog):
    """It costs a twentieth of a second once, then nothing for a while."""

    async def hang(connection):
        await asyncio.sleep(5)

    server = await servers.start(hang)
    cache = open_cache("redis", url=f"redis://127.0.0.1:{server.port}/0")
    clock = asyncio.get_running_loop().time
    began = clock()
    for _ in range(20):
        assert await cache.find("k") is None
    assert clock() - began < 0.5
    assert len(caplog.records) == 1
    await cache.close()


@with_redis
async def test_a_redis_that_talks_nonsense(servers, caplog):
    """Something else listens at that port."""

    async def nonsense(connection):
        while True:
            await connection.reader.read(100)
            await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await servers.start(nonsense)
    cache = open_cache("redis", url=f"redis://127.0.0.1:{server.port}/0")
    for _ in range(5):
        assert await cache.find("k") is None
    assert len(caplog.records) == 1
    await cache.close()


def test_nothing_of_redis_is_needed_for_memory():
    """The extra stays an extra."""
    assert "memory" in sys.modules or open_store("memory", url=None, max_bytes=KIB)
