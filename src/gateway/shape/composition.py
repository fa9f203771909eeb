"""Elements, their ratios and the formulas of a structure, each as the index compares it."""

from math import fsum

from gateway.model import Json
from gateway.properties import ELEMENT_SYMBOLS
from gateway.shape.checks import is_count, is_list, is_numbers, is_object, is_text, is_texts
from gateway.shape.stored import Flaw, PropertyValue, PropertyValues, Stored

_KNOWN_ELEMENTS = frozenset(ELEMENT_SYMBOLS)
_FORMULAS = (
    "chemical_formula_descriptive",
    "chemical_formula_reduced",
    "chemical_formula_hill",
    "chemical_formula_anonymous",
)
COMPOSITION = frozenset({"elements", "nelements", "elements_ratios", *_FORMULAS})
# What the ratios may miss 1 by: single precision, which is what the index compares.
_SLACK = 2**-23


def read_composition(stored: Stored) -> PropertyValues:
    """All properties of the group."""
    elements = _elements(stored)
    values: PropertyValues = {
        "elements": elements,
        "nelements": stored.first("nelements", is_valid=is_count, kind="a count"),
        "elements_ratios": _ratios(stored, elements),
    }
    for name in _FORMULAS:
        values[name] = stored.first(name, is_valid=is_text, kind="a text")
    return values


def _elements(stored: Stored) -> PropertyValue:
    value = stored.first("elements", is_valid=_are_elements, kind="a list of distinct elements")
    return sorted(value) if is_texts(value) else value


def _are_elements(value: object) -> bool:
    return is_texts(value) and _KNOWN_ELEMENTS.issuperset(value) and len(set(value)) == len(value)


def _ratios(stored: Stored, elements: PropertyValue) -> PropertyValue:
    is_stored = False
    for value in stored.values("elements_ratios"):
        ratios = _numbered(value, stored) if is_numbers(value) else _nested(value)
        ordered = _in_order(ratios, list(elements) if is_texts(elements) else sorted(ratios))
        if ordered is not None:
            return ordered
        is_stored = True
    return Flaw("what the site holds is not one ratio per element, 1 in sum") if is_stored else None


def _numbered(ratios: list[float], stored: Stored) -> dict[str, Json]:
    """The archive's form: numbers in the order of its elements."""
    elements = stored.archived("elements") or stored.index.get("elements")
    if not is_texts(elements) or len(elements) != len(ratios):
        return {}
    return dict(zip(elements, ratios, strict=True))


def _nested(value: Json) -> dict[str, Json]:
    """The index's form: pairs, the list of all of them once per element."""
    lists = value if is_list(value) else []
    pairs = [pair for one in lists for pair in (one if is_list(one) else [one])]
    return {
        element: pair.get("elements_ratios")
        for pair in pairs
        if is_object(pair) and is_text(element := pair.get("elements"))
    }


def _in_order(ratios: dict[str, Json], elements: list[str]) -> list[float] | None:
    ordered = [ratios.get(element) for element in elements]
    if len(ratios) != len(ordered) or not is_numbers(ordered):
        return None
    in_range = all(0 <= one <= 1 for one in ordered) and abs(fsum(ordered) - 1) <= _SLACK
    return ordered if in_range else None
