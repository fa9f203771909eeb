"""Filters over `_nmd_` properties: what depends on a site's version, zips, and what is folded."""

import pytest

from gateway.errors import NotImplementedFilterError, SiteNeededError, UnknownPropertyError
from gateway.model import STRUCTURES, NativeQuery
from gateway.parse import read_filter
from gateway.plan import Plan, Scope, plan_sites, translate
from gateway.plan.translation import NOTHING
from gateway.properties import STRUCTURE, structures_catalogue

SCOPE = Scope(STRUCTURES, structures_catalogue("fed"), "fed")
GAP = "_nmd_results_properties_electronic_band_gap_"
SECTION = "results.properties.electronic.band_gap"
VERSIONS = {"new": "2.0.0", "middle": "1.4.3", "old": "1.3.17", "silent": None}


def plan(text: str) -> Plan:
    return plan_sites(read_filter(text), sites=tuple(VERSIONS), scope=SCOPE, versions=VERSIONS)


def asked(text: str) -> dict[str, NativeQuery | None]:
    return {one.site: one.query for one in plan(text).sites}


def test_unknown_where_the_version_lacks_it() -> None:
    """No comparison matches there, so the site is not asked; a version not known is the oldest."""
    queries = asked('_nmd_description = "x"')
    wanted = {"and": [STRUCTURE, {"description": "x"}]}
    assert queries == {"new": wanted, "middle": wanted, "old": None, "silent": None}
    reasons = {one.site: one.reason for one in plan('_nmd_description = "x"').sites}
    assert reasons["old"] == "the filter excludes this site"
    assert reasons["new"] is None


def test_is_unknown_matches_where_the_version_lacks_it() -> None:
    """IS UNKNOWN, and only that, holds for all of an older site's entries."""
    queries = asked("_nmd_process_status IS UNKNOWN")
    assert queries["old"] == queries["silent"] == queries["middle"] == STRUCTURE
    assert queries["new"] != STRUCTURE
    assert asked("_nmd_process_status IS KNOWN")["middle"] is None


NEGATED = [
    'NOT _nmd_description = "x"',
    '_nmd_description != "x"',
    'NOT _nmd_description CONTAINS "x"',
    '_nmd_description STARTS WITH ""',
    "NOT _nmd_description IS UNKNOWN",
]


@pytest.mark.parametrize("text", NEGATED)
def test_unknown_under_not(text: str) -> None:
    """Unknown stays unknown under NOT."""
    queries = asked(text)
    assert queries["old"] is None
    assert queries["new"] is not None


@pytest.mark.parametrize("site", ["new", "old"])
def test_types_are_checked_everywhere(site: str) -> None:
    """A wrong type is refused also at a site that lacks the quantity."""
    with pytest.raises(NotImplementedFilterError):
        translate("_nmd_description = 5", site=site, version=VERSIONS[site])


def test_or_with_another_property() -> None:
    """The rest of a filter is asked of every site."""
    queries = asked('_nmd_description = "x" OR nsites = 2')
    assert queries["old"] == {"and": [STRUCTURE, {"optimade.nsites": 2}]}


def test_site_is_needed() -> None:
    """Without the site's version, what only some versions have cannot be translated."""
    with pytest.raises(SiteNeededError, match="name the site's version"):
        translate('_nmd_description = "x"')
    assert translate('_nmd_description = "x"', version="1.3.17") == NOTHING
    assert translate('_nmd_upload_name = "x"') == {"and": [STRUCTURE, {"upload_name": "x"}]}


def test_other_filters_do_not_depend_on_versions() -> None:
    """One query for all sites."""
    queries = asked('_nmd_results_material_symmetry_crystal_system = "cubic"')
    assert len({str(query) for query in queries.values()}) == 1


ZIPS = [
    (
        f'{GAP}type:{GAP}value HAS "direct":1e-19',
        {SECTION: {"type": "direct", "value": 1e-19}},
    ),
    (
        f'{GAP}type:{GAP}type HAS > "d":< "e"',
        {f"{SECTION}.type": {"gt": "d", "lt": "e"}},
    ),
    (
        f'{GAP}type:{GAP}type:{GAP}index HAS > "d":!= "direct":0',
        {
            "or": [
                {SECTION: {"type": {"gt": "d", "lt": "direct"}, "index": 0}},
                {SECTION: {"type": {"gt": "direct"}, "index": 0}},
            ]
        },
    ),
    (
        f'{GAP}type:{GAP}index HAS ANY "a":0, "b":2.5, "c":1',
        {"or": [{SECTION: {"type": "a", "index": 0}}, {SECTION: {"type": "c", "index": 1}}]},
    ),
]


@pytest.mark.parametrize(("text", "clause"), ZIPS)
def test_zips_hold_for_one_member(text: str, clause: NativeQuery) -> None:
    """All tests of an item stand in one nested dict; impossible items vanish."""
    assert translate(text) == {"and": [STRUCTURE, clause]}


def test_zips_with_too_many_ways() -> None:
    """Each != doubles the nested queries; a thousand are too many."""
    names = ":".join([f"{GAP}{part}" for part in ("type", "value", "index")] * 5)
    tests = ":".join(f'!="{i}":!={i}:!={i}' for i in range(5))
    assert translate(f"{names} HAS {tests}")
    names = ":".join([f"{GAP}{part}" for part in ("type", "value", "index")] * 25)
    tests = ":".join(f'!="{i}":!={i}:!={i}' for i in range(25))
    with pytest.raises(NotImplementedFilterError, match="too many ways"):
        translate(f"{names} HAS {tests}")


def test_unknown_names_are_told() -> None:
    """A name of former NOMADs leads to today's."""
    with pytest.raises(UnknownPropertyError) as caught:
        translate("nsites = 2 AND _nmd_dft_spacegroup = 225")
    assert caught.value.suggestions == ("_nmd_results_material_symmetry_space_group_number",)
    assert caught.value.column == 16


def test_repeated_negations_stay_small() -> None:
    """What says that a quantity is known stands once, however often it is negated."""
    text = " AND ".join(f'_nmd_upload_name != "{i}"' for i in range(500))
    query = translate(text)
    assert query == {
        "and": [
            STRUCTURE,
            {"optimade_filter": "_nmd_upload_name IS KNOWN"},
            {"not": {"upload_name:any": [str(i) for i in range(500)]}},
        ]
    }
