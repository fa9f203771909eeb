"""Values as Elasticsearch reads and writes them."""

import pytest

from gateway.demo.elasticsearch.values import (
    INT_MAX,
    java_text,
    read_bound,
    read_date,
    read_span,
    to_float32,
)
from gateway.demo.elasticsearch.wildcards import compile_wildcard, split_pattern
from gateway.demo.refusals import RefusalError

NUMBERS = {1.0: "1.0", 0.001: "0.001", 1e7: "1.0E7", 1.25e-5: "1.25E-5", -3e20: "-3.0E20"}


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_are_written_as_java_does(number):
    """From ten millions on, and below a thousandth, with an exponent."""
    assert java_text(number) == NUMBERS[number]


def test_floats_are_rounded_to_32_bits():
    """Ratios are 32 bit floats, on both sides of a comparison."""
    assert to_float32(1 / 3) != 1 / 3
    assert read_bound("float", 1 / 3, op="gt") == to_float32(1 / 3)
    with pytest.raises(RefusalError):
        to_float32(1e39)


def test_integers_have_32_bits():
    """The largest integer is read, the next is refused; fractions equal none."""
    assert read_span("integer", INT_MAX) == (INT_MAX, INT_MAX)
    assert read_span("integer", 2.5) is None
    with pytest.raises(RefusalError):
        read_span("integer", INT_MAX + 1)


DATES = {
    "1970-01-01T00:00:00.001Z": (1, 1),
    "1970-01-01T00:00:01Z": (1000, 1999),
    "1970-01-01": (0, 86_399_999),
    "1970": (0, 86_399_999),
    "1969-12-31T23:59:59.999Z": (-1, -1),
    "1970-01-01T01:00:00.000+01:00": (0, 0),
    "0000-03-01T00:00:00.000Z": (-62162035200000, -62162035200000),
    "1234567890123": (1234567890123, 1234567890123),
}


@pytest.mark.parametrize("text", DATES)
def test_dates_are_spans_of_milliseconds(text):
    """A date that leaves its end out means all of it."""
    assert read_date(text) == DATES[text]


PATTERNS = {
    "a*c": ("\\a", "*", "\\c"),
    r"a\*c": ("\\a", "\\*", "\\c"),
    "a\\": ("\\a", "\\\\"),
    r"\?": ("\\?",),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_split(pattern):
    """A backslash makes the next character plain; alone at the end it is itself."""
    assert split_pattern(pattern) == PATTERNS[pattern]


def test_patterns_match_whole_values():
    """Stars match line ends, too."""
    assert compile_wildcard("a*c").fullmatch("a\nb\nc")
    assert not compile_wildcard("a?c").fullmatch("abbc")
