"""Spans of values as NOMAD is asked for them, type by type."""

from decimal import Decimal

import pytest

from gateway.parse.tree import Number, Op, String
from gateway.plan.conditions import (
    INTEGER_MAX,
    condition_of,
    conditions_of,
    spans_of_test,
)
from gateway.plan.intervals import Span, spans_of
from gateway.properties import ValueType
from gateway.properties.native_query import Condition
from gateway.times import FIRST_MS, LAST_MS, write_rfc3339


def span(low: str | None, high: str | None, ends: str = "()") -> Span:
    """A span of numbers, its ends written as in mathematics."""
    return Span(
        None if low is None else Decimal(low),
        ends[0] == "[",
        None if high is None else Decimal(high),
        ends[1] == "]",
    )


INTEGERS = [
    (span("2", "2", "[]"), 2),
    (span("0", "0", "[]"), 0),
    (span("2", "5"), (("gte", 3), ("lte", 4))),
    (span("2", "5", "[]"), (("gte", 2), ("lte", 5))),
    (span("2.5", "5.5"), (("gte", 3), ("lte", 5))),
    (span("2", "3"), False),
    (span("2.2", "2.8", "[]"), False),
    (span("-1", None), (("gte", "0"),)),
    (span(None, "1"), (("lte", "0"),)),
    (span("1e20", None), False),
    (span(None, "-1e20"), False),
    (span(None, "1e20"), True),
    (span("-1e20", "5"), (("lte", 4),)),
    (span(str(INTEGER_MAX), None, "[)"), INTEGER_MAX),
    (span(None, None), True),
]


@pytest.mark.parametrize(("one", "condition"), INTEGERS)
def test_integers_have_closed_bounds(one: Span, condition: Condition | bool) -> None:
    """Within 32 bits; False is that no integer lies in the span, True that all do."""
    assert condition_of(one, "integer") == condition


TEXTS = [
    (Span("a", True, "a", True), "a"),
    (Span("a", True, "b"), (("gte", "a"), ("lt", "b"))),
    (Span("a"), (("gt", "a"),)),
    (Span(high="b", high_closed=True), (("lte", "b"),)),
    (Span("", True, "", True), ""),
    (Span(high="", high_closed=True), ""),
    (Span(high=""), False),
    (Span(""), (("gte", "\0"),)),
    (Span("", True), True),
    (Span(), True),
]


@pytest.mark.parametrize(("one", "condition"), TEXTS)
def test_texts_have_no_empty_bound(one: Span, condition: Condition | bool) -> None:
    """NOMAD refuses it; the least text that is not empty takes its place."""
    assert condition_of(one, "string") == condition


FLOATS = [
    (span("0.5", "0.5", "[]"), 0.5),
    (span("0.25", "0.5", "[)"), (("gte", 0.25), ("lt", 0.5))),
    (span("0", None), (("gt", "0.0"),)),
    (span("0", None, "[)"), (("gte", "-0.0"),)),
    (span(None, "0"), (("lt", "-0.0"),)),
    (span("0", "0", "[]"), (("gte", "-0.0"), ("lte", "0.0"))),
    (span("1e999", None), False),
    (span(None, "-1e999"), False),
]


@pytest.mark.parametrize(("one", "condition"), FLOATS)
def test_both_zeros_are_zero(one: Span, condition: Condition | bool) -> None:
    """The index puts -0.0 right below 0.0; a bound of 0 would be refused, so it is a text."""
    assert condition_of(one, "float") == condition


def test_timestamps_have_milliseconds() -> None:
    """A single moment is a range, as NOMAD takes a date alone for more than a moment."""
    assert condition_of(span("0", "0", "[]"), "timestamp") == (
        ("gte", "1970-01-01T00:00:00.000Z"),
        ("lte", "1970-01-01T00:00:00.000Z"),
    )
    assert condition_of(span("0.5", "0.9"), "timestamp") is False
    assert condition_of(span(str(LAST_MS), None), "timestamp") is False
    assert condition_of(span(None, None), "timestamp") is True
    assert list(conditions_of([span(None, None)], "timestamp")) == [
        (("gte", write_rfc3339(FIRST_MS)),)
    ]


def test_impossible_spans_are_left_out() -> None:
    """None of many is no condition at all."""
    assert list(conditions_of(spans_of("!=", Decimal("2.5")), "integer")) == [
        (("lte", 2),),
        (("gte", 3),),
    ]
    assert list(conditions_of(spans_of("=", Decimal("2.5")), "integer")) == []


@pytest.mark.parametrize(
    ("op", "value", "type_", "spans"),
    [
        ("=", String("a"), "string", spans_of("=", "a")),
        (">", String("1970-01-01T00:00:00.5Z"), "timestamp", spans_of(">", Decimal(500))),
        ("<", Number(Decimal("2.5")), "integer", spans_of("<", Decimal("2.5"))),
        ("=", Number(Decimal("0.50000000000000000001")), "float", spans_of("=", Decimal("0.5"))),
        ("=", Number(Decimal("-1e-999")), "float", spans_of("=", Decimal(0))),
        ("<", Number(Decimal("1e999")), "float", spans_of("<", Decimal("1e999"))),
    ],
)
def test_tests_are_read_at_the_precision_of_the_index(
    op: Op, value: String | Number, type_: ValueType, spans: tuple[Span, ...]
) -> None:
    """Floats in double precision; beyond it a number only has to stay beyond."""
    assert spans_of_test(op, value, type_) == spans
