"""Where a page is read: from which position, in which direction, how many hits to pass over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import ParameterError
from gateway.fetch.nomad.offsets import CLOSE, Search
from gateway.fetch.nomad.session import SiteSession
from gateway.merge import Cursor, Progress
from gateway.model import SearchRequest
from gateway.search.planned_request import PlannedRequest


@dataclass(frozen=True, slots=True)
class PageStart:
    """A page to read: `read` hits after `progress`, the first `skip` of them not served.

    `offset` is how many entries stand before the page. Walked backward, the hits come last first.
    """

    progress: Progress
    offset: int
    read: int
    skip: int = 0
    backward: bool = False


class Paginated(Protocol):
    """A planned request for a page, of whatever type of entry."""

    @property
    def request(self) -> SearchRequest:
        """What was asked for."""

    @property
    def cursor(self) -> Cursor:
        """Where the page begins."""


def start_at_cursor(planned: Paginated) -> PageStart:
    """Where a cursor, or the first page, begins; or an offset so small that it is walked."""
    cursor, limit = planned.cursor, planned.request.page_limit
    if not cursor.backward:
        skip = cursor.offset if planned.request.cursor is None else 0
        return PageStart(cursor.progress, cursor.offset, skip + limit, skip)
    wanted = cursor.count or limit
    read = min(wanted, limit)
    return PageStart(cursor.progress, cursor.offset + wanted - read, read, backward=True)


def is_walked(planned: PlannedRequest) -> bool:
    """Whether the page is reached without counting: by a cursor, or at a small offset."""
    return planned.request.cursor is not None or planned.cursor.offset <= CLOSE


async def start_at_offset(
    planned: PlannedRequest,
    sessions: Mapping[str, SiteSession],
    totals: Mapping[str, int],
    *,
    cap: int,
) -> PageStart | None:
    """Where an offset begins, found by counting from the nearer end; None: past the end."""
    offset, limit, total = planned.cursor.offset, planned.request.page_limit, sum(totals.values())
    if offset >= total:
        return None
    from_end = total - offset
    if min(offset, from_end) > cap:
        raise ParameterError(
            f"page_offset and page_number reach {cap} entries from either end of the {total} that "
            "match; to go further, follow links.next (its page_cursor has no such limit).",
            parameter="page_offset",
        )
    queries = {site: planned.queries[site] for site in totals}
    backward = from_end < offset
    search = Search(sessions, queries, totals, order=planned.order, backward=backward)
    if not backward:
        pivot = await search.near(offset)
        skip = offset - pivot.rank
        return PageStart(Progress(pivot.position), offset, skip + limit, skip)
    served = min(limit, from_end)
    pivot = await search.near(from_end - served)
    read = from_end - pivot.rank
    return PageStart(Progress(pivot.position), offset, read, read - served, backward=True)
