"""And, or, not over NOMAD's native queries, within NOMAD's own limits by construction.

A clause is a native query, or True (every structure) or False (none). Limits are measured on NOMAD
1.3 to 2.0: 1,024 clauses a boolean node and, on 1.3, 1,022 values in one `:any`; an empty list is
no condition at all; boolean nesting beyond 19 is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, cast

from gateway.model import Json, NativeQuery, Scalar

Clause: TypeAlias = NativeQuery | bool

WIDTH = 1_000
DEPTH = 17
PARSED_TEXT = 100_000
"""Characters of `optimade_filter` in one query; NOMAD parses them for about 5 s without a pause."""

_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})
_NO_QUANTITY = frozenset({"and", "or", "not", "optimade_filter", "quantities"})


def all_of(parts: Iterable[Clause]) -> Clause:
    """The clause that holds where all parts hold."""
    kept: list[NativeQuery] = []
    for part in parts:
        if part is False:
            return False
        if part is not True:
            kept.extend(_members(part, "and"))
    if len(kept) > 1:
        kept = _merged_exclusions(_distinct(kept))
    return _joined("and", kept)


def any_of(parts: Iterable[Clause]) -> Clause:
    """The clause that holds where at least one part holds."""
    kept: list[NativeQuery] = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            kept.extend(_members(part, "or"))
    if len(kept) > 1:
        kept = list(_merged_equalities(kept))
    return _joined("or", kept)


def inverse(clause: Clause) -> Clause:
    """The clause that holds where the other does not, also where fields are missing."""
    if isinstance(clause, bool):
        return not clause
    match clause:
        case {"not": inner} if len(clause) == 1:
            return cast(NativeQuery, inner)
    return {"not": clause}


def without(clause: Clause, given: Sequence[Clause]) -> Clause:
    """What is left to ask where other clauses hold anyway."""
    if isinstance(clause, bool):
        return clause
    return all_of(part for part in _members(clause, "and") if part not in given)


def one_of(quantity: str, values: Iterable[Scalar]) -> Clause:
    """Holds where the quantity, or an item of it, equals one of the values."""
    distinct = list(dict.fromkeys(values))
    if not distinct:
        return False
    if len(distinct) == 1:
        return {quantity: distinct[0]}
    chunks = [distinct[i : i + WIDTH] for i in range(0, len(distinct), WIDTH)]
    clauses: list[NativeQuery] = [{f"{quantity}:any": cast(list[Json], chunk)} for chunk in chunks]
    return _joined("or", clauses)


def among(base: NativeQuery, clause: Clause) -> Clause:
    """The clause that holds for entries of the base, where nothing of the two can be merged."""
    if isinstance(clause, bool):
        return clause and base
    return _joined("and", [base, *_members(clause, "and")])


def size_of(query: NativeQuery) -> tuple[int, int]:
    """How deep boolean nodes are nested in a native query (a `:any` counts as one), and how many
    characters of it NOMAD has to parse as filters."""
    depth, text = 0, 0
    for key, value in query.items():
        if key == "optimade_filter" and isinstance(value, str):
            text += len(value)
        elif isinstance(value, list):
            sizes = [size_of(part) for part in value if isinstance(part, dict)]
            depth = max(depth, 1 + max((size[0] for size in sizes), default=0))
            text += sum(size[1] for size in sizes)
        elif isinstance(value, dict) and not value.keys() <= _BOUNDS:
            inner, length = size_of(value)
            depth, text = max(depth, 1 + inner), text + length
    return depth, text


def _members(clause: NativeQuery, joint: str) -> list[NativeQuery]:
    """The parts of a nested node of the same kind, so that nesting is flat."""
    if len(clause) == 1 and joint in clause:
        return cast(list[NativeQuery], clause[joint])
    return [clause]


def _joined(joint: str, clauses: list[NativeQuery]) -> Clause:
    if not clauses:
        return joint == "and"
    if len(clauses) == 1:
        return clauses[0]
    while len(clauses) > WIDTH:
        groups = [clauses[i : i + WIDTH] for i in range(0, len(clauses), WIDTH)]
        clauses = [{joint: cast(list[Json], group)} for group in groups]
    return {joint: cast(list[Json], clauses)}


def _equality(clause: NativeQuery) -> tuple[str, list[Scalar]] | None:
    """Quantity and values, for a clause that says that a quantity is one of some values."""
    if len(clause) != 1:
        return None
    ((key, value),) = clause.items()
    if key in _NO_QUANTITY:
        return None
    if key.endswith(":any"):
        return key.removesuffix(":any"), cast(list[Scalar], value)
    if isinstance(value, dict | list):
        return None
    return key, [cast(Scalar, value)]


def _merged_equalities(clauses: list[NativeQuery]) -> Iterator[NativeQuery]:
    """`a = 1 or a = 2 or ..` as one terms clause, which counts once however many values it has."""
    values: dict[str, list[Scalar]] = {}
    for clause in clauses:
        equality = _equality(clause)
        if equality is None:
            yield clause
        else:
            values.setdefault(equality[0], []).extend(equality[1])
    for quantity, wanted in values.items():
        merged = one_of(quantity, wanted)
        if not isinstance(merged, bool):
            yield from _members(merged, "or")


def _merged_exclusions(clauses: list[NativeQuery]) -> list[NativeQuery]:
    """`not a = 1 and not a = 2 and ..` as the negation of one terms clause."""
    if sum("not" in clause for clause in clauses) < 2:
        return clauses
    kept: list[NativeQuery] = []
    values: dict[str, list[Scalar]] = {}
    for clause in clauses:
        inner = clause.get("not")
        equality = _equality(inner) if isinstance(inner, dict) else None
        if equality is None:
            kept.append(clause)
        else:
            values.setdefault(equality[0], []).extend(equality[1])
    merged = (inverse(one_of(quantity, unwanted)) for quantity, unwanted in values.items())
    return kept + [clause for clause in merged if not isinstance(clause, bool)]


def _distinct(clauses: list[NativeQuery]) -> list[NativeQuery]:
    """Without repeats of `quantities` and of one and the same object, as `known` clauses are."""
    distinct: dict[str | int, NativeQuery] = {}
    for clause in clauses:
        name = clause.get("quantities")
        distinct.setdefault(name if isinstance(name, str) else id(clause), clause)
    return list(distinct.values())
