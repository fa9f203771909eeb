"""Numbers that are served in another unit than NOMAD's: rounded, and inverted exactly.

What is served is a whole number of steps (of 0.000001 eV), the nearest to NOMAD's value. The map
rises, so each comparison with what is served is a comparison with one value of NOMAD's.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Conversion:
    """How NOMAD's unit becomes the one that is served."""

    native: Fraction
    """The unit that is served, in NOMAD's."""
    steps: int
    """How many steps one unit has."""
    largest: int
    """In the unit that is served; what is larger, up or down, is taken for nonsense and unknown.
    All steps up to here are different numbers in double precision."""

    def served(self, value: float) -> float | None:
        """NOMAD's finite value as it is served; None: it is unknown."""
        steps = self._steps(value)
        return self._value(steps) if abs(steps) <= self._last else None

    def least(self, bound: Decimal | None, *, closed: bool) -> float | None:
        """NOMAD's least value that is served above the bound, or at it where it is closed; None:
        there is none. The bound is one in double precision; None is endless."""
        if bound is None or bound < -self.largest:
            return math.nextafter(self._greatest(-self._last - 1), math.inf)
        if bound > self.largest:
            return None
        steps = self._at_most(bound)
        if not (closed and self._value(steps) == float(bound)):
            steps += 1
        if steps > self._last:
            return None
        return math.nextafter(self._greatest(steps - 1), math.inf)

    def greatest(self, bound: Decimal | None, *, closed: bool) -> float | None:
        """NOMAD's greatest value that is served below the bound, likewise."""
        if bound is None or bound > self.largest:
            return self._greatest(self._last)
        if bound < -self.largest:
            return None
        steps = self._at_most(bound)
        if not closed and self._value(steps) == float(bound):
            steps -= 1
        return None if steps < -self._last else self._greatest(steps)

    @property
    def _last(self) -> int:
        return self.largest * self.steps

    def _steps(self, value: float) -> int:
        """The nearest whole number; all in integers, since filters may have a thousand values."""
        above, below = value.as_integer_ratio()
        above *= self.native.denominator * self.steps
        below *= self.native.numerator
        return (2 * above + below) // (2 * below)

    def _value(self, steps: int) -> float:
        return steps / self.steps

    def _at_most(self, bound: Decimal) -> int:
        """The most steps whose value in double precision is not above the bound."""
        number = float(bound)
        above, below = number.as_integer_ratio()
        steps = above * self.steps // below
        return steps + 1 if self._value(steps + 1) <= number else steps

    def _greatest(self, steps: int) -> float:
        """NOMAD's greatest value that is served as so many steps or fewer."""
        middle = (2 * steps + 1) * self.native.numerator
        value = middle / (2 * self.native.denominator * self.steps)
        while self._steps(value) > steps:
            value = math.nextafter(value, -math.inf)
        while self._steps(above := math.nextafter(value, math.inf)) <= steps:
            value = above
        return value


@lru_cache(maxsize=1)
def joule_to_electronvolt() -> Conversion:
    """Energies as the field gives them: 1 eV is 1.602176634e-19 J, exactly (SI, 9th edition)."""
    return Conversion(Fraction("1.602176634e-19"), steps=1_000_000, largest=10**9)
