"""Oases that hold copies of each other's uploads, and which site serves what of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gateway.demo import create_demo_oasis
from tests.native.expected import owners, served
from tests.native.gateways import Body, Native, native_over
from tests.whole.oases import DemoLine, make_line

SITES = ("berlin", "munich", "dresden")
EARLY, LATE = "2024-01-01T00:00:00", "2024-06-01T00:00:00"
ALONE = {"berlin": 30, "munich": 20, "dresden": 10}
"""Entries that nobody else has."""


def upload(upload_id: str, numbers: Sequence[int], **changes: Any) -> list[DemoLine]:
    """Entries whose copies have equal names; what is processed anew differs in its sort values."""
    late = changes.get("last_processing_time") == LATE
    return [
        make_line(
            f"{upload_id}-{at}",
            upload_id=upload_id,
            mainfile=f"{upload_id}/{at:02}.xml",
            publish_time=f"2024-0{at % 9 + 1}-0{1 + late}T00:00:00",
            **{"last_processing_time": EARLY, **changes},
        )
        for at in numbers
    ]


def lines() -> dict[str, list[DemoLine]]:
    """Copies whole, in part, of different parts, rewritten, under embargo, and of whole sites."""
    twelve = range(12)
    held = {
        "berlin": [*upload("whole", twelve), *upload("part", range(4)), *upload("mix", range(8)),
                   *upload("anew", twelve), *upload("hidden", range(6))],
        "munich": [*upload("whole", twelve, last_processing_time=LATE), *upload("part", twelve),
                   *upload("mix", range(4, 12)), *upload("hidden", range(6), with_embargo=True)],
        "dresden": [*upload("anew", twelve, last_processing_time=LATE),
                    *upload("mix", range(2, 6)), *upload("whole", range(3))],
    }  # fmt: skip
    for site, count in ALONE.items():
        held[site] += upload(f"own-{site}", range(count))
    return held


@asynccontextmanager
async def native_with_copies(
    held: Mapping[str, Sequence[DemoLine]], **sections: Any
) -> AsyncIterator[Native]:
    """A gateway that knows which entries of these sites are copies."""
    apps = {site: create_demo_oasis([*one], path="") for site, one in held.items()}
    copies = {"enabled": True, "refresh_s": 3600, **sections.pop("copies", {})}
    async with native_over(apps, copies=copies, **sections) as native:
        await native.federation.entry_copies.assignments.wait(10)
        for line in native.lines.values():
            line.asked.clear()
        yield native


async def listed(native: Native, body: Body, **pagination: Any) -> dict[str, list[Body]]:
    """All that matches at each site, by one page of the site's own."""
    whole = {**body, "pagination": {"page_size": 1000, **pagination}}
    return {site: (await native.at(site, whole))["data"] for site in native.sites}


async def served_by(native: Native) -> dict[str, str]:
    """The site that serves each entry, computed from what each site lists."""
    return owners(await listed(native, {}))


async def served_documents(native: Native, body: Body) -> dict[str, list[Body]]:
    """Of all that matches at each site, what it serves."""
    return served(await listed(native, body), await served_by(native))
