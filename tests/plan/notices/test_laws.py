"""What is said to be impossible is so: no part of a formula, and no value of an entry."""

from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo import create_demo_oasis
from gateway.parse import read_filter
from gateway.parse.tree import Compare, Fuzzy, Has
from gateway.plan import Scope
from gateway.plan.notices import value_notices
from gateway.plan.notices.formulas import RULES, formulas_like, is_formula, is_part
from gateway.properties import ELEMENT_SYMBOLS, structures_catalogue
from tests.laws.evaluator import evaluate
from tests.laws.filters import FilterMaker
from tests.laws.in_process import InProcess
from tests.laws.oasis import Oasis

SCOPE = Scope("structures", structures_catalogue("fed"), "fed")
ALIKE = ("C", "Ca", "Cl", "Co", "H", "He", "Hf", "O", "Os", "N", "Ni", "Na", "S", "Si", "Sn", "X")
SYMBOLS = st.sampled_from(ALIKE) | st.sampled_from(ELEMENT_SYMBOLS)
COMPOSITIONS = st.lists(
    st.tuples(SYMBOLS, st.integers(1, 30)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]
)


@pytest.mark.parametrize("kind", RULES)
@given(pairs=COMPOSITIONS)
def test_every_part_of_a_formula_is_possible(kind, pairs):
    """However elements are ordered and counted: the formula that is made of them can be one, and
    it starts with, ends with and contains nothing that is said to be impossible."""
    (formula, *_) = formulas_like("".join(f"{symbol}{n}" for symbol, n in pairs), kind)
    assert is_formula(formula, kind)
    for end in range(len(formula) + 1):
        assert is_part(formula[:end], "STARTS", kind)
        assert is_part(formula[end:], "ENDS", kind)
        for start in range(end):
            assert is_part(formula[start:end], "CONTAINS", kind)


@pytest.mark.parametrize("kind", RULES)
@given(text=st.text(st.sampled_from("ABCHOTaiolz0123 ()_₂"), max_size=12) | st.text(max_size=120))
def test_whatever_is_read(kind, text):
    """Any text is judged, and what it is said to mean is a formula."""
    is_formula(text[:100], kind)
    for op in ("CONTAINS", "STARTS", "ENDS"):
        is_part(text[:100], op, kind)
    assert all(is_formula(one, kind) for one in formulas_like(text, kind))


def test_nothing_that_is_noticed_is_found():
    """Random conditions on the demo's values: where one is noticed, no entry fulfils it."""
    app = create_demo_oasis("munich", version="2.0.0")
    base = "http://demo/nomad-oasis/api/v1"
    with httpx.Client(transport=InProcess(app), base_url=base) as client:
        entries = Oasis(client).structures("munich")
    maker, noticed = FilterMaker(Random(3), entries), 0
    for _ in range(3_000):
        tree = read_filter(maker.leaf())
        if is_one_value(tree) and value_notices(tree, scope=SCOPE, sites=("munich",)):
            noticed += 1
            assert not any(evaluate(tree, entry) is True for entry in entries), tree
    assert noticed > 100


def is_one_value(tree):
    """Whether the condition fails where the only value that it has is impossible."""
    match tree:
        case Compare(_, op, _):
            return op == "="
        case Has(_, "ANY", (item,)):
            return all(test.op != "!=" for test in item)
        case _:
            return isinstance(tree, Fuzzy)
