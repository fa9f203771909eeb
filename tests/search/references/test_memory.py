"""Tables and lists of references are cached by what they take, not by their number alone."""

import asyncio
import gc
import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.references import LONGEST, Reference
from gateway.search.references.joined import MOST_CHARACTERS, JoinedCache, Source
from gateway.search.references.tables import CACHED_BYTES, ReferenceTables, Table, _Cached, size_of
from gateway.shape.references import Cited

SITES: Mapping[str, Any] = dict.fromkeys("abc")


@pytest.mark.parametrize(
    "text", ["r{}", "https://example.org/a/b/c/{}", "{}" + "\u4e2d" * 400, "{}" + "é" * 900]
)
@pytest.mark.parametrize("title", [None, "a title {}", "\u4e2d" * 100 + "{}"])
def test_what_a_reference_takes(text: str, title: str | None) -> None:
    """No more than it is counted with."""
    gc.collect()
    tracemalloc.start()
    try:
        every = [
            Cited(
                Reference("doi", text.format(number)),
                title and title.format(number),
                10**12 + number,
                1000 + number,
                (f"berlin-{number}",),
            )
            for number in range(2_000)
        ]
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= sum(map(size_of, every)) < 2 * taken


async def keep(tables: ReferenceTables, site: str, *, size: int, variant: bytes = b"") -> Table:
    cited = (Cited(Reference("ref", f"{site}{variant!r}"), sites=(site,)),)
    table = Table(cited, size=size)
    return await tables._keep((site, variant), _Cached(), table, asyncio.get_running_loop().time())


async def test_tables_share_one_bound() -> None:
    """What was used longest ago leaves first, whichever site's it is."""
    tables = ReferenceTables(SITES, reuse_s=60)
    third = CACHED_BYTES // 3
    for site in "abc":
        await keep(tables, site, size=third)
    assert all(tables.last(site) for site in "abc")
    tables.last("a")
    await keep(tables, "c", size=third, variant=b"other")
    assert [tables.last(site) is not None for site in "abc"] == [True, False, True]
    assert tables._tables.currsize <= CACHED_BYTES


async def test_one_that_takes_more_than_all_may_is_given_and_not_kept() -> None:
    """The request has it; the next one reads it anew."""
    tables = ReferenceTables(SITES, reuse_s=60)
    await keep(tables, "a", size=1)
    table = await keep(tables, "a", size=CACHED_BYTES + 1, variant=b"large")
    assert len(table.cited) == 1
    assert tables.last("a") is None
    assert tables._tables.currsize == 1


async def test_lists_of_long_references_leave_sooner() -> None:
    """Their ids hold them once more, escaped."""
    cache, each = JoinedCache(), MOST_CHARACTERS // 3 // LONGEST
    for turn in range(5):
        long = [Cited(Reference("ref", f"{turn}-{n}-".ljust(LONGEST, "x"))) for n in range(each)]
        await cache.join([Source("a", tuple(long))])
    lists = [one for _, one in cache._lists]
    assert len(lists) in (2, 3)
    assert sum(len(id_) for one in lists for id_ in one.cited) <= MOST_CHARACTERS
    assert {id_.split("-")[0] for id_ in lists[-1].cited} == {"ref.4"}
