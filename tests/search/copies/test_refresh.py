"""The index is read in the background: little while nothing changes, all that has changed, and it
outlives every error."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.fetch.cache.answers import open_cache
from gateway.fetch.http.client import SiteClient
from gateway.model import NativeQuery, Site
from gateway.properties import STRUCTURE
from gateway.search.copies import CopyIndex, exclusions
from gateway.search.copies.refresh import KEPT
from tests.whole.lines import Line, refused
from tests.whole.oases import DemoLine, make_line

SITES = ("berlin", "munich")


def upload(upload_id: str, ids: str, **changes: object) -> list[DemoLine]:
    return [make_line(f"{upload_id}-{i}", upload_id=upload_id, **changes) for i in ids]


@dataclass
class Reading:
    index: CopyIndex
    lines: dict[str, Line]
    clients: dict[str, SiteClient]

    def hold(self, site: str, *uploads: list[DemoLine]) -> None:
        app = create_demo_oasis([line for one in uploads for line in one], path="")
        self.lines[site].inner = httpx.ASGITransport(app)

    async def asked(self) -> int:
        """How many requests one more look takes."""
        for line in self.lines.values():
            line.asked.clear()
        await self.index.refresh()
        return sum(len(line.asked) for line in self.lines.values())

    def shared(self) -> dict[str, dict[str, tuple[int, list[str]]]]:
        assert self.index.latest is not None
        return {
            upload_id: {s: (h.count, sorted(h.extras)) for s, h in sorted(one.holdings.items())}
            for upload_id, one in self.index.latest.uploads.items()
        }


@asynccontextmanager
async def reading(
    *, base: NativeQuery = STRUCTURE, whole_s: float = 3600, sites: Sequence[str] = SITES
) -> AsyncIterator[Reading]:
    lines = {site: Line(httpx.ASGITransport(create_demo_oasis([], path=""))) for site in sites}
    clients = {
        site: SiteClient(
            Site(site, f"http://{site}.test/api/v1", site, attempts=1),
            cache=open_cache("none"),
            transport=lines[site],
        )
        for site in sites
    }
    index = CopyIndex(clients, base=base, refresh_s=0.01, whole_s=whole_s)
    yield Reading(index, lines, clients)
    await index.close()
    for client in clients.values():
        await client.close()


async def test_what_is_shared() -> None:
    """Uploads of several sites, and the entries that not all of them have."""
    async with reading() as one:
        one.hold("berlin", upload("same", "ab"), upload("part", "abc"), upload("own", "a"))
        one.hold("munich", upload("same", "ab"), upload("part", "bcd"))
        assert one.index.latest is None
        await one.index.refresh()
        assert one.shared() == {
            "part": {"berlin": (3, ["part-a"]), "munich": (3, ["part-d"])},
            "same": {"berlin": (2, []), "munich": (2, [])},
        }
        assert one.index.known == {*SITES}
        assert one.index.uploads("berlin") == {"same": 2, "part": 3, "own": 1}


async def test_structures_and_entries_differ() -> None:
    """What has no structure counts only where all entries do."""
    for base, count in ((STRUCTURE, 1), ({}, 2)):
        async with reading(base=base) as one:
            for site in SITES:
                lines = upload("same", "ab")
                del lines[0]["metadata"]["optimade"]
                one.hold(site, lines)
            await one.index.refresh()
            assert one.shared() == {"same": {s: (count, []) for s in SITES}}


async def test_nothing_new_costs_little() -> None:
    """Two small requests a site."""
    async with reading() as one:
        for site in SITES:
            one.hold(site, upload("same", "ab"))
        await one.index.refresh()
        before = one.index.latest
        assert await one.asked() == 2 * len(SITES)
        assert one.index.latest is before


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (upload("same", "abc"), {"same": {"berlin": (2, []), "munich": (3, ["same-c"])}}),
        (upload("same", "a"), {"same": {"berlin": (2, ["same-b"]), "munich": (1, [])}}),
        (upload("same", "ab", with_embargo=True), {}),
        (upload("same", "ac", last_processing_time="2024-01-01T00:00:00"),
         {"same": {"berlin": (2, ["same-b"]), "munich": (2, ["same-c"])}}),
        (upload("other", "ab", publish_time="2024-01-01T00:00:00"), {}),
    ],
    ids=["more", "less", "embargo", "processed anew with as many", "another"],
)  # fmt: skip
async def test_a_change_is_seen(change: list[DemoLine], held: dict[str, object]) -> None:
    """Publication, deletion, embargo, and processing; the generation before it stays."""
    async with reading() as one:
        for site in SITES:
            one.hold(site, upload("same", "ab"))
        await one.index.refresh()
        before = one.index.latest
        assert before is not None
        one.hold("munich", change)
        await one.index.refresh()
        assert one.shared() == held
        assert one.index.find(before.id) is before


async def test_all_is_read_anew_once_in_a_while() -> None:
    """Whatever the looks say."""
    async with reading(whole_s=0) as one:
        for site in SITES:
            one.hold(site, upload("same", "ab"))
        await one.index.refresh()
        assert await one.asked() > 2 * len(SITES)


async def test_old_generations_are_forgotten() -> None:
    """The last few are kept; what is the same in all of them is held once."""
    async with reading() as one:
        ids = []
        for count in range(1, KEPT + 4):
            for site in SITES:
                one.hold(site, upload("same", "abcdefghijklmnop"[:count]))
            await one.index.refresh()
            assert one.index.latest is not None
            ids.append(one.index.latest.id)
        assert one.index.find(ids[0]) is None
        assert all(one.index.find(id_) is not None for id_ in ids[-3:])


async def test_a_site_that_fails_keeps_what_is_known() -> None:
    """Its copies are still known while it is down; a new site is compared when it answers."""
    async with reading() as one:
        one.hold("berlin", upload("same", "ab"))
        one.hold("munich", upload("same", "ab"))
        one.lines["munich"].fault = refused
        await one.index.refresh()
        assert (one.shared(), one.index.known) == ({}, {"berlin"})
        assert one.index.age_s("munich") is None
        one.lines["munich"].fault = None
        await one.index.refresh()
        held = one.shared()
        assert held == {"same": {s: (2, []) for s in SITES}}
        one.lines["munich"].fault = refused
        await one.index.refresh()
        assert one.shared() == held


async def test_an_upload_that_cannot_be_compared_is_tried_again() -> None:
    """Until then its copies are listed."""
    async with reading() as one:
        for site in SITES:
            one.hold(site, upload("same", "ab"))
        one.lines["munich"].fault = lambda asked: (
            refused(asked) if "'entry_id'" in str(asked.body.get("aggregations")) else None
        )
        await one.index.refresh()
        assert one.shared() == {}
        one.lines["munich"].fault = None
        await one.index.refresh()
        assert one.shared() == {"same": {s: (2, []) for s in SITES}}


async def test_it_goes_on_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is logged once, and the next look is made all the same."""
    async with reading() as one:
        one.hold("berlin", upload("same", "ab"))
        one.hold("munich", upload("same", "ab"))
        publish, broken = one.index._publish, [True]

        def fails_first(generation: object) -> None:
            if broken.pop() if broken else False:
                raise RuntimeError("a bug")
            publish(generation)  # type: ignore[arg-type]

        one.index._publish = fails_first  # type: ignore[method-assign]
        one.index.open()
        async with asyncio.timeout(20):
            while one.index.latest is None or not one.index.latest.uploads:
                await asyncio.sleep(0.01)
        assert one.index.ready.is_set()
        errors = [one for one in caplog.records if one.levelname == "ERROR"]
        assert len(errors) == 1
        assert exclusions(one.index.latest, sites=SITES)["munich"].uploads == ("same",)
