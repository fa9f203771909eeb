"""Sort values to and from NOMAD: positions, and what precedes them, as the one order says."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SiteError
from gateway.fetch.nomad.positions import MAX_TEXT, preceding, read_hit
from gateway.fetch.nomad.session import both
from gateway.merge import order_of
from gateway.model import Json, NativeQuery, Order, Position, SortKey
from gateway.order import is_after
from gateway.properties import STRUCTURE, structures_catalogue
from tests.whole.expected import Known
from tests.whole.oases import VOLUME, awkward_lines, known_entries, opened_session

CATALOGUE = structures_catalogue("fed")
NAMES = ("nelements", "nsites", "nperiodic_dimensions", "chemical_formula_hill",
         "chemical_formula_descriptive", "last_modified", "id", "immutable_id", VOLUME)  # fmt: skip
SORTS = st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=3)
LINES = awkward_lines(3, {"berlin": 40, "munich": 25})
ENTRIES = known_entries(LINES)


def position_of(one: Known, order: Order) -> Position:
    values = tuple(one[key.name] for key in order.keys)
    return Position(values, one.entry_id, one.site)


async def count_of(query: NativeQuery) -> int:
    async with opened_session("berlin", LINES["berlin"]) as (session, _):
        return await session.count(query)


@settings(max_examples=60, deadline=None)
@given(sort=SORTS, own=st.booleans(), number=st.integers(0, len(ENTRIES) - 1))
def test_preceding_holds_for_what_the_order_puts_before(
    sort: Sequence[tuple[str, bool]], own: bool, number: int
) -> None:
    """The native condition of a position, counted by NOMAD, is what the order says of each entry,
    whichever site the position is from, with the entry itself or without."""
    order = order_of(sort, CATALOGUE)
    at = position_of(ENTRIES[number], order)
    places = [position_of(one, order) for one in ENTRIES if one.site == "berlin"]
    expected = sum(not is_after(order, one, at, backward=False) for one in places)
    if not own:
        expected -= at in places
    upto = preceding(order, at, site="berlin", itself=own)

    if isinstance(upto, bool):
        assert expected == (len(places) if upto else 0)
    else:
        assert asyncio.run(count_of(both(STRUCTURE, upto))) == expected


HILL = SortKey("hill", "optimade.hill", "string", known={"quantities": "x"})
NSITES = SortKey("nsites", "optimade.nsites", "integer", known={"quantities": "x"})
GAP = SortKey("gap", "results.gap", "float", known={"quantities": "x"})
TIME = SortKey("last_modified", "upload_create_time", "timestamp")


@pytest.mark.parametrize(
    ("key", "document", "value"),
    [
        (HILL, {"optimade": {"hill": "O2Ti"}}, "O2Ti"),
        (HILL, {"optimade": {"hill": ""}}, ""),
        (HILL, {"optimade": {}}, None),
        (HILL, {"optimade": {"hill": None}}, None),
        (HILL, {}, None),
        (HILL, {"optimade": "text"}, None),
        (NSITES, {"optimade": {"nsites": 0}}, 0),
        (GAP, {"results": {"gap": 1}}, 1.0),
        (TIME, {"upload_create_time": "2021-03-01T00:00:00.250900"}, 1614556800250),
    ],
)
def test_value_is_read(key: SortKey, document: dict[str, Json], value: object) -> None:
    """Values as the index orders them; what is not there is unknown."""
    hit = read_hit({"entry_id": "e", **document}, order=Order((key,)), site="berlin")
    assert hit.values == (value,)
    assert type(hit.values[0]) is type(value)


@pytest.mark.parametrize(
    ("key", "document"),
    [
        (HILL, {"optimade": {"hill": 5}}),
        (HILL, {"optimade": {"hill": ["O2Ti"]}}),
        (HILL, {"optimade": {"hill": "O" * (MAX_TEXT + 1)}}),
        (NSITES, {"optimade": {"nsites": "5"}}),
        (NSITES, {"optimade": {"nsites": 5.0}}),
        (NSITES, {"optimade": {"nsites": True}}),
        (NSITES, {"optimade": {"nsites": {"gt": 1}}}),
        (GAP, {"results": {"gap": "1.5"}}),
        (GAP, {"results": {"gap": True}}),
        (TIME, {"upload_create_time": "soon"}),
        (TIME, {"upload_create_time": 1614556800250.5}),
        (TIME, {"upload_create_time": None}),
        (TIME, {}),
    ],
)
def test_value_of_another_type_is_the_sites_failure(
    key: SortKey, document: dict[str, Json]
) -> None:
    """A value that cannot be sorted by, or is missing where it cannot be, is told of."""
    with pytest.raises(SiteError, match=f"entry e has no {key.quantity} of type {key.kind}"):
        read_hit({"entry_id": "e", **document}, order=Order((key,)), site="berlin")
