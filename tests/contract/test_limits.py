"""How deep, how wide and how large a query may be; here NOMAD's versions differ."""

from collections.abc import Callable

import pytest

from tests.contract.asking import Json, Known

NSITES = "optimade.nsites"
LEAF: Json = {NSITES: 3}
COMPOSITION: Json = {
    "results.material.elemental_composition": {"element": "O", "mass_fraction:gt": 0.1}
}


def nested(way: str, depth: int, leaf: Json) -> Json:
    """A leaf within `depth` boolean nodes."""
    for _ in range(depth):
        leaf = {way: leaf if way == "not" else [leaf]}
    return leaf


DEPTHS: dict[str, tuple[Json, int]] = {
    "comparison": (LEAF, 20),
    "range": ({NSITES: {"gte": 3}}, 20),
    "filter comparison": ({"optimade_filter": "nsites = 3"}, 20),
    "filter has": ({"optimade_filter": 'elements HAS "O"'}, 19),
    "filter not": ({"optimade_filter": "NOT nsites = 3"}, 19),
    "list": ({"optimade.elements": ["O", "Ti"]}, 19),
    "none": ({"optimade.elements:none": ["O"]}, 19),
    "two keys": ({NSITES: 3, "optimade.nelements": 2}, 19),
    "nested section": (COMPOSITION, 20),
}


@pytest.mark.parametrize("way", ["and", "or", "not"])
@pytest.mark.parametrize("row", DEPTHS)
def test_nesting_is_limited(known: Known, row: str, way: str) -> None:
    """Twenty boolean nodes within one another, leaves that need one counted, are the most."""
    leaf, deepest = DEPTHS[row]
    assert known.oasis.find(nested(way, deepest, leaf)).status == 200
    assert known.oasis.find(nested(way, deepest + 1, leaf)).status == 400


@pytest.mark.parametrize("way", ["and", "or", "not"])
def test_any_is_a_node_of_its_own_in_old_versions(known: Known, way: str) -> None:
    """`:any` is one clause of its own kind from 1.4 on, a boolean node before."""
    deepest = 19 if known.is_old else 20
    assert known.oasis.find(nested(way, deepest, {f"{NSITES}:any": [3, 4]})).status == 200
    assert known.oasis.find(nested(way, deepest + 1, {f"{NSITES}:any": [3, 4]})).status == 400


def alternatives(count: int) -> list[Json]:
    """So many comparisons."""
    return [{NSITES: number} for number in range(count)]


WIDTHS: dict[str, tuple[Callable[[int], Json], int]] = {
    "or at the top": (lambda n: {"or": alternatives(n)}, 1022),
    "and at the top": (lambda n: {"and": alternatives(n)}, 1022),
    "or further down": (lambda n: {"and": [{"or": alternatives(n)}]}, 1024),
    "not or": (lambda n: {"not": {"or": alternatives(n)}}, 1024),
    "list at the top": (lambda n: {"optimade.elements": ["O"] * n}, 1022),
    "none at the top": (lambda n: {"optimade.elements:none": ["O"] * n}, 1022),
    "none further down": (lambda n: {"and": [{"optimade.elements:none": ["O"] * n}]}, 1023),
    "filter has any at the top": (
        lambda n: {"optimade_filter": "elements HAS ANY " + ",".join(['"O"'] * n)},
        1022,
    ),
}


@pytest.mark.parametrize("row", WIDTHS)
def test_clauses_of_one_node_are_limited(known: Known, row: str) -> None:
    """1,024 for each node; the owner takes two at the top, a node that only excludes takes one."""
    make, widest = WIDTHS[row]
    assert known.oasis.find(make(widest)).status == 200
    assert known.oasis.find(make(widest + 1)).status == 400


def test_limit_of_clauses_is_not_one_of_the_query(known: Known) -> None:
    """Many nodes may be wide."""
    wide = {"or": [{"or": alternatives(1000)} for _ in range(5)]}
    assert known.oasis.find(wide).total == known.oasis.find({"or": alternatives(1000)}).total


def any_of(count: int) -> Json:
    """`:any` with so many values."""
    return {f"{NSITES}:any": list(range(count))}


def test_values_in_any_are_limited(known: Known) -> None:
    """65,536 from 1.4 on; before, as many as a node has clauses, so chunks under one `or`."""
    most = 1022 if known.is_old else 65_536
    assert known.oasis.find(any_of(most)).status == 200
    assert known.oasis.find(any_of(most + 1)).status == 400
    chunks = [{f"{NSITES}:any": list(range(i, i + 1000))} for i in range(0, 4000, 1000)]
    everything = {NSITES: {"gte": "0", "lt": 4000}}
    assert known.oasis.find({"or": chunks}).total == known.oasis.find(everything).total


def test_empty_any(known: Known) -> None:
    """`:any` of nothing matches nothing from 1.4 on, and everything before."""
    everything = known.expected(lambda _: True)
    nothing = known.ids({"optimade.elements:any": []})
    inverse = known.ids({"not": {"optimade.elements:any": []}})
    assert nothing == (everything if known.is_old else set())
    assert inverse == everything - nothing


SIZES = {0: 200, 10_000: 200, 10_001: 400}


@pytest.mark.parametrize("size", SIZES)
def test_page_size_is_limited(known: Known, size: int) -> None:
    """From 0, just the total, to 10,000."""
    query = {"entry_id": known.documents[0]["entry_id"], "published": True}
    assert known.oasis.find(query, size=size).status == SIZES[size]
