"""The neighbours of a page: where they begin, in which direction they are read."""

from random import Random
from typing import Any

import pytest

from gateway.errors import SitesMissingError
from gateway.merge import Cursor, Progress, read_cursor
from gateway.model import Hit, Order, PageLink, Position, SortKey
from gateway.search.answer.links import FIRST, Neighbours, neighbours

MADE_FOR = "0123456789ab"


def hits(count: int) -> tuple[Hit, ...]:
    return tuple(Hit("berlin", f"e{i}", ()) for i in range(count))


def links(page: int, *, offset: int, total: int, limit: int = 20, more: bool = False) -> Neighbours:
    found = hits(page)
    onward = Progress(found[-1].position) if more else None
    return neighbours(
        found, offset=offset, limit=limit, total=total, onward=onward, fingerprint=MADE_FOR
    )


def page_start(link: PageLink | None) -> Any:
    """Offset, direction and count of a link; None for none, "first" for the first page."""
    if link is None or link == FIRST:
        return link and "first"
    cursor = read_cursor(link.cursor or "", fingerprint=MADE_FOR, order=Order())
    assert cursor.offset == link.offset
    return (cursor.offset, "back" if cursor.backward else "on", cursor.count)


@pytest.mark.parametrize(
    ("page", "offset", "total", "more", "expected"),
    [
        (0, 0, 0, False, (None, None, "first")),
        (5, 0, 5, False, (None, None, "first")),
        (20, 0, 20, False, (None, None, "first")),
        (20, 0, 21, True, ((20, "on", None), None, (20, "back", 1))),
        (20, 0, 40, True, ((20, "on", None), None, (20, "back", 20))),
        (20, 20, 45, True, ((40, "on", None), "first", (40, "back", 5))),
        (5, 40, 45, False, (None, (20, "back", 20), (40, "back", 5))),
        (20, 7, 45, True, ((27, "on", None), (0, "back", 7), (40, "back", 5))),
        (1, 44, 45, False, (None, (24, "back", 20), (40, "back", 5))),
        (0, 45, 45, False, (None, (40, "back", 5), (40, "back", 5))),
        (0, 10**9, 45, False, (None, (40, "back", 5), (40, "back", 5))),
        (0, 10**9, 0, False, (None, "first", "first")),
    ],
)
def test_neighbours(page: int, offset: int, total: int, more: bool, expected: Any) -> None:
    """next follows the last entry, prev is read backward from the first, last from the end of all;
    past the end, prev is the last page."""
    found = links(page, offset=offset, total=total, more=more)
    assert (page_start(found.next), page_start(found.prev), page_start(found.last)) == expected


def test_places_in_the_links() -> None:
    """next resumes all sites where the page ends and lagging ones at their own places; prev ends
    where the page begins; last begins at the end."""
    found = hits(2)
    onward = Progress(Position((), "e1", "berlin"), (("munich", None),))
    around = neighbours(found, offset=20, limit=2, total=99, onward=onward, fingerprint=MADE_FOR)
    cursors = [
        read_cursor(link.cursor or "", fingerprint=MADE_FOR, order=Order())
        for link in (around.next, around.prev, around.last)
        if link
    ]
    assert cursors == [
        Cursor(onward, 22),
        Cursor(Progress(found[0].position), 18, backward=True, count=2),
        Cursor(Progress(), 98, backward=True, count=1),
    ]


def test_a_cursor_that_could_not_be_read_is_not_given_out() -> None:
    """When the places of missing sites do not fit, the page is 503 and can be asked for again."""
    random = Random(1)

    def place() -> Position:
        text = "".join(map(chr, random.choices(range(0x10000, 0x110000), k=2_048)))
        return Position((text,), "abc", "berlin")

    def onward(count: int) -> Progress:
        return Progress(place(), tuple((f"s{i:02}", place()) for i in range(count)))

    def made(progress: Progress) -> Neighbours:
        return neighbours(
            hits(1), offset=0, limit=1, total=99, onward=progress, fingerprint=MADE_FOR
        )

    order = Order((SortKey("x", "x", "string"),))
    given = made(onward(9)).next
    assert given is not None
    read_cursor(given.cursor or "", fingerprint=MADE_FOR, order=order)
    with pytest.raises(SitesMissingError, match="40 sites have not answered") as caught:
        made(onward(40))
    assert caught.value.sites[:2] == ("s00", "s01")
    assert caught.value.retry_after_s > 0
