"""Sets of values on an ordered line."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parse.tree import Op
from gateway.plan.intervals import (
    EVERYTHING,
    NOTHING,
    Span,
    Spans,
    complement,
    intersection,
    spans_of,
    union,
)
from gateway.plan.leaves.identity import compare_texts

OPERATORS: tuple[Op, ...] = ("<", "<=", "=", "!=", ">", ">=")
WORDS = ("", "A", "Al", "B", "a", "é")


def holds(value: str, spans: Spans) -> bool:
    """Whether the value is in the set, by the meaning of a span."""
    return any(
        (span.low is None or str(span.low) < value or (span.low_closed and span.low == value))
        and (
            span.high is None or value < str(span.high) or (span.high_closed and span.high == value)
        )
        for span in spans
    )


@pytest.mark.parametrize(("op", "value"), list(product(OPERATORS, WORDS)))
def test_a_comparison_is_the_set_of_its_values(op: Op, value: str) -> None:
    """Each operator, at values below, at and above its constant."""
    for word in WORDS:
        assert holds(word, spans_of(op, value)) == compare_texts(word, op, value)


some_spans = st.lists(
    st.tuples(st.sampled_from(OPERATORS), st.sampled_from(WORDS)), max_size=4
).map(lambda tests: tuple(span for op, value in tests for span in spans_of(op, value)))


@given(one=some_spans, other=some_spans)
def test_sets_are_combined_value_by_value(one: Spans, other: Spans) -> None:
    """Union, complement and intersection mean what they are called, and stay disjoint."""
    for word in WORDS:
        assert holds(word, union(one)) == holds(word, one)
        assert holds(word, complement(union(one))) != holds(word, one)
        both = intersection(union(one), union(other))
        assert holds(word, both) == (holds(word, one) and holds(word, other))
        assert sum(holds(word, (span,)) for span in union(one)) <= 1


def test_spans_that_touch_are_one() -> None:
    """Below a value and from that value on is everything; without the value it is not."""
    one, point = Decimal(1), Span(Decimal(1), True, Decimal(1), True)
    assert union((*spans_of("<", one), *spans_of(">=", one))) == EVERYTHING
    assert union((*spans_of("<", one), *spans_of(">", one))) == spans_of("!=", one)
    assert union((*spans_of("!=", one), point)) == EVERYTHING
    assert complement(EVERYTHING) == NOTHING
    assert complement(NOTHING) == EVERYTHING


@given(sets=st.lists(some_spans.map(union), min_size=1, max_size=5))
def test_many_sets_meet_at_once(sets: list[Spans]) -> None:
    """As they would one after the other, which would take the square of their number."""
    for word in WORDS:
        assert holds(word, intersection(*sets)) == all(holds(word, one) for one in sets)
