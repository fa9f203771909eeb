"""A normal form that is too deep -> an equivalent one within a given depth.

With g somewhere in f, f is `f[g:=never] OR (f[g:=always] AND g)`, and also
`f[g:=always] AND (f[g:=never] OR g)`: a normal form never holds less where one of its parts holds
more, with unknown values too. A cut half way down the deepest path halves the depth, and what is
above the cut is written twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from operator import attrgetter
from typing import TypeAlias

from gateway.errors import FilterLimitError
from gateway.parse.tree import And, Leaf, Node, Not, Or
from gateway.parse.walk import fold

Kind: TypeAlias = type[And] | type[Or]

_height = attrgetter("height")
# A cut above this level would give back what was cut.
_FIRST_CUT = 3
# Nobody needs deeper targets; what calls itself here does so once per level.
_DEEPEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """A node and its measures; `kind` is None for a leaf, a negated one too."""

    node: Node
    kind: Kind | None
    parts: tuple["_Tree", ...]
    height: int
    leaves: int


def shallow(node: Node, *, depth: int, size: int) -> Node:
    """An equivalent of a normal form with at most `depth` levels of AND and OR, `size` leaves.

    What is shallow and small already is returned as it is.
    """
    if _is_within(node, depth, size):
        return node
    tree = fold(node, _leaf, _measured)
    if tree.leaves > size:
        raise FilterLimitError(
            f"The filter has {tree.leaves} comparisons; at most {size} can be asked."
        )
    if tree.height <= depth:
        return node
    try:
        return _Balance(spare=size - tree.leaves).fit(tree, min(depth, _DEEPEST)).node
    except _TooDeepError:
        raise FilterLimitError(
            f"The filter nests AND and OR {tree.height} levels deep. At most {depth} can be asked, "
            f"and to write it so takes more than {size} comparisons."
        ) from None


def _is_within(node: Node, depth: int, size: int) -> bool:
    """Whether the tree is shallow and small as it stands: everyday filters are."""
    level, leaves = [node], 0
    for _ in range(depth + 1):
        groups = [one for one in level if isinstance(one, And | Or)]
        leaves += len(level) - len(groups)
        if not groups or leaves > size:
            return leaves <= size
        level = [part for group in groups for part in group.parts]
    return False


class _TooDeepError(Exception):
    """Neither leaves nor depth are left."""


class _Balance:
    """Makes trees shallower with at most `spare` further leaves."""

    def __init__(self, spare: int) -> None:
        self._spare = spare

    def fit(self, tree: _Tree, depth: int) -> _Tree:
        """An equivalent tree of at most that height."""
        if tree.height <= depth:
            return tree
        if tree.kind is None or depth < 2:
            raise _TooDeepError
        if depth == 2:
            return self._spread(tree)
        path = _way_down(tree, depth)
        if depth <= _FIRST_CUT or len(path) <= _FIRST_CUT:
            fitted = self._group(tree.kind, tree.parts, depth)
        else:
            fitted = self._cut(tree.kind, path, depth)
        if fitted.height > depth:
            raise _TooDeepError
        return fitted

    def _cut(self, kind: Kind, path: Sequence[_Tree], depth: int) -> _Tree:
        """The tree at the head of the path, cut at the path's end."""
        tree, below = path[0], path[-1]
        vanished, decisive = _without(path, kind is And), _without(path, kind is Or)
        self._spend(vanished.leaves + decisive.leaves + below.leaves - tree.leaves)
        inner = self._group(Or if kind is And else And, (decisive, below), depth - 1)
        return self._group(kind, (vanished, inner), depth)

    def _spread(self, tree: _Tree) -> _Tree:
        """The tree multiplied out, as OR of ANDs or as AND of ORs, whichever is smaller."""
        if tree.height > _DEEPEST:
            raise _TooDeepError
        sizes = {kind: _spread_size(tree, kind)[1] for kind in (And, Or)}
        kind = min(sizes, key=lambda kind: sizes[kind])
        self._spend(sizes[kind] - tree.leaves)
        inner = Or if kind is And else And
        return _group(kind, [_group(inner, term) for term in _terms(tree, kind)])

    def _spend(self, leaves: int) -> None:
        self._spare -= leaves
        if self._spare < 0:
            raise _TooDeepError

    def _group(self, kind: Kind, parts: Iterable[_Tree], depth: int) -> _Tree:
        """The parts as one group of at most that height; parts of its kind merge with it."""
        fitted = [self.fit(part, depth if part.kind is kind else depth - 1) for part in parts]
        return _group(kind, fitted)


