"""The neighbours of a page: next, prev and last, as cursors with their offsets."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.errors import SitesMissingError
from gateway.merge import Cursor, Pin, Progress, is_too_long, write_cursor
from gateway.model import Hit, PageLink
from gateway.search.listing.missing import RETRY_AFTER_S

FIRST = PageLink(None, 0)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the pages around this one start; None: there is no such page."""

    next: PageLink | None
    prev: PageLink | None
    last: PageLink | None


def neighbours(
    page: tuple[Hit, ...],
    *,
    offset: int,
    limit: int,
    total: int,
    onward: Progress | None,
    fingerprint: str,
    pin: Pin | None = None,
) -> Neighbours:
    """The links of a page that begins at `offset`; `onward` is where the next one begins.

    Raises SitesMissingError when the places of so many sites would have to be kept that the next
    page's cursor could not be read.
    """

    def link(cursor: Cursor) -> PageLink:
        text = write_cursor(replace(cursor, pin=pin), fingerprint=fingerprint)
        if is_too_long(text):
            raise _too_many_places(cursor.progress)
        return PageLink(text, cursor.offset)

    following = None
    if onward is not None:
        following = link(Cursor(onward, offset + len(page)))
    return Neighbours(
        next=following,
        prev=_previous(page, offset, limit, total, link),
        last=_last(total, limit, link),
    )


def _previous(
    page: tuple[Hit, ...], offset: int, limit: int, total: int, link: Callable[[Cursor], PageLink]
) -> PageLink | None:
    if offset <= 0:
        return None
    if not page:  # past the end: the page before is the last one
        return _last(total, limit, link)
    if offset == limit:
        return FIRST
    count = min(limit, offset)
    return link(Cursor(Progress(page[0].position), offset - count, backward=True, count=count))


def _last(total: int, limit: int, link: Callable[[Cursor], PageLink]) -> PageLink | None:
    """The last page, read from the end of the walk and not by a deep offset."""
    if total <= limit:
        return FIRST
    count = total % limit or limit
    return link(Cursor(Progress(), total - count, backward=True, count=count))


def _too_many_places(progress: Progress) -> SitesMissingError:
    """Nothing is lost: the page can be asked for again, and fewer places are to be kept then."""
    sites = tuple(site for site, _ in progress.lagging)
    return SitesMissingError(
        f"{len(sites)} sites have not answered for some pages, and their places in this order are "
        "too long to be kept in links.next; ask for this page again when more sites answer, or "
        "sort by shorter values.",
        sites=sites,
        retry_after_s=RETRY_AFTER_S,
    )
