"""Native conditions: each row's query selects exactly the entries that its predicate selects."""

import math
from collections.abc import Callable

import pytest

from tests.contract.asking import (
    STRUCTURE,
    Document,
    Json,
    Known,
    Predicate,
    float32,
    millis,
    one,
    values,
)

Row = Callable[[Known], tuple[Json, Predicate]]
FORMULAS = ("descriptive", "reduced", "hill", "anonymous")
COMPOSITION = "results.material.elemental_composition"
GAP = "results.properties.electronic.band_gap"


def is_known(quantity: str) -> Predicate:
    """Whether the archive sets a quantity."""
    return lambda document: quantity in document["quantities"]


def has(path: str, *wanted: object) -> Predicate:
    """Whether a list holds all the values."""
    return lambda document: set(wanted) <= set(values(document, path))


def within(path: str, test: Callable[[object], bool]) -> Predicate:
    """Whether any value at the path passes."""
    return lambda document: any(test(value) for value in values(document, path))


def members(document: Document, path: str) -> list[Document]:
    """The members of a repeated section."""
    return values(document, path)


def quantity_rows() -> dict[str, Row]:
    """`quantities` says what is set, also for what is not indexed; `not` of it is IS UNKNOWN."""
    names = [
        "elements",
        "nelements",
        "elements_ratios",
        "chemical_formula_descriptive",
        "chemical_formula_reduced",
        "chemical_formula_hill",
        "chemical_formula_anonymous",
        "nsites",
        "structure_features",
        "dimension_types",
        "lattice_vectors",
        "cartesian_site_positions",
        "species",
        "species_at_sites",
    ]
    rows: dict[str, Row] = {}
    for name in names:
        quantity = f"metadata.optimade.{name}"
        rows[f"{name} is known"] = lambda _, q=quantity: ({"quantities": q}, is_known(q))  # type: ignore[misc]
        rows[f"{name} is unknown"] = lambda _, q=quantity: (  # type: ignore[misc]
            {"and": [STRUCTURE, {"not": {"quantities": q}}]},
            lambda d: is_known("metadata.optimade")(d) and not is_known(q)(d),
        )
    return rows


def gap_known(_: Known) -> tuple[Json, Predicate]:
    """The same works for quantities of `results`."""
    quantity = f"{GAP}.value"
    return {"quantities": quantity}, is_known(quantity)


def nperiodic_by_quantities(_: Known) -> tuple[Json, Predicate]:
    """`nperiodic_dimensions` is in no archive, so `quantities` never has it."""
    return {"quantities": "metadata.optimade.nperiodic_dimensions"}, lambda _: False


def lattice_or_no_periods(_: Known) -> tuple[Json, Predicate]:
    """Where `lattice_vectors` is served: stored, or nothing periodic that could have a vector."""
    stored, path = "metadata.optimade.lattice_vectors", "optimade.nperiodic_dimensions"
    query = {"or": [{"quantities": stored}, {path: 0}]}
    return query, lambda d: is_known(stored)(d) or 0 in values(d, path)


def nperiodic_by_range(_: Known) -> tuple[Json, Predicate]:
    """A range from the smallest integer selects where it is set."""
    path = "optimade.nperiodic_dimensions"
    return {path: {"gte": -(2**31)}}, within(path, lambda _: True)


def not_matches_lacking(known: Known) -> tuple[Json, Predicate]:
    """`not` also selects entries that lack the field, with or without structure."""
    path = "optimade.chemical_formula_hill"
    formula = known.common(path)
    return {"not": {path: formula}}, lambda d: formula not in values(d, path)


def prefix_range(path: str) -> Row:
    """Keyword ranges compare by code point, so a prefix is a range."""

    def row(known: Known) -> tuple[Json, Predicate]:
        start = str(known.common(path))[:1]
        end = chr(ord(start) + 1)
        return {path: {"gte": start, "lt": end}}, within(path, lambda v: str(v).startswith(start))

    return row


def keyword_bounds(path: str, op: str) -> Row:
    """Keyword ranges in all four forms."""

    def row(known: Known) -> tuple[Json, Predicate]:
        bound = known.common(path, 1)
        return {f"{path}:{op}": bound}, within(path, lambda v: compare(op, v, bound))

    return row


def compare(op: str, value: object, bound: object) -> bool:
    """One comparison."""
    left, right = (value, bound) if op.startswith("l") else (bound, value)
    assert type(left) is type(right)
    return left < right or (op.endswith("e") and left == right)  # type: ignore[operator]


def number_bounds(name: str, op: str) -> Row:
    """Integer ranges, the bound sent as a string."""

    def row(known: Known) -> tuple[Json, Predicate]:
        bound = known.common(f"optimade.{name}")
        query = {f"optimade.{name}": {op: str(bound)}}
        return query, within(f"optimade.{name}", lambda v: compare(op, v, bound))

    return row


