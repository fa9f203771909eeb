"""HAS and its kin -> native clauses: one list, `elements` with its ratios, lists of one section."""

from collections.abc import Sequence
from itertools import product
from math import prod

from gateway.parse.tree import Has, Name, Number, Operand, String, Test
from gateway.plan.conditions import Condition, conditions_of, spans_of_test, truths_of_test
from gateway.plan.intervals import EVERYTHING, Spans, intersection
from gateway.plan.lists import has_spans, has_words, words_matching
from gateway.plan.names import Scope, resolve
from gateway.plan.native import WIDTH, Clause, all_of, any_of
from gateway.plan.ratios import Pairs, has_pairs, ratios_of
from gateway.plan.refusals import check_item, quantity_of, refuse, refuse_property, spelt
from gateway.properties import Property, ValueType


def translate_has(leaf: Has, scope: Scope) -> Clause:
    """The clause that holds where the leaf is true."""
    found = [resolve(name, scope) for name in leaf.subjects]
    for item in leaf.items:
        for test in item:
            refuse_property(test.value, scope)
        check_item(found, leaf.subjects, item)
    lists = [one for one in found if one is not None and one.reach != "absent"]
    if len(lists) < len(found):
        return False
    names = {one.name for one in lists}
    if "elements_ratios" in names and names <= {"elements", "elements_ratios"}:
        return _has_pairs(leaf, lists, scope)
    if len(names) > 1:
        return _has_members(leaf, lists)
    return _has_items(leaf, lists[0])


def _has_items(leaf: Has, found: Property) -> Clause:
    """One list, or one list zipped with itself: all tests of an item hold for the same value."""
    name = leaf.subjects[0]
    quantity = quantity_of(found, name)
    if found.vocabulary is not None:
        vocabulary = found.vocabulary
        words = [
            frozenset.intersection(*(_words(vocabulary, test) for test in item))
            for item in leaf.items
        ]
        return has_words(quantity, leaf.quantifier, words, vocabulary=vocabulary, known=found.known)
    if found.items == "boolean":
        truths = [_truths(item) for item in leaf.items]
        return has_words(
            quantity, leaf.quantifier, truths, vocabulary=(False, True), known=found.known
        )
    type_ = found.items or "string"
    spans = [_spans(item, type_, name) for item in leaf.items]
    return has_spans(quantity, leaf.quantifier, spans, known=found.known, type_=type_)


def _has_members(leaf: Has, lists: Sequence[Property]) -> Clause:
    """Lists of one repeated section: all tests of an item hold for the same member of it."""
    section = lists[0].nested
    if section is None or any(one.nested != section for one in lists):
        refuse(
            "Only elements with elements_ratios, and _nmd_ lists of one and the same section, can "
            "be zipped: the index holds no other lists whose items belong together.",
            leaf.subjects[0],
        )
    if leaf.quantifier == "ONLY":
        refuse(
            "HAS ONLY cannot be asked of these zipped lists; HAS, HAS ALL and HAS ANY can.",
            leaf.subjects[0],
        )
    members = [_some_member(section, lists, leaf.subjects, item) for item in leaf.items]
    return any_of(members) if leaf.quantifier == "ANY" else all_of(members)


def _some_member(
    section: str, lists: Sequence[Property], names: Sequence[Name], item: Sequence[Test]
) -> Clause:
    tests: dict[str, list[Test]] = {}
    for one, test in zip(lists, item, strict=True):
        tests.setdefault(one.name, []).append(test)
    wanted = {
        quantity_of(one, name).removeprefix(f"{section}."): _conditions(tests[one.name], one, name)
        for one, name in zip(lists, names, strict=True)
    }
    if prod(map(len, wanted.values())) > WIDTH:
        refuse("The tests of these zipped lists have too many ways to be fulfilled.", names[0])
    choices = product(*wanted.values())
    return any_of({section: dict(zip(wanted, choice, strict=True))} for choice in choices)


def _conditions(tests: Sequence[Test], one: Property, name: Name) -> Sequence[Condition]:
    if one.items == "boolean":
        return sorted(_truths(tests))
    type_ = one.items or "string"
    return list(conditions_of(_spans(tests, type_, name), type_))


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


def _truths(tests: Sequence[Test]) -> frozenset[bool]:
    truths = frozenset((False, True))
    for test in tests:
        if test.op in ("=", "!="):
            truths &= truths_of_test(test.op, test.value)
    return truths


def _spans(tests: Sequence[Test], type_: ValueType, name: Name) -> Spans:
    spans = EVERYTHING
    for test in tests:
        match test.op:
            case "CONTAINS" | "STARTS" | "ENDS" as op:
                refuse(f"{spelt(op)} inside HAS cannot be asked of {name.name}.", name)
            case op:
                spans = intersection(spans, spans_of_test(op, test.value, type_))
    return spans


def _text(value: Operand) -> str:
    return value.value if isinstance(value, String) else ""
