"""Ids that no structure can have are told how they are written; canonical ids are not."""

import pytest

from gateway.model import REFERENCES, STRUCTURES
from gateway.parse import read_filter
from gateway.plan import Scope, matcher_of, plan_entry, plan_sites
from gateway.properties import references_catalogue, structures_catalogue

SITES = ("berlin", "munich")
SCOPE = Scope(STRUCTURES, structures_catalogue("fed"), "fed")


def answer(text: str) -> list[str]:
    plan = plan_sites(read_filter(text), sites=SITES, scope=SCOPE)
    return [notice.detail for notice in plan.notices]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('id = "mpf_1"', ("mpf_1 is the id of no entry", "berlin~mpf_1", 'immutable_id = "mpf_1"')),
        ('"mpf_1" = id', ("berlin~mpf_1",)),
        ('NOT id = "mpf_1"', ("berlin~mpf_1",)),
        ('id != "mpf_1"', ("berlin~mpf_1",)),
        ('nsites = 1 AND (id = "a" OR id = "b")', ("a, b are ids of no entry", "berlin~a")),
        ('id = "a" OR id = "berlin~b"', ("a is the id of no",)),
        ('id = "berlin"', ("berlin~berlin",)),
        ('id = ""', ("ids are <site>~<entry_id>",)),
        ('id = "Berlin~a"', ("no site 'Berlin'; the sites are berlin, munich", '= "a" finds')),
        ('id = "rome~a" OR nsites = 2', ("no site 'rome'",)),
        ('id = "a/b/c"', ("a/b/c is the id of no entry", "<site>~<entry_id>.")),
        (r'id = "a\"b"', ("<site>~<entry_id>.",)),
        ('id = "~a"', ("~a is the id of no entry", "such as berlin~a.", '= "a" finds')),
        (
            'immutable_id = "berlin~a"',
            ("No immutable_id is berlin~a", 'Did you mean id = "berlin~a"?'),
        ),
        ('immutable_id != "a~"', ("No immutable_id is a~", "without a site.")),
    ],
)
def test_ids_that_no_entry_has(text: str, parts: tuple[str, ...]) -> None:
    """One warning, which says what would be right."""
    (detail,) = answer(text)
    for part in parts:
        assert part in detail


@pytest.mark.parametrize(
    "text",
    [
        'id = "berlin~mpf_1"', 'id != "munich~mpf_1"', 'id STARTS WITH "berlin"',
        'id STARTS WITH "mpf"', 'id CONTAINS "mpf_1"', 'id ENDS WITH "mpf_1"', 'id > "b"',
        'immutable_id = "mpf_1"', '_fed_upload_id = "mpf_1"', "id IS KNOWN", 'id = "berlin~"',
        'id = "berlin~a~b"', 'type = "structures"',
    ],
)  # fmt: skip
def test_what_is_canonical_is_left_alone(text: str) -> None:
    """And so are parts of ids."""
    assert answer(text) == []


def test_many_ids_are_one_warning() -> None:
    """Some are named, the others counted, none at length."""
    (detail,) = answer(" OR ".join(f'id = "{number}{"x" * 100}"' for number in range(100)))
    assert "and 97 more ids" in detail
    assert len(detail) < 700


def test_single_ids() -> None:
    """The way of single entries says so, too."""
    assert plan_entry("berlin", "a", sites=SITES).notices == ()
    (notice,) = plan_entry("rome", "a", sites=SITES).notices
    assert "no site 'rome'" in notice.detail


def test_references_have_other_ids() -> None:
    """They have no site."""
    scope = Scope(REFERENCES, references_catalogue("fed"), "fed")
    assert matcher_of(read_filter('id = "doi.10.1"'), scope)
