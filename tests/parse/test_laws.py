"""Laws of reading, writing and normal forms, tried on random trees and texts."""

from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import FilterError
from gateway.parse import fold, leaves, normal_form, read_filter, write_filter
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

EQUALITY = ["=", "!="]
ORDER = ["<", "<=", ">", ">="]
FUZZY = ["CONTAINS", "STARTS", "ENDS"]

identifiers = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
properties = st.builds(Name, st.lists(identifiers, min_size=1, max_size=3).map(tuple))
characters = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[*map(chr, range(9)), *map(chr, range(14, 32)), "\x7f"],
)
strings = st.builds(String, st.text(characters, max_size=8))
numbers = st.builds(Number, st.decimals(allow_nan=False, allow_infinity=False))
booleans = st.builds(Boolean, st.booleans())
ordered = strings | numbers | properties
values = ordered | booleans

tests = (
    st.builds(nodes.Test, st.sampled_from(EQUALITY + FUZZY), values)
    | st.builds(nodes.Test, st.sampled_from(ORDER), ordered)
    | st.builds(nodes.Test, st.just("="), values)
)
quantifiers = st.sampled_from(["ANY", "ALL", "ONLY"])


def tuples_of(strategy, least):
    return st.lists(strategy, min_size=least, max_size=least + 2).map(tuple)


comparisons = (
    st.builds(Compare, properties, st.sampled_from(EQUALITY), values)
    | st.builds(Compare, properties, st.sampled_from(ORDER), ordered)
    | st.builds(Compare, strings | numbers, st.sampled_from(EQUALITY), booleans | strings | numbers)
    | st.builds(Compare, strings | numbers, st.sampled_from(ORDER), strings | numbers)
    | st.builds(Compare, booleans, st.sampled_from(EQUALITY), booleans | strings | numbers)
)
any_leaf = (
    comparisons
    | st.builds(Fuzzy, properties, st.sampled_from(FUZZY), values)
    | st.builds(Known, properties, st.booleans())
    | st.builds(Bare, properties)
    | st.builds(Has, st.tuples(properties), quantifiers, tuples_of(st.tuples(tests), 1))
    | st.builds(Has, tuples_of(properties, 2), quantifiers, tuples_of(tuples_of(tests, 2), 1))
    | st.builds(Length, properties, st.sampled_from(EQUALITY + ORDER), values)
)  # fmt: skip


def group(kind, parts):
    """As the reader gives it: no group in a group of its kind."""
    flat = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return kind(tuple(flat))


def trees(leaf, size):
    def larger(below):
        lists = st.lists(below, min_size=2, max_size=4)
        return (
            st.builds(Not, below)
            | lists.map(lambda parts: group(And, parts))
            | lists.map(lambda parts: group(Or, parts))
        )

    return st.recursive(leaf, larger, max_leaves=size)


@settings(deadline=None)
@given(trees(any_leaf, 12))
def test_read_what_was_written(tree):
    """read(write(tree)) == tree for every tree that reading can give."""
    assert read_filter(write_filter(tree)) == tree


@settings(deadline=None)
@given(trees(any_leaf, 6))
def test_no_spaces_needed(tree):
    """Without the spaces outside strings a filter is the same."""
    pieces = write_filter(tree).replace("\\\\", "\0").replace('\\"', "\1").split('"')
    pieces[::2] = [piece.replace(" ", "") for piece in pieces[::2]]
    squeezed = '"'.join(pieces).replace("\1", '\\"').replace("\0", "\\\\")
    assert read_filter(squeezed) == tree


GRAMMAR_WORDS = """
AND OR NOT ( ) , : . = != < <= > >= IS KNOWN UNKNOWN CONTAINS STARTS ENDS WITH LENGTH HAS ALL ANY
ONLY TRUE FALSE a b_1 "x" 1 -2.5e3 .5
"""
ODD_WORDS = """ "\\"" " 1e9999999999999999999 and Si ' \\ \ud800 é \x00 """
WORDS = [*GRAMMAR_WORDS.split(), *ODD_WORDS.split(), "\t"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text(text):
    """Whatever the text, it is read or refused with a message that can be sent."""
    try:
        tree = read_filter(text)
    except FilterError as refusal:
        error = refusal
    else:
        assert read_filter(write_filter(tree).encode().decode()) == tree
        return
    assert error.column is None or 1 <= error.column <= len(text) + 1
    assert str(error).encode()


# Three-valued logic on plain Python values: None is unknown.
HOLDS = {"<": lt, "<=": le, "=": eq, "!=": ne, ">": gt, ">=": ge}

few_names = st.sampled_from("abc").map(lambda name: Name((name,)))
few_numbers = st.sampled_from("012").map(lambda digit: Number(Decimal(digit)))
ops = st.sampled_from(EQUALITY + ORDER)
few_leaves = (
    st.builds(Compare, few_names, ops, few_numbers | few_names)
    | st.builds(Compare, few_numbers, ops, few_numbers)
    | st.builds(Known, few_names, st.booleans())
    | st.builds(Bare, few_names)
    | st.builds(Fuzzy, few_names, st.just("ENDS"), st.just(String("x")))
    | st.builds(Length, few_names, ops, few_numbers)
    | few_names.map(lambda name: Has((name,), "ALL", ((nodes.Test("=", String("x")),),)))
)
worlds = st.tuples(
    st.fixed_dictionaries({name: st.none() | st.integers(0, 2) for name in "abc"}),
    st.dictionaries(st.integers(0, 30), st.none() | st.booleans()),
)


def truth(tree, world):
    """True, False or None (unknown)."""
    known, guesses = world

    def value(operand):
        return known[operand.name] if isinstance(operand, Name) else operand.value

    def leaf(node):
        match node:
            case Compare(left, op, right):
                sides = value(left), value(right)
                return None if None in sides else HOLDS[op](*sides)
            case Known(subject, wanted):
                return (known[subject.name] is not None) is wanted
            case _:
                return None if known[node_name(node)] is None else guesses.get(key(node), False)

    def joined(node, parts):
        match node:
            case Not():
                return None if parts[0] is None else not parts[0]
            case And():
                return False if False in parts else None if None in parts else True
            case Or():
                return True if True in parts else None if None in parts else False

    return fold(tree, leaf, joined)


def node_name(node):
    return (node.subjects[0] if isinstance(node, Has) else node.subject).name


def key(node):
    return sum(map(ord, write_filter(node))) % 31


@settings(max_examples=300, deadline=None)
@given(trees(few_leaves, 15), worlds)
def test_normal_form_means_the_same(tree, world):
    """A filter and its normal form are true, false and unknown for the same entries."""
    assert truth(normal_form(tree), world) == truth(tree, world)


@settings(deadline=None)
@given(trees(few_leaves, 15))
def test_normal_form_is_normal(tree):
    """NOT stands at leaves only, groups alternate and have parts; it is its own normal form."""
    form = normal_form(tree)
    assert normal_form(form) == form
    if form in (And(()), Or(())):
        return

    def joined(node, parts):
        if isinstance(node, Not):
            assert isinstance(node.part, Bare | Fuzzy | Has | Length)
        else:
            assert len(node.parts) > 1
            assert type(node) not in parts
        return type(node)

    fold(form, type, joined)
    assert not any(
        isinstance(leaf, Compare) and isinstance(leaf.left, Number) for leaf in leaves(form)
    )
