"""What is refused with 501, and the sentences that say why."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from gateway.errors import NotImplementedFilterError, UnknownPropertyError
from gateway.parse import value_hint
from gateway.parse.tree import Boolean, FuzzyOp, Name, Number, Op, Operand, String, Test
from gateway.plan.names import Scope, is_foreign, resolve
from gateway.plan.timestamps import read_timestamp
from gateway.properties import Property, ValueType

_COMPARES: Mapping[ValueType, type] = {
    "string": String,
    "timestamp": String,
    "integer": Number,
    "float": Number,
    "boolean": Boolean,
}

_SHOWN = 40
"""Characters of a constant that an error repeats."""


def check_comparable(found: Property, name: Name, op: Op, value: Operand) -> None:
    """Refuse to compare a scalar with a value of another type, or with no such operator."""
    wanted = _COMPARES.get(found.type)
    if len(name.path) > 1:
        refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
    if wanted is None:
        hint = "use HAS" if found.type == "list" else "only IS KNOWN can be asked"
        mismatch(f"{op} compares single values; {hint}", found, name, value)
    if not isinstance(value, wanted):
        mismatch("Both sides of a comparison must have the same type", found, name, value)
    if found.type == "boolean" and op not in ("=", "!="):
        refuse(f"{found.name} is a boolean; only = and != compare booleans.", name)
    if found.type == "timestamp" and found.reach == "absent" and isinstance(value, String):
        read_timestamp(value.value, column=value.column)


def check_item(
    lists: Sequence[Property | None], names: Sequence[Name], item: Sequence[Test]
) -> None:
    """Refuse an item of HAS whose values are not of the lists' types; None is a foreign list."""
    if len(item) != len(lists):
        refuse(f"{len(lists)} zipped lists need {len(lists)} values in each item.", names[0])
    for found, name, test in zip(lists, names, item, strict=True):
        if found is None:
            continue
        if len(name.path) > 1:
            refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
        if found.type != "list":
            mismatch("HAS asks for items of a list", found, name, test.value)
        wanted = _COMPARES.get(found.items or "dictionary")
        if found.reach == "archive" or wanted is None:
            refuse_to_compare(found, name)
        if not isinstance(test.value, wanted):
            mismatch("HAS compares with values of the list's own type", found, name, test.value)
        if test.op in ("CONTAINS", "STARTS", "ENDS") and found.items != "string":
            mismatch(f"{spelt(test.op)} compares texts", found, name, test.value)
        if found.items == "boolean" and test.op not in ("=", "!="):
            refuse(f"{found.name} holds booleans; only = and != compare booleans.", name)


def refuse_property(value: Operand, scope: Scope, *, op: Op | FuzzyOp) -> None:
    """Refuse a value that is itself a property, or a word that was meant as a value."""
    if not isinstance(value, Name):
        return
    try:
        resolve(value, scope)
    except UnknownPropertyError as error:
        hint = value_hint(value.name, op)
        if not hint:
            raise
        raise UnknownPropertyError(
            value.name, entry_type=scope.entry_type, hint=hint, column=error.column
        ) from None
    refuse("Comparing a property with another property is not implemented.", value)


def in_order(name: Name, value: Operand, scope: Scope) -> tuple[Name, Operand]:
    """The property first, where a word that is none was written before it (`berlin = _fed_site`).

    Comparisons with constants have the property first anyway.
    """
    if not isinstance(value, Name) or value.path[0] not in scope.catalogue:
        return name, value
    is_word = name.path[0] not in scope.catalogue and not is_foreign(name, scope)
    return (value, name) if is_word else (name, value)


def quantity_of(found: Property, name: Name) -> str:
    """NOMAD's quantity for a property that can be compared."""
    if found.reach == "archive" or found.quantity is None:
        refuse_to_compare(found, name)
    return found.quantity


def refuse_to_compare(found: Property, name: Name) -> NoReturn:
    """Say why nothing but IS KNOWN can be asked of a property."""
    why = "is in the sites' search index word by word, not as a whole"
    if found.nested is not None:
        why = "holds formulas, and NOMAD rewrites what these are compared with"
    if found.path is None:
        why = "is not in the sites' search index"
    refuse(f"{found.name} {why}; only IS KNOWN and IS UNKNOWN can be asked of it.", name)


def mismatch(rule: str, found: Property, name: Name, value: Operand) -> NoReturn:
    """Say that the types do not match."""
    refuse(f"{rule}: {name.name} is {_kind(found)}, compared with {_described(value)}.", name)


def _kind(found: Property) -> str:
    match found.type, found.items:
        case "list", "dictionary":
            return "a list of dictionaries"
        case "list", items:
            return f"a list of {items}s" if items else "a list"
        case "integer", _:
            return "an integer"
        case type_, _:
            return f"a {type_}"


def _described(value: Operand) -> str:
    match value:
        case String(text):
            return f'the string "{text}"' if len(text) < _SHOWN else "a string"
        case Number(number):
            shown = str(number)
            return f"the number {shown}" if len(shown) < _SHOWN else "a number"
        case Boolean(truth):
            return "TRUE" if truth else "FALSE"
        case Name() as other:
            return f"the property {other.name}"


def spelt(op: FuzzyOp) -> str:
    """The operator in words."""
    return {"CONTAINS": "CONTAINS", "STARTS": "STARTS WITH", "ENDS": "ENDS WITH"}[op]


def refuse(detail: str, name: Name | None) -> NoReturn:
    """Raise the refusal, at the place of the name."""
    raise NotImplementedFilterError(detail, column=(name.column or None) if name else None)
