"""The pure parts: positions, dialects, names, echoes."""

from typing import Any

import pytest

from gateway.native.dialect import for_version
from gateway.native.echo import plain_echo
from gateway.native.holders import SiteQuery, site_query
from gateway.native.names import without_names
from gateway.native.order import Key, position, read_key, read_order, read_start
from gateway.native.reading.pinned import pinned_ids
from gateway.native.reading.request import Pagination

NONE = {"entry_id": "-"}


@pytest.mark.parametrize(
    ("order_by", "value", "text"),
    [
        ("mainfile", "a:b", "a:b:x"),
        ("mainfile", None, "None:x!"),
        ("optimade.nsites", 3, "3:x"),
        ("processed", 1, "true:x"),
        ("publish_time", 1556611776699, "1556611776699:x"),
    ],
)
def test_positions(order_by: str, value: Any, text: str) -> None:
    """A position is NOMAD's, but for a missing value, which would loop, and a boolean."""
    order = read_order(Pagination(order_by=order_by))
    assert position(Key(value, "x"), order) == text
    start = read_start(order, text)
    assert start.missing_after == ("x" if value is None else None)


@pytest.mark.parametrize("after", ["Infinity:x", "9223372036854775807:x"])
def test_endless_positions(after: str) -> None:
    """What NOMAD itself writes for a missing number is read, too."""
    assert (
        read_start(read_order(Pagination(order_by="optimade.nsites")), after).missing_after == "x"
    )


def test_lists_of_objects() -> None:
    """They sort by least, descending by greatest; members that are kept apart count as none."""
    document: Any = {"entry_id": "x", "authors": [{"name": "B"}, {"name": "A"}]}
    for order, value in (("asc", "A"), ("desc", "B")):
        pagination = Pagination(order_by="authors.name", order=order)  # type: ignore[arg-type]
        assert read_key(document, read_order(pagination)).value == value
    gap = "results.properties.electronic.band_gap.value"
    found: Any = {
        "entry_id": "x",
        "results": {"properties": {"electronic": {"band_gap": [{"value": 1}]}}},
    }
    assert read_key(found, read_order(Pagination(order_by=gap))).value is None


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"a": 1, "b": 2}, NONE),
        ({"b": 2}, {"b": 2}),
        ({"a:any": [1]}, NONE),
        ({"a": {"gte": 1}}, NONE),
        ({"not": {"a": 1}}, {"not": NONE}),
        ({"or": [{"a": 1}, {"b": 2}]}, {"or": [NONE, {"b": 2}]}),
        ({"s": {"a": 1}}, {"s": {"a": 1}}),
        ({"s": {"x": {"gte": 1}}}, NONE),
    ],
)
def test_names(query: Any, wanted: Any) -> None:
    """A criterion on a lacking name becomes one that matches nothing."""
    assert without_names(query, {"a", "s.x"}) == wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"a:any": []}, NONE),
        ({"a": {"any": []}}, NONE),
        ({"not": {"a:any": []}}, {"not": NONE}),
        ({"a:any": [1], "b": 2}, {"a:any": [1], "b": 2}),
        ({"a:any": [], "b": 2}, {"and": [NONE, {"b": 2}]}),
    ],
)
def test_old_versions(query: Any, wanted: Any) -> None:
    """1.3 takes an empty `:any` for everything; newer versions are sent what was asked."""
    assert for_version(query, "1.3.17") == wanted
    assert for_version(query, None) == wanted
    assert for_version(query, "2.0.0") is query


def test_old_chunks() -> None:
    """1.3 takes a thousand values in one `:any`."""
    chunks: Any = for_version({"a:any": [*range(2_500)]}, "1.3.17")
    assert [len(one["a:any"]) for one in chunks["or"]] == [1_000, 1_000, 500]
    excluded: Any = for_version({"and": [{"x": 1}, {"not": {"a:any": [*range(1_001)]}}]}, None)
    assert [len(one["a:any"]) for one in excluded["and"][1]["not"]["or"]] == [1_000, 1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"entry_id": "x"}, ("x",)),
        ({"entry_id:any": ["y", "x", "y"]}, ("y", "x")),
        ({"and": [{"a": 1}, {"entry_id": {"any": ["x"]}}]}, ("x",)),
        ({"or": [{"entry_id": "x"}]}, None),
        ({"a": 1}, None),
        ({}, None),
    ],
)
def test_pinned(query: Any, ids: Any) -> None:
    """Which entries alone can match."""
    assert pinned_ids(query) == ids


def test_seam() -> None:
    """Without copies a site is asked the caller's query; an exclusion stands second, the echo is
    the first."""
    assert site_query(None, "a", {"x": 1}).query == {"x": 1}
    left_out = {"not": {"entry_id:any": ["z"]}}
    assert site_query(None, "a", {"x": 1}, without=["z"]).query == {"and": [{"x": 1}, left_out]}
    wrapped = SiteQuery({"and": [{"x": 1}, NONE]}, is_wrapped=True)
    assert wrapped.echo({"and": [{"name": "x"}, {}]}) == {"name": "x"}
    assert wrapped.echo({"op": [{"name": "x"}, {}]}) == {"name": "x"}


def test_plain_echo() -> None:
    """Archives say `op` for every operator."""
    echo: Any = {
        "and": [{"not": {"name": "a", "value": {"any": [1]}}}, {"name": "b", "value": {"gt": 1}}]
    }
    assert plain_echo(echo) == {
        "op": [{"op": {"name": "a", "value": {"op": [1]}}}, {"name": "b", "value": {"gt": 1}}]
    }
