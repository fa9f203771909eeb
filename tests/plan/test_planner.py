"""What each site is asked, why a site is skipped, and what the caller is told."""

import pytest

from gateway.errors import (
    FilterLimitError,
    FilterValueError,
    NotImplementedFilterError,
    UnknownPropertyError,
)
from gateway.model import STRUCTURES
from gateway.parse import read_filter
from gateway.plan import Plan, Scope, SitePlan, plan_entry, plan_sites
from gateway.properties import STRUCTURE, structures_catalogue

SITES = ("berlin", "munich")
SCOPE = Scope(STRUCTURES, structures_catalogue("fed"), "fed")
EXCLUDED = "the filter excludes this site"
NOWHERE = "no entry can match the filter"


def plan(text: str | None) -> Plan:
    return plan_sites(read_filter(text) if text else None, sites=SITES, scope=SCOPE)


def test_no_filter_asks_every_site_for_every_structure() -> None:
    """Entries without a structure are never asked for."""
    assert plan(None) == Plan((SitePlan("berlin", STRUCTURE), SitePlan("munich", STRUCTURE)))


def test_sites_are_asked_the_same_where_nothing_depends_on_them() -> None:
    """The translation is made once."""
    berlin, munich = plan('elements HAS "Si"').sites
    assert berlin.query == {"and": [STRUCTURE, {"optimade.elements": "Si"}]}
    assert munich.query == berlin.query


@pytest.mark.parametrize(
    ("text", "berlin", "munich"),
    [
        ('id = "munich~x"', EXCLUDED, None),
        ('id = "munich~x" OR id = "berlin~x"', None, None),
        ('NOT id STARTS WITH "munich~"', None, EXCLUDED),
        ('_fed_site = "berlin" AND nelements = 2', None, EXCLUDED),
        ('_fed_site != "berlin" OR nelements = 2', None, None),
        ('_fed_site = "paris"', EXCLUDED, EXCLUDED),
        ('type = "references"', NOWHERE, NOWHERE),
        ("nsites = 2.5", NOWHERE, NOWHERE),
        ("1 > 2", NOWHERE, NOWHERE),
        ('elements HAS "Foo"', NOWHERE, NOWHERE),
        ("_exmpl_x = 1", NOWHERE, NOWHERE),
        ('immutable_id = "x"', None, None),
    ],
)
def test_sites_that_cannot_match_are_skipped(
    text: str, berlin: str | None, munich: str | None
) -> None:
    """With a reason, and nothing is sent to them."""
    plans = plan(text).sites
    assert [one.reason for one in plans] == [berlin, munich]
    assert [one.query is None for one in plans] == [berlin is not None, munich is not None]


def test_unknown_properties_of_other_providers_are_reported() -> None:
    """Once each, as warnings; many have one together."""
    notices = plan('_exmpl_x = 1 OR _exmpl_x = 2 OR elements:_b_y HAS "Si":2 OR _c_z').notices
    assert [notice.detail.split()[0] for notice in notices] == ["_exmpl_x", "_b_y", "_c_z"]
    assert plan("nelements = 2").notices == ()
    many = plan(" OR ".join(f"_exmpl_x{i}" for i in range(900))).notices
    assert len(many) == 6
    assert many[-1].detail.startswith("895 more names are not properties of this provider")
    (long,) = plan(f"_exmpl_{'x' * 10_000}").notices
    assert len(long.detail) < 300


def test_sites_share_equal_queries() -> None:
    """One object: it is written, measured and digested once."""
    sites = [f"site-{number}" for number in range(6)]
    text = '(id = "site-2~x" OR nsites = 2) AND elements HAS "Si"'
    plans = plan_sites(read_filter(text), sites=sites, scope=SCOPE).sites
    assert len({id(one.query) for one in plans}) == 2
    assert plans[2].query != plans[3].query


def test_a_single_entry_is_planned_alike() -> None:
    """Without reading the filter of a single-entry request."""
    assert plan_entry("munich", "x-_1", sites=SITES).sites == plan('id = "munich~x-_1"').sites
    assert plan_entry("rome", "x", sites=SITES).sites == plan('id = "rome~x"').sites


def test_ids_are_sorted_by_site() -> None:
    """Each site is asked for its own; what excludes other sites' ids excludes nothing there."""
    text = " OR ".join(f'id = "{site}~{i}"' for i in range(3) for site in SITES)
    berlin, munich = plan(text).sites
    assert berlin.query == {"and": [STRUCTURE, {"entry_id:any": ["0", "1", "2"]}]}
    assert munich.query == berlin.query
    berlin, munich = plan('id != "munich~a" AND id != "munich~b" AND nsites = 2').sites
    assert berlin.query == {"and": [STRUCTURE, {"optimade.nsites": 2}]}
    assert munich.query == {
        "and": [STRUCTURE, {"not": {"entry_id:any": ["a", "b"]}}, {"optimade.nsites": 2}]
    }


MISTAKES = [
    ("1 = 1 OR nelement = 2", UnknownPropertyError),
    ("1 = 2 AND nelement = 2", UnknownPropertyError),
    ('1 = 1 OR nelements = "2"', NotImplementedFilterError),
    ('1 = 1 OR last_modified > "yesterday"', FilterValueError),
    ('_exmpl_x = 1 AND nelements = "2"', NotImplementedFilterError),
    ('type = "structures" OR elements = "Si"', NotImplementedFilterError),
    ("_fed_foo IS UNKNOWN", UnknownPropertyError),
    ("_nmd_foo = 1", UnknownPropertyError),
    ("__x = 1", UnknownPropertyError),
    ("species.name.x IS KNOWN", UnknownPropertyError),
    ("elements.x IS KNOWN", UnknownPropertyError),
]


@pytest.mark.parametrize(("text", "mistake"), MISTAKES)
def test_mistakes_are_found_wherever_they_stand(text: str, mistake: type[Exception]) -> None:
    """Also in a branch that the rest of the filter makes needless."""
    with pytest.raises(mistake):
        plan(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('nelements = 2 AND nelement = "x"', 19),
        ('nelements = 2 AND nelements = "x"', 19),
        ('last_modified > "yesterday"', 17),
        ('chemical_formula_hill ENDS WITH "2\\""', 33),
        ('elements HAS ALL "Si", 2', 1),
    ],
)
def test_errors_say_where(text: str, column: int) -> None:
    """The place of the property, or of the value where that is at fault."""
    with pytest.raises(
        (UnknownPropertyError, NotImplementedFilterError, FilterValueError)
    ) as caught:
        plan(text)
    assert caught.value.column == column


def test_names_of_other_providers_inside_ours_are_unknown() -> None:
    """OPTIMADE lets providers add keys to dictionaries of the standard."""
    assert [one.query for one in plan("species._exmpl_x IS UNKNOWN").sites] == [STRUCTURE] * 2


def test_what_nomad_has_to_parse_is_limited() -> None:
    """It takes NOMAD about 3 ms for each CONTAINS, in which it answers nobody else."""
    many = " OR ".join(f'chemical_formula_hill CONTAINS "{i}"' for i in range(400))
    assert plan(many).sites[0].query is not None
    zips = ", ".join(f'> "M":0.{i:03}' for i in range(1, 500))
    with pytest.raises(FilterLimitError, match="at most 100000"):
        plan(f"elements:elements_ratios HAS ALL {zips}")
