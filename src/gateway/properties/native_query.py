"""NOMAD's native query as small frozen nodes, and the one writer that makes JSON of them.

Limits are measured on NOMAD 1.3 to 2.0: 1,024 clauses in one boolean node and, on 1.3, 1,022 values
in one `:any`. The writer splits what is wider, so nodes may have any width; an empty list, which
NOMAD takes for no condition at all, is no node (`plan.native` makes none).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from gateway.model import Json, JsonObject, NativeQuery, Scalar

Bounds: TypeAlias = tuple[tuple[str, Scalar], ...]
"""Pairs of `gt`, `gte`, `lt` or `lte` and a bound; in lists, all hold for the same item."""
Condition: TypeAlias = Scalar | Bounds
"""What one value is compared with: it equals a scalar, or lies within bounds."""

WIDTH = 1_000
"""Members of one boolean node, or values of one `:any`: below both limits, so that what NOMAD adds
itself (the owner, the index) has its place."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The entry's archive has the quantity."""

    path: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The quantity, or an item of it, equals one of the values; there is at least one."""

    quantity: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The quantity, or an item of it, lies within the bounds."""

    quantity: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Member:
    """One and the same member of a repeated section fulfils all conditions."""

    section: str
    conditions: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class OptimadeLeaf:
    """A comparison that NOMAD parses itself, with its own OPTIMADE parser (`optimade_filter`)."""

    text: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; there are at least two."""

    parts: tuple["NativeNode", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; there are at least two."""

    parts: tuple["NativeNode", ...]


@dataclass(frozen=True, slots=True)
class Inverse:
    """The part does not hold, which is also so where its quantity is missing."""

    part: "NativeNode"


NativeLeaf: TypeAlias = Exists | OneOf | Range | Member | OptimadeLeaf
NativeNode: TypeAlias = NativeLeaf | AllOf | AnyOf | Inverse

IS_STRUCTURE = Exists("metadata.optimade")
"""Holds exactly for entries with structure data: the base of every structures query."""


def write_query(node: NativeNode) -> NativeQuery:
    """The node as it stands under `query` in a request to NOMAD."""
    match node:
        case Exists(path):
            return {"quantities": path}
        case OneOf():
            chunks = _chunks(node)
            return chunks[0] if len(chunks) == 1 else _joined("or", chunks)
        case Range(quantity, bounds):
            return {quantity: dict(bounds)}
        case OptimadeLeaf(text):
            return {"optimade_filter": text}
        case AllOf(parts):
            return _joined("and", [write_query(part) for part in parts])
        case AnyOf(parts):
            members: list[NativeQuery] = []
            for part in parts:
                members += _chunks(part) if isinstance(part, OneOf) else [write_query(part)]
            return _joined("or", members)
        case Inverse(part):
            return {"not": write_query(part)}
        case Member(section, conditions):
            return {section: {name: _condition(one) for name, one in conditions}}
        case _:
            assert_never(node)


def _condition(condition: Condition) -> Json:
    return dict(condition) if isinstance(condition, tuple) else condition


def _chunks(node: OneOf) -> list[NativeQuery]:
    values = node.values
    if len(values) == 1:
        return [{node.quantity: values[0]}]
    key = f"{node.quantity}:any"
    return [{key: list(values[i : i + WIDTH])} for i in range(0, len(values), WIDTH)]


def _joined(joint: str, members: list[NativeQuery]) -> JsonObject:
    while len(members) > WIDTH:
        members = [
            {joint: list[Json](members[i : i + WIDTH])} for i in range(0, len(members), WIDTH)
        ]
    return {joint: list[Json](members)}


_PUNCTUATION = 10
"""Bytes of JSON around a name or a value: quotes, a colon, a comma, braces."""


def native_bytes(node: NativeNode) -> int:
    """About how many bytes the written query has."""
    match node:
        case OneOf():
            return len(node.quantity) + _PUNCTUATION + _bytes_of(node.values)
        case Range():
            return len(node.quantity) + _PUNCTUATION + _bytes_of_condition(node.bounds)
        case Exists():
            return len(node.path) + 2 * _PUNCTUATION
        case OptimadeLeaf():
            return len(node.text) + 2 * _PUNCTUATION
        case Inverse():
            return native_bytes(node.part) + _PUNCTUATION
        case AllOf() | AnyOf():
            return sum(map(native_bytes, node.parts)) + _PUNCTUATION
        case Member():
            size = len(node.section) + _PUNCTUATION
            for name, condition in node.conditions:
                size += len(name) + _PUNCTUATION + _bytes_of_condition(condition)
            return size
        case _:
            assert_never(node)


def _bytes_of_condition(condition: Condition) -> int:
    if not isinstance(condition, tuple):
        return _bytes_of((condition,))
    return sum([_PUNCTUATION + _bytes_of((bound,)) for _, bound in condition])


def _bytes_of(values: Iterable[Scalar]) -> int:
    return sum([len(one) + 3 if isinstance(one, str) else _PUNCTUATION for one in values])


def native_depth(node: NativeNode) -> int:
    """How deep boolean nodes are nested; a `:any` becomes one in NOMAD 1.3."""
    match node:
        case OneOf(_, values):
            return 0 if len(values) == 1 else 1 if len(values) <= WIDTH else 2
        case Inverse(part):
            return 1 + native_depth(part)
        case AllOf(parts) | AnyOf(parts):
            levels = 1 if len(parts) <= WIDTH else 2 if len(parts) <= WIDTH**2 else 3
            return levels + max(map(native_depth, parts))
        case Member():
            return 1
        case Exists() | Range() | OptimadeLeaf():
            return 0
        case _:
            assert_never(node)


def parsed_characters(node: NativeNode) -> int:
    """How many characters NOMAD has to parse as filters."""
    match node:
        case OptimadeLeaf(text):
            return len(text)
        case Inverse(part):
            return parsed_characters(part)
        case AllOf(parts) | AnyOf(parts):
            return sum(map(parsed_characters, parts))
        case Exists() | OneOf() | Range() | Member():
            return 0
        case _:
            assert_never(node)
