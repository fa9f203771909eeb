"""A native query (the JSON of `query`) -> an Elasticsearch query, as NOMAD translates it.

Once the request model has read it, dicts are resolved and repeated sections become nested queries
(`_normalise`), then quantities are looked up (`Translator`). Each step refuses in its own form.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.elasticsearch.elastic import Bool, Elastic, Match, Nested, Range, Scalar, Terms
from gateway.demo.elasticsearch.values import as_text
from gateway.demo.quantities import TERMS_KINDS, Catalogue, is_old
from gateway.demo.query.native_read import (
    Bounds,
    Criterion,
    Joined,
    Node,
    Section,
    Several,
    read_inner,
    read_query,
)
from gateway.demo.query.optimade_leaf import read_leaf


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates the queries sent to a NOMAD of one version."""

    catalogue: Catalogue
    version: str

    def translate(self, query: object) -> tuple[Elastic, Node]:
        """The Elasticsearch query, and the query as NOMAD has understood it."""
        read = read_query({} if query is None else query)
        node = _normalise(read, prefix=None, sections=self.catalogue.sections)
        return self._elastic(node, prefix=None), node

    def _elastic(self, node: Node, *, prefix: str | None) -> Elastic:
        match node:
            case Section(path=path, part=part):
                return Nested(path, self._elastic(part, prefix=path))
            case Joined(operator=operator, parts=parts):
                inner = tuple(self._elastic(part, prefix=prefix) for part in parts)
                return _join(operator, inner)
            case Criterion(name=name, value=value):
                return self._criterion(f"{prefix}.{name}" if prefix else name, value)

    def _criterion(self, name: str, value: object) -> Elastic:
        match value:
            case Bounds(pairs=pairs):
                field = self.catalogue.find(name).field
                return Range(field, tuple((op, v) for op, v in pairs if v is not None))
            case Several(operator="any", values=values) if not is_old(self.version):
                return self._any(name, values)
            case Several(operator=operator, values=values):
                return _join(
                    {"all": "and", "any": "or", "none": "not"}[operator],
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
        modes = {
            "entry_name.prefix": "match_phrase_prefix",
            "text_search_contents": "match_bool_prefix",
        }
        return Match(quantity.field, value, modes.get(name, "match"))


def _join(operator: str, parts: tuple[Elastic, ...]) -> Elastic:
    match operator:
        case "and":
            return Bool(must=parts)
        case "or":
            return Bool(should=parts)
        case _:
            return Bool(must_not=parts)


def _normalise(node: Node, *, prefix: str | None, sections: tuple[str, ...]) -> Node:
    match node:
        case Joined(operator=operator, parts=parts):
            return Joined(
                operator,
                tuple(_normalise(part, prefix=prefix, sections=sections) for part in parts),
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
        part = read_inner(f"{name}.{key}" if name else key, inner)
        parts.append(_nest(part.name, part.value, prefix=prefix, sections=sections))
    return Joined("and", tuple(parts))


def echo(node: Node, *, plain: bool) -> object:
    """A query as NOMAD's answers repeat it; those with archives say `op` for every operator."""
    match node:
        case Joined(operator="not", parts=parts):
            return {"op" if plain else "not": echo(parts[0], plain=plain)}
        case Joined(operator=operator, parts=parts):
            return {"op" if plain else operator: [echo(part, plain=plain) for part in parts]}
        case Section(path=path, part=part):
            return {"prefix": path, "query": echo(part, plain=plain)}
        case Criterion(name=name, value=Bounds(pairs=pairs)):
            return {"name": name, "value": {op: v for op, v in pairs if v is not None}}
        case Criterion(name=name, value=Several(operator=operator, values=values)):
            return {"name": name, "value": {"op" if plain else operator: list(values)}}
        case Criterion(name=name, value=value):
            return {"name": name, "value": value}
