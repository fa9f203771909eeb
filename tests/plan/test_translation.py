"""The translation as a library: text in, native query out, valid at every NOMAD."""

import json
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gateway
from gateway.errors import (
    FilterLimitError,
    FilterSyntaxError,
    NotImplementedFilterError,
    SiteNeededError,
)
from gateway.model import STRUCTURES, Json
from gateway.parse import FilterLimits, read_filter
from gateway.plan import Scope, plan_sites, translate
from gateway.plan.native import DEPTH, PARSED_TEXT
from gateway.plan.translation import NOTHING
from gateway.properties import STRUCTURE, structures_catalogue
from gateway.properties.native_query import WIDTH
from tests.laws.filters import FilterMaker

NO_ENTRIES: list[dict[str, str]] = [{}]


def test_it_is_part_of_the_library() -> None:
    """`from gateway import translate`."""
    assert gateway.translate is translate


def test_only_structures_are_asked_for() -> None:
    """NOMAD's `not` and NOMAD's unknown values would find measurements and notebooks, too."""
    assert translate("nelements IS UNKNOWN") == {
        "and": [STRUCTURE, {"not": {"quantities": "metadata.optimade.nelements"}}]
    }


def test_what_cannot_match_is_a_query_that_finds_nothing() -> None:
    """Not an empty list, which NOMAD 1.3 takes for every entry."""
    assert translate("nsites = 2.5") == NOTHING == {"and": [STRUCTURE, {"not": STRUCTURE}]}


@pytest.mark.parametrize(
    "text", ['id = "munich~x"', 'NOT id CONTAINS "x"', '_fed_site = "munich"', '_fed_site > "a"']
)
def test_what_depends_on_the_site_needs_one(text: str) -> None:
    """A typed error without `site=`, a query with it."""
    with pytest.raises(SiteNeededError):
        translate(text)
    assert isinstance(translate(text, site="munich"), dict)


def test_known_ids_need_no_site() -> None:
    """Every entry of every site has an id and a type."""
    assert translate('id IS KNOWN AND type = "structures"') == STRUCTURE


def test_the_prefix_is_the_providers_own() -> None:
    """Under another prefix the same name is another provider's."""
    assert translate('_own_upload_id = "x"', prefix="own")["and"] == [STRUCTURE, {"upload_id": "x"}]
    assert translate('_fed_upload_id = "x"', prefix="own") == NOTHING


def test_errors_are_the_filters() -> None:
    """Syntax errors and refusals come through, with their columns."""
    with pytest.raises(FilterSyntaxError):
        translate("nelements =")
    with pytest.raises(NotImplementedFilterError):
        translate("nelements = nsites")


RAISED = FilterLimits(length=10**6, terms=10_000, values=10_000)
WIDE = [
    " OR ".join(f"nsites = {i}" for i in range(3_500)),
    " AND ".join(f"nsites != {i}" for i in range(3_000)),
    " OR ".join(f"nsites > {i}" for i in range(3_500)),
    " AND ".join(f'chemical_formula_hill < "{i}"' for i in range(1_800)),
    " OR ".join(f'id = "munich~{i:028d}"' for i in range(1_200)),
    " OR ".join(f"(nsites > {i} AND nelements = {i})" for i in range(1_500)),
    "elements HAS ALL " + ", ".join(['"Si"', '"O"'] * 3_000),
    "_fed_datasets HAS ONLY " + ", ".join(f'"{i}"' for i in range(4_000)),
    "elements:elements_ratios HAS ANY " + ", ".join(f'"Si":{i}e-9' for i in range(1_000)),
]


@pytest.mark.parametrize("text", WIDE, ids=lambda text: text[:20])
def test_wide_filters_stay_within_nomads_limits(text: str) -> None:
    """Where the limits of filters are raised, too: more than 1,000 terms or values in any place."""
    tree = read_filter(text, RAISED)
    scope = Scope(STRUCTURES, structures_catalogue("fed"), "fed")
    (munich,) = plan_sites(tree, sites=["munich"], scope=scope).sites
    check_limits(munich.query)


DEEP = [
    "(" * 500 + "nsites = 1" + ")" * 500,
    "NOT (" * 199 + "nsites = 1 AND nelements = 2" + ")" * 199,
    "nsites = 1 AND (nelements = 2 OR (" * 40 + "nsites = 3" + "))" * 40,
    'elements HAS ONLY "Si" OR (NOT structure_features LENGTH 2 AND (' * 30 + "nsites" + "))" * 30,
]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:20])
def test_deep_filters_stay_within_nomads_limits(text: str) -> None:
    """NOMAD refuses 20 levels; the filter is rewritten to have fewer."""
    check_limits(translate(text))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=False))
def test_every_query_stays_within_nomads_limits(random: Random) -> None:
    """No empty list, no falsy bound, no quantity twice, not too deep, not too wide."""
    text = str(FilterMaker(random, NO_ENTRIES).filter())
    try:
        query = translate(text, site="munich")
    except (NotImplementedFilterError, FilterLimitError):
        return
    check_limits(query)


def check_limits(query: Json) -> None:
    """Hold a native query against what NOMAD 1.3 to 2.0 take."""
    assert isinstance(query, dict)
    json.dumps(query, allow_nan=False).encode()
    assert _depth(query) <= DEPTH < 20
    assert sum(len(str(node.get("optimade_filter", ""))) for node in _dicts(query)) <= PARSED_TEXT
    for node in _dicts(query):
        quantities = [key.partition(":")[0] for key in node]
        assert len(set(quantities)) == len(quantities), "a quantity twice"
        for key, value in node.items():
            if isinstance(value, list):
                assert 0 < len(value) <= WIDTH < 1_022, key
                assert key in ("and", "or") or key.endswith(":any")
            if key in ("gt", "gte", "lt", "lte"):
                assert value, "NOMAD takes falsy bounds for absent ones"
            if isinstance(value, int) and not isinstance(value, bool):
                assert -(2**31) <= value < 2**31


def _depth(node: Json) -> int:
    match node:
        case {"and": list(parts)} | {"or": list(parts)}:
            return 1 + max(map(_depth, parts))
        case {"not": part}:
            return 1 + _depth(part)
        case dict(quantities):
            return int(any(key.endswith(":any") for key in quantities))
        case _:
            return 0


def _dicts(node: Json) -> Iterator[dict[str, Json]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _dicts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _dicts(value)
