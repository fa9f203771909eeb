"""Normal form: NOT only at leaves, unknown stays unknown, constants and repeats gone."""

import pytest

from gateway.errors import FilterValueError, NotImplementedFilterError
from gateway.parse import join, normal_form, read_filter, write_filter
from gateway.parse.tree import ALWAYS, NEVER, And, Bare, Name, Not, Or

A, B, C = (Bare(Name((name,))) for name in "abc")

FORMS = [
    ("a = 1", "a = 1"),
    ("NOT a = 1", "a != 1"),
    ("NOT a != 1", "a = 1"),
    ("NOT a < 1", "a >= 1"),
    ("NOT a <= 1", "a > 1"),
    ("NOT a > b", "a <= b"),
    ("NOT 4 < a", "a <= 4"),
    ("NOT a = TRUE", "a != TRUE"),
    ("NOT a IS KNOWN", "a IS UNKNOWN"),
    ("NOT a IS UNKNOWN", "a IS KNOWN"),
    ("NOT a", "NOT a"),
    ('NOT a CONTAINS "x"', 'NOT a CONTAINS "x"'),
    ('NOT a HAS ALL "x", "y"', 'NOT a HAS ALL "x", "y"'),
    ("NOT a LENGTH > 2", "NOT a LENGTH > 2"),
    ("NOT (NOT a)", "a"),
    ("NOT (NOT (NOT a))", "NOT a"),
    ("NOT (NOT (a AND b))", "a AND b"),
    ("NOT (a AND b = 1)", "NOT a OR b != 1"),
    ("NOT (a OR NOT b)", "NOT a AND b"),
    ("NOT (a AND (b OR NOT c))", "NOT a OR NOT b AND c"),
    ("NOT (a AND b) OR c", "NOT a OR NOT b OR c"),
    ("a AND NOT (b OR c)", "a AND NOT b AND NOT c"),
    ("a AND a", "a"),
    ("a OR b OR a", "a OR b"),
    ("a = 1 AND b AND 1.0 = a", "a = 1 AND b"),
    ("NOT a AND NOT a", "NOT a"),
    ("NOT (a OR a) AND b", "NOT a AND b"),
    ("a AND NOT a", "a AND NOT a"),
    ("a OR NOT a", "a OR NOT a"),
    ("a AND (a OR a)", "a"),
    ("a AND (a OR b)", "a AND (a OR b)"),
    ("1 < 2", "1 = 1"),
    ("NOT 1 < 2", "1 = 0"),
    ("1 = 1.0", "1 = 1"),
    ("1 != 1.0", "1 = 0"),
    ("2 <= 1", "1 = 0"),
    ("1e1000000 > 1e999999", "1 = 1"),
    ("a AND 1 = 1", "a"),
    ("a AND 1 = 0", "1 = 0"),
    ("a OR 1 = 1", "1 = 1"),
    ("a OR 1 = 0", "a"),
    ("NOT (a OR 1 = 1)", "1 = 0"),
    ("NOT (a AND 1 = 0)", "1 = 1"),
    ("a AND (b OR 1 = 1)", "a"),
    ("a AND (b OR c AND 2 > 3)", "a AND b"),
    ("a AND (1 = 0 OR b AND c)", "a AND b AND c"),
    ("1 = 1 AND 2 = 2", "1 = 1"),
    ("1 = 0 OR 2 = 0", "1 = 0"),
]

REFUSED = [
    ('"a" = "a"', NotImplementedFilterError, "one must be a property"),
    ('NOT "a" < "b"', NotImplementedFilterError, "one must be a property"),
    ("TRUE = TRUE", NotImplementedFilterError, "one must be a property"),
    (
        '1 = "1"',
        NotImplementedFilterError,
        "compares a number with a string; they are of different types",
    ),
    ("TRUE != 1", NotImplementedFilterError, "compares a boolean with a number"),
    ('"a" = TRUE', NotImplementedFilterError, "compares a string with a"),
    ('1 = 1 OR "a" = "a"', NotImplementedFilterError, "one must be a property"),
    ('1 = 0 AND NOT (a OR "a" = 1)', NotImplementedFilterError, "compares a string with a"),
    ("a:b HAS 1:2:3", FilterValueError, "2 lists .*3"),
    ("a:b:c HAS ALL 1:2:3, 1:2", FilterValueError, "3 lists .*2"),
    ("1 = 1 OR NOT a:b:c HAS 1:2", FilterValueError, "3 lists .*2"),
]


@pytest.mark.parametrize(("text", "form"), FORMS)
def test_form(text, form):
    """Each filter has the normal form beside it, which is its own normal form."""
    tree = normal_form(read_filter(text))
    assert write_filter(tree) == form
    assert normal_form(tree) == tree


@pytest.mark.parametrize(("text", "error", "message"), REFUSED)
def test_refused(text, error, message):
    """Constants that are not both numbers, and zips of unequal length, are refused anywhere."""
    with pytest.raises(error, match=message) as caught:
        normal_form(read_filter(text))
    assert caught.value.column


JOINS = [
    (And, (), ALWAYS),
    (Or, (), NEVER),
    (And, (A,), A),
    (Or, (A,), A),
    (And, (A, ALWAYS, B), And((A, B))),
    (And, (A, NEVER, B), NEVER),
    (Or, (A, NEVER, B), Or((A, B))),
    (Or, (A, ALWAYS, B), ALWAYS),
    (And, (ALWAYS, ALWAYS), ALWAYS),
    (And, (A, Not(B)), And((A, Not(B)))),
]


@pytest.mark.parametrize(("kind", "parts", "joined"), JOINS)
def test_join(kind, parts, joined):
    """Joined parts absorb constants; a single part needs no group."""
    assert join(kind, parts) == joined
