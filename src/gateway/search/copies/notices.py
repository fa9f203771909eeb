"""The warnings about copies."""

from collections.abc import Iterator, Mapping

from gateway.model import Notice
from gateway.search.planned_request import PlannedRequest


def copy_notice(site: str) -> Notice:
    """Another site's copy of an entry is served, as the site that was asked for is away."""
    return Notice(
        title="Copy served",
        detail=f"{site} does not answer; this is the copy of the entry that another site holds, "
        "with that site's id and values.",
        code="copy_served",
    )


def copies_notices(planned: PlannedRequest, counts: Mapping[str, int]) -> Iterator[Notice]:
    """The warning that entries may be listed several times, where that can be so: `counts` are how
    many entries match at each site that has answered."""
    some = [site for site, count in counts.items() if count]
    sites = [site for site in planned.listed if site in some]
    if sites and len(some) > 1:
        yield Notice(
            title="Copies listed",
            detail=f"Which entries of {', '.join(sites)} are copies of other sites' entries is not "
            "known yet; an entry that several sites hold is listed once for each of them.",
            code="copies_listed",
        )
