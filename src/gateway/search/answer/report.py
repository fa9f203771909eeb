"""What each site did, and what is reported to the caller."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from gateway.model import Entry, Notice, SiteFailure, SiteHits, SiteReport, SiteState
from gateway.search.listing.page_state import PageResult
from gateway.search.planned_request import PlannedRequest
from gateway.search.sites.site_stats import SiteStats

NOT_CHOSEN = "not among the sites asked for"
STALE = "the site does not answer; this is an earlier answer"
LATE = "has not read all archives in time"


Why: TypeAlias = Literal["broken", "late"]
_REASONS: Mapping[Why, str] = {
    "broken": "cannot read some archives",
    "late": LATE,
}
_ADVICE: Mapping[Why, str] = {"broken": "", "late": " Asking again gets further."}


def site_reports(
    planned: PlannedRequest, found: PageResult, site_stats: SiteStats, *, names: Iterable[str]
) -> tuple[SiteReport, ...]:
    """One report per site, in the order of `names`."""
    return tuple(_report(name, planned, found, site_stats) for name in names)


def returned_of(planned: PlannedRequest, found: PageResult, site_stats: SiteStats) -> int:
    """How many entries of all sites match: exact, a missing site's part as last known."""
    known = (site_stats.last_count(site, planned.queries[site]) for site in found.failures)
    exact = sum(answer.total for answer in found.answers.values())
    return exact + sum(count or 0 for count in known)


def site_notices(
    planned: PlannedRequest, found: PageResult, site_stats: SiteStats
) -> Iterator[Notice]:
    """A warning for each site that failed, was stale or whose archives are broken."""
    for failure in found.failures.values():
        yield missing_notice(
            failure, site_stats.last_count(failure.site, planned.queries[failure.site])
        )
    for answer in found.answers.values():
        if answer.state == "stale":
            yield stale_notice(answer.site)
    for (site, why), count in Counter(_missing(found.entries)).items():
        some = "1 entry is" if count == 1 else f"{count} entries are"
        yield Notice(
            title="Archives not available",
            detail=f"{site} {_REASONS[why]}; {some} served with what its index holds."
            f"{_ADVICE[why]}",
            code="site_partial",
        )


def stale_notice(site: str) -> Notice:
    """The warning for a site whose earlier answer is served."""
    return Notice(
        title="Stale answer",
        detail=f"{site} does not answer now; its entries are from an earlier answer and may have "
        "changed.",
        code="site_stale",
    )


def missing_notice(failure: SiteFailure, last: int | None) -> Notice:
    """The warning for a site that failed; `last` is the last known count of what matches there."""
    if last is None:
        counted = "it is not in data_returned"
    else:
        counted = f"data_returned counts {last} entries of it, as last known"
    return Notice(
        title="Site missing",
        detail=f"{failure.site} is missing from this answer ({failure.reason}); {counted}. "
        "links.next keeps its place.",
        code="site_failed",
    )


def _report(
    name: str, planned: PlannedRequest, found: PageResult, site_stats: SiteStats
) -> SiteReport:
    spent = found.milliseconds.get(name)
    taken = None if spent is None else round(spent, 1)
    if name in planned.excluded:
        return SiteReport(name, "excluded", NOT_CHOSEN)
    if name in planned.pruned:
        return SiteReport(name, "pruned", planned.pruned[name], total=0)
    if name in found.failures:
        last = site_stats.last_count(name, planned.queries[name])
        failure = found.failures[name]
        return SiteReport(name, "failed", failure.reason, total=last, milliseconds=taken)
    answer = found.answers[name]
    returned = sum(hit.site == name for hit in found.page)
    state, reason = _state(answer, found)
    return SiteReport(name, state, reason, answer.total, returned, taken)


def _state(answer: SiteHits, found: PageResult) -> tuple[SiteState, str | None]:
    reasons = [why for site, why in _missing(found.entries) if site == answer.site]
    if reasons:
        return "partial", _REASONS["late" if "late" in reasons else "broken"]
    if answer.state == "stale":
        return "stale", STALE
    return answer.state, None


def _missing(entries: Iterable[Entry]) -> Iterator[tuple[str, Why]]:
    """Site and reason of each entry whose archive was wanted and is not there."""
    for entry in entries:
        if entry.missing is not None:
            yield entry.site, entry.missing
