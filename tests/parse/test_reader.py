"""Filter text -> tree: the grammar of OPTIMADE 1.3, row by row."""

from decimal import Decimal

import pytest

from gateway.errors import FilterSyntaxError, NotImplementedFilterError
from gateway.parse import read_filter
from gateway.parse import tree as nodes
from gateway.parse.tree import (
    And,
    Bare,
    Boolean,
    Compare,
    Fuzzy,
    Has,
    Known,
    Length,
    Name,
    Not,
    Number,
    Or,
    String,
)


def prop(name):
    return Name(tuple(name.split(".")))


def num(text):
    return Number(Decimal(text))


def eq(value):
    return nodes.Test("=", value)


A, B, C, D, X = (Bare(prop(name)) for name in "abcdx")
a, b, c = map(prop, "abc")

COMPARISONS = [
    ("nelements = 3", Compare(prop("nelements"), "=", num("3"))),
    ("a != 3", Compare(a, "!=", num("3"))),
    ("a < 3", Compare(a, "<", num("3"))),
    ("a <= 3", Compare(a, "<=", num("3"))),
    ("a > 3", Compare(a, ">", num("3"))),
    ("a >= 3", Compare(a, ">=", num("3"))),
    ('a = "x"', Compare(a, "=", String("x"))),
    ("a = TRUE", Compare(a, "=", Boolean(True))),
    ("a != FALSE", Compare(a, "!=", Boolean(False))),
    ("a = b", Compare(a, "=", b)),
    ("b >= a", Compare(b, ">=", a)),
    ("4 < nelements", Compare(prop("nelements"), ">", num("4"))),
    ("4 <= a", Compare(a, ">=", num("4"))),
    ("4 > a", Compare(a, "<", num("4"))),
    ("4 >= a", Compare(a, "<=", num("4"))),
    ("4 != a", Compare(a, "!=", num("4"))),
    ('"x" = a', Compare(a, "=", String("x"))),
    ("TRUE = a", Compare(a, "=", Boolean(True))),
    ("5 < 7", Compare(num("5"), "<", num("7"))),
    ('"a" = 7', Compare(String("a"), "=", num("7"))),
    ("TRUE != FALSE", Compare(Boolean(True), "!=", Boolean(False))),
    ("a IS KNOWN", Known(a, known=True)),
    ("a IS UNKNOWN", Known(a, known=False)),
    ("a", A),
    ("a.b.c", Bare(Name(("a", "b", "c")))),
    ('a CONTAINS "x"', Fuzzy(a, "CONTAINS", String("x"))),
    ('a STARTS WITH "x"', Fuzzy(a, "STARTS", String("x"))),
    ('a STARTS "x"', Fuzzy(a, "STARTS", String("x"))),
    ('a ENDS WITH "x"', Fuzzy(a, "ENDS", String("x"))),
    ('a ENDS "x"', Fuzzy(a, "ENDS", String("x"))),
    ("a CONTAINS b", Fuzzy(a, "CONTAINS", b)),
    ("a STARTS WITH 4", Fuzzy(a, "STARTS", num("4"))),
    ("a ENDS TRUE", Fuzzy(a, "ENDS", Boolean(True))),
    ("a LENGTH 3", Length(a, "=", num("3"))),
    ("a LENGTH = 3", Length(a, "=", num("3"))),
    ("a LENGTH >= 3", Length(a, ">=", num("3"))),
    ("a LENGTH < TRUE", Length(a, "<", Boolean(True))),
    ("a LENGTH b", Length(a, "=", b)),
    ('a LENGTH != "x"', Length(a, "!=", String("x"))),
]

