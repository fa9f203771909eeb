"""One leaf of a filter -> native clause for one site: types checked, exact in both polarities.

A type mismatch and what the sites' index cannot answer are refused with 501, unknown names with
400; a name under another provider's prefix is an unknown value, which never matches.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from gateway.errors import SiteNeededError
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
    Name,
    Number,
    Op,
    Operand,
    String,
)
from gateway.plan.has import translate_has
from gateway.plan.identity import compare_id, compare_text, match_id, match_text
from gateway.plan.lists import length_of_words, lengths_up_to, words_matching
from gateway.plan.names import Scope, is_foreign, resolve
from gateway.plan.native import Clause, all_of, inverse, one_of, without
from gateway.plan.refusals import (
    check_comparable,
    mismatch,
    quantity_of,
    refuse,
    refuse_property,
    refuse_to_compare,
    spelt,
)
from gateway.plan.scalars import (
    compare_float,
    compare_in_leaf,
    compare_integer,
    compare_string,
    compare_timestamp,
    matches_text,
    starts_with,
)
from gateway.plan.timestamps import read_timestamp
from gateway.properties import Property

__all__ = ["Scope", "is_foreign", "resolve", "translate_leaf"]

LENGTHS_OF_NSITES = ("cartesian_site_positions", "species_at_sites")
LENGTHS_OF_THREE = ("dimension_types", "lattice_vectors")


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
            refuse("A comparison needs a property on one side.", None)
        case Fuzzy(subject, op, value):
            return _turned(_fuzzy(subject, op, value, scope), subject, negated, scope)
        case Has():
            return _turned_all(translate_has(leaf, scope), leaf.subjects, negated, scope)
        case Length(subject, op, value):
            return _turned(_length(subject, op, value, scope), subject, negated, scope)
        case _:
            assert_never(leaf)


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
    known = [_known(name, True, scope) for name in names]
    return all_of((*known, inverse(without(clause, known))))


# --- scalars --------------------------------------------------------------------------------


def _compare(name: Name, op: Op, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    refuse_property(value, scope)
    if found is None:
        return False
    check_comparable(found, name, op, value)
    if found.reach == "absent":
        return False
    if found.reach == "local":
        return _compare_local(found, op, _text(value), name, scope)
    if found.spelling is not None:
        return _spelt_words(found, found.spelling, op, _text(value))
    if isinstance(value, String) and _is_in_leaves_alone(found):
        name_there, column = found.text_name or "", value.column
        return compare_in_leaf(name_there, op, value.value, known=found.known, column=column)
    quantity = quantity_of(found, name)
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
    refuse_property(value, scope)
    if found is None:
        return False
    if len(name.path) > 1:
        refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
    if found.type != "string" or not isinstance(value, String):
        mismatch(f"{spelt(op)} compares texts", found, name, value)
    if found.reach == "absent":
        return False
    if found.reach == "local":
        return _fuzzy_local(found, op, value, scope)
    if found.spelling is not None:
        return _spelt_words(found, found.spelling, op, value.value)
    if op == "STARTS" and not _is_in_leaves_alone(found):
        quantity = quantity_of(found, name)
        return starts_with(quantity, value.value, known=found.known, column=value.column)
    if found.reach == "archive":
        refuse_to_compare(found, name)
    if found.text_name is None:
        refuse(f"{spelt(op)} cannot be asked of {found.name}.", name)
    return matches_text(found.text_name, op, value.value, known=found.known, column=value.column)


def _fuzzy_local(found: Property, op: FuzzyOp, value: String, scope: Scope) -> Clause:
    if found.name == "type":
        return match_text(scope.entry_type, op, value.value)
    site = _site(found, scope)
    if found.name == "id":
        return match_id(op, value.value, site=site, column=value.column)
    return match_text(site, op, value.value)


def _is_in_leaves_alone(found: Property) -> bool:
    """Whether NOMAD natively rewrites what the property is compared with."""
    return found.quantity is None and found.text_name is not None


def _spelt_words(found: Property, spelling: Mapping[str, str], op: str, text: str) -> Clause:
    """The words are compared in OPTIMADE's spelling and asked for in NOMAD's."""
    words = words_matching(tuple(spelling), op, text)
    return one_of(found.quantity or "", (spelling[word] for word in sorted(words)))


# --- lists ----------------------------------------------------------------------------------


def _length(name: Name, op: Op, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    refuse_property(value, scope)
    if found is None:
        return False
    if len(name.path) > 1:
        refuse(f"The length of {name.name} is not in the sites' search index.", name)
    if found.type != "list" or not isinstance(value, Number):
        mismatch("LENGTH compares the number of items of a list with a number", found, name, value)
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
            refuse(f"The length of {found.name} is not in the sites' search index.", name)
    return all_of((found.known, counted))


def _length_of(name: str) -> Clause:
    return {"quantities": f"metadata.optimade.{name}"}


def _site(found: Property, scope: Scope) -> str:
    if scope.site is None:
        raise SiteNeededError(f"What {found.name} is compared with depends on the site; name one.")
    return scope.site


def _text(value: Operand) -> str:
    return value.value if isinstance(value, String) else ""