def zero_as_text(_: Known) -> tuple[Json, Predicate]:
    """A bound of zero works as a string."""
    path = "optimade.nperiodic_dimensions"
    return {path: {"gt": "0"}}, within(path, lambda v: v > 0)  # type: ignore[operator]


def zero_with_other(_: Known) -> tuple[Json, Predicate]:
    """A bound of zero also works beside one that is not."""
    path = "optimade.nperiodic_dimensions"
    return {path: {"gt": 0, "lt": 3}}, within(path, lambda v: 0 < v < 3)  # type: ignore[operator]


def fraction_bound(_: Known) -> tuple[Json, Predicate]:
    """Fractions bound integer fields."""
    return {"optimade.nelements": {"gt": 2.5}}, within("optimade.nelements", lambda v: v > 2.5)  # type: ignore[operator]


def fraction_equal(_: Known) -> tuple[Json, Predicate]:
    """No integer equals a fraction."""
    return {"optimade.nelements": 2.5}, lambda _: False


def two_bounds(known: Known) -> tuple[Json, Predicate]:
    """Both bounds of one quantity stand in one dict."""
    middle = known.common("optimade.nsites")
    query = {"optimade.nsites": {"gte": middle, "lte": middle + 3}}
    return query, within("optimade.nsites", lambda v: middle <= v <= middle + 3)


def null_bound(known: Known) -> tuple[Json, Predicate]:
    """A null beside a bound is no bound."""
    middle = known.common("optimade.nsites")
    query = {"optimade.nsites": {"gte": middle, "lt": None}}
    return query, within("optimade.nsites", lambda v: v >= middle)


def elements_all(known: Known) -> tuple[Json, Predicate]:
    """A list means all of its values."""
    found = known.first(lambda d: len(values(d, "optimade.elements")) > 1, "compounds")
    two = values(found, "optimade.elements")[:2]
    return {"optimade.elements": two}, has("optimade.elements", *two)


def elements_any(known: Known) -> tuple[Json, Predicate]:
    """`:any` means one of its values."""
    two = [known.common("optimade.elements", rank) for rank in (0, 1)]
    return {"optimade.elements:any": two}, within("optimade.elements", lambda v: v in two)


def elements_none(known: Known) -> tuple[Json, Predicate]:
    """`:none` also selects entries without the field."""
    two = [known.common("optimade.elements", rank) for rank in (0, 1)]
    return (
        {"optimade.elements:none": two},
        lambda d: not set(two) & set(values(d, "optimade.elements")),
    )


def all_as_dict(known: Known) -> tuple[Json, Predicate]:
    """The qualifier may stand as a dict."""
    two = [known.common("optimade.elements", rank) for rank in (0, 1)]
    return {"optimade.elements": {"any": two}}, within("optimade.elements", lambda v: v in two)


def nested_path(known: Known) -> tuple[Json, Predicate]:
    """A dotted name may be written as dicts within dicts."""
    count = known.common("optimade.nelements")
    return {"optimade": {"nelements": count}}, within("optimade.nelements", lambda v: v == count)


def several_keys(known: Known) -> tuple[Json, Predicate]:
    """Keys of one dict are joined by and."""
    count, element = known.common("optimade.nelements"), known.common("optimade.elements")
    query = {"optimade.nelements": count, "optimade.elements": element}
    return (
        query,
        lambda d: one(d, "optimade.nelements") == count and has("optimade.elements", element)(d),
    )


def keys_beside_and(known: Known) -> tuple[Json, Predicate]:
    """What stands beside `and` in one dict is ignored without a word."""
    count = known.common("optimade.nelements")
    query = {"and": [{"optimade.nelements": count}], "optimade.nsites": -1}
    return query, within("optimade.nelements", lambda v: v == count)


def entry_ids(known: Known) -> tuple[Json, Predicate]:
    """Entries by their ids."""
    ids = [d["entry_id"] for d in known.documents[::7]]
    return {"entry_id:any": [*ids, "no-such-entry"]}, lambda d: d["entry_id"] in ids


def upload(known: Known) -> tuple[Json, Predicate]:
    """Entries of an upload."""
    upload_id = known.common("upload_id")
    return {"upload_id": upload_id}, lambda d: d["upload_id"] == upload_id


def composition_pair(op: str) -> Row:
    """Conditions in one nested dict hold for the same member; fractions are doubles there."""

    def row(known: Known) -> tuple[Json, Predicate]:
        member = known.first(lambda d: bool(members(d, COMPOSITION)), "compositions")
        found = members(member, COMPOSITION)[0]
        element, fraction = found["element"], found["atomic_fraction"]
        query = {COMPOSITION: {"element": element, "atomic_fraction": {op: fraction}}}
        return query, lambda d: any(
            m.get("element") == element and compare(op, m["atomic_fraction"], fraction)
            for m in members(d, COMPOSITION)
        )

    return row


