"""One leaf of a filter -> native clause for one site: types checked, exact in both polarities.

A type mismatch and what the sites' index cannot answer are refused with 501, unknown names with
400; a name under another provider's prefix is an unknown value, which never matches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import NoReturn, assert_never

from gateway.errors import NotImplementedFilterError, SiteNeededError, UnknownPropertyError
from gateway.parse.tree import (
    Bare,
    Boolean,
    Compare,
    Fuzzy,
    FuzzyOp,
    Has,
    Known,
    Leaf,
    Length,
    Number,
    Op,
    Operand,
    String,
    Test,
)
from gateway.parse.tree import Property as Name
from gateway.plan.identity import compare_id, compare_text, match_id, match_text
from gateway.plan.intervals import EVERYTHING, Spans, intersection, spans_of
from gateway.plan.lists import has_spans, has_words, length_of_words, lengths_up_to, words_matching
from gateway.plan.native import Clause, all_of, inverse
from gateway.plan.ratios import Pairs, has_pairs, ratios_of
from gateway.plan.scalars import (
    compare_float,
    compare_integer,
    compare_string,
    compare_timestamp,
    matches_text,
    starts_with,
)
from gateway.plan.timestamps import read_timestamp
from gateway.properties import Catalogue, Property, ValueType

_PREFIXED = re.compile("_([a-z0-9]+)_")

LENGTHS_OF_NSITES = ("cartesian_site_positions", "species_at_sites")
LENGTHS_OF_THREE = ("dimension_types", "lattice_vectors")


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose properties a filter speaks of, and at which site (None: not said)."""

    entry_type: str
    catalogue: Catalogue
    prefix: str
    site: str | None = None


def translate_leaf(leaf: Leaf, *, negated: bool, scope: Scope) -> Clause:
    """The clause that holds where the leaf is true, or, when `negated`, where it is false."""
    match leaf:
        case Known(subject, known):
            return _known(subject, known != negated, scope)
        case Bare(subject):
            return _bare(subject, negated, scope)
        case Compare(Name() as subject, op, value):
            return _turned(_compare(subject, op, value, scope), subject, negated, scope)
        case Compare():
            _refuse("A comparison needs a property on one side.", None)
        case Fuzzy(subject, op, value):
            return _turned(_fuzzy(subject, op, value, scope), subject, negated, scope)
        case Has():
            return _turned_all(_has(leaf, scope), leaf.subjects, negated, scope)
        case Length(subject, op, value):
            return _turned(_length(subject, op, value, scope), subject, negated, scope)
        case _:
            assert_never(leaf)


def is_foreign(name: Name, scope: Scope) -> bool:
    """Whether the name, or one nested in it, stands under another provider's prefix."""
    prefixes = [found[1] for part in name.path if (found := _PREFIXED.match(part))]
    return not {scope.prefix, "nmd"}.issuperset(prefixes)


def resolve(name: Name, scope: Scope) -> Property | None:
    """What the catalogue says of a name; None for other providers' names."""
    if is_foreign(name, scope):
        return None
    found = scope.catalogue.get(name.path[0])
    if found is not None and (len(name.path) == 1 or _is_key(name, found)):
        return found
    near = get_close_matches(name.name, scope.catalogue, n=3, cutoff=0.6)
    raise UnknownPropertyError(
        name.name,
        entry_type=scope.entry_type,
        suggestions=tuple(near),
        column=name.column or None,
    )


def _is_key(name: Name, found: Property) -> bool:
    return len(name.path) == 2 and name.path[1] in found.keys


def _known(name: Name, wanted: bool, scope: Scope) -> Clause:
    found = resolve(name, scope)
    known = False if found is None else _known_clause(name, found)
    return known if wanted else inverse(known)


def _known_clause(name: Name, found: Property) -> Clause:
    """A nested name is known where one of the dictionaries has the key; NOMAD knows that, too."""
    match found.known:
        case {"quantities": section} if len(name.path) > 1:
            return {"quantities": f"{section}.{name.path[1]}"}
        case known:
            return known


def _bare(name: Name, negated: bool, scope: Scope) -> Clause:
    found = resolve(name, scope)
    if found is None:
        return False
    if found.type == "boolean":
        return _compare(name, "=", Boolean(not negated), scope)
    known = _known_clause(name, found)
    return inverse(known) if negated else known


def _turned(clause: Clause, name: Name, negated: bool, scope: Scope) -> Clause:
    return _turned_all(clause, (name,), negated, scope)


def _turned_all(clause: Clause, names: Sequence[Name], negated: bool, scope: Scope) -> Clause:
    """NOMAD's `not` also finds entries that lack the field; unknown must stay unmatched."""
    if not negated:
        return clause
    return all_of((*(_known(name, True, scope) for name in names), inverse(clause)))


# --- scalars --------------------------------------------------------------------------------


