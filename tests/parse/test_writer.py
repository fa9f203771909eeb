"""Tree -> text: no needless parentheses, every form written so that it is read again."""

import pytest

from gateway.parse import read_filter, write_filter
from gateway.parse.tree import ALWAYS, NEVER, And, Bare, Name, Not, Or

A, B, C = (Bare(Name((name,))) for name in "abc")

# As it may be typed; as it is written.
TEXTS = [
    ("a", "a"),
    ("((a))AND(b)", "a AND b"),
    ("(a AND b) OR c", "a AND b OR c"),
    ("(a OR b) AND c", "(a OR b) AND c"),
    ("a OR (b OR (c))", "a OR b OR c"),
    ("NOT(a)", "NOT a"),
    ("NOT(NOT(NOT a))", "NOT (NOT (NOT a))"),
    ("NOT(a AND b)OR NOT(b OR c)", "NOT (a AND b) OR NOT (b OR c)"),
    ("NOT a AND b", "NOT a AND b"),
    ("4<a", "a > 4"),
    ("5<7", "5 < 7"),
    ("TRUE=a", "a = TRUE"),
    ("a!=FALSE", "a != FALSE"),
    ("a=+1.50", "a = 1.50"),
    ("a=1.e3", "a = 1E+3"),
    ("a=-.0", "a = 0"),
    ("a=.000000001", "a = 1E-9"),
    (r'a="say \"hi\" \\ "', r'a = "say \"hi\" \\ "'),
    ('a=""', 'a = ""'),
    ('a = "\n\té"', 'a = "\n\té"'),
    ("a . b=1", "a.b = 1"),
    ('aSTARTS"x"', 'a STARTS WITH "x"'),
    ('aENDS WITH"x"', 'a ENDS WITH "x"'),
    ('aCONTAINS"x"', 'a CONTAINS "x"'),
    ("aISKNOWN", "a IS KNOWN"),
    ("NOT a IS UNKNOWN", "NOT a IS UNKNOWN"),
    ("a HAS ANY 1", "a HAS 1"),
    ("a HAS ALL 1", "a HAS ALL 1"),
    ("a HAS = 1", "a HAS 1"),
    ("a HAS ANY 1,= 2,>3", "a HAS ANY 1, 2, > 3"),
    ('a HAS ONLY STARTS"x",b', 'a HAS ONLY STARTS WITH "x", b'),
    ("a:b HAS ANY 1:2", "a:b HAS 1:2"),
    ("a : b HAS ALL 1:!=2,3:4", "a:b HAS ALL 1:!= 2, 3:4"),
    ("a LENGTH = 3", "a LENGTH 3"),
    ("a LENGTH>=3", "a LENGTH >= 3"),
]

# Trees that are made here, never read.
MADE = [
    (ALWAYS, "1 = 1"),
    (NEVER, "1 = 0"),
    (Not(ALWAYS), "NOT (1 = 1)"),
    (And((A, Or(()))), "a AND (1 = 0)"),
    (And((A,)), "a"),
    (Not(Or((A,))), "NOT (a)"),
    (And((A, And((B, C)))), "a AND b AND c"),
]


@pytest.mark.parametrize(("text", "written"), TEXTS)
def test_written(text, written):
    """A filter is written in one way, which is read as the same tree."""
    tree = read_filter(text)
    assert write_filter(tree) == written
    assert read_filter(written) == tree


@pytest.mark.parametrize(("tree", "written"), MADE)
def test_made(tree, written):
    """Constants and groups of one part can be written too."""
    assert write_filter(tree) == written
    read_filter(written)
