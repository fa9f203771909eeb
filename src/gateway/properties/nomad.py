"""NOMAD's searchable quantities as `_nmd_` properties of structures.

What each can be asked follows from how NOMAD indexes it, and was measured on NOMAD 1.3 and 2.0:
keywords, numbers, dates and booleans compare exactly; texts are broken up into words.
"""

import sys
from collections.abc import Mapping
from functools import lru_cache

from gateway.catalogue.quantities import IndexType, Quantity, read_quantities
from gateway.properties.native_query import Bounds, NativeNode, OneOf, OptimadeLeaf, Range
from gateway.properties.nomad_endpoint import endpoint_properties
from gateway.properties.property import Property, ValueType

_TYPES: Mapping[IndexType, ValueType] = {
    "keyword": "string",
    "text": "string",
    "integer": "integer",
    "float": "float",
    "double": "float",
    "boolean": "boolean",
    "date": "timestamp",
}
_WORDS = ("keyword", "text")
_ANY_VALUE: Mapping[IndexType, Bounds] = {
    "keyword": (("lte", chr(0x10FFFF)),),
    "integer": (("gte", -(2**31)),),
    "float": (("gte", -3.4028234e38),),
    "double": (("gte", -sys.float_info.max),),
    "date": (("gte", "0001-01-01T00:00:00.000Z"),),
}


@lru_cache(maxsize=1)
def nomad_properties() -> tuple[Property, ...]:
    """All `_nmd_` properties, by name."""
    quantities = tuple(map(_property, read_quantities()))
    return (*quantities, *endpoint_properties(quantities))


def leaf_name(path: str) -> str:
    """What NOMAD calls a quantity in an `optimade_filter`."""
    return f"_nmd_{path.replace('.', '_')}"


def is_known(path: str) -> NativeNode:
    """Holds where the index has a value of a quantity that NOMAD's OPTIMADE endpoint names.

    `quantities` would not do: it finds what the archive has, without defaults and derived values.
    A range would, but on millions of different words it is slow.
    """
    return OptimadeLeaf(f"{leaf_name(path)} IS KNOWN")


def any_value(path: str, type_: IndexType) -> NativeNode:
    """Holds where the index has a value, also of a quantity inside a nested section."""
    if type_ == "boolean":
        return OneOf(path, (True, False))
    return Range(path, _ANY_VALUE[type_])


def _property(one: Quantity) -> Property:
    type_ = _TYPES[one.type]
    in_leaves = _is_in_leaves(one)
    compares = one.type != "text"
    return Property(
        one.name,
        "list" if one.is_list else type_,
        "indexed" if compares else "archive",
        items=type_ if one.is_list else None,
        quantity=one.path if compares and not one.is_normalized else None,
        text_name=leaf_name(one.path) if in_leaves and _is_keyword(one) else None,
        known=is_known(one.path)
        if in_leaves and one.type in _WORDS
        else any_value(one.path, one.type),
        sortable=_is_sortable(one),
        fields=(_pattern(one),),
        nested=one.nested if one.is_one_each else None,
        path=one.path,
        lifetime=one.lifetime,
        unit=one.unit,
        description=one.description,
        by_default=False,
    )


def _pattern(one: Quantity) -> str:
    """NOMAD refuses to include what its version does not know, unless it is a pattern. Members of a
    section of which nothing is included vanish, so whole sections keep their lists alike."""
    if one.is_one_each:
        return f"{one.nested}.*"
    return f"{one.path}*" if one.lifetime.is_limited else one.path


def _is_in_leaves(one: Quantity) -> bool:
    """An `optimade_filter` knows plain metadata and results, in lower case; it accepts quantities
    of nested sections, but finds nothing there."""
    is_named = "." not in one.path or one.path.startswith("results.")
    return is_named and one.nested is None and leaf_name(one.path) == one.name


def _is_keyword(one: Quantity) -> bool:
    return one.type == "keyword" and not one.is_list


def _is_sortable(one: Quantity) -> bool:
    """A site whose version lacks a quantity refuses to order by it."""
    comparable = one.type not in ("text", "boolean") and not one.is_normalized
    return comparable and not one.is_list and not one.lifetime.is_limited
