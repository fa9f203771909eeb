"""Ways through a tree that no depth can exhaust."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from gateway.parse.tree import And, Leaf, Node, Not, Or

T = TypeVar("T")


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves from left to right, those under NOT too."""
    todo = [node]
    while todo:
        match todo.pop():
            case And(parts) | Or(parts):
                todo.extend(reversed(parts))
            case Not(part):
                todo.append(part)
            case leaf:
                yield leaf


def fold(node: Node, leaf: Callable[[Leaf], T], group: Callable[[And | Or | Not, list[T]], T]) -> T:
    """What `leaf` makes of each leaf and `group` of each group and its parts' results."""
    results: list[T] = []
    todo: list[tuple[Node, bool]] = [(node, False)]
    while todo:
        current, ready = todo.pop()
        match current:
            case And() | Or() | Not() if ready:
                size = 1 if isinstance(current, Not) else len(current.parts)
                parts = results[len(results) - size :]
                del results[len(results) - size :]
                results.append(group(current, parts))
            case And(parts=below) | Or(parts=below):
                todo.append((current, True))
                todo.extend((part, False) for part in reversed(below))
            case Not(part):
                todo += [(current, True), (part, False)]
            case _:
                results.append(leaf(current))
    return results[0]
