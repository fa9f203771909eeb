"""`gateway explain --count`: how many entries match, and how many without each condition."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import httpx

from gateway.cli.demo import OASIS_PATH, demo_config
from gateway.config import Config
from gateway.demo import DEMO_SITES, create_demo_oasis
from gateway.model import STRUCTURES, JsonObject, Omission, SearchRequest
from gateway.search import Federation

_STEP = "  "


@dataclass(frozen=True, slots=True)
class Counts:
    """What a filter finds."""

    total: int
    """Entries that match; where sites are missing, those of the others."""
    omissions: tuple[Omission, ...]
    warnings: tuple[str, ...]
    """What is wrong with the total."""


async def count_filter(text: str, config: Config | None) -> Counts:
    """Ask the configured sites, or the demo's, which then run in this process."""
    federation = Federation(config) if config else _demo()
    await federation.open()
    try:
        await federation.know_copies()
        request = SearchRequest(
            STRUCTURES, filter=text, page_limit=1, response_fields=(), patient=True
        )
        answer = await federation.search(request)
        missing = tuple(one.detail for one in answer.notices if one.code == "site_failed")
        return Counts(answer.data_returned, await federation.without_each(request), missing)
    finally:
        await federation.close()


def counts_lines(counts: Counts) -> Iterator[str]:
    """For people."""
    yield "entries"
    yield f"{_STEP}{counts.total} match"
    for one in counts.omissions:
        count = "unknown" if one.count is None else one.count
        yield f"{_STEP}{count} without {one.condition}"


def counts_object(counts: Counts) -> JsonObject:
    """For programs."""
    return {
        "count": counts.total,
        "without": [asdict(one) for one in counts.omissions],
        "count_warnings": list(counts.warnings),
    }


def _demo() -> Federation:
    config = demo_config({site.name: f"http://{site.name}.demo" for site in DEMO_SITES})
    oases = {
        site.name: httpx.ASGITransport(create_demo_oasis(site.name, path=OASIS_PATH))
        for site in DEMO_SITES
    }
    return Federation(config, transports=oases)