LISTS = [
    ('a HAS "x"', Has((a,), "ANY", ((eq(String("x")),),))),
    ('a HAS ANY "x"', Has((a,), "ANY", ((eq(String("x")),),))),
    ("a HAS = 1", Has((a,), "ANY", ((eq(num("1")),),))),
    ("a HAS < 1", Has((a,), "ANY", ((nodes.Test("<", num("1")),),))),
    ("a HAS b", Has((a,), "ANY", ((eq(b),),))),
    ("a HAS TRUE", Has((a,), "ANY", ((eq(Boolean(True)),),))),
    ('a HAS STARTS WITH "x"', Has((a,), "ANY", ((nodes.Test("STARTS", String("x")),),))),
    ('a HAS ENDS "x"', Has((a,), "ANY", ((nodes.Test("ENDS", String("x")),),))),
    ('a HAS CONTAINS "x"', Has((a,), "ANY", ((nodes.Test("CONTAINS", String("x")),),))),
    ("a HAS ALL 1, 2", Has((a,), "ALL", ((eq(num("1")),), (eq(num("2")),)))),
    ("a HAS ALL 1", Has((a,), "ALL", ((eq(num("1")),),))),
    ("a HAS ONLY 1, 2", Has((a,), "ONLY", ((eq(num("1")),), (eq(num("2")),)))),
    (
        'a HAS ANY > 3, != 8, b, STARTS "x", TRUE',
        Has(
            (a,),
            "ANY",
            (
                (nodes.Test(">", num("3")),),
                (nodes.Test("!=", num("8")),),
                (eq(b),),
                (nodes.Test("STARTS", String("x")),),
                (eq(Boolean(True)),),
            ),
        ),
    ),
    ('a:b HAS "x":1', Has((a, b), "ANY", ((eq(String("x")), eq(num("1"))),))),
    (
        "a:a HAS >=2:<=5",
        Has((a, a), "ANY", ((nodes.Test(">=", num("2")), nodes.Test("<=", num("5"))),)),
    ),
    (
        "a:b.c:c HAS ALL 1:2:3, 4:>5:6",
        Has(
            (a, prop("b.c"), c),
            "ALL",
            (
                (eq(num("1")), eq(num("2")), eq(num("3"))),
                (eq(num("4")), nodes.Test(">", num("5")), eq(num("6"))),
            ),
        ),
    ),
    ("a:b HAS ONLY 1:2", Has((a, b), "ONLY", ((eq(num("1")), eq(num("2"))),))),
    ("a:b HAS ANY 1:2", Has((a, b), "ANY", ((eq(num("1")), eq(num("2"))),))),
]

BOOLEAN = [
    ("a AND b", And((A, B))),
    ("a OR b AND c", Or((A, And((B, C))))),
    ("a AND b OR c", Or((And((A, B)), C))),
    ("NOT a AND b", And((Not(A), B))),
    ("NOT (a AND b)", Not(And((A, B)))),
    ("NOT (NOT a)", Not(Not(A))),
    ("NOT ((NOT ((a))))", Not(Not(A))),
    ("a AND b AND c AND d", And((A, B, C, D))),
    ("a OR b OR c OR d", Or((A, B, C, D))),
    ("(a AND b) AND c", And((A, B, C))),
    ("a AND (b AND (c AND d))", And((A, B, C, D))),
    ("(a OR b) OR (c OR d)", Or((A, B, C, D))),
    ("(a OR b) AND (c OR d)", And((Or((A, B)), Or((C, D))))),
    ("a OR (b OR c AND (d))", Or((A, B, And((C, D))))),
    ("((((a))))", A),
    ("a AND a", And((A, A))),
    ("NOT (a) OR b", Or((Not(A), B))),
]

WORDS_WITHOUT_SPACES = [
    ("a=1ANDb=2", And((Compare(a, "=", num("1")), Compare(b, "=", num("2"))))),
    ("NOTa", Not(A)),
    ("NOT(a)", Not(A)),
    ("xISKNOWN", Known(prop("x"), known=True)),
    ("xISUNKNOWN", Known(prop("x"), known=False)),
    ('aHASALL"x"', Has((a,), "ALL", ((eq(String("x")),),))),
    ('aHASANY"x","y"', Has((a,), "ANY", ((eq(String("x")),), (eq(String("y")),)))),
    ("aHASONLYb", Has((a,), "ONLY", ((eq(b),),))),
    ('aSTARTSWITH"x"', Fuzzy(a, "STARTS", String("x"))),
    ('aENDS"x"ORb', Or((Fuzzy(a, "ENDS", String("x")), B))),
    ("aLENGTH3ANDb", And((Length(a, "=", num("3")), B))),
    ("aORb", Or((A, B))),
    ("TRUE=aORb", Or((Compare(a, "=", Boolean(True)), B))),
    ("a=TRUEANDb", And((Compare(a, "=", Boolean(True)), B))),
    ("a=1E5ORb", Or((Compare(a, "=", num("1E5")), B))),
    ("a=-1ANDb>+.5", And((Compare(a, "=", num("-1")), Compare(b, ">", num("0.5"))))),
    ("a=bANDc", And((Compare(a, "=", b), C))),
    ("a_nd=1", Compare(prop("a_nd"), "=", num("1"))),
]

SPACES = [
    (" \t\n\r\v\fa \t\n\r\v\f= \t\n\r\v\f1 \t\n\r\v\f", Compare(a, "=", num("1"))),
    ("a . b.\tc", Bare(prop("a.b.c"))),
    ("a : b HAS 1 :\n2", Has((a, b), "ANY", ((eq(num("1")), eq(num("2"))),))),
    ("( a )", A),
    ("a HAS ALL 1 , 2", Has((a,), "ALL", ((eq(num("1")),), (eq(num("2")),)))),
]

