"""Filters that name the references they want are asked for those alone."""

import pytest

from gateway.parse import read_filter
from gateway.plan.pinned import pinned_references
from gateway.references import DOI_PREFIXES, Reference

A, B = Reference("doi", "a"), Reference("ref", "b/c")
SPELLINGS = {Reference("doi", "10.1/x"), *(Reference("ref", p + "10.1/x") for p in DOI_PREFIXES)}

ROWS = [
    ('id = "doi.a"', {A}),
    ('"doi.a" = id', {A}),
    ('immutable_id = "doi.a"', {A}),
    ('id = "doi.a" OR id = "ref.b_2Fc"', {A, B}),
    ('(id = "doi.a" OR id = "ref.b_2Fc") AND title CONTAINS "x"', {A, B}),
    ('id = "doi.a" AND (id = "ref.b_2Fc" OR id = "doi.a")', {A}),
    ('id = "doi.a" AND id = "ref.b_2Fc"', set()),
    ('id = "berlin~x"', set()),
    ('id = "nonsense" OR id = "doi.a"', {A}),
    ('doi = "10.1/x"', SPELLINGS),
    ('doi = "a"', {A}),
    ('doi = "10.1/x" AND id STARTS WITH "doi."', SPELLINGS),
    ('NOT (id != "doi.a" OR title = "x")', {A}),
    ('id != "doi.a"', None),
    ('NOT id = "doi.a"', None),
    ('id = "doi.a" OR title = "x"', None),
    ('id >= "doi.a"', None),
    ('id STARTS WITH "doi.a"', None),
    ('doi CONTAINS "10.1/x"', None),
    ('title = "a"', None),
    ("doi IS KNOWN", None),
    ("1 < 2", None),
]


@pytest.mark.parametrize(("text", "pinned"), ROWS)
def test_pinned(text: str, pinned: set[Reference] | None) -> None:
    """Nothing outside of these can match; None where the filter does not say."""
    found = pinned_references(read_filter(text))
    assert found == (None if pinned is None else frozenset(pinned))