def composition_equal(known: Known) -> tuple[Json, Predicate]:
    """Equality of fractions is that of doubles: its 32 bit neighbour is another number."""
    found = known.first(
        lambda d: any(float32(f) != f for f in values(d, f"{COMPOSITION}.atomic_fraction")),
        "fractions that 32 bits cannot hold",
    )
    number = next(f for f in values(found, f"{COMPOSITION}.atomic_fraction") if float32(f) != f)
    query = {
        "and": [
            {f"{COMPOSITION}.atomic_fraction": number},
            {"not": {f"{COMPOSITION}.atomic_fraction": float32(number)}},
        ]
    }
    path = f"{COMPOSITION}.atomic_fraction"
    return query, lambda d: number in values(d, path) and float32(number) not in values(d, path)


def composition_name_alone(known: Known) -> tuple[Json, Predicate]:
    """A dotted name alone reaches into the repeated section."""
    element = known.common(f"{COMPOSITION}.element")
    return {f"{COMPOSITION}.element": element}, has(f"{COMPOSITION}.element", element)


def composition_not(known: Known) -> tuple[Json, Predicate]:
    """`not` of a nested condition."""
    element = known.common(f"{COMPOSITION}.element")
    return {
        "not": {COMPOSITION: {"element": element}}
    }, lambda d: not has(f"{COMPOSITION}.element", element)(d)


def composition_any(known: Known) -> tuple[Json, Predicate]:
    """`:any` inside a nested dict."""
    two = [known.common(f"{COMPOSITION}.element", rank) for rank in (0, 1)]
    return {COMPOSITION: {"element:any": two}}, within(f"{COMPOSITION}.element", lambda v: v in two)


def composition_list(known: Known) -> tuple[Json, Predicate]:
    """A list inside a nested dict asks one member to be all of them."""
    two = [known.common(f"{COMPOSITION}.element", rank) for rank in (0, 1)]
    return {COMPOSITION: {"element": two}}, lambda _: False


def composition_empty(_: Known) -> tuple[Json, Predicate]:
    """An empty nested dict selects entries with any member."""
    return {COMPOSITION: {}}, lambda d: bool(members(d, COMPOSITION))


def gap_range(known: Known) -> tuple[Json, Predicate]:
    """A band gap's value and type, correlated; energies are in J."""
    gap = members(known.first(lambda d: bool(members(d, GAP)), "band gaps"), GAP)[0]
    query = {GAP: {"value": {"gte": str(gap["value"])}}}
    return query, lambda d: any(g.get("value", -1.0) >= gap["value"] for g in members(d, GAP))


def gap_of_zero(text: str, *, sign: float) -> Row:
    """-0.0 and 0.0 are two numbers to the index, whether sent as numbers or as texts."""

    def row(_: Known) -> tuple[Json, Predicate]:
        def is_it(value: object) -> bool:
            return value == 0 and math.copysign(1, float(str(value))) == sign

        value: object = float(text) if sign < 0 else text
        return {f"{GAP}.value": value}, within(f"{GAP}.value", is_it)

    return row


def gap_of_a_kind(known: Known) -> tuple[Json, Predicate]:
    """Both bounds of a value, and the type, hold for one and the same member."""
    first = known.first(lambda d: any(g.get("type") for g in members(d, GAP)), "band gaps")
    gap = next(one for one in members(first, GAP) if one.get("type"))
    low, high, kind = gap["value"] * 0.8, gap["value"] * 1.2, gap["type"]
    query = {GAP: {"value": {"gte": low, "lte": high}, "type": kind}}
    return query, lambda d: any(
        low <= g.get("value", -1.0) <= high and g.get("type") == kind for g in members(d, GAP)
    )


def gap_to_the_last_digit(known: Known) -> tuple[Json, Predicate]:
    """Values of `results` compare in double precision."""
    gap = members(known.first(lambda d: bool(members(d, GAP)), "band gaps"), GAP)[0]["value"]
    below = math.nextafter(gap, -math.inf)
    query = {"and": [{f"{GAP}.value": {"gte": -1e-10, "lte": gap}},
                     {"not": {f"{GAP}.value": {"gte": -1e-10, "lte": below}}}]}  # fmt: skip
    return query, lambda d: min((g["value"] for g in members(d, GAP)), default=None) == gap


def space_group(known: Known) -> tuple[Json, Predicate]:
    """A scalar of `results`."""
    path = "results.material.symmetry.space_group_number"
    number = known.common(path)
    return {path: {"gte": number}}, within(path, lambda v: v >= number)


