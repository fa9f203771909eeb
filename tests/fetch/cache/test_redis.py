"""Redis and Valkey as the cache: shared by replicas, and no trouble when they are in trouble."""

import asyncio
import importlib.util
import shutil
import subprocess

import pytest

from gateway.errors import ConfigError
from gateway.fetch.cache.answers import ArchiveKey, open_cache
from gateway.fetch.cache.store import BUSY_S, READ_S, open_store
from tests.fetch.asking import ask

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
            await cache.find(b"k")
            if cache._store._is_usable:
                break
            await asyncio.sleep(0.05)
        return cache

    yield make
    for cache in caches:
        await cache.close()


def key_of(cache, site, content=b"{}"):
    digest = cache.key_maker(site, identity="public")
    digest.update(content)
    return digest.digest()


async def settled(cache):
    """Wait for the writes under way."""
    if cache._store._writer is not None:
        await asyncio.wait([cache._store._writer])


@with_redis
async def test_two_replicas_share_a_redis(redis_url, redis_caches, site):
    """What one keeps the other finds; namespaces stay apart; values go after their time."""
    one = await redis_caches(redis_url, namespace="n", answers_s=1.0)
    two = await redis_caches(redis_url, namespace="n")
    apart = await redis_caches(redis_url, namespace="m")
    key = key_of(one, site)
    one.keep(key, b'{"a":1}')
    await settled(one)
    kept = await two.find(key)
    assert bytes(kept.value) == b'{"a":1}'
    assert await apart.find(key_of(apart, site)) is None
    archives = {ArchiveKey("s", f"e{n}", "v"): b"%d" % n for n in range(200)}
    one.put_archives(list(archives.items()))
    await settled(one)
    found = await two.get_archives([*archives, ArchiveKey("s", "none", "v")])
    assert {held: bytes(value) for held, value in found.items()} == archives
    await asyncio.sleep(1.1)
    assert await two.find(key) is None


@with_redis
async def test_many_at_once_take_turns(redis_url, redis_caches, site, caplog):
    """A burst does not count as an outage."""
    cache = await redis_caches(redis_url)
    keys = [key_of(cache, site, b"%d" % n) for n in range(300)]
    cache.keep(keys[0], b"{}")
    await settled(cache)
    found = await asyncio.gather(*(cache.find(key) for key in keys))
    assert sum(kept is not None for kept in found) <= 1  # on a busy machine it may come too late
    assert not caplog.records
    for _ in range(50):
        if await cache.find(keys[0]) is not None:
            break
    else:
        pytest.fail("the cache is not used any more")


@with_redis
async def test_a_value_of_another_kind_counts_as_missing(redis_url, redis_caches, site):
    """Somebody else's data under our key is an error of Redis, and a miss here."""
    cache = await redis_caches(redis_url)
    key = key_of(cache, site)
    await cache._store._backend.client.hset(cache._name(key), "field", "value")
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
        assert await cache.find(b"k") is None
        cache.keep(b"k", b"{}")
        await asyncio.sleep(0.005)
    assert clock() - began < 3
    assert len(caplog.records) <= 1
    await cache.close()


@with_redis
async def test_a_redis_that_stops_answering(redis_url, redis_caches, site, caplog):
    """Reads wait a twentieth of a second for a short while, and then not at all."""
    cache = await redis_caches(redis_url)
    key = key_of(cache, site)
    await cache._store._backend.client.execute_command("CLIENT", "PAUSE", "2000")
    clock = asyncio.get_running_loop().time
    began = clock()
    for _ in range(100):
        assert await cache.find(key) is None
    assert clock() - began < BUSY_S + 20 * READ_S
    assert len(caplog.records) == 1


async def garbage(connection):
    await connection.reader.read(100)
    for sent in (b"*2\r\n$5\r\nab", b"$-7\r\n", b":\r\n", b"%1\r\n+a\r\n", b"\x00\xff" * 99):
        await connection.send(sent)
        await asyncio.sleep(0.01)


@with_redis
async def test_a_redis_that_goes_mad_is_no_traceback(redis_url, servers, client_of, caplog):
    """Requests are answered whatever it sends, and the log has lines of ours alone."""

    async def answer(connection, request):
        await connection.respond({"n": request.json["n"]})

    site = await servers.answering(answer)
    url = f"redis://127.0.0.1:{(await servers.start(garbage)).port}/0"
    cache = open_cache("redis", url=url)
    client = client_of(site, with_={"cache": cache})
    cache._store._is_usable = True  # as if it had been well until now
    for n in range(40):
        assert (await ask(client, {"n": n})).data == {"n": n}
        cache._store._is_usable = True
    await client.close()
    await cache.close()
    assert all(record.exc_info is None for record in caplog.records)
