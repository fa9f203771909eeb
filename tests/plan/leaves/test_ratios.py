"""`elements_ratios`, alone and zipped, within what NOMAD parses."""

from decimal import Decimal

import pytest

from gateway.model import NativeQuery
from gateway.parse.tree import Op, Quantifier
from gateway.plan.intervals import EVERYTHING, NOTHING, Spans, intersection, spans_of
from gateway.plan.leaves.ratios import RatioPairs, has_pairs, ratios_of
from gateway.plan.work_budget import WorkBudget
from gateway.properties import ELEMENT_SYMBOLS
from tests.plan.written import KNOWN, WRITTEN_KNOWN, written

EVERY = frozenset(ELEMENT_SYMBOLS)
TI, OX, BOTH = frozenset({"Ti"}), frozenset({"O"}), frozenset({"Ti", "O"})


def above(number: str) -> Spans:
    return ratios_of(">", Decimal(number))


def leaf(text: str) -> NativeQuery:
    return {"optimade_filter": text}


def has(quantifier: Quantifier, items: list[RatioPairs]) -> NativeQuery | bool | None:
    return written(
        has_pairs(quantifier, items, vocabulary=ELEMENT_SYMBOLS, known=KNOWN, work=WorkBudget())
    )


ITEMS: list[tuple[RatioPairs, NativeQuery | bool]] = [
    (RatioPairs(TI, above("0.3")), leaf('elements:elements_ratios HAS "Ti":>0.3')),
    (
        RatioPairs(BOTH, above("0.3")),
        leaf('elements:elements_ratios HAS ANY "O":>0.3, "Ti":>0.3'),
    ),
    (RatioPairs(EVERY, above("0.3")), leaf('elements_ratios:elements HAS >0.3:>""')),
    (RatioPairs(EVERY - OX, above("0.3")), leaf('elements_ratios:elements HAS >0.3:!="O"')),
    (
        RatioPairs(EVERY - BOTH, above("0.3")),
        leaf('elements_ratios:elements:elements HAS >0.3:!="O":!="Ti"'),
    ),
    (
        RatioPairs(TI, ratios_of("=", Decimal("0.25"))),
        leaf('elements:elements_ratios:elements_ratios HAS "Ti":>=0.25:<=0.25'),
    ),
    (RatioPairs(TI, EVERYTHING), {"and": [WRITTEN_KNOWN, {"optimade.elements": "Ti"}]}),
    (RatioPairs(TI, NOTHING), False),
    (RatioPairs(frozenset(), above("0.3")), False),
    (RatioPairs(TI, above("1e39")), False),
    (RatioPairs(TI, above("-1e39")), {"and": [WRITTEN_KNOWN, {"optimade.elements": "Ti"}]}),
    (RatioPairs(TI, ratios_of("=", Decimal("1e39"))), False),
    (RatioPairs(TI, above("0")), leaf('elements:elements_ratios HAS "Ti":>0')),
    (RatioPairs(TI, above("1e-400")), leaf('elements:elements_ratios HAS "Ti":>0')),
    (RatioPairs(TI, above("-1e-7")), leaf('elements:elements_ratios HAS "Ti":>-1e-07')),
]


@pytest.mark.parametrize(("item", "clause"), ITEMS)
def test_pairs_become_one_leaf(item: RatioPairs, clause: NativeQuery | bool) -> None:
    """All tests of a leaf hold for one and the same pair; few elements are named, many excluded."""
    assert has("ANY", [item]) == clause


def test_ratios_of_the_same_elements_are_joined() -> None:
    """NOMAD parses each leaf slowly, so ratios that touch are one."""
    items = [
        RatioPairs(TI, above("0.5")),
        RatioPairs(TI, above("0.25")),
        RatioPairs(OX, above("0.5")),
    ]
    assert has("ANY", items) == {
        "or": [
            leaf('elements:elements_ratios HAS "Ti":>0.25'),
            leaf('elements:elements_ratios HAS "O":>0.5'),
        ]
    }


def test_only_forbids_what_no_item_allows() -> None:
    """Other elements altogether, and the elements of the items outside of their ratios."""
    items = [RatioPairs(TI, ratios_of("<", Decimal("0.5"))), RatioPairs(OX, EVERYTHING)]
    others = [symbol for symbol in ELEMENT_SYMBOLS if symbol not in BOTH]
    assert has("ONLY", items) == {
        "and": [
            WRITTEN_KNOWN,
            {
                "not": {
                    "or": [
                        leaf('elements:elements_ratios HAS "Ti":>=0.5'),
                        {"optimade.elements:any": others},
                    ]
                }
            },
        ]
    }


def test_only_of_everything_asks_whether_it_is_known() -> None:
    """Nothing is left to forbid."""
    everything = [RatioPairs(EVERY, EVERYTHING)]
    assert has("ONLY", everything) == WRITTEN_KNOWN


SINGLE: list[tuple[Op, str, Op, str, bool]] = [
    (">=", "0.33333334", "<=", "0.3333333333333333", True),
    (">=", "0.3333334", "<=", "0.3333333333333333", False),
    (">", "0.33333334", "<", "0.333333341", False),
    ("=", "1e-60", "=", "0", True),
]


@pytest.mark.parametrize(("low_op", "low", "high_op", "high", "some"), SINGLE)
def test_ratios_are_compared_in_single_precision(
    low_op: Op, low: str, high_op: Op, high: str, some: bool
) -> None:
    """The index rounds its values and the bounds alike; so do sets of ratios, before they meet."""
    both = intersection(ratios_of(low_op, Decimal(low)), ratios_of(high_op, Decimal(high)))
    assert (both != NOTHING) is some


@pytest.mark.parametrize("number", ["0.1", "0.25", "0.3333333333333333", "0.6666667", "1e-9", "7"])
def test_numbers_are_written_as_short_as_single_precision_allows(number: str) -> None:
    """What is written is the number that was meant, to the last bit of the index."""
    clause = has("ANY", [RatioPairs(TI, above(number))])
    assert isinstance(clause, dict)
    text = str(clause["optimade_filter"]).rpartition(">")[2]
    assert ratios_of("=", Decimal(text)) == ratios_of("=", Decimal(number))
    assert len(text) <= 12


def test_numbers_beyond_the_index_stay_beyond() -> None:
    """Rounding would make them infinite."""
    assert ratios_of("<", Decimal("1E+999999")) == spans_of("<", Decimal("1E+999999"))
    assert ratios_of(">", Decimal("-1E+999999999")) == spans_of(">", Decimal("-1E+999999999"))
