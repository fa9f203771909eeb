"""A JSON Schema of the `optimade` package becomes a Shape: types, units and sizes of a property."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from gateway.model import Json, JsonObject
from gateway.properties import ValueType
from tests.making.definitions.dimensions import MEMBER_DIMENSIONS
from tests.making.definitions.units import unit_symbol

_TYPES: Mapping[str, ValueType] = {
    "string": "string",
    "integer": "integer",
    "number": "float",
    "boolean": "boolean",
    "array": "list",
    "object": "dictionary",
}
_JSON = {value: key for key, value in _TYPES.items()} | {"timestamp": "string"}
_REQUIRED_UNLESS = "REQUIRED in the response unless"
_REQUIRED = "REQUIRED in the response."


@dataclass(frozen=True, slots=True)
class Shape:
    """One level of a property: its type and words, and what is inside."""

    type: ValueType
    description: str
    items: tuple["Shape", ...] = ()
    """The one shape of a list's items; empty: no list."""
    members: tuple[tuple[str, "Shape"], ...] = ()
    required: tuple[str, ...] = ()
    size: int | None = None
    unit: str | None = None
    enum: tuple[Json, ...] = ()
    nullable: bool = False
    support: str = "optional"
    queryable: str = "optional"

    @property
    def response_level(self) -> str:
        """Whether answers must hold the property when nobody asked for it."""
        if _REQUIRED_UNLESS in self.description:
            return "must"
        return "always" if _REQUIRED in self.description else "may"

    def schema(self, dimensions: tuple[str, ...] = (), unit: str | None = None) -> JsonObject:
        """The keys of a property definition that say what a value looks like."""
        unit = self.unit or unit
        written: JsonObject = {"x-optimade-unit": self._own_unit(unit)}
        if self.enum and not self.nullable:
            written["enum"] = list(self.enum)
        if self.type == "timestamp":
            written["format"] = "date-time"
        if self.items:
            names = dimensions or ("dim_items",)
            sizes: list[Json] = [*self._sizes(len(names))]
            written["x-optimade-dimensions"] = {"names": list(names), "sizes": sizes}
            written["items"] = self.items[0].level(names[1:], unit)
        if self.members:
            written["properties"] = {
                name: shape.level(MEMBER_DIMENSIONS.get(name, ()), unit, described=True)
                for name, shape in self.members
            }
            written["required"] = list(self.required)
        return written

    def level(
        self, dimensions: tuple[str, ...], unit: str | None, *, described: bool = False
    ) -> JsonObject:
        """A level below the outermost."""
        json_type: list[Json] = [_JSON[self.type], *(["null"] if self.nullable else [])]
        words: JsonObject = {"description": self.description} if described else {}
        return {
            "x-optimade-type": self.type,
            "type": json_type,
            **words,
            **self.schema(dimensions, unit),
        }

    def _own_unit(self, unit: str | None) -> str:
        match self.type:
            case "float" | "integer":
                return unit or "dimensionless"
            case _:
                return "inapplicable"

    def _sizes(self, levels: int) -> tuple[int | None, ...]:
        inner = self.items[0] if self.items else None
        if levels == 1 or inner is None:
            return (self.size,) * min(levels, 1)
        return (self.size, *inner._sizes(levels - 1))


def read_shape(written: JsonObject, parts: Mapping[str, JsonObject]) -> Shape:
    """The shape of one field of a model; `parts` are the schema's `$defs`."""
    own, nullable = _without_null(written)
    if "$ref" in own:
        part = parts[str(own["$ref"]).rpartition("/")[2]]
        own = {**part, **{key: value for key, value in own.items() if key != "$ref"}}
    unit = written.get("x-optimade-unit")
    return Shape(
        _type(own),
        str(written.get("description") or own.get("description") or ""),
        items=_items(own, parts),
        members=_members(own, parts),
        required=tuple(str(name) for name in _list(own.get("required"))),
        size=_size(own),
        unit=unit_symbol(str(unit)) if unit else None,
        enum=tuple(_list(own.get("enum"))),
        nullable=nullable,
        support=str(written.get("x-optimade-support", "optional")),
        queryable=str(written.get("x-optimade-queryable", "optional")),
    )


def _without_null(written: JsonObject) -> tuple[JsonObject, bool]:
    choices = [cast(JsonObject, choice) for choice in _list(written.get("anyOf"))]
    known = [choice for choice in choices if choice.get("type") != "null"]
    return (known[0], True) if known else (written, False)


def _type(own: JsonObject) -> ValueType:
    return "timestamp" if own.get("format") == "date-time" else _TYPES[str(own["type"])]


def _items(own: JsonObject, parts: Mapping[str, JsonObject]) -> tuple[Shape, ...]:
    items = own.get("items")
    return (read_shape(items, parts),) if isinstance(items, dict) else ()


def _members(own: JsonObject, parts: Mapping[str, JsonObject]) -> tuple[tuple[str, Shape], ...]:
    members = cast(dict[str, JsonObject], own.get("properties") or {})
    return tuple((name, read_shape(member, parts)) for name, member in members.items())


def _size(own: JsonObject) -> int | None:
    least, most = own.get("minItems"), own.get("maxItems")
    return most if isinstance(most, int) and least == most else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
