"""A tree -> its normal form: NOT only at leaves, flat groups, no constants, no repeats.

The logic has three values: NOT of a comparison with an unknown value is unknown, not true.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import assert_never

from gateway.errors import FilterValueError, NotImplementedFilterError
from gateway.parse.tree import (
    ALWAYS,
    NEVER,
    OPPOSITE,
    And,
    Bare,
    Boolean,
    Compare,
    Fuzzy,
    Has,
    Known,
    Leaf,
    Length,
    Name,
    Node,
    Not,
    Number,
    Op,
    Operand,
    Or,
    String,
)

_HOLDS: dict[Op, Callable[[Decimal, Decimal], bool]] = {
    "<": lt, "<=": le, "=": eq, "!=": ne, ">": gt, ">=": ge,
}  # fmt: skip
_KINDS: dict[type[Operand], str] = {
    String: "a string",
    Number: "a number",
    Boolean: "a boolean",
    Name: "a property",
}


def normal_form(node: Node) -> Node:
    """The same filter with NOT directly above Fuzzy, Has, Length and Bare only.

    Comparisons of constants are decided here or refused, also where the rest decides the filter.
    """
    if not isinstance(node, And | Or | Not):
        return _leaf(node, negated=False)
    stack = [_Open(And, [(node, False)])]
    while True:
        group = stack[-1]
        if group.todo:
            _take(*group.todo.pop(), stack)
            continue
        stack.pop()
        done = group.done[0] if len(group.done) == 1 else join(group.kind, group.done)
        if not stack:
            return done
        stack[-1].done.append(done)


@dataclass(slots=True)
class _Open:
    """A group being made from `todo`: parts in reverse order and whether they are negated."""

    kind: type[And] | type[Or]
    todo: list[tuple[Node, bool]]
    done: list[Node] = field(default_factory=list)


def _take(node: Node, negated: bool, stack: list[_Open]) -> None:
    match node:
        case Not(part):
            stack[-1].todo.append((part, not negated))
        case And(parts) | Or(parts):
            kind = And if isinstance(node, And) != negated else Or
            todo = [(part, negated) for part in reversed(parts)]
            if kind is stack[-1].kind:
                stack[-1].todo.extend(todo)
            else:
                stack.append(_Open(kind, todo))
        case _:
            stack[-1].done.append(_leaf(node, negated=negated))


def join(kind: type[And] | type[Or], parts: Iterable[Node]) -> Node:
    """The parts as one flat group, constants absorbed, equal leaves once.

    A single part stays as it is.
    """
    # Groups are distinguished by identity: comparing them would walk down the tree.
    rest: dict[Node | int, Node] = {}
    for part in parts:
        if not isinstance(part, And | Or):
            rest.setdefault(part, part)
        elif type(part) is kind:
            rest.update({id(one) if isinstance(one, And | Or) else one: one for one in part.parts})
        elif part.parts:
            rest[id(part)] = part
        else:
            return part
    joined = tuple(rest.values())
    return joined[0] if len(joined) == 1 else kind(joined)


def _leaf(leaf: Leaf, *, negated: bool) -> Node:
    match leaf:
        case Compare():
            if not isinstance(leaf.left, Name) and not isinstance(leaf.right, Name):
                return ALWAYS if _constants_hold(leaf) is not negated else NEVER
            return Compare(leaf.left, OPPOSITE[leaf.op], leaf.right) if negated else leaf
        case Known(known=known):
            return Known(leaf.subject, not known) if negated else leaf
        case Has():
            _check_zip(leaf)
            return Not(leaf) if negated else leaf
        case Bare() | Fuzzy() | Length():
            return Not(leaf) if negated else leaf
        case _:
            assert_never(leaf)


def _constants_hold(comparison: Compare) -> bool:
    left, right = comparison.left, comparison.right
    if isinstance(left, Number) and isinstance(right, Number):
        return _HOLDS[comparison.op](left.value, right.value)
    what = f"The filter compares {_KINDS[type(left)]} with {_KINDS[type(right)]}"
    why = (
        "they are of different types" if type(left) is not type(right) else "one must be a property"
    )
    raise NotImplementedFilterError(f"{what}; {why}.", column=left.column or None)


def _check_zip(has: Has) -> None:
    lists = len(has.subjects)
    for item in has.items:
        if len(item) != lists:
            raise FilterValueError(
                f"{lists} lists are joined by colons ({':'.join(s.name for s in has.subjects)}), "
                f"so each item needs {lists} values; one has {len(item)}.",
                column=item[0].value.column or None,
            )
