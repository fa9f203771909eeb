"""Counts of values at one site: what comes back is checked."""

import httpx
import pytest

from gateway.errors import SiteError
from gateway.fetch.nomad.facets import MOST_VALUES, read_counts
from gateway.model import FacetSource
from gateway.properties import STRUCTURE
from tests.whole.lines import Asked
from tests.whole.oases import make_line, opened_session

ELEMENTS = FacetSource("optimade.elements")
NUMBER = FacetSource("optimade.nelements", is_number=True)


def answering(name: str, kind: str, data: object) -> object:
    def fault(asked: Asked) -> httpx.Response:
        body = {"pagination": {"total": 1}, "aggregations": {name: {kind: {"data": data}}}}
        return httpx.Response(200, json=body)

    return fault


async def test_counts() -> None:
    """Words and numbers in one request; numbers that no entry has are not there."""
    lines = [
        make_line("a", nelements=2),
        make_line("b", nelements=5),
        make_line("c", elements=["O"]),
    ]
    async with opened_session("berlin", lines) as (session, wire):
        found = await read_counts(session, STRUCTURE, {"elements": ELEMENTS, "n": NUMBER})
        assert found == {"elements": {"O": 3, "Ti": 2}, "n": {2: 2, 5: 1}}
        assert len(wire.asked) == 1


async def test_own_words() -> None:
    """Words are translated, and unknown ones are not counted."""
    source = FacetSource("optimade.elements", words={"O": "oxygen"})
    async with opened_session("berlin", [make_line("a")]) as (session, _):
        assert await read_counts(session, STRUCTURE, {"x": source}) == {"x": {"oxygen": 1}}


WRONG = {
    "no list": ("terms", None),
    "no bucket": ("terms", [3]),
    "no count": ("terms", [{"value": "O"}]),
    "a negative count": ("terms", [{"value": "O", "count": -1}]),
    "a list as value": ("terms", [{"value": ["O"], "count": 1}]),
    "another kind": ("histogram", []),
    "a number as text": ("terms", [{"value": 3, "count": 1}]),
}


@pytest.mark.parametrize("row", WRONG)
async def test_wrong_answers(row: str) -> None:
    """A wrong shape is the site's failure."""
    async with opened_session("berlin", [make_line("a")]) as (session, wire):
        wire.fault = answering("facet0", *WRONG[row])  # type: ignore[assignment]
        with pytest.raises(SiteError):
            await read_counts(session, STRUCTURE, {"elements": ELEMENTS})


@pytest.mark.parametrize("data", [[{"value": 1.5, "count": 1}], [{"value": "1", "count": 1}]])
async def test_wrong_numbers(data: object) -> None:
    """Whole numbers stay whole."""
    async with opened_session("berlin", [make_line("a")]) as (session, wire):
        wire.fault = answering("facet0", "histogram", data)  # type: ignore[assignment]
        with pytest.raises(SiteError):
            await read_counts(session, STRUCTURE, {"n": NUMBER})


async def test_a_full_list_may_be_cut() -> None:
    """As many values as were asked for: there may be more, so nothing is said."""
    data = [{"value": f"v{n}", "count": 1} for n in range(MOST_VALUES)]
    async with opened_session("berlin", [make_line("a")]) as (session, wire):
        wire.fault = answering("facet0", "terms", data)  # type: ignore[assignment]
        assert await read_counts(session, STRUCTURE, {"x": ELEMENTS}) == {"x": None}
