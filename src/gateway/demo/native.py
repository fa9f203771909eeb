"""A native query (the JSON of `query`) -> an Elasticsearch query, as NOMAD translates it.

First NOMAD's request model sorts the JSON into and/or/not, criteria and plain dicts (`_read`), then
dicts are resolved and repeated sections become nested queries (`_normalise`), then quantities are
looked up (`_translate`). Each step has its own way to refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.elastic import Bool, Elastic, Match, Nested, Range, Scalar, Terms
from gateway.demo.optimade_leaf import read_leaf
from gateway.demo.quantities import TERMS_KINDS, Catalogue, is_old
from gateway.demo.refusals import RefusalError, crash, model_refusal
from gateway.demo.values import as_text

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

    way: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A quantity and what is asked of it; a Mapping is not resolved yet."""

    name: str
    value: "Scalar | Bounds | Several | Mapping[str, object]"


@dataclass(frozen=True, slots=True)
class Joined:
    """`and`, `or`, or `not` (with one part)."""

    way: str
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A query on members of a repeated section."""

    path: str
    part: "Node"


Node = Criterion | Joined | Section


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates the queries sent to a NOMAD of one version."""

    catalogue: Catalogue
    version: str

    def translate(self, query: object) -> tuple[Elastic, Node]:
        """The Elasticsearch query, and the query as NOMAD has understood it."""
        if query is not None and not isinstance(query, Mapping | list | str):
            raise crash(f"argument of type '{_type(query)}' is not iterable", kind="TypeError")
        read = _read({} if query is None else query, depth=0)
        node = _normalise(read, prefix=None, sections=self.catalogue.sections)
        return self._elastic(node, prefix=None), node

    def _elastic(self, node: Node, *, prefix: str | None) -> Elastic:
        match node:
            case Section(path=path, part=part):
                return Nested(path, self._elastic(part, prefix=path))
            case Joined(way=way, parts=parts):
                inner = tuple(self._elastic(part, prefix=prefix) for part in parts)
                return _join(way, inner)
            case Criterion(name=name, value=value):
                return self._criterion(f"{prefix}.{name}" if prefix else name, value)

    def _criterion(self, name: str, value: object) -> Elastic:
        match value:
            case Bounds(pairs=pairs):
                field = self.catalogue.find(name).field
                return Range(field, tuple((op, v) for op, v in pairs if v is not None))
            case Several(way="any", values=values) if not is_old(self.version):
                return self._any(name, values)
            case Several(way=way, values=values):
                return _join(
                    {"all": "and", "any": "or", "none": "not"}[way],
                    tuple(self._match(name, item) for item in values),
                )
            case str() | int() | float():
                return self._match(name, value)
            case _:
                raise TypeError(f"{name} is not resolved: {value!r}")

    def _any(self, name: str, values: tuple[Scalar, ...]) -> Elastic:
        quantity = self.catalogue.find(name)
        if quantity.kind in TERMS_KINDS:
            return Terms(quantity.field, values)
        return Bool(should=tuple(self._match(name, item) for item in values))

    def _match(self, name: str, value: Scalar) -> Elastic:
        if name == "optimade_filter":
            return read_leaf(as_text(value), self.catalogue)
        quantity = self.catalogue.find(name)
        way = {
            "entry_name.prefix": "match_phrase_prefix",
            "text_search_contents": "match_bool_prefix",
        }
        return Match(quantity.field, value, way.get(name, "match"))


def _join(way: str, parts: tuple[Elastic, ...]) -> Elastic:
    match way:
        case "and":
            return Bool(must=parts)
        case "or":
            return Bool(should=parts)
        case _:
            return Bool(must_not=parts)


def _read(query: object, *, depth: int) -> Node:
    if depth > DEEPEST:
        raise crash("maximum recursion depth exceeded", kind="RecursionError")
    if not isinstance(query, Mapping):
        raise _not_a_query(query)
    for way in ("and", "or"):
        parts = query.get(way)
        if isinstance(parts, list) and parts:
            return Joined(way, tuple(_read(part, depth=depth + 1) for part in parts))
    if isinstance(query.get("not"), Mapping) and query["not"]:
        return Joined("not", (_read(query["not"], depth=depth + 1),))
    if "prefix" in query and "query" in query:
        raise crash("maximum recursion depth exceeded", kind="RecursionError")
    return _read_mapping(query)


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
    name, _, way = key.rpartition(":")
    if ":" in key and way in COMPARISONS:
        return Criterion(name, _read_bounds({way: value}))
    if ":" in key and way in LISTS:
        return Criterion(name, _read_several(way, value))
    if isinstance(value, list):
        return Criterion(key, _read_several("all", value))
    if isinstance(value, Mapping):
        return Criterion(key, _resolve(value))
    if not isinstance(value, str | int | float):
        raise _not_a_query(value)
    return Criterion(key, value)


