"""The specification's own test cases; `spec_cases.json` names their source and licence."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.errors import FilterSyntaxError
from gateway.parse import read_filter, write_filter
from gateway.parse.tree import Bare, Compare, Name, Number

CASES = json.loads(Path(__file__).with_name("spec_cases.json").read_text(encoding="utf-8"))
FILTERS = [pytest.param(case, id=case["case"]) for case in CASES["filters"]]
LISTS = CASES["lists"]


def test_all_cases_are_here():
    """The specification has 82 filters, of which 17 are to be refused."""
    assert len(CASES["filters"]) == 82
    assert sum(not case["accepted"] for case in CASES["filters"]) == 17


@pytest.mark.parametrize("case", [case for case in FILTERS if case.values[0]["accepted"]])
def test_accepted(case):
    """What the specification's grammar accepts is read, and can be written and read again."""
    tree = read_filter(case["filter"])
    assert read_filter(write_filter(tree)) == tree


@pytest.mark.parametrize("case", [case for case in FILTERS if not case.values[0]["accepted"]])
def test_refused(case):
    """What the specification's grammar refuses is refused, at a place inside the filter."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter(case["filter"])
    assert 1 <= (caught.value.column or 0) <= len(case["filter"]) + 1


@pytest.mark.parametrize("text", LISTS["numbers"] + LISTS["integers"] + LISTS["reals"])
def test_numbers(text):
    """Every number of the specification's lists is read exactly."""
    assert read_filter(f"a={text}") == Compare(Name(("a",)), "=", Number(Decimal(text)))


@pytest.mark.parametrize("text", LISTS["not-numbers"])
def test_not_numbers(text):
    """No entry of the list of ill-formed numbers is read as a number."""
    try:
        tree = read_filter(f"a={text}")
    except FilterSyntaxError:
        return
    assert isinstance(tree, Compare)
    assert not isinstance(tree.right, Number)


@pytest.mark.parametrize("text", LISTS["identifiers"])
def test_identifiers(text):
    """Every identifier of the list is a property."""
    assert read_filter(text) == Bare(Name((text,)))


@pytest.mark.parametrize("text", LISTS["not-identifiers"])
def test_not_identifiers(text):
    """No entry of the list of ill-formed identifiers stands for a property."""
    with pytest.raises(FilterSyntaxError):
        read_filter(f"{text} IS KNOWN")
