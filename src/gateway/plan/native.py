"""AND, OR and NOT over native conditions: constants vanish, groups are flat, equalities are merged.

A clause is a native node, or True (every structure) or False (none).
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from gateway.model import Scalar
from gateway.properties.native_query import (
    AllOf,
    AnyOf,
    Condition,
    Exists,
    Inverse,
    Member,
    NativeNode,
    OneOf,
    OptimadeLeaf,
    Range,
)

Clause: TypeAlias = NativeNode | bool

DEPTH = 17
"""NOMAD refuses 20 boolean nodes within one another, and its own owner conditions are some."""

PARSED_TEXT = 100_000
"""Characters of `optimade_filter` in one query; NOMAD parses them for about 5 s without a pause."""

_REPEATED = (Exists, Range, Member, OptimadeLeaf)


def all_of(parts: Iterable[Clause]) -> Clause:
    """The clause that holds where all parts hold."""
    members: list[NativeNode] = []
    for part in parts:
        if isinstance(part, bool):
            if not part:
                return False
        elif isinstance(part, AllOf):
            members.extend(part.parts)
        else:
            members.append(part)
    if len(members) > 1:
        members = _merged_exclusions(_distinct(members))
    return AllOf(tuple(members)) if len(members) > 1 else members[0] if members else True


def any_of(parts: Iterable[Clause]) -> Clause:
    """The clause that holds where at least one part holds."""
    members: list[NativeNode] = []
    for part in parts:
        if isinstance(part, bool):
            if part:
                return True
        elif isinstance(part, AnyOf):
            members.extend(part.parts)
        else:
            members.append(part)
    if len(members) > 1:
        members = _merged_equalities(members)
    return AnyOf(tuple(members)) if len(members) > 1 else members[0] if members else False


def inverse(clause: Clause) -> Clause:
    """The clause that holds where the other does not, also where fields are missing."""
    match clause:
        case bool():
            return not clause
        case Inverse(part):
            return part
        case _:
            return Inverse(clause)


def without(clause: Clause, given: Sequence[Clause]) -> Clause:
    """What is left to ask where other clauses hold anyway."""
    if isinstance(clause, AllOf):
        return all_of(part for part in clause.parts if part not in given)
    return True if clause in given and not isinstance(clause, bool) else clause


def one_of(quantity: str, values: Iterable[Scalar]) -> Clause:
    """Holds where the quantity, or an item of it, equals one of the values."""
    distinct = tuple(dict.fromkeys(values))
    return OneOf(quantity, distinct) if distinct else False


def holds(quantity: str, condition: Condition) -> NativeNode:
    """Holds where the quantity, or an item of it, fulfils the condition."""
    if isinstance(condition, tuple):
        return Range(quantity, condition)
    return OneOf(quantity, (condition,))


def among(base: NativeNode, clause: Clause) -> NativeNode | None:
    """The entries of the base where the clause holds; None: it never holds. Nothing of the two is
    merged, so that the base stands first in every query."""
    if isinstance(clause, bool):
        return base if clause else None
    return AllOf((base, *(clause.parts if isinstance(clause, AllOf) else (clause,))))


def _distinct(members: list[NativeNode]) -> list[NativeNode]:
    """Each small leaf once, as `is known` clauses come with every negation. Larger nodes are
    distinguished by identity: comparing them would walk down to their leaves at every level."""
    distinct: dict[NativeNode | int, NativeNode] = {}
    for member in members:
        distinct.setdefault(member if isinstance(member, _REPEATED) else id(member), member)
    return list(distinct.values())


def _merged_equalities(members: list[NativeNode]) -> list[NativeNode]:
    """`a = 1 or a = 2 or ..` as one terms clause, which counts once however many values it has."""
    return _merged(members, [(one if isinstance(one, OneOf) else None) for one in members])


def _merged_exclusions(members: list[NativeNode]) -> list[NativeNode]:
    """`not a = 1 and not a = 2 and ..` as the negation of one terms clause."""
    equal = [
        one.part if isinstance(one, Inverse) and isinstance(one.part, OneOf) else None
        for one in members
    ]
    return _merged(members, equal, inverted=True)


def _merged(
    members: list[NativeNode], equalities: Sequence[OneOf | None], *, inverted: bool = False
) -> list[NativeNode]:
    """The members with the values of each quantity's equalities in one node at the end."""
    if sum(one is not None for one in equalities) < (2 if inverted else 1):
        return members
    values: dict[str, dict[Scalar, None]] = {}
    rest: list[NativeNode] = []
    for member, equality in zip(members, equalities, strict=True):
        if equality is None:
            rest.append(member)
        else:
            values.setdefault(equality.quantity, {}).update(dict.fromkeys(equality.values))
    for quantity, wanted in values.items():
        merged = OneOf(quantity, tuple(wanted))
        rest.append(Inverse(merged) if inverted else merged)
    return rest
