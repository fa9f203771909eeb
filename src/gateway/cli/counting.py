"""`gateway explain --count`: how many entries match, and how many without each condition."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from gateway.cli.demo import embedded_demo
from gateway.config import Config
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
    sites: tuple[tuple[str, int | None], ...] = ()
    """Each site's part of the total; None: not known."""


async def count_filter(text: str, config: Config | None) -> Counts:
    """Ask the configured sites, or the demo's, which then run in this process."""
    federation = Federation(config) if config else embedded_demo()[1]
    await federation.open()
    try:
        await federation.wait_for_copies()
        request = SearchRequest(
            STRUCTURES, filter=text, page_limit=1, response_fields=(), patient=True
        )
        answer = await federation.search(request)
        missing = tuple(one.detail for one in answer.notices if one.code == "site_failed")
        sites = tuple((one.name, one.total) for one in answer.reports)
        without = await federation.without_each(request)
        return Counts(answer.data_returned, without, missing, sites)
    finally:
        await federation.close()


def counts_lines(counts: Counts) -> Iterator[str]:
    """For people."""
    yield "entries at each site"
    for name, total in counts.sites:
        yield f"{_STEP}{'unknown' if total is None else total} at {name}"
    yield "entries"
    yield f"{_STEP}{counts.total} match"
    for one in counts.omissions:
        count = "unknown" if one.count is None else one.count
        yield f"{_STEP}{count} without {one.condition}"


def counts_object(counts: Counts) -> JsonObject:
    """For programs."""
    return {
        "count": counts.total,
        "count_by_site": dict(counts.sites),
        "without": [asdict(one) for one in counts.omissions],
        "count_warnings": list(counts.warnings),
    }
