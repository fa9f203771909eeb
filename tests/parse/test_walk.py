"""Walking trees: order, and no depth that exhausts anything."""

from gateway.parse import fold, leaves, read_filter
from gateway.parse.tree import Bare, Name, Not


def test_leaves():
    """Leaves come from left to right, those under NOT too."""
    tree = read_filter("a AND NOT (b OR NOT c) AND (d OR e AND f)")
    assert "".join(leaf.subject.name for leaf in leaves(tree)) == "abcdef"


def test_fold():
    """A fold sees each group with its parts' results in order."""
    tree = read_filter("a AND NOT (b OR NOT c) AND (d OR e AND f)")
    shown = fold(
        tree,
        lambda leaf: leaf.subject.name,
        lambda node, parts: f"{type(node).__name__}({' '.join(parts)})",
    )
    assert shown == "And(a Not(Or(b Not(c))) Or(d And(e f)))"


def test_depth():
    """A hundred thousand levels are walked."""
    tree = Bare(Name(("a",)))
    for _ in range(100_000):
        tree = Not(tree)
    assert len(list(leaves(tree))) == 1
    assert fold(tree, lambda _: 0, lambda _, parts: parts[0] + 1) == 100_000
