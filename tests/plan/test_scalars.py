"""One quantity and one constant: what the index cannot hold is folded, never sent."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from gateway.errors import NotImplementedFilterError
from gateway.parse.tree import FuzzyOp, Op
from gateway.plan.native import Clause
from gateway.plan.scalars import (
    INTEGER_MAX,
    INTEGER_MIN,
    compare_float,
    compare_integer,
    compare_string,
    compare_timestamp,
    matches_text,
    starts_with,
)
from gateway.plan.timestamps import FIRST_MS, LAST_MS

KNOWN: Clause = {"known": 1}

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
    ("!=", "4", {"and": [KNOWN, {"not": {"q": 4}}]}),
    ("!=", "2.5", KNOWN),
    ("!=", "-2147483649", KNOWN),
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
    ("<", "1e20", KNOWN),
    ("<=", "2147483647", KNOWN),
    ("<", "2147483647", {"q": {"lte": INTEGER_MAX - 1}}),
    ("<", "-2147483648", False),
    ("<=", "-2147483648", {"q": {"lte": INTEGER_MIN}}),
    ("<", "-1E+999999999", False),
    (">", "1E+999999999", False),
    (">", "2147483647", False),
    (">=", "2147483647", {"q": {"gte": INTEGER_MAX}}),
    (">=", "2147483647.5", False),
    (">=", "-2147483648", KNOWN),
    (">", "-99999999999999999999999999999999.5", KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), INTEGERS)
def test_integers_are_compared_within_32_bits(op: Op, value: str, clause: Clause) -> None:
    """Fractions and numbers out of range decide the comparison; a bound of 0 is sent as text."""
    assert compare_integer("q", op, Decimal(value), known=KNOWN) == clause


FIRST, LAST = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
EPOCH, NEXT = "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z"

TIMES = [
    ("=", "0", {"q": {"gte": EPOCH, "lte": EPOCH}}),
    ("=", "0.5", False),
    ("=", str(LAST_MS + 1), False),
    ("!=", "0", {"and": [KNOWN, {"not": {"q": {"gte": EPOCH, "lte": EPOCH}}}]}),
    ("!=", "0.5", KNOWN),
    ("<", "0.5", {"q": {"lte": EPOCH}}),
    ("<=", "0.5", {"q": {"lte": EPOCH}}),
    ("<", "1", {"q": {"lte": EPOCH}}),
    (">", "0", {"q": {"gte": NEXT}}),
    (">", "0.5", {"q": {"gte": NEXT}}),
    (">=", "0.5", {"q": {"gte": NEXT}}),
    (">=", str(FIRST_MS), KNOWN),
    (">", str(FIRST_MS - 1), KNOWN),
    ("<", str(FIRST_MS), False),
    ("<=", str(FIRST_MS), {"q": {"lte": FIRST}}),
    ("<=", str(LAST_MS), KNOWN),
    (">", str(LAST_MS), False),
    (">=", str(LAST_MS), {"q": {"gte": LAST}}),
]


@pytest.mark.parametrize(("op", "value", "clause"), TIMES)
def test_timestamps_are_compared_by_the_millisecond(op: Op, value: str, clause: Clause) -> None:
    """Moments between milliseconds and beyond the calendar are folded; no bound lacks digits."""
    assert compare_timestamp("q", op, Decimal(value), known=KNOWN) == clause


FLOATS = [
    ("=", "0", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("=", "-0", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("=", "1e-400", {"q": {"gte": "-0.0", "lte": "0.0"}}),
    ("!=", "0", {"and": [KNOWN, {"not": {"q": {"gte": "-0.0", "lte": "0.0"}}}]}),
    (">=", "0", {"q": {"gte": "-0.0"}}),
    ("<", "-0", {"q": {"lt": "-0.0"}}),
    ("<=", "0", {"q": {"lte": "0.0"}}),
    ("=", "0.1", {"q": 0.1}),
    ("!=", "0.1", {"and": [KNOWN, {"not": {"q": 0.1}}]}),
    (">", "0", {"q": {"gt": "0.0"}}),
    ("<", "1e-19", {"q": {"lt": 1e-19}}),
    ("=", "1E+999", False),
    ("!=", "1E+999", KNOWN),
    ("<", "1E+999", KNOWN),
    (">=", "1E+999", False),
    ("<", "-1E+999", False),
    (">", "-1E+999", KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), FLOATS)
def test_floats_are_compared_in_double_precision(op: Op, value: str, clause: Clause) -> None:
    """Numbers beyond it decide the comparison; a bound of 0 is sent as text, and takes in -0.0."""
    assert compare_float("q", op, Decimal(value), known=KNOWN) == clause


STRINGS = [
    ("=", "Al", {"q": "Al"}),
    ("=", "", {"q": ""}),
    ("!=", "Al", {"and": [KNOWN, {"not": {"q": "Al"}}]}),
    ("<", "Al", {"q": {"lt": "Al"}}),
    (">=", "Größe", {"q": {"gte": "Größe"}}),
    ("<", "", False),
    ("<=", "", {"q": ""}),
    (">", "", {"and": [KNOWN, {"not": {"q": ""}}]}),
    (">=", "", KNOWN),
]


@pytest.mark.parametrize(("op", "value", "clause"), STRINGS)
def test_texts_are_compared_by_code_point(op: Op, value: str, clause: Clause) -> None:
    """The empty text, which NOMAD refuses as a bound, is the least of all."""
    assert compare_string("q", op, value, known=KNOWN) == clause


PREFIXES = [
    ("", KNOWN),
    ("Al", {"q": {"gte": "Al", "lt": "Am"}}),
    ("A\U0010ffff", {"q": {"gte": "A\U0010ffff", "lt": "B"}}),
    ("\U0010ffff", {"q": {"gte": "\U0010ffff"}}),
    ("\ud7ff", {"q": {"gte": "\ud7ff", "lt": "\ue000"}}),
    ("*", {"q": {"gte": "*", "lt": "+"}}),
]


@pytest.mark.parametrize(("prefix", "clause"), PREFIXES)
def test_starts_with_is_a_range(prefix: str, clause: Clause) -> None:
    """Up to the next text that does not begin so; surrogates are no characters."""
    assert starts_with("q", prefix, known=KNOWN) == clause


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
    assert matches_text("t", op, text, known=KNOWN) == {"optimade_filter": leaf}


def test_every_text_contains_the_empty_one() -> None:
    """CONTAINS "" says IS KNOWN."""
    assert matches_text("t", "CONTAINS", "", known=KNOWN) == KNOWN
    assert matches_text("t", "ENDS", "", known=KNOWN) == KNOWN


REFUSED = [
    lambda: compare_string("q", "<", "A" * 1001, known=KNOWN, column=7),
    lambda: compare_string("q", ">=", "ü" * 501, known=KNOWN, column=7),
    lambda: starts_with("q", "A" * 1001, known=KNOWN, column=7),
    lambda: matches_text("t", "CONTAINS", "Al" * 1001, known=KNOWN, column=7),
    lambda: matches_text("t", "ENDS", "A" * 300, known=KNOWN, column=7),
    lambda: matches_text("t", "ENDS", '2"', known=KNOWN, column=7),
]


@pytest.mark.parametrize("ask", REFUSED)
def test_what_elasticsearch_cannot_search_for_is_refused(ask: Callable[[], Clause]) -> None:
    """Longer bounds, patterns whose automaton grows too large, and a last quote under ENDS WITH."""
    with pytest.raises(NotImplementedFilterError) as caught:
        ask()
    assert caught.value.column == 7


def test_long_texts_are_compared_for_equality() -> None:
    """Only order and patterns have a limit, and bounds of 1,000 bytes are still good."""
    assert compare_string("q", "=", "A" * 5000, known=KNOWN) == {"q": "A" * 5000}
    assert compare_string("q", "<", "A" * 1000, known=KNOWN) == {"q": {"lt": "A" * 1000}}
