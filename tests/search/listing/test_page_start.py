"""Where a page is read, from a cursor or an offset."""

from typing import Any

import pytest

from gateway.fetch.nomad.offsets import CLOSE
from gateway.merge import Cursor, Progress
from gateway.model import Order, Position, SearchRequest
from gateway.search.listing.page_start import PageStart, is_walked, start_at_cursor
from gateway.search.planned_request import PlannedRequest

AT = Progress(Position((), "e5", "berlin"))


def planned(cursor: Cursor, *, limit: int = 20, by_cursor: bool = True) -> PlannedRequest:
    request = SearchRequest(
        "structures", page_limit=limit, cursor="text" if by_cursor else None, offset=cursor.offset
    )
    return PlannedRequest(request, {}, Order(), cursor, "fingerprint", {}, {}, (), ())


@pytest.mark.parametrize(
    ("cursor", "how", "expected"),
    [
        (Cursor(), {"by_cursor": False}, PageStart(Progress(), 0, 20)),
        (Cursor(offset=7), {"by_cursor": False}, PageStart(Progress(), 7, 27, 7)),
        (Cursor(AT, 40), {}, PageStart(AT, 40, 20)),
        (Cursor(AT, 40), {"limit": 3}, PageStart(AT, 40, 3)),
        (Cursor(AT, 40, True, 20), {}, PageStart(AT, 40, 20, backward=True)),
        (Cursor(AT, 0, True, 7), {}, PageStart(AT, 0, 7, backward=True)),
        (Cursor(AT, 40, True, 20), {"limit": 5}, PageStart(AT, 55, 5, backward=True)),
        (Cursor(AT, 40, True, 20), {"limit": 50}, PageStart(AT, 40, 20, backward=True)),
        (Cursor(Progress(), 40, True, 5), {}, PageStart(Progress(), 40, 5, backward=True)),
        (Cursor(Progress(), 40, True), {}, PageStart(Progress(), 40, 20, backward=True)),
    ],
)
def test_place_of_cursor(cursor: Cursor, how: dict[str, Any], expected: PageStart) -> None:
    """Backward, a page of another size ends where the cursor says; its offset moves with it."""
    assert start_at_cursor(planned(cursor, **how)) == expected


@pytest.mark.parametrize(
    ("cursor", "by_cursor", "walked"),
    [
        (Cursor(), False, True),
        (Cursor(offset=CLOSE), False, True),
        (Cursor(offset=CLOSE + 1), False, False),
        (Cursor(AT, 10**6), True, True),
    ],
)
def test_only_deep_offsets_are_searched_for(cursor: Cursor, by_cursor: bool, walked: bool) -> None:
    """Cursors at any depth, and offsets near the start, are read without counting."""
    assert is_walked(planned(cursor, by_cursor=by_cursor)) is walked
