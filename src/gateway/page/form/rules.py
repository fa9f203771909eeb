"""What every kind of field can do: write its conditions, and guess itself from conditions.

A guess need not be right: `read_back` writes it and takes it only if all of its conditions are in
the filter. So a field never shows more or less than the filter says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.page.form.fields import Fields
from gateway.parse.limits import FilterLimits
from gateway.parse.tree import And, Compare, Name, Node, Not, Op, Operand, Or

Values: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Fields by name, with what stands in them."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the form needs to know of the gateway it belongs to."""

    prefix: str
    """Of the provider, as in `_fed_site`."""
    sites: tuple[str, ...]
    """The sites that may be chosen."""
    limits: FilterLimits = field(default_factory=FilterLimits)

    def own(self, name: str) -> str:
        """The name of one of the gateway's own properties."""
        return f"_{self.prefix}_{name}"


class FieldError(ValueError):
    """What stands in a field cannot be understood; `column` counts from 1 in filter text."""

    def __init__(self, field: str, sentence: str, *, column: int | None = None) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence
        self.column = column


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field, or some that belong together."""

    write: Callable[[Fields, Vocabulary], Sequence[Node]]
    """The conditions that must all hold; raises FieldError."""
    guess: Callable[[Sequence[Node], Vocabulary], Iterable[Values]]
    """What might stand in the fields, the likeliest first."""


def comparison(name: str, op: Op, value: Operand) -> Compare:
    """`name op value`."""
    return Compare(Name((name,)), op, value)


def any_of(parts: Sequence[Node]) -> list[Node]:
    """One condition that holds when one of the parts does; none for no parts."""
    return [Or(tuple(parts))] if len(parts) > 1 else list(parts)


def compared(parts: Iterable[Node], name: str, op: Op) -> Iterator[Operand]:
    """The values with which the property is compared so."""
    for part in parts:
        match part:
            case Compare(Name((found,)), found_op, value) if found == name and found_op == op:
                yield value
            case _:
                pass


def subject_of(node: Node) -> str:
    """The property that a condition is about; empty for several."""
    names: set[str] = set()
    todo = [node]
    while todo and len(names) < 2:
        match todo.pop():
            case And(parts) | Or(parts):
                todo.extend(parts)
            case Not(part):
                todo.append(part)
            case Compare(left, _, _):
                names.add(left.name if isinstance(left, Name) else "")
            case leaf:
                subjects = getattr(leaf, "subjects", None) or (getattr(leaf, "subject", None),)
                names.update(one.name for one in subjects if one is not None)
    return names.pop() if len(names) == 1 else ""
