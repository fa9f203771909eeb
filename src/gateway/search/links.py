"""The neighbours of a page: next, prev and last, as cursors with their offsets."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.merge import Cursor, Progress, write_cursor
from gateway.model import Hit, PageLink

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
) -> Neighbours:
    """The links of a page that begins at `offset`; `onward` is where the next one begins."""

    def link(cursor: Cursor) -> PageLink:
        return PageLink(write_cursor(cursor, fingerprint=fingerprint), cursor.offset)

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