STRINGS = [
    ('""', ""),
    ('"a b"', "a b"),
    (r'"\""', '"'),
    (r'"\\"', "\\"),
    (r'"\\\""', '\\"'),
    (r'"\\\\"', "\\\\"),
    (r'"\"\\\"\\"', '"\\"\\'),
    ('"(a AND b)"', "(a AND b)"),
    ('"\'"', "'"),
    ('" \t\n\r\v\f"', " \t\n\r\v\f"),
    ('"\u00a0\u0080é日\U0001f600\ufffe"', "\u00a0\u0080é日\U0001f600\ufffe"),
    ('"%*?_"', "%*?_"),
]

NUMBERS = [
    "0", "-0", "1.", ".1", "+.5", "-.5e-3", "+10.01E-10", "1000000000.E1000000000", "6.03e23",
    "007", "1e+05", "123456789012345678901234567890.000000000000000000001",
    "1e-999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tree"), COMPARISONS + LISTS + BOOLEAN + WORDS_WITHOUT_SPACES + SPACES
)
def test_tree(text, tree):
    """Each form of the grammar has its tree; redundant parentheses leave no trace."""
    assert read_filter(text) == tree


@pytest.mark.parametrize(("text", "value"), STRINGS)
def test_string(text, value):
    r"""Only `\"` and `\\` escape; spaces and all above ASCII stand in strings as they are."""
    assert read_filter(f"a = {text}") == Compare(a, "=", String(value))


@pytest.mark.parametrize("text", NUMBERS)
def test_number(text):
    """Numbers are exact, whatever their size."""
    assert read_filter(f"a={text}") == Compare(a, "=", num(text))


@pytest.mark.parametrize("text", ["1e1000000000000000000", "-1E-99999999999999999999999"])
def test_number_out_of_range(text):
    """An exponent that cannot be held is 501, and the message names the range."""
    with pytest.raises(NotImplementedFilterError, match="999999999999999999") as caught:
        read_filter(f"a = {text}")
    assert caught.value.column == 5


REFUSED = [
    "", "  ", "()", "a b", "a AND", "OR a", "a AND OR b", "NOT NOT a", "NOT", "(a", "a)", "a=",
    "=1", "1", '"x"', "TRUE", "a == 1", "a <> 1", "a = (1)", "(a) = 1", "a < TRUE", "TRUE > a",
    "FALSE < TRUE", "1 < TRUE", "a HAS < TRUE", "a HAS", "a HAS ALL", "a HAS 1, 2", "a HAS 1:2",
    "a:b HAS 1", "a:b HAS ALL 1", "a:b", "a:b = 1", "a: HAS 1:2", "1 HAS a", "1 IS KNOWN",
    "a IS", "a KNOWN", "a IS NOT KNOWN", "a CONTAINS", "a CONTAINS WITH 1", "CONTAINS a",
    "a LENGTH", "a STARTS WITH", "a HAS ONLY", "a LENGTH IS 1", "a.", ".a", "a..b", "a.1", "1.a",
    "a = 'x'", 'a = "x', 'a = x"', r'a = "\n"', r'a = "\"', 'a = "\x00"', 'a = "\x0e"',
    'a = "\x1f"', 'a = "\x7f"', "a\x00", "a\u00a0= 1", "a =\u20031", "a = \u0661", "a\x1c= 1",
    "a\x85", "\ufeffa", "A = 1", "aB = 1", "é = 1", "a = 1 and b", "not a", "a == b", "a = +-1",
    "a = .", "a = 1e", "a = 1.2.3", "a = 1 2", "a = - 1", "a ! = 1", "a < = 1", "a,b", "[a]",
    "a = \ud800", 'a = "\ud800"', "a && b", "true AND", "IS KNOWN", "a = = 1",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text):
    """What is not in the grammar is a syntax error with a column, never another error."""
    with pytest.raises(FilterSyntaxError) as caught:
        read_filter(text)
    assert 1 <= (caught.value.column or 0) <= len(text) + 1
    str(caught.value).encode()


def test_columns():
    """Names and constants know where they stand."""
    tree = read_filter(' a = 1 AND TRUE = b AND "é" < c')
    assert isinstance(tree, And)
    columns = [(part.left.column, part.right.column) for part in tree.parts]
    assert columns == [(2, 6), (19, 12), (31, 25)]
