"""Where a page is read, from a cursor or an offset."""

from typing import Any

import pytest

from gateway.fetch.nomad.offsets import CLOSE
from gateway.merge import Cursor, Progress
from gateway.model import Order, Position, SearchRequest
from gateway.search.page_start import Place, is_walked, place_of_cursor
from gateway.search.planned_request import Question

AT = Progress(Position((), "e5", "berlin"))


def question(cursor: Cursor, *, limit: int = 20, by_cursor: bool = True) -> Question:
    request = SearchRequest(
        "structures", page_limit=limit, cursor="text" if by_cursor else None, offset=cursor.offset
    )
    return Question(request, {}, Order(), cursor, "fingerprint", {}, {}, (), ())


@pytest.mark.parametrize(
    ("cursor", "how", "expected"),
    [
        (Cursor(), {"by_cursor": False}, Place(Progress(), 0, 20)),
        (Cursor(offset=7), {"by_cursor": False}, Place(Progress(), 7, 27, 7)),
        (Cursor(AT, 40), {}, Place(AT, 40, 20)),
        (Cursor(AT, 40), {"limit": 3}, Place(AT, 40, 3)),
        (Cursor(AT, 40, True, 20), {}, Place(AT, 40, 20, backward=True)),
        (Cursor(AT, 0, True, 7), {}, Place(AT, 0, 7, backward=True)),
        (Cursor(AT, 40, True, 20), {"limit": 5}, Place(AT, 55, 5, backward=True)),
        (Cursor(AT, 40, True, 20), {"limit": 50}, Place(AT, 40, 20, backward=True)),
        (Cursor(Progress(), 40, True, 5), {}, Place(Progress(), 40, 5, backward=True)),
        (Cursor(Progress(), 40, True), {}, Place(Progress(), 40, 20, backward=True)),
    ],
)
def test_place_of_cursor(cursor: Cursor, how: dict[str, Any], expected: Place) -> None:
    """Backward, a page of another size ends where the cursor says; its offset moves with it."""
    assert place_of_cursor(question(cursor, **how)) == expected


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
    assert is_walked(question(cursor, by_cursor=by_cursor)) is walked
