"""The JSON of `query` -> criteria, as NOMAD's request model sorts it, or the model's refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.elasticsearch.elastic import Scalar
from gateway.demo.refusals import RefusalError, crash, model_refusal

COMPARISONS = ("lt", "lte", "gt", "gte")
LISTS = ("all", "any", "none")
DEEPEST = 180  # NOMAD's own recursion ends about here


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range: pairs of comparison and value; None is no bound."""

    pairs: tuple[tuple[str, Scalar | None], ...]


@dataclass(frozen=True, slots=True)
class Several:
    """A list of values and how many of them have to be there: all, any or none."""

    operator: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A quantity and its condition; a Mapping is not resolved yet."""

    name: str
    value: "Scalar | Bounds | Several | Mapping[str, object]"


@dataclass(frozen=True, slots=True)
class Joined:
    """`and`, `or`, or `not` (with one part)."""

    operator: str
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A query on members of a repeated section."""

    path: str
    part: "Node"


Node = Criterion | Joined | Section


def read_query(query: object, *, depth: int = 0) -> Node:
    """And, or, not, or criteria; plain dicts stay as they are."""
    if depth > DEEPEST:
        raise crash("maximum recursion depth exceeded", kind="RecursionError")
    if not isinstance(query, Mapping | list | str):
        kind = type(query).__name__
        raise crash(f"argument of type '{kind}' is not iterable", kind="TypeError")
    if not isinstance(query, Mapping):
        raise _not_a_query(query)
    joined = _read_joined(query, depth=depth)
    if joined is not None:
        return joined
    if "prefix" in query and "query" in query:
        raise crash("maximum recursion depth exceeded", kind="RecursionError")
    return _read_mapping(query)


def _read_joined(query: Mapping[str, object], *, depth: int) -> Joined | None:
    """And, or, not; None where it is none, or where it is wrong and criteria are tried next."""
    for operator in ("and", "or"):
        parts = query.get(operator)
        if isinstance(parts, list) and parts:
            return Joined(operator, _read_parts(operator, parts, depth=depth))
    if not query.get("not") or isinstance(query["not"], list | str):
        return None
    try:
        return Joined("not", (read_query(query["not"], depth=depth + 1),))
    except RefusalError as refusal:
        if refusal.status != 422:
            raise
        return None


def _read_parts(operator: str, parts: list[object], *, depth: int) -> tuple[Node, ...]:
    try:
        return tuple(read_query(part, depth=depth + 1) for part in parts)
    except RefusalError as refusal:
        if (
            operator == "or" and refusal.status == 422
        ):  # the model complains of the missing `and` first
            raise _not_a_query(parts) from refusal
        raise


def _read_mapping(query: Mapping[str, object]) -> Node:
    criteria: dict[str, Criterion] = {}
    for key, value in sorted(query.items(), key=lambda item: _is_qualified(item[0])):
        criterion = _read_criterion(key, value)
        name = criterion.name
        if name != key and (name in criteria or name in query):
            raise model_refusal(
                "duplicate_quantity",
                loc=("query",),
                message="A quantity can only appear once in a query",
                given=query,
            )
        criteria[name] = criterion
    parts = tuple(criteria.values())
    return parts[0] if len(parts) == 1 else Joined("and", parts)


def _is_qualified(key: str) -> bool:
    return key.rpartition(":")[2] in (*COMPARISONS, *LISTS)


def _read_criterion(key: str, value: object) -> Criterion:
    name, _, operator = key.rpartition(":")
    if ":" in key and operator in COMPARISONS:
        return Criterion(name, _read_bounds({operator: value}))
    if ":" in key and operator in LISTS:
        return Criterion(name, _read_several(operator, value))
    if isinstance(value, list):
        return Criterion(key, _read_several("all", value))
    if isinstance(value, Mapping):
        return Criterion(key, _resolve(value))
    if not isinstance(value, str | int | float):
        raise _not_a_query(value)
    return Criterion(key, value)


def _resolve(value: Mapping[str, object]) -> "Bounds | Several | Mapping[str, object]":
    """A dict that is a range or a list of values, as NOMAD's model reads it."""
    if len(value) == 1 and next(iter(value)) in LISTS:
        operator, values = next(iter(value.items()))
        if isinstance(values, list) and all(map(_is_scalar, values)):
            return Several(operator, tuple(values))
    if value and value.keys() <= set(COMPARISONS):
        try:
            return _read_bounds(value)
        except RefusalError:
            return value
    return value


def _read_bounds(bounds: Mapping[str, object]) -> Bounds:
    for op, value in bounds.items():
        if isinstance(value, bool) or not (value is None or isinstance(value, str | int | float)):
            raise model_refusal(
                "int_type",
                loc=("query", op, "int"),
                message="Input should be a valid integer",
                given=value,
            )
    if not any(bounds.values()):
        raise model_refusal(
            "range_undefined",
            loc=("query",),
            message="At least one range boundary must be defined",
            given=bounds,
        )
    for sharp, soft in (("lt", "lte"), ("gt", "gte")):
        if bounds.get(sharp) is not None and bounds.get(soft) is not None:
            raise model_refusal(
                "conflicting_bounds",
                loc=("query",),
                message=f"Cannot specify both {sharp} and {soft} for the same boundary",
                given=bounds,
            )
    return Bounds(tuple((op, v) for op, v in bounds.items() if v is None or _is_scalar(v)))  # type: ignore[misc]


def _read_several(operator: str, values: object) -> Several:
    if not isinstance(values, list):
        raise model_refusal(
            "list_type",
            loc=("query", operator),
            message="Input should be a valid list",
            given=values,
        )
    if not all(map(_is_scalar, values)):
        raise _not_a_query(values)
    return Several(operator, tuple(values))


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _not_a_query(given: object) -> RefusalError:
    return model_refusal(
        "model_attributes_type",
        loc=("query", "And"),
        message="Input should be a valid dictionary or object to extract fields from",
        given=given,
    )


def read_inner(key: str, value: object) -> Criterion:
    """A criterion inside a dict; NOMAD does not expect these to be wrong, and fails."""
    if isinstance(value, Mapping):
        return Criterion(key, _resolve(value) if value.keys() <= set(COMPARISONS) else value)
    try:
        return _read_criterion(key, value)
    except RefusalError as refusal:
        raise crash(f"1 validation error for Criteria: {refusal}", kind="ValidationError") from None