def date_bounds(name: str, op: str) -> Row:
    """Dates with milliseconds compare exactly; the index drops the microseconds."""

    def row(known: Known) -> tuple[Json, Predicate]:
        moment = millis(known.common(name))
        text = f"{known.common(name)[:19]}.{moment % 1000:03d}Z"
        return {name: {op: text}}, within(name, lambda v: compare(op, millis(str(v)), moment))

    return row


def empty(query: Json, *, selects: bool) -> Row:
    """Empty lists and dicts."""
    return lambda _: (query, lambda _: selects)


ROWS: dict[str, Row] = {
    **quantity_rows(),
    **{f"{f} prefix": prefix_range(f"optimade.chemical_formula_{f}") for f in FORMULAS},
    **{
        f"{f} {op}": keyword_bounds(f"optimade.chemical_formula_{f}", op)
        for f in FORMULAS
        for op in ("lt", "lte", "gt", "gte")
    },
    **{
        f"{n} {op}": number_bounds(n, op)
        for n in ("nsites", "nelements")
        for op in ("lt", "lte", "gt", "gte")
    },
    "entry_id prefix": prefix_range("entry_id"),
    "entry_id gte": keyword_bounds("entry_id", "gte"),
    "entry_id lt": keyword_bounds("entry_id", "lt"),
    "upload_name prefix": prefix_range("upload_name"),
    "band gap is known": gap_known,
    "band gap of a kind": gap_of_a_kind,
    "band gap to the last digit": gap_to_the_last_digit,
    "nperiodic_dimensions is in no archive": nperiodic_by_quantities,
    "nperiodic_dimensions is set": nperiodic_by_range,
    "a lattice, or no period": lattice_or_no_periods,
    "not selects entries that lack the field": not_matches_lacking,
    "zero as text": zero_as_text,
    "zero beside another bound": zero_with_other,
    "fraction as bound": fraction_bound,
    "fraction as value": fraction_equal,
    "two bounds": two_bounds,
    "null beside a bound": null_bound,
    "list is all": elements_all,
    "any": elements_any,
    "none": elements_none,
    "any as dict": all_as_dict,
    "dicts within dicts": nested_path,
    "several keys": several_keys,
    "keys beside and are ignored": keys_beside_and,
    "entry ids": entry_ids,
    "upload": upload,
    **{f"composition {op}": composition_pair(op) for op in ("lt", "lte", "gt", "gte")},
    "composition equals doubles": composition_equal,
    "composition by name alone": composition_name_alone,
    "not composition": composition_not,
    "composition any": composition_any,
    "composition list": composition_list,
    "composition at all": composition_empty,
    "band gap range": gap_range,
    "space group": space_group,
    **{
        f"{n} {op}": date_bounds(n, op)
        for n in ("upload_create_time", "last_processing_time")
        for op in ("lt", "lte", "gt", "gte")
    },
    "gap of zero": gap_of_zero("0.0", sign=1.0),
    "gap of negative zero": gap_of_zero("-0.0", sign=-1.0),
    "no query": empty({}, selects=True),
    "empty list": empty({"optimade.elements": []}, selects=True),
    "empty all": empty({"optimade.elements:all": []}, selects=True),
    "empty none": empty({"optimade.elements:none": []}, selects=True),
    "empty and": empty({"and": []}, selects=True),
    "empty or": empty({"or": []}, selects=True),
    "not empty and": empty({"not": {"and": []}}, selects=False),
    "not empty list": empty({"not": {"optimade.elements": []}}, selects=False),
    "not of nothing": empty({"not": {}}, selects=True),
    "empty range": empty({"optimade.nsites": {}}, selects=True),
    "empty optimade_filter": empty({"optimade_filter": ""}, selects=True),
}


@pytest.mark.parametrize("row", ROWS)
def test_condition_selects_what_its_predicate_selects(known: Known, row: str) -> None:
    """A native condition is exact over the index documents."""
    query, predicate = ROWS[row](known)
    assert known.ids(query) == known.expected(predicate)


@pytest.mark.parametrize("row", ROWS)
def test_not_is_the_complement(known: Known, row: str) -> None:
    """Counts of a condition and of its `not` add up to all entries."""
    query, _ = ROWS[row](known)
    within, without = known.ids(query), known.ids({"not": query})
    if query in ({}, {"not": {}}):  # an empty dict under `not` is no condition either
        assert within == without == known.expected(lambda _: True) or row == "not of nothing"
        return
    assert not within & without
    assert within | without == known.expected(lambda _: True)


def test_structures_are_those_that_quantities_say(known: Known) -> None:
    """`quantities: metadata.optimade` selects each entry with a structure; there are others."""
    assert known.ids(STRUCTURE) == known.expected(lambda d: "optimade" in d)
    assert len(known.structures) < len(known.documents) or not known.required
