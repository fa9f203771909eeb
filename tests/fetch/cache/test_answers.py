"""What is kept, under which key, and what a damaged or foreign value does."""

from dataclasses import replace

import pytest

from gateway.fetch.cache.answers import AnswerCache, BodyKey, canonical, fingerprint, open_cache
from gateway.fetch.cache.memory import BoundedMemory
from gateway.fetch.cache.store import Store


@pytest.fixture
def memory(clock):
    return BoundedMemory(max_bytes=2**20, clock=clock)


@pytest.fixture
def kept(memory, clock):
    store = Store(memory, max_value_bytes=2**17, clock=clock)
    return AnswerCache(store, answers_s=10, bodies_s=100, stale_s=5, now=clock)


def key_of(cache, site, **changes):
    parts = {
        "generation": "2.0.0",
        "identity": "public",
        "path": "/entries/query",
        "content": canonical({"owner": "public", "query": {"a": 1, "b": 2}}),
    }
    return cache.answer_key(site, **parts | changes)


async def test_a_value_comes_back_with_its_age(kept, site, clock):
    """Fresh or stale is for the reader to say."""
    key = key_of(kept, site)
    await kept.keep(key, b'{"a":1}', fresh_s=10)
    clock += 12
    value, age_s = await kept.find(key)
    assert (bytes(value), age_s) == (b'{"a":1}', 12)


async def test_a_value_goes_after_its_time_and_grace(kept, site, clock):
    """Nothing is kept that nobody may have."""
    key = key_of(kept, site)
    await kept.keep(key, b"{}", fresh_s=10)
    clock += 14.9
    assert await kept.find(key) is not None
    clock += 0.2
    assert await kept.find(key) is None


def test_equal_questions_have_one_key(kept, site):
    """The order of members does not matter, nor does how the site may be asked."""
    other = canonical({"query": {"b": 2, "a": 1}, "owner": "public"})
    assert key_of(kept, site) == key_of(kept, site, content=other)
    assert key_of(kept, site) == key_of(kept, replace(site, concurrency=3, title="x"))


def test_everything_that_matters_is_in_the_key(kept, site, memory):
    """Site, address, generation, identity, path, body, namespace: each alone makes another key."""
    elsewhere = AnswerCache(Store(memory, max_value_bytes=9), namespace="other")
    keys = {
        key_of(kept, site),
        key_of(kept, replace(site, name="oasis-c")),
        key_of(kept, replace(site, url="http://elsewhere/api/v1")),
        key_of(kept, site, generation="2.0.1"),
        key_of(kept, site, identity=fingerprint("token")),
        key_of(kept, site, path="/info"),
        key_of(kept, site, content=None),
        key_of(kept, site, content=canonical({"owner": "visible"})),
        key_of(kept, site, generation="2.0.0public", identity=""),
        key_of(elsewhere, site),
    }
    assert len(keys) == 10


def test_keys_hold_no_secrets(kept, site):
    """Keys are hashes; a token is hashed before."""
    key = key_of(kept, site, identity=fingerprint("geheim"))
    assert "geheim" not in key
    assert "geheim" not in fingerprint("geheim")
    assert fingerprint("a") != fingerprint("b")
    assert fingerprint(None) == "public"


BODIES = {
    BodyKey("a http://a/api/v1", "entry1", "2024-01-01"): b'{"x":1}',
    BodyKey("a http://a/api/v1", "entry2", "2024-01-01"): b'{"x":2}',
}


async def test_bodies_are_kept_for_long(kept, clock):
    """All that are there come at once, the others are left out."""
    await kept.put_bodies(BODIES)
    newer = BodyKey("a http://a/api/v1", "entry1", "2024-01-02")
    other = BodyKey("b http://b/api/v1", "entry1", "2024-01-01")
    clock += 99
    assert dict(await kept.get_bodies([*BODIES, newer, other])) == BODIES
    assert not await kept.get_bodies([])
    clock += 2
    assert not await kept.get_bodies(BODIES)


async def test_a_damaged_body_is_left_out(kept, memory):
    """The other one still comes."""
    await kept.put_bodies(BODIES)
    name = next(iter(memory._values))
    value = await memory.get(name)
    await memory.set(name, value[:-1] + b"~", ttl=100.0)
    assert len(await kept.get_bodies(BODIES)) == 1


async def test_a_value_under_another_key_counts_as_missing(kept, memory, site):
    """Even a whole value of ours is not given as the answer to another question."""
    one, other = key_of(kept, site), key_of(kept, site, path="/info")
    await kept.keep(one, b"{}", fresh_s=10)
    await memory.set(other, await memory.get(one), ttl=10.0)
    assert await kept.find(one) is not None
    assert await kept.find(other) is None


async def test_a_cache_that_is_off_keeps_nothing(site):
    """`none` and a size of zero."""
    for cache in (open_cache("none"), open_cache("memory", max_bytes=0)):
        assert cache.keep_bytes == 0
        await cache.keep(key_of(cache, site), b"{}", fresh_s=10)
        await cache.put_bodies(BODIES)
        assert await cache.find(key_of(cache, site)) is None
        assert not await cache.get_bodies(BODIES)
        await cache.close()
