"""Limits are measured and named; nothing below them, or above them when raised, exhausts us."""

import pytest

from gateway.errors import FilterLimitError, FilterSyntaxError
from gateway.parse import FilterLimits, normal_form, read_filter, write_filter
from gateway.parse.tree import Bare, Name

pytestmark = pytest.mark.slow

HUGE = FilterLimits(length=10**8, depth=10**7, terms=10**7, values=10**7)


def nested(word, count):
    """`(a OR b word (a OR b word (...` with that many parentheses, a real level each."""
    return f"(a OR b {word} " * count + "c" + ")" * count


TOO_LARGE = [
    (FilterLimits(length=10), "a = 1 OR b = 2", "14 characters", "at most 10"),
    (FilterLimits(length=10), '"' * 11, "11 characters", "at most 10"),
    (FilterLimits(terms=2), "a OR b AND c", "3 comparisons", "at most 2"),
    (FilterLimits(values=3), "a HAS ALL 1,2 AND b HAS ANY 3,4", "4 list values", "at most 3"),
    (FilterLimits(values=3), "a:b HAS ALL 1:2,3:4", "4 list values", "at most 3"),
    (FilterLimits(depth=2), "a AND (b OR (c AND d))", "3 levels", "at most 2"),
    (FilterLimits(depth=2), "NOT (NOT (NOT a))", "3 levels", "at most 2"),
    (FilterLimits(depth=1), "NOT a AND b", "2 levels", "at most 1"),
    (FilterLimits(), nested("AND", 201), "402 levels", "at most 200"),
]

JUST_RIGHT = [
    (FilterLimits(length=14), "a = 1 OR b = 2"),
    (FilterLimits(terms=3), "a OR b AND c"),
    (FilterLimits(terms=1), "((((a))))"),
    (FilterLimits(values=4), "a HAS ALL 1,2 AND b HAS ANY 3,4"),
    (FilterLimits(values=4), "a:b HAS ALL 1:2,3:4"),
    (FilterLimits(values=2), "a:b HAS 1:2"),
    (FilterLimits(depth=3), "a AND (b OR (c AND d))"),
    (FilterLimits(depth=1), "(((a AND (b AND (c)))))"),
    (FilterLimits(depth=1), "NOT ((a AND b))"),
    (FilterLimits(depth=0), "((a))"),
]


@pytest.mark.parametrize(("limits", "text", "found", "limit"), TOO_LARGE)
def test_too_large(limits, text, found, limit):
    """A filter above a limit is refused with what it has and what is allowed."""
    with pytest.raises(FilterLimitError, match=f"{found}.*{limit}"):
        read_filter(text, limits)


@pytest.mark.parametrize(("limits", "text"), JUST_RIGHT)
def test_just_right(limits, text):
    """A filter at the limit is read; parentheses that change nothing do not count as depth."""
    read_filter(text, limits)


def test_length_comes_first():
    """A text that is too long is not looked at, whatever else is wrong with it."""
    with pytest.raises(FilterLimitError, match="100000 characters"):
        read_filter("(" * 100_000)


DEFAULTS_ANSWER = [
    "(" * 100 + "a" + ")" * 100,
    "(" * 8_000 + "a" + ")" * 8_000,
    "NOT (" * 100 + "a" + ")" * 100,
    "NOT (a OR b AND " * 99 + "NOT (c)" + ")" * 99,
    nested("AND", 100),
    " OR ".join(f"a = {i}" for i in range(1_000)),
    "a HAS ANY " + ",".join(f'"{i}"' for i in range(1_000)),
    f'a = "{"x" * 16_000}"',
]


@pytest.mark.parametrize("text", DEFAULTS_ANSWER, ids=lambda text: text[:20])
def test_defaults(text):
    """The defaults read 100 real levels, 1,000 terms, 1,000 list values and 16 kB."""
    written = write_filter(read_filter(text))
    assert write_filter(read_filter(written)) == written


N = 10_000
ENORMOUS = [
    "(" * 100_000 + "a" + ")" * 100_000,
    "NOT (" * N + "a" + ")" * N,
    "(" * N + "a" + " AND b)" * N,
    "(a AND " * N + "b" + ")" * N,
    "(a OR (b AND " * N + "c" + "))" * N,
    "(1 = 0 OR (a AND " * N + "c" + "))" * N,
    " AND ".join(f"a{i} = {i}" for i in range(N)),
    " OR ".join(["a = 1"] * N),
    "a HAS ALL " + ", ".join(map(str, range(N))),
    ".".join("a" * N),
    ":".join("a" * N) + " HAS " + ":".join("1" * N),
    "a" + " " * 1_000_000 + "= 1",
    "a = 1" + "0" * 1_000_000,
    'a = "' + "\\\\" * 50_000 + '"',
]


@pytest.mark.parametrize("text", ENORMOUS, ids=lambda text: text[:20])
def test_enormous(text):
    """With limits raised, size costs time in proportion: no recursion, nothing squared."""
    tree = read_filter(text, HUGE)
    assert write_filter(normal_form(tree))
    assert write_filter(tree)


BROKEN = [
    'a = "' + "x" * 1_000_000,
    'a = "' + "\\\\" * 50_000,
    'a = "' + "\\\\" * 50_000 + "\x00" + '"' * N,
    "a" + " ." * 500_000,
    "a = 1" + "0" * 500_000 + "x",
    "a" + " a" * 100_000,
    '"' * 100_000,
    "A" * 500_000,
    "(" * 100_000,
    "NOT (" * N,
    "a" + ")" * N,
    "a HAS ALL 1" + ",1" * N + ",",
    "a" * N + ".",
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_enormous_and_broken(text):
    """The message for an enormous broken filter is no longer than for a small one."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter(text, HUGE)
    assert len(str(caught.value)) < 400


def test_repeats_are_one():
    """A thousand equal comparisons are one in the normal form."""
    assert normal_form(read_filter(" OR ".join(["a"] * 1_000))) == Bare(Name(("a",)))
