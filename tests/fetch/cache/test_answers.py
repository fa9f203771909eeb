"""What is cached, under which key, and what a damaged or foreign value does."""

from dataclasses import replace

import pytest

from gateway.fetch.cache.answers import (
    _CHECK,
    FORMAT,
    LATE_S,
    AnswerCache,
    ArchiveKey,
    _checksum,
    fingerprint,
    open_cache,
)
from gateway.fetch.cache.memory import BoundedMemory
from gateway.fetch.cache.store import LocalStore


@pytest.fixture
def memory(clock):
    return BoundedMemory(max_bytes=2**20, clock=clock)


@pytest.fixture
def kept(memory, clock):
    store = LocalStore(memory, max_value_bytes=2**17)
    return AnswerCache(store, answers_s=10, bodies_s=100, stale_s=5, now=clock)


def key_of(cache, site, *, identity="public", content=b"/entries/query\n{}"):
    digest = cache.key_maker(site, identity=identity)
    digest.update(content)
    return digest.digest()


async def test_a_value_comes_back_with_its_age(kept, site, clock):
    """Fresh or stale is for the reader to say."""
    key = key_of(kept, site)
    kept.keep(key, b'{"a":1}')
    clock += 9
    found = await kept.find(key)
    assert (bytes(found.value), found.age_s, found.is_fresh) == (b'{"a":1}', 9, True)
    clock += 3
    found = await kept.find(key)
    assert (found.age_s, found.is_fresh) == (12, False)


async def test_each_part_of_an_archives_key_counts(kept):
    """Where one part ends and the next begins, too: sites do not read each other's."""
    keys = [
        ArchiveKey("ab", "c", "d"),
        ArchiveKey("a", "bc", "d"),
        ArchiveKey("ab", "", "cd"),
        ArchiveKey("", "ab", "cd"),
        ArchiveKey("abcd", "", ""),
        ArchiveKey("1:a", "b", ""),
        ArchiveKey("1", ":a", "b"),
    ]
    kept.put_archives([(key, b"%d" % number) for number, key in enumerate(keys)])
    found = await kept.get_archives(keys)
    assert [bytes(found[key]) for key in keys] == [b"%d" % number for number in range(len(keys))]


async def test_a_value_that_is_too_short_is_none(kept, memory, site):
    """Whatever its checksum says."""
    key = key_of(kept, site)
    name = kept._name(key)
    for length in range(4, 24):
        sealed = FORMAT + _CHECK.pack(_checksum(name, bytes(max(0, length - 8)), b""))
        memory.write(name, sealed + bytes(max(0, length - 8)), ttl_s=10)
        assert await kept.find(key) is None


async def test_a_value_goes_after_its_time_and_grace(kept, site, clock):
    """Nothing is kept that nobody may have."""
    key = key_of(kept, site)
    kept.keep(key, b"{}")
    clock += 14.9
    assert await kept.find(key) is not None
    clock += 0.2
    assert await kept.find(key) is None


async def test_a_late_answer_is_fresh_for_longer(kept, site, clock):
    """Its caller comes back after some seconds; never shorter than others are kept."""
    key = key_of(kept, site)
    kept.keep(key, b"{}", is_late=True)
    clock += LATE_S - 1
    assert (await kept.find(key)).is_fresh
    clock += 2
    assert not (await kept.find(key)).is_fresh
    clock += 5
    assert await kept.find(key) is None
    patient = AnswerCache(kept._store, answers_s=3 * LATE_S, now=clock)
    patient.keep(key, b"{}", is_late=True)
    assert (await patient.find(key)).fresh_s == 3 * LATE_S


def test_equal_requests_have_one_key(kept, site):
    """How the site may be asked, or is called, does not matter."""
    assert key_of(kept, site) == key_of(kept, replace(site, concurrency=3, title="x"))


