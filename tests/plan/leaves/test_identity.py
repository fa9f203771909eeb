"""`id`, `type` and the site, decided before any site is asked."""

import pytest

from gateway.errors import NotImplementedFilterError
from gateway.model import NativeQuery
from gateway.parse.tree import FuzzyOp, Op, String
from gateway.plan.leaves.identity import IdsBySite, PerSite, compare_id, compare_texts
from tests.plan.written import written


def at(site: str, op: Op | FuzzyOp, text: str) -> NativeQuery | bool | None:
    """`id op text` at one site; the inverse is its negation there."""
    comparison = compare_id(op, String(text))
    if not isinstance(comparison, PerSite | IdsBySite):
        return written(comparison)
    assert comparison.inverse().inverse().at(site) == comparison.at(site)
    return written(comparison.at(site))


COMPARED: list[tuple[Op, str, NativeQuery | bool]] = [
    ("=", "munich~abc", {"entry_id": "abc"}),
    ("=", "munich~a~b", {"entry_id": "a~b"}),
    ("=", "berlin~abc", False),
    ("=", "munich", False),
    ("=", "munich~", {"entry_id": ""}),
    ("=", "", False),
    ("=", "munich2~abc", False),
    ("!=", "munich~abc", {"not": {"entry_id": "abc"}}),
    ("!=", "berlin~abc", True),
    ("<", "munich~b", {"entry_id": {"lt": "b"}}),
    ("<", "n", True),
    ("<", "munich", False),
    ("<", "munich~", False),
    ("<=", "berlin~zzz", False),
    (">", "munich", True),
    (">", "munich~", {"entry_id": {"gte": "\0"}}),
    (">=", "munich~", True),
    (">", "", True),
    (">=", "munich~M", {"entry_id": {"gte": "M"}}),
    (">", "munich}", True),  # } comes before ~
    (">", "munich\u00e9", False),
]


@pytest.mark.parametrize(("op", "text", "clause"), COMPARED)
def test_an_id_is_site_and_entry_id(op: Op, text: str, clause: NativeQuery | bool) -> None:
    """A text with another site's name, or that ends within this one's, decides the comparison."""
    assert at("munich", op, text) == clause


MATCHED: list[tuple[FuzzyOp, str, NativeQuery | bool]] = [
    ("STARTS", "munich~ab", {"entry_id": {"gte": "ab", "lt": "ac"}}),
    ("STARTS", "munich~", True),
    ("STARTS", "mun", True),
    ("STARTS", "", True),
    ("STARTS", "munich2", False),
    ("STARTS", "ab", False),
    ("ENDS", "yz", {"optimade_filter": 'id ENDS WITH "yz"'}),
    ("ENDS", "", True),
    (
        "ENDS",
        "h~yz",
        {"or": [{"optimade_filter": 'id ENDS WITH "h~yz"'}, {"entry_id": "yz"}]},
    ),
    ("CONTAINS", "yz", {"optimade_filter": 'id CONTAINS "yz"'}),
    ("CONTAINS", "nich~", True),
    ("CONTAINS", "", True),
    (
        "CONTAINS",
        "h~yz",
        {
            "or": [
                {"optimade_filter": 'id CONTAINS "h~yz"'},
                {"entry_id": {"gte": "yz", "lt": "y{"}},
            ]
        },
    ),
    ("CONTAINS", "berlin~", {"optimade_filter": 'id CONTAINS "berlin~"'}),
]


@pytest.mark.parametrize(("op", "text", "clause"), MATCHED)
def test_a_part_of_an_id_may_span_site_and_entry_id(
    op: FuzzyOp, text: str, clause: NativeQuery | bool
) -> None:
    """The text may lie in the site's name, in the entry_id, or across the sign between them."""
    assert at("munich", op, text) == clause


def test_every_way_across_is_tried() -> None:
    """A beginning of the text may end the site's name in more than one way."""
    assert at("aa", "CONTAINS", "aa~aa~b") == {
        "or": [
            {"optimade_filter": 'id CONTAINS "aa~aa~b"'},
            {"entry_id": {"gte": "aa~b", "lt": "aa~c"}},
        ]
    }


def test_a_quote_ends_no_id_that_can_be_asked() -> None:
    """NOMAD strips quotes from the end of a text."""
    with pytest.raises(NotImplementedFilterError):
        at("munich", "ENDS", '"')


@pytest.mark.parametrize(
    ("left", "op", "right", "holds"),
    [
        ("structures", "=", "structures", True),
        ("structures", "!=", "structures", False),
        ("structures", "<", "structuresx", True),
        ("structures", ">", "Structures", True),
        ("structures", "<=", "", False),
        ("structures", ">=", "structures", True),
    ],
)
def test_known_texts_are_compared_here(left: str, op: Op, right: str, holds: bool) -> None:
    """By code point, as the sites would."""
    assert compare_texts(left, op, right) is holds


@pytest.mark.parametrize(
    ("op", "right", "holds"),
    [
        ("CONTAINS", "uct", True),
        ("CONTAINS", "u*t", False),
        ("CONTAINS", "", True),
        ("STARTS", "struct", True),
        ("STARTS", "S", False),
        ("ENDS", "es", True),
        ("ENDS", "struct", False),
    ],
)
def test_known_texts_are_matched_here(op: FuzzyOp, right: str, holds: bool) -> None:
    """A star is a star."""
    assert compare_texts("structures", op, right) is holds
