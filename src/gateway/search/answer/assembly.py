"""A page that was read -> the answer: its resources, counts, links, notices, and what sites did."""

import time
from dataclasses import replace

from gateway.model import SearchAnswer
from gateway.search.answer.links import Neighbours, neighbours
from gateway.search.answer.page_shaping import PageShaper
from gateway.search.answer.report import returned_of, site_notices, site_reports
from gateway.search.copies import copies_notices
from gateway.search.facets import facets_of
from gateway.search.reading import Reading
from gateway.search.sites.site_stats import SiteStats


class AnswerAssembler:
    """Assembles the answers to listings of structures."""

    def __init__(
        self, page_shaper: PageShaper, *, site_stats: SiteStats, names: tuple[str, ...], prefix: str
    ) -> None:
        self._page_shaper = page_shaper
        self._site_stats = site_stats
        self._names = names
        self._prefix = prefix

    async def assemble(
        self, reading: Reading, *, timings: tuple[tuple[str, float], ...]
    ) -> SearchAnswer:
        """The answer; raises SitesMissingError where no cursor can keep the missing sites'
        places."""
        start = time.perf_counter()
        planned = reading.planned
        page = await self._page_shaper.shape(planned, reading.found.entries)
        found = replace(reading.found, entries=page.entries)
        returned = returned_of(planned, found, self._site_stats)
        links = _links(reading, returned)
        reports = site_reports(planned, found, self._site_stats, names=self._names)
        facets, uncounted = facets_of(
            planned.request, reading.counted, reports=reports, prefix=self._prefix
        )
        notices = (
            *planned.notices,
            *copies_notices(planned, {name: one.total for name, one in found.answers.items()}),
            *site_notices(planned, found, self._site_stats),
            *page.flaws,
            *uncounted,
        )
        chosen = [name for name in self._names if name not in planned.excluded]
        return SearchAnswer(
            page.resources,
            page.included,
            data_returned=returned,
            data_available=max(self._site_stats.available(chosen) - planned.hidden, returned),
            more=found.onward is not None,
            next=links.next,
            prev=links.prev,
            last=links.last,
            facets=facets,
            reports=reports,
            notices=notices,
            timings=(*timings, ("shape", 1000 * (time.perf_counter() - start))),
        )


def _links(reading: Reading, returned: int) -> Neighbours:
    planned, found = reading.planned, reading.found
    return neighbours(
        found.page,
        offset=found.offset,
        limit=planned.request.page_limit,
        total=returned,
        onward=found.onward,
        fingerprint=planned.fingerprint,
        pin=planned.pin,
    )
