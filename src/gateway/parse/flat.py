"""A tree -> the same without AND in AND or OR in OR; its depth is measured on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.parse.tree import And, Node, Not, Or


@dataclass(slots=True)
class _Open:
    """A group whose parts are being copied; `todo` is in reverse order.

    `kind` is None for a NOT, and for the list that holds the whole tree.
    """

    kind: type[And] | type[Or] | None
    todo: list[Node]
    level: int
    done: list[Node] = field(default_factory=list)


def flatten(node: Node, *, repeats: bool = True) -> tuple[Node, int]:
    """The tree with parts lifted into groups of their own kind, and how many levels it has.

    A NOT and the group right below it are one level, as they share one pair of parentheses.
    Without `repeats`, equal leaves of one group are one.
    """
    stack = [_Open(None, [node], 0)]
    deepest = 0
    while True:
        group = stack[-1]
        if group.todo:
            _take(group.todo.pop(), stack)
            deepest = max(deepest, stack[-1].level)
            continue
        stack.pop()
        if not stack:
            return group.done[0], deepest
        stack[-1].done.append(_closed(group, repeats=repeats))


def _take(node: Node, stack: list[_Open]) -> None:
    group = stack[-1]
    match node:
        case And(parts) | Or(parts) if type(node) is group.kind:
            group.todo.extend(reversed(parts))
        case And(parts) | Or(parts):
            shared = group.kind is None and len(stack) > 1
            level = group.level if shared else group.level + 1
            stack.append(_Open(type(node), list(reversed(parts)), level))
        case Not(part):
            stack.append(_Open(None, [part], group.level + 1))
        case _:
            group.done.append(node)


def _closed(group: _Open, *, repeats: bool) -> Node:
    if group.kind is None:
        return Not(group.done[0])
    parts = tuple(group.done) if repeats else _distinct(group.done)
    return parts[0] if len(parts) == 1 else group.kind(parts)


def _distinct(parts: Iterable[Node]) -> tuple[Node, ...]:
    # Groups are told apart by identity: comparing them would walk down the tree again.
    keyed: dict[Node | int, Node] = {}
    for part in parts:
        keyed.setdefault(id(part) if isinstance(part, And | Or) else part, part)
    return tuple(keyed.values())
