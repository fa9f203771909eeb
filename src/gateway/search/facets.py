"""The values of some properties over the whole result of all sites, each with its exact count.

A facet is exact or left out with a notice: where a site does not answer in time, or has more
values than it lists, the sum would be wrong. So is one that would make the answer too large.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.catalogue.quantities import OLDEST
from gateway.errors import ParameterError
from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.nomad.facets import MOST_VALUES, Counts, read_counts
from gateway.fetch.nomad.session import SiteSession
from gateway.model import (
    STRUCTURES,
    Facet,
    FacetSource,
    FacetValue,
    Notice,
    SearchRequest,
    SiteFailure,
    SiteReport,
)
from gateway.properties import Catalogue, facet_names, facet_source, nearest_names
from gateway.search.planned_request import PlannedRequest
from gateway.search.time_slices import TimeSlices

MOST_FACETS = 12
"""Of one request: each costs every site an aggregation over all that matches."""
MOST_LISTED = 10_000
"""Values of all facets of one answer: ranking and writing them takes some 30 ms."""
_DOING = "count values"

Values: TypeAlias = Counter[str | int | bool]
_Answer: TypeAlias = SiteAnswer[dict[str, Counts | None]] | SiteFailure


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """What was counted over all sites, by property, and what was not."""

    facets: Mapping[str, Facet] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def check_facets(request: SearchRequest, catalogue: Catalogue, *, prefix: str) -> None:
    """ParameterError where a name is none, or cannot be counted."""
    parameter = f"_{prefix}_facets"
    if not request.facets:
        return
    if request.entry_type != STRUCTURES:
        raise ParameterError("Only structures have facets.", parameter=parameter)
    if len(request.facets) > MOST_FACETS:
        raise ParameterError(
            f"{parameter} has {len(request.facets)} names; at most {MOST_FACETS} are counted at "
            "once.",
            parameter=parameter,
        )
    for name in request.facets:
        if name != _site_name(prefix):
            _check_name(name, catalogue, parameter=parameter)


def _check_name(name: str, catalogue: Catalogue, *, parameter: str) -> None:
    found = catalogue.get(name)
    if found is None:
        near = nearest_names(name, facet_names(catalogue), most=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ParameterError(
            f"There is no property {name[:100]!r} to count.{hint}", parameter=parameter
        )
    if facet_source(found) is None:
        ours = [one for one in facet_names(catalogue) if not one.startswith("_nmd_")]
        raise ParameterError(
            f"The values of {name} are not counted by the sites. Those of {', '.join(ours)} are, "
            "and those of the _nmd_ properties that are words.",
            parameter=parameter,
        )


async def read_facets(
    planned: PlannedRequest,
    sessions: Mapping[str, SiteSession],
    *,
    versions: Mapping[str, str | None],
    slices: TimeSlices,
) -> FacetCounts:
    """The counts of all sites together; never raises for a site."""
    catalogue = planned.catalogue
    sources = _sources(planned.request.facets, catalogue)
    asked = {
        site: _held(sources, catalogue, version=versions.get(site) or OLDEST) for site in sessions
    }
    answers = await ask_all(
        {
            site: read_counts(sessions[site], planned.queries[site], held)
            for site, held in asked.items()
            if held
        },
        doing=_DOING,
    )
    sums = FacetSums(sources)
    await slices.map(lambda site: sums.add(asked[site], site=site, answer=answers[site]), answers)
    facets = await slices.map(lambda name: Facet(name, _most_first(sums.of[name])), sums.listed())
    notices = tuple(_left_out(name, why) for name, why in sums.left_out.items())
    return FacetCounts({one.property: one for one in facets}, notices)


class FacetSums:
    """The counts of several sites, added up by property; `left_out` says why one has no sum."""

    def __init__(self, names: Iterable[str]) -> None:
        self.of: dict[str, Values] = {name: Counter() for name in names}
        self.left_out: dict[str, str] = {}

    def add(self, names: Iterable[str], *, site: str, answer: _Answer) -> None:
        """What one site has counted of these properties."""
        for name in names:
            counts = answer.value[name] if isinstance(answer, SiteAnswer) else None
            if counts is None:
                self.left_out.setdefault(name, _reason(site, answer))
            elif name not in self.left_out:
                self.of[name].update(counts)
                self._check_size(name, len(self.of[name]))

    def listed(self) -> list[str]:
        """The properties that have a sum, as long as there are not too many values altogether."""
        size = 0
        for name in [one for one in self.of if one not in self.left_out]:
            self._check_size(name, size + len(self.of[name]))
            size += len(self.of[name])
        return [name for name in self.of if name not in self.left_out]

    def _check_size(self, name: str, size: int) -> None:
        if size > MOST_LISTED:
            self.left_out[name] = f"the facets of one answer list at most {MOST_LISTED} values"
            self.of[name].clear()


def _sources(names: Sequence[str], catalogue: Catalogue) -> dict[str, FacetSource]:
    found = {name: facet_source(catalogue[name]) for name in names if name in catalogue}
    return {name: one for name, one in found.items() if one is not None}


def _held(
    sources: Mapping[str, FacetSource], catalogue: Catalogue, *, version: str
) -> dict[str, FacetSource]:
    """What a site of this version has; it refuses names that it does not know."""
    return {name: one for name, one in sources.items() if catalogue[name].lifetime.holds(version)}


def _reason(site: str, answer: _Answer) -> str:
    if isinstance(answer, SiteFailure):
        return f"{site}: {answer.reason}"
    return f"{site} has {MOST_VALUES} values or more"


def _left_out(name: str, why: str) -> Notice:
    return Notice(
        "Facet left out",
        f"The values of {name} are not listed: {why}.",
        "facet_left_out",
    )


def facets_of(
    request: SearchRequest, counted: FacetCounts, *, reports: Sequence[SiteReport], prefix: str
) -> tuple[tuple[Facet, ...], tuple[Notice, ...]]:
    """The facets in the order asked for, and what to say of those that are not there."""
    facets, notices = dict(counted.facets), counted.notices
    site = _site_name(prefix)
    if site in request.facets:
        of_sites = _of_sites(reports)
        if of_sites is None:
            notices = (*notices, _left_out(site, "the entries of a site could not be counted"))
        else:
            facets[site] = Facet(site, _most_first(of_sites))
    return tuple(facets[name] for name in request.facets if name in facets), notices


def _of_sites(reports: Sequence[SiteReport]) -> Values | None:
    """How many entries of each site match: the totals of the search itself."""
    asked = [one for one in reports if one.state not in ("pruned", "excluded")]
    if any(one.total is None or one.state == "failed" for one in asked):
        return None
    return Counter({one.name: one.total for one in asked if one.total})


def _most_first(counts: Values) -> tuple[FacetValue, ...]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(FacetValue(value, count) for value, count in ranked)


def _site_name(prefix: str) -> str:
    return f"_{prefix}_site"
