"""What is known of a site that answers more than once for a page."""

import pytest

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.merge import Cursor
from gateway.model import Hit, Order, SearchRequest, SiteHits, SiteState
from gateway.search.listing.page_state import PageState
from gateway.search.planned_request import PlannedRequest

FIRST, SECOND = Hit("berlin", "a", ()), Hit("berlin", "b", ())


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("ok", "ok", "ok"),
        ("cached", "cached", "cached"),
        ("cached", "ok", "ok"),
        ("ok", "cached", "ok"),
        ("ok", "stale", "stale"),
        ("stale", "ok", "stale"),
        ("cached", "stale", "stale"),
    ],
)
def test_further_hits(first: SiteState, second: SiteState, joined: SiteState) -> None:
    """They follow the first ones; partly stale is told as stale, partly new as ok."""
    request = SearchRequest("structures")
    planned = PlannedRequest(request, {}, Order(), Cursor(), "fingerprint", {}, {}, (), ())
    state = PageState(planned, {}, MemoryScope())
    state.answers["berlin"] = SiteHits("berlin", (FIRST,), True, 2, first)
    state.extend("berlin", SiteHits("berlin", (SECOND,), False, 2, second))
    assert state.answers["berlin"] == SiteHits("berlin", (FIRST, SECOND), False, 2, joined)