def _way_down(tree: _Tree, depth: int) -> list[_Tree]:
    """The deepest path to where the tree is to be cut, or to where it forks before.

    The cut is as high as will do; when one cut will not do, it halves. The part cut off is of
    the other kind than the tree, so that it merges with what it is joined to.
    """
    levels = tree.height - depth + 1
    if levels > depth - 2:
        levels = tree.height // 2
    levels = max(levels, _FIRST_CUT) | 1
    path = [tree]
    while len(path) <= levels and not _forks(path[-1], depth=depth - len(path)):
        path.append(max(path[-1].parts, key=_height))
    return path if len(path) % 2 == 0 else path[:-1]


def _forks(tree: _Tree, *, depth: int) -> bool:
    """Whether a second part is about as deep as the deepest, and too deep to be left alone."""
    *_, second, first = (0, *sorted(map(_height, tree.parts)))
    return bool(second * 2 >= first and second > depth - 2)


def _without(path: Sequence[_Tree], holds: bool) -> _Tree:
    """The tree at the head of the path with the part at its end taken to hold, or never to."""
    below, left = path[-1], None
    for tree in reversed(path[:-1]):
        if left is not None:
            left = _group(tree.kind, [left if part is below else part for part in tree.parts])
        elif (tree.kind is And) is holds:
            left = _group(tree.kind, [part for part in tree.parts if part is not below])
        below = tree
    assert left is not None, "the path is too short"
    return left


def _spread_size(tree: _Tree, kind: Kind) -> tuple[int, int]:
    """How many groups the tree has when multiplied out under `kind`, and leaves in them all."""
    if tree.kind is None:
        return 1, 1
    sizes = [_spread_size(part, kind) for part in tree.parts]
    if tree.kind is kind:
        return sum(groups for groups, _ in sizes), sum(leaves for _, leaves in sizes)
    groups = prod(groups for groups, _ in sizes)
    return groups, sum(leaves * (groups // own) for own, leaves in sizes)


def _terms(tree: _Tree, kind: Kind) -> list[tuple[_Tree, ...]]:
    if tree.kind is None:
        return [(tree,)]
    terms = [_terms(part, kind) for part in tree.parts]
    if tree.kind is kind:
        return [term for some in terms for term in some]
    return [tuple(chain.from_iterable(choice)) for choice in product(*terms)]


def _leaf(leaf: Leaf) -> _Tree:
    return _Tree(leaf, None, (), 0, 1)


def _measured(node: And | Or | Not, parts: list[_Tree]) -> _Tree:
    if isinstance(node, Not):
        return _Tree(node, None, (), 0, 1)
    return _tree(node, type(node), tuple(parts))


def _group(kind: Kind | None, parts: Iterable[_Tree]) -> _Tree:
    """The parts as one group; those of its own kind are lifted into it."""
    assert kind is not None
    lifted: dict[int, _Tree] = {}
    for part in parts:
        lifted.update({id(below): below for below in _lifted(kind, part)})
    whole = tuple(lifted.values())
    return whole[0] if len(whole) == 1 else _tree(kind(tuple(p.node for p in whole)), kind, whole)


def _lifted(kind: Kind, part: _Tree) -> tuple[_Tree, ...]:
    return part.parts if part.kind is kind else (part,)


def _tree(node: Node, kind: Kind, parts: tuple[_Tree, ...]) -> _Tree:
    height = 1 + max(map(_height, parts), default=-1)
    return _Tree(node, kind, parts, height, sum(part.leaves for part in parts))
