"""The least of several values: what is asked selects the entries whose least value matches."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parse.tree import Number, Op
from gateway.plan.leaves.least import compare_least
from gateway.plan.native import Clause
from gateway.properties import structures_catalogue
from gateway.properties.native_query import AllOf, AnyOf, Inverse, Member, OneOf, Range

CATALOGUE = structures_catalogue("fed")
EV = 1.602176634e-19
HOLDS: dict[Op, Callable[[float, float], bool]] = {
    "=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
BOUNDS: dict[str, Callable[[float, float], bool]] = {"gte": ge, "lte": le, "gt": gt, "lt": lt}

Gap = tuple[float, str]


def selects(clause: Clause, gaps: Sequence[Gap]) -> bool:
    """Whether NOMAD finds an entry with these members by the clause."""
    match clause:
        case bool():
            return clause
        case AllOf(parts):
            return all(selects(part, gaps) for part in parts)
        case AnyOf(parts):
            return any(selects(part, gaps) for part in parts)
        case Inverse(part):
            return not selects(part, gaps)
        case Range(_, bounds):
            return any(_within(value, bounds) for value, _ in gaps)
        case Member(_, conditions):
            wanted = dict(conditions)
            return any(_within(value, wanted["value"]) and kind == wanted["type"]
                       for value, kind in gaps)  # fmt: skip
        case OneOf(_, values):
            return any(value in values for value, _ in gaps)
        case _:
            raise AssertionError(clause)


def _within(value: float, bounds: object) -> bool:
    assert isinstance(bounds, tuple)
    return all(BOUNDS[op](value, bound) for op, bound in bounds)


steps = st.integers(-3, 3).map(lambda number: number / 2)
noise = st.sampled_from((0.0, 4e-7, -4e-7, 6e-7, 1e-16))
members = st.tuples(steps, noise, st.sampled_from(("direct", "indirect", "")))


@given(
    st.lists(members, max_size=4),
    st.sampled_from(sorted(HOLDS)),
    steps,
    st.sampled_from(("", "_direct", "_indirect")),
)
def test_the_least_is_compared(
    gaps: list[tuple[float, float, str]], op: Op, bound: float, kind: str
) -> None:
    """Whatever members an entry has, it is found where the least value, as served, matches."""
    found = CATALOGUE[f"_fed_band_gap{kind}"]
    held = [((gap + off) * EV, type_) for gap, off, type_ in gaps]
    assert found.conversion is not None
    values = [found.conversion.served(value) for value, type_ in held if kind in ("", f"_{type_}")]
    served = [value for value in values if value is not None]
    clause = compare_least(found, op, Number(Decimal(bound)))
    assert selects(clause, held) is (bool(served) and HOLDS[op](min(served), bound))


@pytest.mark.parametrize("op", ["<", "<=", "=", "!=", ">", ">="])
@pytest.mark.parametrize("bound", ["1e999999999", "-1e999999999"])
def test_numbers_beyond_all_range(op: Op, bound: str) -> None:
    """They are above, or below, every gap."""
    clause = compare_least(CATALOGUE["_fed_band_gap"], op, Number(Decimal(bound)))
    expected = op == "!=" or (op in ("<", "<=")) is not bound.startswith("-")
    assert selects(clause, [(EV, "")]) is (expected and op != "=")
    assert selects(clause, []) is False
