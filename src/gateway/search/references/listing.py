"""Listings of references: all sites' references into memory, then filtered, ordered and paged here.

A filter that names the references it wants, by id or DOI, is asked for those alone, so that they
are found however many a site has.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.config import Config
from gateway.errors import FilterLimitError
from gateway.model import (
    REFERENCES,
    EntryRequest,
    Hit,
    Notice,
    Resource,
    SearchAnswer,
    SearchRequest,
    SiteReport,
    SortValue,
)
from gateway.properties import Catalogue
from gateway.references import Reference, read_reference_id
from gateway.search.deadlines import Deadlines
from gateway.search.links import neighbours
from gateway.search.missing import check_missing
from gateway.search.page_start import PageStart, start_at_cursor
from gateway.search.planned_request import RequestPlanner, check_fields
from gateway.search.references.page import (
    Holdings,
    Turned,
    in_order,
    turn_backward,
    turn_forward,
)
from gateway.search.references.planned_request import (
    PlannedReferenceRequest,
    plan_reference_request,
)
from gateway.search.references.tables import ReferenceTables, Tables
from gateway.search.report import NOT_CHOSEN, STALE, missing_notice, stale_notice
from gateway.shape.references import Cited, Values, joined, shape_reference

MOST_COMPARISONS = 2_000_000
"""What one filter may cost here: comparisons times references, about half a second."""

_AT_A_TIME = 20_000
"""Comparisons between two turns of the event loop, so that other requests go on."""


@dataclass(frozen=True, slots=True)
class _MatchingReferences:
    """The references that match, by id and in order."""

    cited: Mapping[str, Cited]
    hits: Sequence[Hit]
    available: int
    last_known: Mapping[str, int | None]
    """For each missing site: how many references of it that no other site gave match, as last
    known; None: never known."""


class References:
    """The second entry type, of all sites as one."""

    def __init__(
        self,
        config: Config,
        *,
        planner: RequestPlanner,
        catalogue: Catalogue,
        tables: ReferenceTables,
    ) -> None:
        self._config = config
        self._planner = planner
        self._catalogue = catalogue
        self._tables = tables
        self._prefix = config.provider.prefix
        self._names = tuple(site.name for site in config.sites)

    async def search(self, request: SearchRequest, *, deadlines: Deadlines) -> SearchAnswer:
        """One page of a listing; raises RequestError or SitesMissingError."""
        start = time.perf_counter()
        planned = plan_reference_request(
            request, planner=self._planner, catalogue=self._catalogue, config=self._config
        )
        understood = time.perf_counter()
        tables = await self._read(planned, deadlines)
        logged = time.perf_counter()
        found = await self._find(planned, tables)
        page_start = start_at_cursor(planned)
        turned = _turn(planned, page_start, found, tables.failures)
        check_missing(
            tables.failures, is_empty=not turned.page, forbidden=request.partial == "forbid"
        )
        answer = self._answer(planned, page_start, tables=tables, found=found, turned=turned)
        spent = {
            "plan": understood - start,
            "list": logged - understood,
            "find": time.perf_counter() - logged,
        }
        return replace(answer, timings=tuple((step, 1000 * s) for step, s in spent.items()))

    async def entry(self, request: EntryRequest, *, deadlines: Deadlines) -> SearchAnswer:
        """A single reference, or none; raises RequestError, or SitesMissingError."""
        check_fields(request.response_fields, self._catalogue, self._prefix)
        chosen = self._planner.chosen(request.sites)
        if read_reference_id(request.id) is None:
            return SearchAnswer((), data_available=self._tables.available(chosen))
        answer = await self.search(
            SearchRequest(
                REFERENCES,
                filter=f'id = "{request.id}"',
                page_limit=1,
                response_fields=request.response_fields,
                sites=request.sites,
                timeout_s=request.timeout_s,
                entered=request.entered,
                fresh=request.fresh,
                token=request.token,
                request_id=request.request_id,
            ),
            deadlines=deadlines,
        )
        return replace(answer, more=False, next=None, prev=None, last=None)

    async def _read(self, planned: PlannedReferenceRequest, deadlines: Deadlines) -> Tables:
        if planned.pinned == frozenset():
            return Tables()
        return await self._tables.read(
            planned.request,
            sites=planned.chosen,
            pinned=planned.pinned,
            deadline=deadlines.archives,
        )

    async def _find(self, planned: PlannedReferenceRequest, tables: Tables) -> _MatchingReferences:
        parts: dict[Reference, list[Cited]] = {}
        for site in planned.chosen:
            for one in tables.answers[site].cited if site in tables.answers else ():
                parts.setdefault(one.reference, []).append(one)
        matching = await self._matching(planned, map(joined, parts.values()), len(parts))
        last_known: dict[str, int | None] = {}
        seen = set(parts)
        for site in tables.failures:
            last = self._tables.last(site)
            unseen = [one for one in last or () if one.reference not in seen]
            seen.update(one.reference for one in unseen)
            counted = await self._matching(planned, unseen, len(unseen))
            last_known[site] = None if last is None else len(counted)
        hits = [Hit("", id_, values) for id_, (_, values) in matching.items()]
        known = self._tables.available(planned.chosen) if planned.pinned is not None else 0
        return _MatchingReferences(
            cited={id_: cited for id_, (cited, _) in matching.items()},
            hits=in_order(hits, planned.order),
            available=max(known, len(seen)),
            last_known=last_known,
        )

    async def _matching(
        self, planned: PlannedReferenceRequest, every: Iterable[Cited], count: int
    ) -> dict[str, tuple[Cited, tuple[SortValue, ...]]]:
        """Those that match, by id, with the values that they are ordered by."""
        test, weight = planned.matcher.test, planned.matcher.weight + 1
        if weight * count > MOST_COMPARISONS:
            raise FilterLimitError(
                f"The filter has {weight} comparisons, too many for {count} references; at most "
                f"{MOST_COMPARISONS // count} are made here."
            )
        keys = [key.name for key in planned.order.keys]
        turn = max(1, _AT_A_TIME // weight)
        found = {}
        for at, cited in enumerate(every, 1):
            values = cited.values(self._prefix)
            if test(values) is True:
                found[str(values["id"])] = (cited, tuple(_sortable(values, keys)))
            if at % turn == 0:
                await asyncio.sleep(0)
        return found

    def _answer(
        self,
        planned: PlannedReferenceRequest,
        page_start: PageStart,
        *,
        tables: Tables,
        found: _MatchingReferences,
        turned: Turned,
    ) -> SearchAnswer:
        page = turned.page
        returned = len(found.hits) + sum(count or 0 for count in found.last_known.values())
        links = neighbours(
            page,
            offset=page_start.offset,
            limit=planned.request.page_limit,
            total=returned,
            onward=turned.onward,
            fingerprint=planned.fingerprint,
        )
        return SearchAnswer(
            tuple(self._shape(planned, found.cited[hit.entry_id]) for hit in page),
            data_returned=returned,
            data_available=max(found.available, returned),
            more=turned.onward is not None,
            next=links.next,
            prev=links.prev,
            last=links.last,
            reports=tuple(_report(name, planned, tables, found, page=page) for name in self._names),
            notices=(*planned.notices, *_notices(tables, found)),
        )

    def _shape(self, planned: PlannedReferenceRequest, cited: Cited) -> Resource:
        return shape_reference(
            cited,
            fields=planned.request.response_fields,
            catalogue=self._catalogue,
            prefix=self._prefix,
        )


def _turn(
    planned: PlannedReferenceRequest,
    page_start: PageStart,
    found: _MatchingReferences,
    missing: Iterable[str],
) -> Turned:
    order, absent = planned.order, frozenset(missing)
    if page_start.backward:
        position = page_start.progress.position
        return turn_backward(
            found.hits, position, order=order, limit=page_start.read, missing=absent
        )
    holdings = Holdings(found.hits, {id_: one.sites for id_, one in found.cited.items()})
    limit = page_start.read - page_start.skip
    return turn_forward(
        holdings,
        page_start.progress,
        order=order,
        skip=page_start.skip,
        limit=limit,
        missing=absent,
    )


def _sortable(values: Values, names: Iterable[str]) -> Iterator[SortValue]:
    for name in names:
        value = values.get(name)
        assert not isinstance(value, tuple)
        yield value


def _notices(tables: Tables, found: _MatchingReferences) -> Iterator[Notice]:
    for site, failure in tables.failures.items():
        yield missing_notice(failure, found.last_known[site])
    for site, table in tables.answers.items():
        if table.state == "stale":
            yield stale_notice(site)


def _report(
    name: str,
    planned: PlannedReferenceRequest,
    tables: Tables,
    found: _MatchingReferences,
    *,
    page: Sequence[Hit],
) -> SiteReport:
    """A reference that several sites have counts at each of them."""
    if name not in planned.chosen:
        return SiteReport(name, "excluded", NOT_CHOSEN)
    if name in tables.failures:
        failure = tables.failures[name]
        spent, last = round(failure.milliseconds, 1), found.last_known[name]
        return SiteReport(name, "failed", failure.reason, total=last, milliseconds=spent)
    if name not in tables.answers:
        return SiteReport(name, "pruned", "no reference can match the filter", total=0)
    table = tables.answers[name]
    return SiteReport(
        name,
        table.state,
        STALE if table.state == "stale" else None,
        total=sum(name in one.sites for one in found.cited.values()),
        returned=sum(name in found.cited[hit.entry_id].sites for hit in page),
        milliseconds=round(table.milliseconds, 1),
    )
