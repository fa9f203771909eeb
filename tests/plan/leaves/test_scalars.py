"""One quantity and one constant: what the index cannot hold is folded, never sent."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from gateway.errors import NotImplementedFilterError
from gateway.model import NativeQuery
from gateway.parse.tree import FuzzyOp, Number, Op, String
from gateway.plan.conditions import INTEGER_MAX, INTEGER_MIN, condition_of
from gateway.plan.intervals import spans_of
from gateway.plan.leaves.scalars import compare_scalar, matches_text
from gateway.properties import ValueType
from gateway.times import FIRST_MS, LAST_MS
from tests.plan.written import KNOWN, WRITTEN_KNOWN, written


def compared(op: Op, value: str, type_: ValueType) -> NativeQuery | bool | None:
    """`q op value`, read as a filter is read: zero has one form."""
    number = Number(Decimal(value) or Decimal(0))
    return written(compare_scalar("q", op, number, type_=type_, known=KNOWN))


def text_compared(op: Op | FuzzyOp, text: str, column: int = 0) -> NativeQuery | bool | None:
    return written(compare_scalar("q", op, String(text, column), type_="string", known=KNOWN))


INTEGERS = [
    ("=", "4", {"q": 4}),
    ("=", "4.0", {"q": 4}),
    ("=", "4e0", {"q": 4}),
    ("=", "0", {"q": 0}),
    ("=", "-0", {"q": 0}),
    ("=", "2.5", False),
    ("=", "1e-400", False),
    ("=", "2147483647", {"q": INTEGER_MAX}),
    ("=", "2147483648", False),
    ("=", "1E+999999999", False),
    ("!=", "4", {"and": [WRITTEN_KNOWN, {"not": {"q": 4}}]}),
    ("!=", "2.5", WRITTEN_KNOWN),
    ("!=", "-2147483649", WRITTEN_KNOWN),
    ("<", "4", {"q": {"lte": 3}}),
    ("<", "4.5", {"q": {"lte": 4}}),
    ("<", "1", {"q": {"lte": "0"}}),
    ("<", "1e-400", {"q": {"lte": "0"}}),
    ("<=", "4.5", {"q": {"lte": 4}}),
    ("<=", "-0.5", {"q": {"lte": -1}}),
    (">", "4", {"q": {"gte": 5}}),
    (">", "4.5", {"q": {"gte": 5}}),
    (">", "-1", {"q": {"gte": "0"}}),
    (">=", "4.5", {"q": {"gte": 5}}),
    (">=", "0", {"q": {"gte": "0"}}),
    ("<", "1e20", WRITTEN_KNOWN),
    ("<=", "2147483647", WRITTEN_KNOWN),
    ("<", "2147483647", {"q": {"lte": INTEGER_MAX - 1}}),
    ("<", "-2147483648", False),
    ("<=", "-2147483648", {"q": INTEGER_MIN}),
    ("<", "-1E+999999999", False),
    (">", "1E+999999999", False),
    (">", "2147483647", False),
    (">=", "2147483647", {"q": INTEGER_MAX}),
    (">=", "2147483647.5", False),
    (">=", "-2147483648", WRITTEN_KNOWN),
    (">", "-99999999999999999999999999999999.5", WRITTEN_KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), INTEGERS)
def test_integers_are_compared_within_32_bits(
    op: Op, value: str, clause: NativeQuery | bool
) -> None:
    """Fractions and numbers out of range decide the comparison; a bound of 0 is sent as text."""
    assert compared(op, value, "integer") == clause


FIRST, LAST = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
EPOCH, NEXT = "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z"

TIMES = [
    ("=", "0", {"q": {"gte": EPOCH, "lte": EPOCH}}),
    ("=", "0.5", False),
    ("=", str(LAST_MS + 1), False),
    ("!=", "0", {"and": [WRITTEN_KNOWN, {"not": {"q": {"gte": EPOCH, "lte": EPOCH}}}]}),
    ("!=", "0.5", WRITTEN_KNOWN),
    ("<", "0.5", {"q": {"lte": EPOCH}}),
    ("<=", "0.5", {"q": {"lte": EPOCH}}),
    ("<", "1", {"q": {"lte": EPOCH}}),
    (">", "0", {"q": {"gte": NEXT}}),
    (">", "0.5", {"q": {"gte": NEXT}}),
    (">=", "0.5", {"q": {"gte": NEXT}}),
    (">=", str(FIRST_MS), WRITTEN_KNOWN),
    (">", str(FIRST_MS - 1), WRITTEN_KNOWN),
    ("<", str(FIRST_MS), False),
    ("<=", str(FIRST_MS), {"q": {"lte": FIRST}}),
    ("<=", str(LAST_MS), WRITTEN_KNOWN),
    (">", str(LAST_MS), False),
    (">=", str(LAST_MS), {"q": {"gte": LAST}}),
]


@pytest.mark.parametrize(("op", "value", "clause"), TIMES)
def test_timestamps_are_compared_by_the_millisecond(
    op: Op, value: str, clause: NativeQuery | bool
) -> None:
    """Moments between milliseconds and beyond the calendar are folded; no bound lacks digits."""
    if op == "!=":
        (span,) = spans_of("=", Decimal(value))
        assert (condition_of(span, "timestamp") is False) == (clause == WRITTEN_KNOWN)
        return
    (span,) = spans_of(op, Decimal(value))
    condition = condition_of(span, "timestamp")
    if isinstance(condition, bool):
        assert clause == (condition and WRITTEN_KNOWN)
    else:
        assert clause == {"q": dict(condition)}  # type: ignore[arg-type]  # moments are bounds


FLOATS = [
    ("=", "0", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("=", "-0", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("=", "1e-400", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("!=", "0", {"and": [WRITTEN_KNOWN, {"not": {"q": {"gte": "-0.0", "lte": "0.0"}}}]}),
    (">=", "0", {"q": {"gte": "-0.0"}}),
    ("<", "-0", {"q": {"lt": "-0.0"}}),
    ("<=", "0", {"q": {"lte": "0.0"}}),
    ("=", "0.1", {"q": 0.1}),
    ("!=", "0.1", {"and": [WRITTEN_KNOWN, {"not": {"q": 0.1}}]}),
    (">", "0", {"q": {"gt": "0.0"}}),
    ("<", "1e-19", {"q": {"lt": 1e-19}}),
    ("=", "1E+999", False),
    ("!=", "1E+999", WRITTEN_KNOWN),
    ("<", "1E+999", WRITTEN_KNOWN),
    (">=", "1E+999", False),
    ("<", "-1E+999", False),
    (">", "-1E+999", WRITTEN_KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), FLOATS)
def test_floats_are_compared_in_double_precision(
    op: Op, value: str, clause: NativeQuery | bool
) -> None:
    """Numbers beyond it decide the comparison; a bound of 0 is sent as text, and takes in -0.0."""
    assert compared(op, value, "float") == clause


STRINGS = [
    ("=", "Al", {"q": "Al"}),
    ("=", "", {"q": ""}),
    ("!=", "Al", {"and": [WRITTEN_KNOWN, {"not": {"q": "Al"}}]}),
    ("<", "Al", {"q": {"lt": "Al"}}),
    (">=", "Größe", {"q": {"gte": "Größe"}}),
    ("<", "", False),
    ("<=", "", {"q": ""}),
    (">", "", {"q": {"gte": "\0"}}),
    (">=", "", WRITTEN_KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), STRINGS)
def test_texts_are_compared_by_code_point(op: Op, value: str, clause: NativeQuery | bool) -> None:
    """The empty text, which NOMAD refuses as a bound, is the least of all."""
    assert text_compared(op, value) == clause


PREFIXES = [
    ("", WRITTEN_KNOWN),
    ("Al", {"q": {"gte": "Al", "lt": "Am"}}),
    ("A\U0010ffff", {"q": {"gte": "A\U0010ffff", "lt": "B"}}),
    ("\U0010ffff", {"q": {"gte": "\U0010ffff"}}),
    ("\ud7ff", {"q": {"gte": "\ud7ff", "lt": "\ue000"}}),
    ("*", {"q": {"gte": "*", "lt": "+"}}),
]


@pytest.mark.parametrize(("prefix", "clause"), PREFIXES)
def test_starts_with_is_a_range(prefix: str, clause: NativeQuery | bool) -> None:
    """Up to the next text that does not begin so; surrogates are no characters."""
    assert text_compared("STARTS", prefix) == clause


PATTERNS = [
    ("CONTAINS", "Al", 't CONTAINS "Al"'),
    ("ENDS", "Al", 't ENDS WITH "Al"'),
    ("CONTAINS", "A*l?", r't CONTAINS "A\*l\?"'),
    ("CONTAINS", "\\", r't CONTAINS "\\"'),
    ("ENDS", "3\\", r't ENDS WITH "3\\"'),
    ("CONTAINS", '"f', r't CONTAINS "\"f"'),
    ("CONTAINS", '2"', r't CONTAINS "2\"*"'),
    ("CONTAINS", '"', r't CONTAINS "\"*"'),
    ("CONTAINS", "%_.[", 't CONTAINS "%_.["'),
    ("ENDS", "ペロブ", 't ENDS WITH "ペロブ"'),
]


@pytest.mark.parametrize(("op", "text", "leaf"), PATTERNS)
def test_wildcards_of_nomad_are_escaped(op: FuzzyOp, text: str, leaf: str) -> None:
    """NOMAD puts the text into a pattern as it stands, and strips quotes from its end."""
    assert written(matches_text("t", op, String(text), known=KNOWN)) == {"optimade_filter": leaf}


def test_every_text_contains_the_empty_one() -> None:
    """CONTAINS "" says IS WRITTEN_KNOWN."""
    assert matches_text("t", "CONTAINS", String(""), known=KNOWN) == KNOWN
    assert matches_text("t", "ENDS", String(""), known=KNOWN) == KNOWN


REFUSED = [
    lambda: text_compared("<", "A" * 1001, column=7),
    lambda: text_compared(">=", "ü" * 501, column=7),
    lambda: text_compared("STARTS", "A" * 1001, column=7),
    lambda: matches_text("t", "CONTAINS", String("Al" * 1001, 7), known=KNOWN),
    lambda: matches_text("t", "ENDS", String("A" * 300, 7), known=KNOWN),
    lambda: matches_text("t", "ENDS", String('2"', 7), known=KNOWN),
]


@pytest.mark.parametrize("ask", REFUSED)
def test_what_elasticsearch_cannot_search_for_is_refused(ask: Callable[[], object]) -> None:
    """Longer bounds, patterns whose automaton grows too large, and a last quote under ENDS WITH."""
    with pytest.raises(NotImplementedFilterError) as caught:
        ask()
    assert caught.value.column == 7


def test_long_texts_are_compared_for_equality() -> None:
    """Only order and patterns have a limit, and bounds of 1,000 bytes are still good."""
    assert text_compared("=", "A" * 5000) == {"q": "A" * 5000}
    assert text_compared("<", "A" * 1000) == {"q": {"lt": "A" * 1000}}
