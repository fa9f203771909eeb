"""Joules to electronvolts: rounded, rising, and inverted exactly."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.properties.conversion import joule_to_electronvolt

CONVERSION = joule_to_electronvolt()
EV = 1.602176634e-19

SERVED = [
    (1.17 * EV, 1.17),
    (1.8745466617799998e-19, 1.17),
    (2.976844185972e-19, 1.858),
    (1.602176565e-19 * 1.17, 1.17),  # by the constants of 2010
    (0.0, 0.0),
    (-0.0, 0.0),
    (0, 0.0),
    (4e-7 * EV, 0.0),
    (6e-7 * EV, 1e-6),
    (-1.5 * EV, -1.5),
    (1e9 * EV, 1e9),
    (1.1e9 * EV, None),
    (1.0, None),
    (-1.7e308, None),
    (5e-324, 0.0),
]


@pytest.mark.parametrize(("joules", "electronvolts"), SERVED)
def test_served(joules: float, electronvolts: float | None) -> None:
    """Six decimals, whichever digits the unit's last change of value has left; nonsense is
    unknown; there is one zero."""
    served = CONVERSION.served(joules)
    assert served == electronvolts
    assert served is None or math.copysign(1, served) == 1 or served < 0


gaps = st.floats(-20, 20).map(lambda one: one * EV) | st.floats(-1e-10, 1e-10)


@given(gaps, gaps)
def test_it_rises(a: float, b: float) -> None:
    """A greater value is never served as a lesser one."""
    low, high = sorted((a, b))
    first, second = CONVERSION.served(low), CONVERSION.served(high)
    assert first is not None
    assert second is not None
    assert first <= second


bounds = st.integers(-(10**7), 10**7).map(lambda steps: steps / 10**6) | st.floats(
    allow_nan=False, allow_infinity=False
)


@given(bounds, st.booleans())
def test_inverse_is_exact(bound: float, closed: bool) -> None:
    """Among neighbouring numbers, the last below a bound and the first above it are found."""
    exact = Decimal(bound)

    def is_below(joules: float) -> bool:
        served = CONVERSION.served(joules)
        return served is not None and (served <= bound if closed else served < bound)

    def is_above(joules: float) -> bool:
        served = CONVERSION.served(joules)
        return served is not None and (served >= bound if closed else served > bound)

    last = CONVERSION.greatest(exact, closed=closed)
    first = CONVERSION.least(exact, closed=closed)
    if last is not None:
        assert is_below(last)
        assert not is_below(math.nextafter(last, math.inf))
    if first is not None:
        assert is_above(first)
        assert not is_above(math.nextafter(first, -math.inf))
    if abs(bound) < 1e9:
        assert last is not None
        assert first is not None


@given(gaps)
def test_what_is_served_is_found(joules: float) -> None:
    """Equality with the number in an answer finds its entry."""
    exact = Decimal(CONVERSION.served(joules) or 0)
    first, last = CONVERSION.least(exact, closed=True), CONVERSION.greatest(exact, closed=True)
    assert first is not None
    assert last is not None
    assert first <= joules <= last


@pytest.mark.parametrize("bound", [Decimal("1e999999"), Decimal("-1e999999")])
def test_numbers_beyond_all_range(bound: Decimal) -> None:
    """They are beyond every value, at no cost."""
    every = (CONVERSION.least(None, closed=True), CONVERSION.greatest(None, closed=True))
    found = (CONVERSION.least(bound, closed=False), CONVERSION.greatest(bound, closed=False))
    assert found == ((None, every[1]) if bound > 0 else (every[0], None))
