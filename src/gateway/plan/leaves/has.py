"""HAS -> clauses: one list, `elements` with its ratios, zipped lists of one repeated section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from gateway.parse.tree import Has, Name, Number, Operand, String, Test
from gateway.plan.conditions import conditions_of, spans_of_test, truths_of_test
from gateway.plan.intervals import EVERYTHING, Spans, intersection
from gateway.plan.leaves.lists import HOLDS, has_bits, has_spans, has_words, words_matching
from gateway.plan.leaves.ratios import RatioPairs, has_pairs, ratios_of
from gateway.plan.leaves.refusals import check_item, quantity_of, refuse, refuse_property, spelt
from gateway.plan.names import Scope, resolve
from gateway.plan.native import Clause, all_of, any_of
from gateway.plan.work_budget import SPAN_BYTES, WorkBudget
from gateway.properties import Property, ValueType
from gateway.properties.native_query import WIDTH, Condition, Member


def translate_has(leaf: Has, scope: Scope) -> Clause:
    """The clause that holds where the leaf is true."""
    found = [resolve(name, scope) for name in leaf.subjects]
    for item in leaf.items:
        for test in item:
            refuse_property(test.value, scope, op=test.op)
        check_item(found, leaf.subjects, item)
    lists = [one for one in found if one is not None and one.reach != "absent"]
    if len(lists) < len(found):
        return False
    names = {one.name for one in lists}
    if "elements_ratios" in names and names <= {"elements", "elements_ratios"}:
        return _has_pairs(leaf, lists, scope)
    if len(names) > 1:
        return _has_members(leaf, lists, scope)
    return _has_items(leaf, lists[0], scope)


def _has_items(leaf: Has, found: Property, scope: Scope) -> Clause:
    """One list, or one list zipped with itself: all tests of an item hold for the same value."""
    name = leaf.subjects[0]
    if found.reach == "derived":
        return _has_dimensions(leaf, found)
    if found.vocabulary is not None:
        return _has_words(leaf, found, scope)
    quantity = quantity_of(found, name)
    if found.items == "boolean":
        return has_words(
            quantity,
            leaf.quantifier,
            [_truths(item) for item in leaf.items],
            vocabulary=(False, True),
            known=found.known,
            work=scope.work,
        )
    type_ = found.items or "string"
    return has_spans(
        quantity,
        leaf.quantifier,
        [_spans(item, type_, name) for item in leaf.items],
        known=found.known,
        type_=type_,
        conversion=found.conversion,
    )


def _has_words(leaf: Has, found: Property, scope: Scope) -> Clause:
    """A list of words from a vocabulary."""
    vocabulary = found.vocabulary or ()
    words = [
        frozenset.intersection(*(_words(vocabulary, test) for test in item)) for item in leaf.items
    ]
    return has_words(
        quantity_of(found, leaf.subjects[0]),
        leaf.quantifier,
        words,
        vocabulary=vocabulary,
        known=found.known,
        work=scope.work,
    )


def _has_dimensions(leaf: Has, found: Property) -> Clause:
    """`dimension_types` is three zeros and ones, and NOMAD makes nperiodic_dimensions their sum. It
    counts an unknown list as three zeros, so the list itself must be known."""
    items = [
        frozenset([bit for bit in (0, 1) if all(_holds_for(bit, test) for test in item)])
        for item in leaf.items
    ]
    counted = has_bits("optimade.nperiodic_dimensions", leaf.quantifier, items, size=3)
    return all_of((found.known, counted))


def _holds_for(bit: int, test: Test) -> bool:
    assert isinstance(test.value, Number), test.value
    return HOLDS[test.op](bit, test.value.value)


def _has_members(leaf: Has, lists: Sequence[Property], scope: Scope) -> Clause:
    """Lists of one repeated section: all tests of an item hold for the same member of it."""
    section = _section_of(leaf, lists)
    columns: dict[str, _Column] = {}
    for index, (one, name) in enumerate(zip(lists, leaf.subjects, strict=True)):
        columns.setdefault(one.name, _Column(one, name, [])).indices.append(index)
    members = [
        _some_member(
            section,
            dict(column.conditions(item, section) for column in columns.values()),
            name=leaf.subjects[0],
            work=scope.work,
        )
        for item in leaf.items
    ]
    return any_of(members) if leaf.quantifier == "ANY" else all_of(members)


def _section_of(leaf: Has, lists: Sequence[Property]) -> str:
    """The section whose members the lists are made of; refuses what cannot be zipped."""
    name, section = leaf.subjects[0], lists[0].nested
    if section is None or any(one.nested != section for one in lists):
        refuse(
            "Only elements with elements_ratios, and lists of one and the same section of NOMAD's, "
            "can be zipped: the index holds no other lists whose items belong together.",
            name,
        )
    if leaf.quantifier == "ONLY":
        refuse(
            "HAS ONLY cannot be asked of these zipped lists; HAS, HAS ALL and HAS ANY can.", name
        )
    if len({one.quantity for one in lists}) < len({one.name for one in lists}):
        refuse("Zipping a list with itself in another unit is not implemented.", name)
    return section


@dataclass(frozen=True, slots=True)
class _Column:
    """One of several zipped lists, and where in the items its tests stand."""

    found: Property
    name: Name
    indices: list[int]

    def conditions(self, item: Sequence[Test], section: str) -> tuple[str, Sequence[Condition]]:
        """Its quantity within the section, and what fulfils its tests of one item."""
        quantity = quantity_of(self.found, self.name).removeprefix(f"{section}.")
        tests = [item[index] for index in self.indices]
        return quantity, _conditions(tests, self.found, self.name)


def _some_member(
    section: str, wanted: Mapping[str, Sequence[Condition]], *, name: Name, work: WorkBudget
) -> Clause:
    """One dict of conditions for each combination of the spans that the quantities may lie in."""
    count = prod(map(len, wanted.values()))
    if count > WIDTH:
        refuse("The tests of these zipped lists have too many ways to be fulfilled.", name)
    size = len(section) + sum(len(quantity) + SPAN_BYTES for quantity in wanted)
    work.spend(count * size)
    return any_of(
        [
            Member(section, tuple(zip(wanted, choice, strict=True)))
            for choice in product(*wanted.values())
        ]
    )


def _conditions(tests: Sequence[Test], one: Property, name: Name) -> Sequence[Condition]:
    if one.items == "boolean":
        return sorted(_truths(tests))
    type_ = one.items or "string"
    return list(conditions_of(_spans(tests, type_, name), type_, one.conversion))


def _has_pairs(leaf: Has, lists: Sequence[Property], scope: Scope) -> Clause:
    vocabulary = scope.catalogue["elements"].vocabulary or ()
    known = all_of(one.known for one in lists)
    items = [_pairs(lists, item, vocabulary) for item in leaf.items]
    return has_pairs(leaf.quantifier, items, vocabulary=vocabulary, known=known, work=scope.work)


def _pairs(
    lists: Sequence[Property], item: Sequence[Test], vocabulary: Sequence[str]
) -> RatioPairs:
    elements, ratios = frozenset(vocabulary), [EVERYTHING]
    for one, test in zip(lists, item, strict=True):
        if one.name == "elements":
            elements &= _words(vocabulary, test)
        else:
            ratios.append(_ratios(test))
    return RatioPairs(elements, intersection(*ratios))


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
    return frozenset((False, True)).intersection(
        *[truths_of_test(test.op, test.value) for test in tests]
    )


def _spans(tests: Sequence[Test], type_: ValueType, name: Name) -> Spans:
    for test in tests:
        if test.op in ("CONTAINS", "ENDS"):
            refuse(
                f"{spelt(test.op)} inside HAS cannot be asked of {name.name}: NOMAD finds parts of "
                "texts only where an entry has one text. HAS STARTS WITH and whole values can.",
                name,
            )
    return intersection(*[spans_of_test(test.op, test.value, type_) for test in tests])


def _text(value: Operand) -> str:
    return value.value if isinstance(value, String) else ""
