"""Listings of references: all sites' references into memory, then filtered, ordered and paged here.

For a filter that names the references it wants, by id or DOI, the sites are asked for those alone,
so that they are found however many a site has.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gateway.config import Config
from gateway.errors import SitesMissingError
from gateway.model import (
    EntryRequest,
    Hit,
    NativeQuery,
    Notice,
    Resource,
    SearchAnswer,
    SearchRequest,
    SiteReport,
)
from gateway.properties import Catalogue
from gateway.references import read_reference_id
from gateway.search.answer.links import neighbours
from gateway.search.answer.report import NOT_CHOSEN, STALE, missing_notice, stale_notice
from gateway.search.copies import Copies
from gateway.search.deadlines import Deadlines
from gateway.search.listing.missing import check_missing
from gateway.search.listing.page_start import PageStart, start_at_cursor
from gateway.search.planned_request import RequestPlanner
from gateway.search.references.joined import (
    JoinedCache,
    JoinedReferences,
    Result,
    Source,
    join_references,
)
from gateway.search.references.page import ReferencePage, page_after, page_before
from gateway.search.references.planned_request import (
    PlannedReferenceRequest,
    plan_reference_request,
)
from gateway.search.references.tables import ReferenceTables, Tables
from gateway.search.response_fields import check_fields
from gateway.search.single_entry import listing_of
from gateway.shape.references import Cited, shape_reference


class References:
    """The second entry type, of all sites as one."""

    def __init__(
        self,
        config: Config,
        *,
        planner: RequestPlanner,
        catalogue: Catalogue,
        tables: ReferenceTables,
        copies: Copies,
    ) -> None:
        self._config = config
        self._planner = planner
        self._catalogue = catalogue
        self._tables = tables
        self._copies = copies
        self._joined = JoinedCache()
        self._prefix = config.provider.prefix
        self._names = tuple(site.name for site in config.sites)

    async def search(self, request: SearchRequest, *, deadlines: Deadlines) -> SearchAnswer:
        """One page of a listing; raises RequestError or SitesMissingError."""
        start = time.perf_counter()
        planned = await self._planner.off_loop(
            request.filter,
            lambda: plan_reference_request(
                request, planner=self._planner, catalogue=self._catalogue, config=self._config
            ),
        )
        planned_at = time.perf_counter()
        tables = await self._read(planned, deadlines)
        read_at = time.perf_counter()
        joined = await self._join(planned, tables)
        result = await joined.matching(
            request.filter, planned.matcher, order=planned.order, prefix=self._prefix
        )
        page_start = start_at_cursor(planned)
        page = _page(planned, page_start, result, tables.failures)
        check_missing(
            tables.failures, is_empty=not page.hits, forbidden=request.partial == "forbid"
        )
        answer = self._answer(
            planned, page_start, tables=tables, joined=joined, result=result, page=page
        )
        spent = {
            "plan": planned_at - start,
            "list": read_at - planned_at,
            "find": time.perf_counter() - read_at,
        }
        return replace(answer, timings=tuple((step, 1000 * s) for step, s in spent.items()))

    async def count(self, request: SearchRequest, *, deadlines: Deadlines) -> int | None:
        """How many references match; None: some site did not say."""
        try:
            answer = await self.search(request, deadlines=deadlines)
        except SitesMissingError:
            return None
        failed = any(report.state == "failed" for report in answer.reports)
        return None if failed else answer.data_returned

    async def entry(self, request: EntryRequest, *, deadlines: Deadlines) -> SearchAnswer:
        """A single reference, or none; raises RequestError, or SitesMissingError."""
        notices = check_fields(request.response_fields, self._catalogue, self._prefix)
        chosen = self._planner.chosen(request.sites)
        if read_reference_id(request.id) is None:
            available = self._tables.available(chosen)
            return SearchAnswer((), data_available=available, notices=notices)
        answer = await self.search(listing_of(request), deadlines=deadlines)
        return replace(answer, more=False, next=None, prev=None, last=None)

    async def _read(self, planned: PlannedReferenceRequest, deadlines: Deadlines) -> Tables:
        if planned.pinned == frozenset():
            return Tables()
        if planned.request.copies == "all":
            return await self._read_tables(planned, planned.chosen, deadlines, served={})
        served = await self._copies.served(planned.chosen)
        tables = await self._read_tables(planned, planned.chosen, deadlines, served=served)
        if not tables.failures:
            return tables
        # what the failed sites would have counted, the next holders count
        again = await self._copies.served(planned.chosen, failed=tables.failures)
        changed = [one for one in tables.answers if again.get(one) != served.get(one)]
        further = await self._read_tables(planned, changed, deadlines, served=again)
        return Tables({**tables.answers, **further.answers}, tables.failures)

    async def _read_tables(
        self,
        planned: PlannedReferenceRequest,
        sites: Sequence[str],
        deadlines: Deadlines,
        *,
        served: Mapping[str, NativeQuery],
    ) -> Tables:
        return await self._tables.read(
            planned.request,
            sites=sites,
            pinned=planned.pinned,
            deadline=deadlines.archives,
            served=served,
        )

    async def _join(self, planned: PlannedReferenceRequest, tables: Tables) -> JoinedReferences:
        answered = [Source(site, table.cited) for site, table in tables.answers.items()]
        missing = [Source(site, self._tables.last(site), True) for site in tables.failures]
        sources = (*answered, *missing)
        is_private = any(table.is_private for table in tables.answers.values())
        if planned.pinned is None and not is_private:
            return await self._joined.join(sources)
        return await join_references(sources)

    def _answer(
        self,
        planned: PlannedReferenceRequest,
        page_start: PageStart,
        *,
        tables: Tables,
        joined: JoinedReferences,
        result: Result,
        page: ReferencePage,
    ) -> SearchAnswer:
        returned = len(result.holdings.hits) + sum(one or 0 for one in result.last_known.values())
        known = 0 if planned.pinned is None else self._tables.available(planned.chosen)
        links = neighbours(
            page.hits,
            offset=page_start.offset,
            limit=planned.request.page_limit,
            total=returned,
            onward=page.next,
            fingerprint=planned.fingerprint,
        )
        return SearchAnswer(
            tuple(self._shape(planned, joined.cited[hit.entry_id]) for hit in page.hits),
            data_returned=returned,
            data_available=max(known, joined.available, returned),
            more=page.next is not None,
            next=links.next,
            prev=links.prev,
            last=links.last,
            reports=tuple(
                _report(name, planned, tables, result, page=page.hits) for name in self._names
            ),
            notices=(*planned.notices, *_notices(tables, result)),
        )

    def _shape(self, planned: PlannedReferenceRequest, cited: Cited) -> Resource:
        return shape_reference(
            cited,
            fields=planned.request.response_fields,
            catalogue=self._catalogue,
            prefix=self._prefix,
        )


def _page(
    planned: PlannedReferenceRequest,
    page_start: PageStart,
    result: Result,
    missing: Iterable[str],
) -> ReferencePage:
    order, absent = planned.order, frozenset(missing)
    if page_start.backward:
        position = page_start.progress.position
        return page_before(
            result.holdings.hits, position, order=order, limit=page_start.read, missing=absent
        )
    limit = page_start.read - page_start.skip
    return page_after(
        result.holdings,
        page_start.progress,
        order=order,
        skip=page_start.skip,
        limit=limit,
        missing=absent,
    )


def _notices(tables: Tables, result: Result) -> Iterator[Notice]:
    for site, failure in tables.failures.items():
        yield missing_notice(failure, result.last_known[site])
    for site, table in tables.answers.items():
        if table.state == "stale":
            yield stale_notice(site)


def _report(
    name: str,
    planned: PlannedReferenceRequest,
    tables: Tables,
    result: Result,
    *,
    page: Sequence[Hit],
) -> SiteReport:
    """A reference that several sites have counts at each of them."""
    if name not in planned.chosen:
        return SiteReport(name, "excluded", NOT_CHOSEN)
    if name in tables.failures:
        failure = tables.failures[name]
        spent, last = round(failure.milliseconds, 1), result.last_known[name]
        return SiteReport(name, "failed", failure.reason, total=last, milliseconds=spent)
    if name not in tables.answers:
        return SiteReport(name, "pruned", "no reference can match the filter", total=0)
    table = tables.answers[name]
    return SiteReport(
        name,
        table.state,
        STALE if table.state == "stale" else None,
        total=result.counts.get(name, 0),
        returned=sum(name in result.holdings.sites[hit.entry_id] for hit in page),
        milliseconds=round(table.milliseconds, 1),
    )
