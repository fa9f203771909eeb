"""`sort` becomes an order, or a sentence that says what is possible."""

import pytest

from gateway.errors import ParameterError
from gateway.merge import order_of
from gateway.properties import structures_catalogue

CATALOGUE = structures_catalogue("fed")


def parsed(sort: str) -> list[tuple[str, bool]]:
    return [(name.removeprefix("-"), name.startswith("-")) for name in sort.split(",") if name]


@pytest.mark.parametrize(
    ("sort", "quantities", "descending"),
    [
        ("", [], False),
        ("nelements", ["optimade.nelements"], False),
        ("-nelements", ["optimade.nelements"], True),
        ("id", ["entry_id"], False),
        ("nsites,-id,nelements", ["optimade.nsites", "entry_id"], True),
        ("nsites,-nsites", ["optimade.nsites"], False),
        ("-immutable_id,nsites", ["entry_id", "optimade.nsites"], False),
        ("last_modified", ["upload_create_time"], False),
        ("_fed_upload_id", ["upload_id"], False),
    ],
)
def test_order(sort: str, quantities: list[str], descending: bool) -> None:
    """Keys as NOMAD names them; the last one breaks ties its way; what cannot matter is gone."""
    order = order_of(parsed(sort), CATALOGUE)
    assert [key.quantity for key in order.keys] == quantities
    assert order.descending is descending


@pytest.mark.parametrize(
    ("sort", "says"),
    [
        ("elements", "elements is not possible"),
        ("lattice_vectors", "Sortable are id"),
        ("type", "type is not possible"),
        ("nelement", "Did you mean nelements"),
        ("_other_x", "_other_x is not possible"),
        ("nsites,elements", "elements is not possible"),
        ("nelements,nsites,nperiodic_dimensions,last_modified,id", "at most 4"),
    ],
)
def test_refusal_says_what_is_possible(sort: str, says: str) -> None:
    """What the sites cannot order is refused, naming what they can."""
    with pytest.raises(ParameterError, match=says) as refusal:
        order_of(parsed(sort), CATALOGUE)
    assert refusal.value.parameter == "sort"


def test_only_optional_values_can_be_unknown() -> None:
    """Keys that every entry has know of no entry without."""
    order = order_of(parsed("last_modified,nsites,id"), CATALOGUE)
    assert [key.known is None for key in order.keys] == [True, False, True]