def _resolve(value: Mapping[str, object]) -> "Bounds | Several | Mapping[str, object]":
    """A dict that is a range or a list of values, said as the model would read it."""
    if len(value) == 1 and next(iter(value)) in LISTS:
        way, values = next(iter(value.items()))
        if isinstance(values, list) and all(map(_is_scalar, values)):
            return Several(way, tuple(values))
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


def _read_several(way: str, values: object) -> Several:
    if not isinstance(values, list):
        raise model_refusal(
            "list_type", loc=("query", way), message="Input should be a valid list", given=values
        )
    if not all(map(_is_scalar, values)):
        raise _not_a_query(values)
    return Several(way, tuple(values))


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _not_a_query(given: object) -> RefusalError:
    return model_refusal(
        "model_attributes_type",
        loc=("query", "And"),
        message="Input should be a valid dictionary or object to extract fields from",
        given=given,
    )


def _normalise(node: Node, *, prefix: str | None, sections: tuple[str, ...]) -> Node:
    match node:
        case Joined(way=way, parts=parts):
            return Joined(
                way, tuple(_normalise(part, prefix=prefix, sections=sections) for part in parts)
            )
        case Criterion(name=name, value=value):
            return _nest(name, value, prefix=prefix, sections=sections)
        case Section():
            return node


def _nest(
    name: str,
    value: "Scalar | Bounds | Several | Mapping[str, object]",
    *,
    prefix: str | None,
    sections: tuple[str, ...],
) -> Node:
    """Wraps a criterion on members of repeated sections into nested queries."""
    full_name = f"{prefix}.{name}" if prefix else name
    entered = [
        section
        for section in sections
        if full_name.startswith(section) and not (prefix or "").startswith(section)
    ]
    inner = full_name[len(entered[-1]) + 1 :] if entered else name
    node = _criterion(inner, value, prefix=entered[-1] if entered else None, sections=sections)
    for section in reversed(entered):
        node = Section(section, node)
    return node


def _criterion(
    name: str,
    value: "Scalar | Bounds | Several | Mapping[str, object]",
    *,
    prefix: str | None,
    sections: tuple[str, ...],
) -> Node:
    if not isinstance(value, Mapping):
        return Criterion(name, value)
    parts = []
    for key, inner in value.items():
        part = _read_inner(f"{name}.{key}" if name else key, inner)
        parts.append(_nest(part.name, part.value, prefix=prefix, sections=sections))
    return Joined("and", tuple(parts))


def _read_inner(key: str, value: object) -> Criterion:
    """A criterion inside a dict; NOMAD does not expect these to be wrong, and fails."""
    if isinstance(value, Mapping):
        return Criterion(key, _resolve(value) if value.keys() <= set(COMPARISONS) else value)
    try:
        return _read_criterion(key, value)
    except RefusalError as refusal:
        raise crash(f"1 validation error for Criteria: {refusal}", kind="ValidationError") from None


def echo(node: Node, *, plain: bool) -> object:
    """A query as NOMAD's answers repeat it; those with archives say `op` for every operator."""
    match node:
        case Joined(way="not", parts=parts):
            return {"op" if plain else "not": echo(parts[0], plain=plain)}
        case Joined(way=way, parts=parts):
            return {"op" if plain else way: [echo(part, plain=plain) for part in parts]}
        case Section(path=path, part=part):
            return {"prefix": path, "query": echo(part, plain=plain)}
        case Criterion(name=name, value=Bounds(pairs=pairs)):
            return {"name": name, "value": {op: v for op, v in pairs if v is not None}}
        case Criterion(name=name, value=Several(way=way, values=values)):
            return {"name": name, "value": {"op" if plain else way: list(values)}}
        case Criterion(name=name, value=value):
            return {"name": name, "value": value}


def _type(value: object) -> str:
    return type(value).__name__
