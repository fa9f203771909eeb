"""Amounts of elements -> chemical formulas in the forms that NOMAD stores."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def whole_amounts(amounts: Mapping[str, float]) -> dict[str, int]:
    """The amounts as whole numbers; partly occupied sites are scaled up until they are."""
    parts = {
        element: Fraction(amount).limit_denominator(100) for element, amount in amounts.items()
    }
    scale = reduce(lcm, (part.denominator for part in parts.values()), 1)
    if scale > 10_000:
        return {element: max(1, round(100 * amount)) for element, amount in amounts.items()}
    return {element: int(part * scale) for element, part in parts.items()}


def reduced_amounts(amounts: Mapping[str, int]) -> dict[str, int]:
    """Without a common divisor."""
    common = reduce(gcd, amounts.values())
    return {element: amount // common for element, amount in amounts.items()}


def write_formula(amounts: Mapping[str, int], *, order: Iterable[str]) -> str:
    """Symbols in the given order, ones left out."""
    return "".join(f"{e}{amounts[e] if amounts[e] > 1 else ''}" for e in order)


def hill(amounts: Mapping[str, int]) -> str:
    """Carbon and hydrogen first, if there is carbon."""
    first = [element for element in ("C", "H") if "C" in amounts and element in amounts]
    rest = sorted(element for element in amounts if element not in first)
    return write_formula(amounts, order=[*first, *rest])


def anonymous(amounts: Mapping[str, int]) -> str:
    """Letters instead of symbols, largest amount first."""
    counts = sorted(reduced_amounts(amounts).values(), reverse=True)
    named = {_letter(at): count for at, count in enumerate(counts)}
    return write_formula(named, order=named)


def _letter(at: int) -> str:
    turn, letter = divmod(at, len(LETTERS))
    return LETTERS[letter] + (LETTERS[turn - 1].lower() if turn else "")