def test_everything_that_matters_is_in_the_key(kept, site, memory):
    """Site, address, identity, request, namespace: each alone makes another key; none runs into
    another."""
    elsewhere = AnswerCache(LocalStore(memory, max_value_bytes=9), namespace="other")
    keys = {
        key_of(kept, site),
        key_of(kept, replace(site, name="oasis-c")),
        key_of(kept, replace(site, url="http://elsewhere/api/v1")),
        key_of(kept, site, identity=fingerprint("token")),
        key_of(kept, site, content=b"/info"),
        key_of(kept, site, identity="publi", content=b"c/entries/query\n{}"),
        key_of(elsewhere, site),
    }
    assert len(keys) == 7


def test_keys_hold_no_secrets(kept):
    """A token is hashed before it becomes part of a key."""
    assert "geheim" not in fingerprint("geheim")
    assert fingerprint("a") != fingerprint("b")
    assert fingerprint(None) == fingerprint("") == "public"


ARCHIVES = {
    ArchiveKey("a http://a/api/v1", "entry1", "2024-01-01"): b'{"x":1}',
    ArchiveKey("a http://a/api/v1", "entry2", "2024-01-01"): b'{"x":2}',
}


async def test_bodies_are_kept_for_long(kept, clock):
    """All that are there come at once, the others are left out."""
    kept.put_archives(list(ARCHIVES.items()))
    newer = ArchiveKey("a http://a/api/v1", "entry1", "2024-01-02")
    other = ArchiveKey("b http://b/api/v1", "entry1", "2024-01-01")
    clock += 99
    found = await kept.get_archives([*ARCHIVES, newer, other])
    assert {key: bytes(value) for key, value in found.items()} == ARCHIVES
    assert not await kept.get_archives([])
    clock += 2
    assert not await kept.get_archives(ARCHIVES)


async def test_a_damaged_body_is_left_out(kept, memory):
    """The other one still comes."""
    kept.put_archives(list(ARCHIVES.items()))
    name = next(iter(memory._values))
    memory.write(name, memory.read(name)[:-1] + b"~", ttl_s=100.0)
    assert len(await kept.get_archives(ARCHIVES)) == 1


async def test_a_value_under_another_key_counts_as_missing(kept, memory, site):
    """Even a whole value of ours is not given as the answer to another question."""
    one, other = key_of(kept, site), key_of(kept, site, content=b"/info")
    kept.keep(one, b"{}")
    memory.write(kept._name(other), memory.read(kept._name(one)), ttl_s=10.0)
    assert await kept.find(one) is not None
    assert await kept.find(other) is None


async def test_values_too_large_are_not_cached(kept, site):
    """The others stay."""
    kept.keep(key_of(kept, site), b"{}")
    kept.keep(key_of(kept, site, content=b"large"), bytes(kept.keep_bytes + 1))
    kept.put_archives([(next(iter(ARCHIVES)), bytes(kept.keep_bytes + 1))])
    assert await kept.find(key_of(kept, site)) is not None
    assert await kept.find(key_of(kept, site, content=b"large")) is None
    assert not await kept.get_archives(ARCHIVES)


async def test_a_clock_that_goes_back_makes_nothing_old(kept, site, clock):
    """Replicas' clocks differ a little: an age is never negative."""
    kept.keep(key_of(kept, site), b"{}")
    clock += -30
    assert (await kept.find(key_of(kept, site))).age_s == 0


async def test_a_cache_that_is_off_keeps_nothing(site):
    """`none` and a size of zero."""
    for cache in (open_cache("none"), open_cache("memory", max_bytes=0)):
        assert cache.keep_bytes == 0
        assert not cache.keeps_answers
        cache.keep(key_of(cache, site), b"{}")
        cache.put_archives(list(ARCHIVES.items()))
        assert await cache.find(key_of(cache, site)) is None
        assert not await cache.get_archives(ARCHIVES)
        await cache.close()
    assert not open_cache("memory", answers_s=0).keeps_answers
