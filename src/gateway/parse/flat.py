"""A tree -> the same without AND in AND or OR in OR; its depth is measured on the way."""

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


def flatten(node: Node) -> tuple[Node, int]:
    """The tree with parts lifted into groups of their own kind, and how many levels it has.

    A NOT and the group right below it are one level, as they share one pair of parentheses.
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
        stack[-1].done.append(_closed(group))


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


def _closed(group: _Open) -> Node:
    if group.kind is None:
        return Not(group.done[0])
    return group.kind(tuple(group.done))
