"""A property that is served exactly as the index document has it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from gateway.model import Json
from gateway.properties import Conversion, Least, Property, ValueType
from gateway.shape.checks import is_real, is_text, is_truth, is_whole
from gateway.shape.stored import Flaw, PropertyValue
from gateway.times import read_nomad_time

_IS_OF_TYPE: Mapping[ValueType, Callable[[object], bool]] = {
    "string": is_text,
    "integer": is_whole,
    "float": is_real,
    "boolean": is_truth,
}


def read_indexed(document: Mapping[str, Json], one: Property) -> PropertyValue:
    """The property's value; None when it is unknown.

    A list has an item for each member of its section, null where the member has no value; lists of
    one section thus belong together. A list without any value is unknown, as it is to the index.
    """
    found = list(_found(document, one))
    read = _reader(one)
    values = [None if value is None else read(value) for value in found]
    if any(value is None and there is not None for value, there in zip(values, found, strict=True)):
        return Flaw(f"what the site holds is not {_kind(one)}")
    if one.conversion is not None:
        values = [_converted(value, one.conversion) for value in values]
    if one.least is not None:
        return min((value for value in values if is_real(value)), default=None)
    if one.type == "list":
        return cast(PropertyValue, values) if any(value is not None for value in values) else None
    if len(values) > 1:
        return Flaw("the site holds more than one value")
    return values[0] if values else None


def _converted(value: Json, conversion: Conversion) -> Json:
    return conversion.served(value) if is_real(value) else None


def _found(document: Mapping[str, Json], one: Property) -> Iterator[Json]:
    path = one.path or ""
    if one.least is not None:
        yield from _members(document, one.least)
        return
    if one.nested is None:
        yield from (value for value in _at(document, path.split(".")) if value is not None)
        return
    within = path.removeprefix(f"{one.nested}.").split(".")
    for member in _at(document, one.nested.split(".")):
        yield next(_at(member, within), None)


def _members(document: Mapping[str, Json], least: Least) -> Iterator[Json]:
    """The values of those members that count."""
    for member in _at(document, least.section.split(".")):
        if all(next(_at(member, (name,)), None) == text for name, text in least.where):
            yield next(_at(member, (least.value,)), None)


def _at(value: "Json | Mapping[str, Json]", path: Sequence[str]) -> Iterator[Json]:
    """All values at a path, through lists."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield cast(Json, value)
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _reader(one: Property) -> Callable[[Json], Json]:
    """A function that gives None for what is not of the property's type."""
    if one.spelling is not None:
        known = {nomad: optimade for optimade, nomad in one.spelling.items()}
        return lambda value: known.get(value) if isinstance(value, str) else None
    type_ = one.items or one.type
    if type_ == "timestamp":
        return read_nomad_time
    is_of_type = _IS_OF_TYPE[type_]
    return lambda value: value if is_of_type(value) else None


def _kind(one: Property) -> str:
    if one.spelling is not None:
        return "one of the symbols that it can be"
    type_ = one.items or one.type
    return f"{'an' if type_ == 'integer' else 'a'} {type_}"
