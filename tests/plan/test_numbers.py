"""Every form of a number in every place where a filter can have one."""

from decimal import Decimal

import pytest

from gateway.errors import FilterSyntaxError, NotImplementedFilterError
from gateway.parse import read_filter, write_filter
from gateway.plan import translate
from tests.laws.evaluator import evaluate

ZEROS = (
    "0",
    "-0",
    "+0",
    "0.0",
    "-.0",
    "0.",
    "0e30",
    "0e-30",
    "-0E99",
    "0e999999999",
    "0e-999999999999",
)
TINY = (
    "1e-30",
    "1e-400",
    "1e-999999999",
    "-1e-400",
    "1E-999999999999",
    "5e-324",
    "-5e-324",
    "2.4e-324",
    f".{'0' * 400}1",
)
LARGE = (
    "1e30",
    "1e999999999",
    "-1e999999999",
    "1E+999999999999",
    "9" * 400,
    f"-{'9' * 400}.5",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "-3e38",
    "1e39",
    "1e308",
    "1.7976931348623157e308",
    "1.8e308",
    "-1e400",
)
PLAIN = (
    "2",
    "2.0",
    "2e0",
    "0.2e1",
    "200e-2",
    "+2",
    "2.5",
    "-1",
    "+1",
    "1.",
    ".5",
    ".1",
    "2147483647",
)
NUMBERS = (*ZEROS, *TINY, *LARGE, *PLAIN)

GAP = "_nmd_results_properties_electronic_band_gap_"
PLACES = (
    "nsites {op} {number}",
    "{number} {op} nsites",
    "nperiodic_dimensions {op} {number}",
    "space_group_it_number {op} {number}",
    "_nmd_n_quantities {op} {number}",
    "_nmd_results_properties_structures_structure_conventional_cell_volume {op} {number}",
    "elements LENGTH {op} {number}",
    "elements_ratios LENGTH {op} {number}",
    "structure_features LENGTH {op} {number}",
    "lattice_vectors LENGTH {op} {number}",
    "species_at_sites LENGTH {op} {number}",
    "elements_ratios HAS {op} {number}",
    "elements_ratios HAS ALL {op} {number}, > 0.1",
    "elements_ratios HAS ANY {op} {number}, > 0.1",
    "elements_ratios HAS ONLY {op} {number}",
    'elements:elements_ratios HAS "Si":{op} {number}',
    'elements:elements_ratios HAS ONLY "Si":{op} {number}',
    GAP + "value HAS {op} {number}",
    GAP + "value HAS ONLY {op} {number}",
    GAP + "index HAS ANY {op} {number}, 3",
    GAP + "value:" + GAP + "index HAS {op} {number}:{op} {number}",
    "1 {op} {number}",
    "_exmpl_x {op} {number}",
)
OPERATORS = ("<", "<=", "=", "!=", ">", ">=")

ENTRY = {
    "id": "munich~a",
    "nsites": 2,
    "nelements": 2,
    "elements": ["O", "Si"],
    "elements_ratios": [0.5, 0.5],
    "nperiodic_dimensions": 0,
}


@pytest.mark.parametrize("place", PLACES)
def test_every_number_is_translated_in_every_place(place: str) -> None:
    """Also under NOT; never an error of arithmetic."""
    for number in NUMBERS:
        for op in OPERATORS:
            text = place.format(op=op, number=number)
            assert translate(text)
            assert translate(f"NOT ({text})")


@pytest.mark.parametrize("place", PLACES)
def test_all_forms_of_zero_are_zero(place: str) -> None:
    """0e30 has an exponent, but no size."""
    for op in OPERATORS:
        (query,) = {str(translate(place.format(op=op, number=zero))) for zero in ZEROS}
        assert query == str(translate(place.format(op=op, number="0")))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("op", OPERATORS)
def test_a_list_item_is_compared_as_a_scalar_is(op: str, number: str) -> None:
    """One rule for both, apart from != and values that decide the comparison alone."""
    scalar = str(translate(f"_nmd_n_quantities {op} {number}"))
    item = str(translate(f"{GAP}index HAS {op} {number}"))
    if op != "!=" and "quantities': {'gte': -2147483648}" not in scalar:
        assert (
            item.replace("results.properties.electronic.band_gap.index", "n_quantities") == scalar
        )


@pytest.mark.parametrize("number", NUMBERS)
def test_whole_numbers_are_compared_exactly(number: str) -> None:
    """What is asked holds for exactly the integers for which the comparison holds."""
    for op in OPERATORS:
        query = translate(f"nsites {op} {number}")
        for nsites in (-(2**31), -1, 0, 1, 2, 3, 2**31 - 1):
            wanted = evaluate(read_filter(f"nsites {op} {number}"), {**ENTRY, "nsites": nsites})
            assert _selects(query, nsites) is wanted, (op, nsites)


def _selects(query: object, value: int) -> bool:
    match query:
        case {"and": list(parts)}:
            return all(_selects(part, value) for part in parts)
        case {"not": part}:
            return not _selects(part, value)
        case {"quantities": _}:
            return True
        case {"optimade.nsites": dict(bounds)}:
            tests = {"gte": value.__ge__, "lte": value.__le__}
            return all(tests[name](int(bound)) for name, bound in bounds.items())
        case {"optimade.nsites": int(number)}:
            return value == number
    raise AssertionError(query)


def test_exponents_beyond_reason_are_refused() -> None:
    """With 501, as the specification allows for numbers out of range."""
    with pytest.raises(NotImplementedFilterError, match="out of range"):
        translate(f"nsites = 1e{'9' * 30}")
    with pytest.raises(FilterSyntaxError):
        translate("nsites = 1e")


@pytest.mark.parametrize("zero", ZEROS)
def test_zero_is_written_in_one_form(zero: str) -> None:
    """And read again as the same."""
    assert write_filter(read_filter(f"a = {zero}")) == "a = 0"


def test_equal_numbers_are_one_comparison() -> None:
    """However they are written; their hashes are equal, too."""
    numbers = [read_filter(f"a = {text}").right for text in ("2", "2.0", "2e0", "0.2e1", "200e-2")]
    assert len(set(numbers)) == 1
    assert numbers[0].value == Decimal(2)


def test_numbers_cannot_be_made_to_collide() -> None:
    """Python's hash of numbers repeats every 2^61 - 1, and a set of colliding members takes the
    square of their number."""
    numbers = [read_filter(f"a = {number * (2**61 - 1)}").right for number in range(1, 200)]
    assert len({hash(number) for number in numbers}) > 190
