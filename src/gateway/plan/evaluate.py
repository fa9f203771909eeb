"""A filter's tree -> a test of one entry whose values are all at hand; three-valued.

For entry types that the gateway itself holds in memory. Names and types are refused exactly as in
the translation for sites.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias, assert_never

from gateway.parse import leaves, normal_form
from gateway.parse.tree import (
    And,
    Bare,
    Boolean,
    Compare,
    Fuzzy,
    FuzzyOp,
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
    Test,
)
from gateway.plan.leaves.lists import HOLDS
from gateway.plan.leaves.predicates import translate_leaf
from gateway.plan.names import Scope, is_foreign
from gateway.plan.timestamps import read_timestamp

RowValue: TypeAlias = str | int | float | bool | tuple[str, ...]
Row: TypeAlias = Mapping[str, RowValue]
"""The known values of one entry by property; timestamps in milliseconds since 1970."""
Verdict: TypeAlias = bool | None
"""None: it hangs on an unknown value."""
Predicate: TypeAlias = Callable[[Row], Verdict]
Comparand: TypeAlias = str | Decimal | bool
"""What a value is compared with."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A filter, ready to be tried on entries."""

    test: Predicate
    """True: the entry matches; False: it does not; None: that is unknown, so it does not."""
    weight: int
    """How many comparisons one entry costs at most."""


def matcher_of(tree: Node, scope: Scope) -> Matcher:
    """The filter as a test; FilterError for names and comparisons that do not go."""
    absent = {name: replace(one, reach="absent") for name, one in scope.catalogue.items()}
    for leaf in leaves(tree):
        _check(leaf, replace(scope, catalogue=absent))
    return _compiled(normal_form(tree), scope)


def _check(leaf: Leaf, scope: Scope) -> None:
    """Translating a leaf refuses wrong names and types, also of properties that no entry has."""
    if isinstance(leaf, Compare) and not isinstance(leaf.left, Name):
        return  # constants alone, which the normal form decides or refuses
    translate_leaf(leaf, negated=False, scope=scope)


def _compiled(node: Node, scope: Scope) -> Matcher:
    match node:
        case And(parts):
            return _group(parts, scope, ends=False)
        case Or(parts):
            return _group(parts, scope, ends=True)
        case Not(part):
            inner = _compiled(part, scope)
            return Matcher(_negated(inner.test), inner.weight)
        case _:
            return _leaf(node, scope)


def _group(parts: Sequence[Node], scope: Scope, *, ends: bool) -> Matcher:
    """OR ends at the first true part, AND at the first false one; unknown comes between."""
    words, rest = _words(parts, scope, op="=" if ends else "!=")
    found = [_compiled(part, scope) for part in rest]
    tests = [_is_one_of(name, texts, found=ends) for name, texts in words.items()]
    tests += [one.test for one in found]

    def test(row: Row) -> Verdict:
        verdict: Verdict = not ends
        for one in tests:
            answer = one(row)
            if answer is ends:
                return ends
            if answer is None:
                verdict = None
        return verdict

    return Matcher(test, len(words) + sum(one.weight for one in found))


def _words(
    parts: Sequence[Node], scope: Scope, *, op: Op
) -> tuple[dict[str, set[str]], list[Node]]:
    """`a = "x" OR a = "y" OR ..` (or `!=` with AND) cost no more than one comparison."""
    words: dict[str, set[str]] = {}
    rest: list[Node] = []
    for part in parts:
        match part:
            case Compare(Name() as name, held, String(text)) if held == op and not _is_timestamp(
                name, scope
            ):
                words.setdefault(name.name, set()).add(text)
            case _:
                rest.append(part)
    return words, rest


def _is_one_of(name: str, texts: set[str], *, found: bool) -> Predicate:
    def test(row: Row) -> Verdict:
        value = row.get(name)
        return None if value is None else (value in texts) is found

    return test


def _negated(inner: Predicate) -> Predicate:
    def test(row: Row) -> Verdict:
        answer = inner(row)
        return None if answer is None else not answer

    return test


def _leaf(leaf: Leaf, scope: Scope) -> Matcher:
    match leaf:
        case Compare(Name() as name, op, value) | Fuzzy(name, op, value):
            return Matcher(_comparison(name.name, op, _comparand(value, name, scope)), 1)
        case Compare():
            raise AssertionError("the normal form decides comparisons of constants")
        case Known(name, known):
            return Matcher(lambda row: (name.name in row) is known, 1)
        case Bare(name):
            return Matcher(_bare(name, scope), 1)
        case Length(name, op, value):
            return Matcher(_length(name.name, op, _comparand(value, name, scope)), 1)
        case Has():
            return _has(leaf, scope)
        case _:
            assert_never(leaf)


def _comparison(name: str, op: Op | FuzzyOp, constant: Comparand) -> Predicate:
    holds = HOLDS[op]

    def test(row: Row) -> Verdict:
        value = row.get(name)
        return None if value is None else holds(value, constant)

    return test


def _bare(name: Name, scope: Scope) -> Predicate:
    if is_foreign(name, scope):
        return _unknown
    if scope.catalogue[name.path[0]].type == "boolean":
        return _comparison(name.name, "=", True)
    return lambda row: name.name in row


def _unknown(_: Row) -> Verdict:
    return None


def _length(name: str, op: Op, constant: Comparand) -> Predicate:
    holds = HOLDS[op]

    def test(row: Row) -> Verdict:
        value = row.get(name)
        return holds(len(value), constant) if isinstance(value, tuple) else None

    return test


def _has(leaf: Has, scope: Scope) -> Matcher:
    """Items of zipped lists belong together, so only a list zipped with itself means anything."""
    names = [name.name for name in leaf.subjects]
    items = [_item(item, leaf.subjects, scope) for item in leaf.items]

    def test(row: Row) -> Verdict:
        held = [row.get(name) for name in names]
        lists = [one for one in held if isinstance(one, tuple)]
        if len(lists) < len(held):
            return None
        members = list(zip(*lists, strict=False))
        match leaf.quantifier:
            case "ANY":
                return any(item(member) for item in items for member in members)
            case "ALL":
                return all(any(item(member) for member in members) for item in items)
            case "ONLY":
                return all(any(item(member) for item in items) for member in members)

    return Matcher(test, len(items) * len(names))


def _item(
    tests: Iterable[Test], names: Sequence[Name], scope: Scope
) -> Callable[[Sequence[str]], bool]:
    checks = [
        (HOLDS[test.op], _comparand(test.value, name, scope))
        for test, name in zip(tests, names, strict=True)
    ]
    return lambda member: all(
        holds(value, constant) for value, (holds, constant) in zip(member, checks, strict=True)
    )


def _comparand(operand: Operand, name: Name, scope: Scope) -> Comparand:
    match operand:
        case String(text) if _is_timestamp(name, scope):
            return read_timestamp(text, column=operand.column)
        case String(value) | Number(value) | Boolean(value):
            return value
        case Name():
            raise AssertionError("properties compared with properties are refused before")
        case _:
            assert_never(operand)


def _is_timestamp(name: Name, scope: Scope) -> bool:
    found = scope.catalogue.get(name.name)
    return found is not None and found.type == "timestamp"
