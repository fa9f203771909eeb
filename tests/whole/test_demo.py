"""The three demo Oases, walked to their ends, against one sort of what they hold."""

from collections.abc import Iterator
from functools import cache

import pytest
from starlette.applications import Starlette

from gateway.demo import DEMO_SITES
from gateway.demo.store import read_entries
from tests.whole.demo_apps import demo_app
from tests.whole.expected import Known, Sort, known_entry
from tests.whole.oases import opened_apps
from tests.whole.walking import INDEX_ONLY, walk_of

VERSIONS = {"berlin": "2.0.0", "munich": "1.3.17", "dresden": "2.0.0"}


def entries_of(site: str) -> Iterator[Known]:
    """What anybody may see of a demo Oasis."""
    for entry in read_entries(site, version=VERSIONS[site]):
        document = entry.document
        if document["published"] and not document["with_embargo"] and "optimade" in document:
            index = document["optimade"]
            assert isinstance(index, dict)
            yield known_entry(site, document, index)


@cache
def demo() -> tuple[dict[str, Starlette], list[Known]]:
    """The Oases, which keep nothing of a walk, and all that they hold."""
    sites = [site.name for site in DEMO_SITES]
    apps = {site: demo_app(site, version=VERSIONS[site]) for site in sites}
    return apps, [one for site in sites for one in entries_of(site)]


@pytest.mark.parametrize(
    ("sort", "limit", "fields"),
    [
        ((), 250, None),
        ((), 97, INDEX_ONLY),
        ((("chemical_formula_descriptive", True),), 130, INDEX_ONLY),
        ((("nelements", True), ("nsites", False), ("last_modified", False)), 200, INDEX_ONLY),
        ((("id", True),), 300, INDEX_ONLY),
    ],
)  # fmt: skip
async def test_demo_is_walked_whole(sort: Sort, limit: int, fields: tuple[str, ...] | None) -> None:
    """Forward, back, from the end and by offset: every published structure once, in order."""
    apps, entries = demo()
    assert len(entries) > 900
    async with opened_apps(apps) as (federation, _):
        walk = walk_of(federation, entries, sort=sort, limit=limit, fields=fields)
        await walk.back_from(await walk.forward())
        await walk.last()
        for offset in (len(entries) // 2, len(entries) - 200, len(entries)):
            await walk.at_offset(offset)
        assert walk.problems == []
