"""Property definitions (OPTIMADE 1.2 format) of all properties of an entry type.

What the standard says of its properties is read from the models of the `optimade` package; what
this server can do with them comes from the catalogue.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import cast

from optimade.models import ReferenceResource, StructureResource

from gateway.model import REFERENCES, STRUCTURES, Json, JsonObject
from gateway.properties import Catalogue, Property, ValueType
from tests.making.definitions.descriptions import DESCRIPTIONS, VERSION_1_3
from tests.making.definitions.dimensions import DIMENSIONS
from tests.making.definitions.json_schema import Shape, read_shape
from tests.making.definitions.units import unit_definitions

SCHEMAS = "https://schemas.optimade.org"
META_SCHEMA = f"{SCHEMAS}/meta/v1.2/optimade/property_definition.json"
_CORE = ("id", "type", "immutable_id", "last_modified")
_JSON_TYPES: Mapping[ValueType, str] = {
    "string": "string",
    "integer": "integer",
    "float": "number",
    "boolean": "boolean",
    "timestamp": "string",
    "list": "array",
    "dictionary": "object",
}
_PREFIX = re.compile(r"^_[a-z][a-z0-9]*_")
_SUPPORT = {"must": "must", "should": "should", "optional": "may"}
_ONLY_KNOWN = ("IS KNOWN", "IS UNKNOWN")
_OF_SCALARS = ("=", "!=", "<", "<=", ">", ">=")
_OF_LISTS = ("HAS", "HAS ALL", "HAS ANY", "HAS ONLY")
_MEASURED = ("dimension_types", "elements", "elements_ratios", "structure_features")
"""Lists of which the index also knows the length."""


def define(catalogue: Catalogue, *, entry_type: str, prefix: str) -> JsonObject:
    """The definitions of all properties by name."""
    shapes = dict(_standard_shapes(entry_type))
    return {
        name: _definition(one, shapes.get(name), entry_type=entry_type, prefix=prefix)
        for name, one in catalogue.items()
        if one.is_listed
    }


def _definition(one: Property, shape: Shape | None, *, entry_type: str, prefix: str) -> JsonObject:
    body = shape or _plain_shape(one, prefix)
    nullable = body.support != "must"
    schema = body.schema(_dimensions(one))
    units = unit_definitions(schema)
    return {
        "$schema": META_SCHEMA,
        "$id": _identifier(one.name, entry_type=entry_type, prefix=prefix),
        "title": _title(one.name),
        "description": body.description,
        "x-optimade-definition": {
            "kind": "property",
            "format": "1.2",
            "name": one.name,
            "label": _label(one.name, entry_type),
        },
        "x-optimade-type": one.type,
        **schema,
        "type": _type(one.type, nullable=nullable),
        **({"x-optimade-unit-definitions": units} if units else {}),
        "sortable": one.sortable,
        "x-optimade-implementation": _implementation(one),
        "x-optimade-requirements": _requirements(body),
    }


def _standard_shapes(entry_type: str) -> Iterator[tuple[str, Shape]]:
    models = {STRUCTURES: StructureResource, REFERENCES: ReferenceResource}
    written = cast(JsonObject, models[entry_type].model_json_schema())
    parts = cast(dict[str, JsonObject], written["$defs"])
    attributes = parts[f"{models[entry_type].__name__}Attributes"]
    for owner, names in ((written, ("id", "type")), (attributes, None)):
        properties = cast(dict[str, JsonObject], owner["properties"])
        for name in names or properties:
            yield name, read_shape(properties[name], parts)


def _plain_shape(one: Property, prefix: str) -> Shape:
    """A property that the package does not know, from the catalogue alone."""
    words = one.description or DESCRIPTIONS.get(_bare(one.name, prefix))
    description = words or f"{_title(one.name).capitalize()}."
    if one.lifetime.since is not None:
        description += f" (NOMAD {'.'.join(map(str, one.lifetime.since))} and later.)"
    inner: tuple[Shape, ...] = ()
    if one.type == "list":
        inner = (Shape(one.items or "string", "", nullable=one.nested is not None),)
    if one.items == "list":
        inner = (Shape("list", "", items=(Shape("float", ""),), size=3),)
    return Shape(one.type, description, items=inner, unit=one.unit)


def _type(type_: ValueType, *, nullable: bool) -> Json:
    return [_JSON_TYPES[type_], "null"] if nullable else [_JSON_TYPES[type_]]


def _implementation(one: Property) -> JsonObject:
    operators = _operators(one)
    support: JsonObject = {"query-support": "all mandatory"}
    if operators is not None:
        support = {"query-support": "partial", "query-support-operators": list(operators)}
    return {"sortable": one.sortable, "response-default": one.by_default, **support}


def _operators(one: Property) -> tuple[str, ...] | None:
    """What can be asked of a property; None: all that is mandatory for its type."""
    if one.reach in ("archive", "absent"):
        return _ONLY_KNOWN
    if one.type == "list" and one.name not in _MEASURED:
        return (*_OF_LISTS, *_ONLY_KNOWN)
    is_searched = one.reach == "local" or one.text_name or one.spelling
    if one.type == "string" and not is_searched:
        return (*_OF_SCALARS, "STARTS WITH", *_ONLY_KNOWN)
    return None


def _requirements(body: Shape) -> JsonObject:
    return {
        "support": _SUPPORT[body.support],
        "sortable": False,
        "query-support": "all mandatory" if body.queryable == "must" else "none",
        "response-default-level": body.response_level,
    }


def _dimensions(one: Property) -> tuple[str, ...]:
    if one.name in DIMENSIONS:
        return DIMENSIONS[one.name]
    if one.nested is not None:  # the items of all lists of a section belong together
        return (f"_nmd_dim_{one.nested.replace('.', '_').lower()}",)
    if not one.name.startswith("_"):
        return (f"dim_{one.name}",)
    _, owner, name = one.name.split("_", 2)
    return (f"_{owner}_dim_{name}",)


def _identifier(name: str, *, entry_type: str, prefix: str) -> str:
    """A standard property has the standard's own identifier; ours is the same at every gateway."""
    if name.startswith("_"):
        known_as = f"nomad-optimade-gateway/{entry_type}/{_bare(name, prefix)}"
        return uuid.uuid5(uuid.NAMESPACE_URL, known_as).urn
    if name in _CORE:
        return f"{SCHEMAS}/defs/v1.2/properties/core/{name}"
    version = "v1.3" if name in VERSION_1_3 else "v1.2"
    return f"{SCHEMAS}/defs/{version}/properties/optimade/{entry_type}/{name}"


def _label(name: str, entry_type: str) -> str:
    if name.startswith("_"):
        return f"{name}_{entry_type}"
    return f"{name}_core" if name in _CORE else f"{name}_optimade_{entry_type}"


def _bare(name: str, prefix: str) -> str:
    return name.removeprefix(f"_{prefix}_")


def _title(name: str) -> str:
    return _PREFIX.sub("", name).replace("_", " ")