def _compare(name: Name, op: Op, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    _refuse_property(value, scope)
    if found is None:
        return False
    _check_comparable(found, name, op, value)
    if found.reach == "absent":
        return False
    if found.reach == "local":
        return _compare_local(found, op, _text(value), name, scope)
    quantity = _quantity(found, name)
    match value:
        case String(text, column) if found.type == "timestamp":
            moment = read_timestamp(text, column=column)
            return compare_timestamp(quantity, op, moment, known=found.known)
        case String(text, column):
            return compare_string(quantity, op, text, known=found.known, column=column)
        case Number(number) if found.type == "integer":
            return compare_integer(quantity, op, number, known=found.known)
        case Number(number):
            return compare_float(quantity, op, number, known=found.known)
        case Boolean(truth):
            return {quantity: truth == (op == "=")}
        case _:
            raise AssertionError(value)


def _compare_local(found: Property, op: Op, text: str, name: Name, scope: Scope) -> Clause:
    if found.name == "type":
        return compare_text(scope.entry_type, op, text)
    site = _site(found, scope)
    if found.name == "id":
        return compare_id(op, text, site=site, column=name.column)
    return compare_text(site, op, text)


def _fuzzy(name: Name, op: FuzzyOp, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    _refuse_property(value, scope)
    if found is None:
        return False
    if found.type != "string" or not isinstance(value, String) or len(name.path) > 1:
        _mismatch(f"{_spelt(op)} compares texts", found, name, value)
    if found.reach == "absent":
        return False
    if found.reach == "local":
        return _fuzzy_local(found, op, value, scope)
    quantity = _quantity(found, name)
    if op == "STARTS":
        return starts_with(quantity, value.value, known=found.known, column=value.column)
    if found.text_name is None:
        _refuse(f"{_spelt(op)} cannot be asked of {found.name}.", name)
    return matches_text(found.text_name, op, value.value, known=found.known, column=value.column)


def _fuzzy_local(found: Property, op: FuzzyOp, value: String, scope: Scope) -> Clause:
    if found.name == "type":
        return match_text(scope.entry_type, op, value.value)
    site = _site(found, scope)
    if found.name == "id":
        return match_id(op, value.value, site=site, column=value.column)
    return match_text(site, op, value.value)


# --- lists ----------------------------------------------------------------------------------


def _has(leaf: Has, scope: Scope) -> Clause:
    found = [resolve(name, scope) for name in leaf.subjects]
    for test in (test for item in leaf.items for test in item):
        _refuse_property(test.value, scope)
    for item in leaf.items:
        _check_item(found, leaf.subjects, item)
    lists = [one for one in found if one is not None and one.reach != "absent"]
    if len(lists) < len(found):
        return False
    names = {one.name for one in lists}
    if names <= {"elements", "elements_ratios"} and (len(lists) > 1 or "elements" not in names):
        return _has_pairs(leaf, lists, scope)
    if len(lists) > 1 and len(names) > 1:
        _refuse(
            "Only elements and elements_ratios can be zipped: the index holds no other lists "
            "whose items belong together.",
            leaf.subjects[0],
        )
    return _has_items(leaf, lists[0])


def _has_items(leaf: Has, found: Property) -> Clause:
    """One list, or one list zipped with itself: all tests of an item hold for the same value."""
    name = leaf.subjects[0]
    quantity = _quantity(found, name)
    if found.vocabulary is not None:
        vocabulary = found.vocabulary
        words = [
            frozenset.intersection(*(_words(vocabulary, test) for test in item))
            for item in leaf.items
        ]
        return has_words(quantity, leaf.quantifier, words, vocabulary=vocabulary, known=found.known)
    spans = [_item_spans(item, name) for item in leaf.items]
    return has_spans(quantity, leaf.quantifier, spans, known=found.known)


def _has_pairs(leaf: Has, lists: Sequence[Property], scope: Scope) -> Clause:
    vocabulary = scope.catalogue["elements"].vocabulary or ()
    known = all_of(one.known for one in lists)
    items = [_pairs(lists, item, vocabulary) for item in leaf.items]
    return has_pairs(leaf.quantifier, items, vocabulary=vocabulary, known=known)


def _pairs(lists: Sequence[Property], item: Sequence[Test], vocabulary: Sequence[str]) -> Pairs:
    elements, ratios = frozenset(vocabulary), EVERYTHING
    for one, test in zip(lists, item, strict=True):
        if one.name == "elements":
            elements &= _words(vocabulary, test)
        else:
            ratios = intersection(ratios, _ratios(test))
    return Pairs(elements, ratios)


def _words(vocabulary: Sequence[str], test: Test) -> frozenset[str]:
    return words_matching(vocabulary, test.op, _text(test.value))


def _ratios(test: Test) -> Spans:
    match test.op, test.value:
        case (("CONTAINS" | "STARTS" | "ENDS"), _):
            raise AssertionError(test.op)
        case op, Number(value):
            return ratios_of(op, value)
    raise AssertionError(test.value)


def _item_spans(item: Sequence[Test], name: Name) -> Spans:
    spans = EVERYTHING
    for test in item:
        match test.op:
            case "CONTAINS" | "STARTS" | "ENDS" as op:
                _refuse(f"{_spelt(op)} inside HAS cannot be asked of {name.name}.", name)
            case op:
                assert isinstance(test.value, String | Number)
                spans = intersection(spans, spans_of(op, test.value.value))
    return spans


def _length(name: Name, op: Op, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    _refuse_property(value, scope)
    if found is None:
        return False
    if found.type != "list" or not isinstance(value, Number) or len(name.path) > 1:
        _mismatch("LENGTH compares the number of items of a list with a number", found, name, value)
    if found.reach == "absent":
        return False
    number = value.value
    match found.name:
        case "elements" | "elements_ratios":
            counted = compare_integer(
                "optimade.nelements", op, number, known=_length_of("nelements")
            )
        case "structure_features":
            vocabulary = found.vocabulary or ()
            lengths = lengths_up_to(len(vocabulary), op, number)
            return length_of_words(
                found.quantity or "", lengths, vocabulary=vocabulary, known=found.known
            )
        case known_name if known_name in LENGTHS_OF_THREE:
            counted = 3 in lengths_up_to(3, op, number)
        case known_name if known_name in LENGTHS_OF_NSITES:
            counted = compare_integer("optimade.nsites", op, number, known=_length_of("nsites"))
        case _:
            _refuse(f"The length of {found.name} is not in the sites' search index.", name)
    return all_of((found.known, counted))


def _length_of(name: str) -> Clause:
    return {"quantities": f"metadata.optimade.{name}"}


# --- what is refused ------------------------------------------------------------------------

_COMPARES: dict[ValueType, type] = {
    "string": String,
    "timestamp": String,
    "integer": Number,
    "float": Number,
    "boolean": Boolean,
}


def _check_comparable(found: Property, name: Name, op: Op, value: Operand) -> None:
    wanted = _COMPARES.get(found.type)
    if len(name.path) > 1:
        _refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
    if wanted is None:
        hint = "use HAS" if found.type == "list" else "only IS KNOWN can be asked"
        _mismatch(f"{op} compares single values; {hint}", found, name, value)
    if not isinstance(value, wanted):
        _mismatch("Both sides of a comparison must have the same type", found, name, value)
    if found.type == "boolean" and op not in ("=", "!="):
        _refuse(f"{found.name} is a boolean; only = and != compare booleans.", name)
    if found.type == "timestamp" and isinstance(value, String):
        read_timestamp(value.value, column=value.column)


def _check_item(
    lists: Sequence[Property | None], names: Sequence[Name], item: Sequence[Test]
) -> None:
    if len(item) != len(lists):
        _refuse(f"{len(lists)} zipped lists need {len(lists)} values in each item.", names[0])
    for found, name, test in zip(lists, names, item, strict=True):
        if found is None:
            continue
        if len(name.path) > 1:
            _refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
        if found.type != "list":
            _mismatch("HAS asks for items of a list", found, name, test.value)
        wanted = _COMPARES.get(found.items or "dictionary")
        if found.reach == "archive" or wanted is None:
            _refuse(f"{found.name} is not in the sites' search index; IS KNOWN can be asked.", name)
        if not isinstance(test.value, wanted):
            _mismatch("HAS compares with values of the list's own type", found, name, test.value)
        if test.op in ("CONTAINS", "STARTS", "ENDS") and found.items != "string":
            _mismatch(f"{_spelt(test.op)} compares texts", found, name, test.value)


def _refuse_property(value: Operand, scope: Scope) -> None:
    if isinstance(value, Name):
        resolve(value, scope)
        _refuse("Comparing a property with another property is not implemented.", value)


def _quantity(found: Property, name: Name) -> str:
    if found.reach == "archive" or found.quantity is None:
        _refuse(
            f"{found.name} is not in the sites' search index; only IS KNOWN and IS UNKNOWN "
            "can be asked of it.",
            name,
        )
    return found.quantity


def _site(found: Property, scope: Scope) -> str:
    if scope.site is None:
        raise SiteNeededError(f"What {found.name} is compared with depends on the site; name one.")
    return scope.site


def _text(value: Operand) -> str:
    return value.value if isinstance(value, String) else ""


def _mismatch(rule: str, found: Property, name: Name, value: Operand) -> NoReturn:
    kind = (
        f"a list of {found.items}s" if found.items and found.type == "list" else f"a {found.type}"
    )
    _refuse(
        f"{rule}: {name.name} is {kind.replace('a integer', 'an integer')}, "
        f"compared with {_described(value)}.",
        name,
    )


def _described(value: Operand) -> str:
    match value:
        case String(text):
            return f'the string "{text}"' if len(text) < 40 else "a string"
        case Number(number):
            return f"the number {number}"
        case Boolean(truth):
            return "TRUE" if truth else "FALSE"
        case Name() as other:
            return f"the property {other.name}"


def _spelt(op: FuzzyOp) -> str:
    return {"CONTAINS": "CONTAINS", "STARTS": "STARTS WITH", "ENDS": "ENDS WITH"}[op]


def _refuse(detail: str, name: Name | None) -> NoReturn:
    raise NotImplementedFilterError(detail, column=(name.column or None) if name else None)
