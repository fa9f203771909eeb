"""What an index of very many uploads takes: memory, and time of the event loop in one piece."""

import gc
import tracemalloc

import pytest

from gateway.search.copies.assignment import condition_of
from gateway.search.copies.owners import exclusions
from tests.search.copies.many_uploads import IndexOfMany, LoopHolds, upload_ids

SITES = ("berlin", "dresden", "munich")
MOST_BYTES = 1_000
"""For an upload that three sites hold: 30 MB for 30,000 of them."""
MOST_MS = 50.0
OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern=pattern)
    for pattern in ("*/gateway/*", "*/many_uploads.py")
]
"""What this process does beside, e.g. for tests before this one, is not the index's."""


async def test_memory() -> None:
    """At most 30 MB for 30,000 uploads at each of three sites, all of them shared: an upload takes
    as much whatever their number is."""
    count = 3_000
    await IndexOfMany({site: upload_ids(10) for site in SITES}).refresh()
    index = IndexOfMany({site: upload_ids(count) for site in SITES})
    gc.collect()
    tracemalloc.start()
    try:
        await index.refresh()
        assert index.latest is not None
        assert len(index.latest.uploads) == count
        found = exclusions(index.latest, sites=SITES)
        kept = [condition_of(one, index.uploads(site)) for site, one in found.items()]
        gc.collect()
        snapshot = tracemalloc.take_snapshot().filter_traces(OURS)
        taken = sum(one.size for one in snapshot.statistics("filename"))
    finally:
        tracemalloc.stop()
    assert [one.hidden for one in kept] == [2 * count] * 2
    assert taken < MOST_BYTES * count


@pytest.mark.slow
async def test_the_event_loop_goes_on() -> None:
    """No piece of the reading, of the comparison or of a further look holds it for 50 ms, with
    30,000 uploads at each of three sites; processor time, with garbage collected as in a server."""
    index = IndexOfMany({site: upload_ids(30_000) for site in SITES})
    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    try:
        holds = LoopHolds()
        await index.refresh()
        index.suspect(SITES)
        index._is_settled = False
        await index.refresh()
        assert holds.stop() < MOST_MS
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
