"""The largest allowed filters of every shape: how much work they make, and that they are answered.

Work is counted in function calls, which no busy machine changes: a million of them take about
150 ms. `tests/bench/bench_plan_worst.py` has the milliseconds.
"""

from collections.abc import Sequence
from cProfile import Profile

import pytest

from gateway.errors import FilterError, FilterLimitError
from gateway.model import STRUCTURES
from gateway.parse import FilterLimits, read_filter
from gateway.plan import Plan, Scope, plan_sites
from gateway.plan.planner import ALL_SITES_BYTES
from gateway.plan.work_budget import NATIVE_BYTES, WorkBudget
from gateway.properties import structures_catalogue
from tests.plan.shapes import LIMITS, SITES, large_filters

pytestmark = pytest.mark.slow

MOST_CALLS = 1_500_000
SHAPES = dict(large_filters())
TRIED = [name for name in SHAPES if not name.endswith((" AND ..", "(.. AND ..)"))]
# What NOMAD would have to parse for minutes, and one of a size that nobody needs.
REFUSED = ("elements_ratios HAS ", "references.doi HAS ALL !=")


class Calls:
    """Counts the calls of Python and C functions."""

    def __init__(self) -> None:
        self.count = 0
        self._profile = Profile(subcalls=False)

    def __enter__(self) -> "Calls":
        self._profile.enable()
        return self

    def __exit__(self, *_: object) -> None:
        self._profile.disable()
        self.count = sum(one.callcount for one in self._profile.getstats())


def planned(text: str, sites: Sequence[str] = SITES) -> Plan | FilterError:
    limits = FilterLimits(LIMITS.length, LIMITS.depth, LIMITS.terms, LIMITS.values)
    scope = Scope(STRUCTURES, structures_catalogue("fed"), "fed")
    try:
        return plan_sites(read_filter(text, limits), sites=sites, scope=scope)
    except FilterError as error:
        return error


@pytest.mark.parametrize("name", TRIED)
def test_work_is_bounded(name: str) -> None:
    """For fifty sites; what is more is refused with a sentence that says what to do."""
    planned("nsites = 1")
    with Calls() as calls:
        result = planned(SHAPES[name])
    assert calls.count < MOST_CALLS
    match result:
        case Plan():
            assert result.size <= ALL_SITES_BYTES
            assert len(result.notices) <= 6
        case FilterLimitError():
            assert any(one in name for one in REFUSED), result
            assert "several requests" in str(result)
        case FilterError():
            assert len(str(result)) < 500


def test_the_shapes_are_as_large_as_is_allowed() -> None:
    """None is refused for its own size; there are more than 110."""
    assert len(TRIED) > 110
    assert all(len(text) <= LIMITS.length for text in SHAPES.values())


def test_equal_queries_are_one_object() -> None:
    """For sites that no leaf tells apart, however large the filter is."""
    plan = planned(SHAPES["nsites!=# OR .."])
    assert isinstance(plan, Plan)
    assert len({id(one.query) for one in plan.sites}) == 1


def test_what_a_filter_is_turned_into_has_a_largest_size() -> None:
    """For one site, and for all together, each different query once."""
    result = planned(SHAPES['references.doi HAS ALL !="10.#", ..'])
    assert isinstance(result, FilterLimitError)
    assert f"more than {NATIVE_BYTES} bytes" in str(result)
    sites = [f"s{number}" for number in range(250)]
    texts = [f'id!="{sites[number % 250]}~{number}"' for number in range(750)]
    assert isinstance(planned(" AND ".join(texts), sites[:100]), Plan)
    result = planned(" AND ".join(texts), sites)
    assert isinstance(result, FilterLimitError)
    assert f"more than {ALL_SITES_BYTES} bytes" in str(result)


def test_a_budget_is_spent_to_the_last_byte() -> None:
    """And no further."""
    work = WorkBudget(100)
    work.spend(60)
    work.spend(40)
    assert work.spent == 100
    with pytest.raises(FilterLimitError, match="more than 100 bytes"):
        work.spend(1)
