"""One leaf of a filter -> clause: types checked, exact in both polarities.

A type mismatch and what the sites' index cannot answer are refused with 501, unknown names with
400; a name under another provider's prefix is an unknown value, which never matches.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias, assert_never

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
from gateway.plan.leaves.has import translate_has
from gateway.plan.leaves.identity import (
    IdsBySite,
    PerSite,
    SiteClause,
    compare_id,
    compare_site,
    compare_texts,
)
from gateway.plan.leaves.least import compare_least
from gateway.plan.leaves.lists import length_of_words, lengths_up_to, words_matching
from gateway.plan.leaves.refusals import (
    check_comparable,
    in_order,
    mismatch,
    quantity_of,
    refuse,
    refuse_property,
    refuse_to_compare,
    spelt,
)
from gateway.plan.leaves.scalars import compare_in_leaf, compare_scalar, matches_text
from gateway.plan.names import Scope, resolve
from gateway.plan.native import Clause, all_of, inverse, one_of, without
from gateway.properties import Property
from gateway.properties.native_query import Exists

LENGTHS_OF_NSITES = ("cartesian_site_positions", "species_at_sites")
LENGTHS_OF_THREE = ("dimension_types", "lattice_vectors")

LeafClause: TypeAlias = Clause | SiteClause
"""A clause, or what becomes one when the site is known."""


def translate_leaf(leaf: Leaf, *, negated: bool, scope: Scope) -> LeafClause:
    """The clause that holds where the leaf is true, or, when `negated`, where it is false."""
    match leaf:
        case Compare(Name() as subject, op, value):
            return _polarised(_compare(subject, op, value, scope), (subject,), negated, scope)
        case Has():
            return _polarised(translate_has(leaf, scope), leaf.subjects, negated, scope)
        case Fuzzy(subject, op, value):
            return _polarised(_fuzzy(subject, op, value, scope), (subject,), negated, scope)
        case Known(subject, known):
            return _known(subject, known != negated, scope)
        case Length(subject, op, value):
            return _polarised(_length(subject, op, value, scope), (subject,), negated, scope)
        case Bare(subject):
            return _bare(subject, negated, scope)
        case Compare():
            refuse("A comparison needs a property on one side.", None)
        case _:
            assert_never(leaf)


def _known(name: Name, wanted: bool, scope: Scope) -> Clause:
    found = resolve(name, scope)
    known = False if found is None else _known_clause(name, found)
    return known if wanted else inverse(known)


def _known_clause(name: Name, found: Property) -> Clause:
    """A nested name is known where one of the dictionaries has the key; NOMAD knows that, too."""
    match found.known:
        case Exists(section) if len(name.path) > 1:
            return Exists(f"{section}.{name.path[1]}")
        case known:
            return known


def _bare(name: Name, negated: bool, scope: Scope) -> LeafClause:
    found = resolve(name, scope)
    if found is None:
        return False
    if found.type == "boolean":
        return _compare(name, "=", Boolean(not negated), scope)
    known = _known_clause(name, found)
    return inverse(known) if negated else known


def _polarised(
    clause: LeafClause, names: Iterable[Name], negated: bool, scope: Scope
) -> LeafClause:
    """NOMAD's `not` also finds entries that lack the field; unknown must stay unmatched."""
    if not negated:
        return clause
    if isinstance(clause, PerSite | IdsBySite):
        return clause.inverse()
    known = [_known(name, True, scope) for name in dict.fromkeys(names)]
    return all_of((*known, inverse(without(clause, known))))


def _compare(name: Name, op: Op, value: Operand, scope: Scope) -> LeafClause:
    name, value = in_order(name, value, scope)
    found = resolve(name, scope)
    refuse_property(value, scope, op=op)
    if found is None:
        return False
    check_comparable(found, name, op, value)
    if found.reach == "absent":
        return False
    if isinstance(value, String):
        if found.reach == "local":
            return _compare_local(found, op, value, scope)
        if found.spelling is not None:
            return _spelt_words(found, found.spelling, op, value.value)
        if found.quantity is None and found.text_name is not None:
            text, column = value.value, value.column
            return compare_in_leaf(found.text_name, op, text, known=found.known, column=column)
    if found.least is not None:
        return compare_least(found, op, value)
    quantity = quantity_of(found, name)
    return compare_scalar(quantity, op, value, type_=found.type, known=found.known)


def _compare_local(found: Property, op: Op | FuzzyOp, value: String, scope: Scope) -> LeafClause:
    if found.name == "type":
        return compare_texts(scope.entry_type, op, value.value)
    if found.name == "id":
        return compare_id(op, value)
    return compare_site(found.name, op, value.value)


def _fuzzy(name: Name, op: FuzzyOp, value: Operand, scope: Scope) -> LeafClause:
    found = resolve(name, scope)
    refuse_property(value, scope, op=op)
    if found is None:
        return False
    if len(name.path) > 1:
        refuse(f"{name.name} is not in the sites' search index; IS KNOWN can be asked.", name)
    if found.type != "string" or not isinstance(value, String):
        mismatch(f"{spelt(op)} compares texts", found, name, value)
    if found.reach == "absent":
        return False
    if found.reach == "local":
        return _compare_local(found, op, value, scope)
    if found.spelling is not None:
        return _spelt_words(found, found.spelling, op, value.value)
    if op == "STARTS" and (found.quantity is not None or found.text_name is None):
        quantity = quantity_of(found, name)
        return compare_scalar(quantity, op, value, type_="string", known=found.known)
    if found.reach == "archive":
        refuse_to_compare(found, name)
    if found.text_name is None:
        refuse(f"{spelt(op)} cannot be asked of {found.name}.", name)
    return matches_text(found.text_name, op, value, known=found.known)


def _spelt_words(
    found: Property, spelling: Mapping[str, str], op: Op | FuzzyOp, text: str
) -> Clause:
    """The words are compared in OPTIMADE's spelling and asked for in NOMAD's."""
    words = words_matching(tuple(spelling), op, text)
    return one_of(found.quantity or "", [spelling[word] for word in sorted(words)])


def _length(name: Name, op: Op, value: Operand, scope: Scope) -> Clause:
    found = resolve(name, scope)
    refuse_property(value, scope, op=op)
    if found is None:
        return False
    if len(name.path) > 1:
        refuse(f"The length of {name.name} is not in the sites' search index.", name)
    if found.type != "list" or not isinstance(value, Number):
        mismatch("LENGTH compares the number of items of a list with a number", found, name, value)
    if found.reach == "absent":
        return False
    match found.name:
        case "elements" | "elements_ratios":
            counted = _compare_count("nelements", op, value)
        case "structure_features":
            vocabulary = found.vocabulary or ()
            lengths = lengths_up_to(len(vocabulary), op, value.value)
            return length_of_words(
                found.quantity or "", lengths, vocabulary=vocabulary, known=found.known
            )
        case known_name if known_name in LENGTHS_OF_THREE:
            counted = 3 in lengths_up_to(3, op, value.value)
        case known_name if known_name in LENGTHS_OF_NSITES:
            counted = _compare_count("nsites", op, value)
        case _:
            refuse(f"The length of {found.name} is not in the sites' search index.", name)
    return all_of((found.known, counted))


def _compare_count(name: str, op: Op, value: Number) -> Clause:
    known = Exists(f"metadata.optimade.{name}")
    return compare_scalar(f"optimade.{name}", op, value, type_="integer", known=known)
