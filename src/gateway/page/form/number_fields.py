"""Ranges of whole numbers, the band gap in eV, and the space group by number or symbol."""

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from itertools import chain

import gemmi

from gateway.page.form.fields import Fields
from gateway.page.form.rules import (
    FieldError,
    FieldRule,
    Values,
    Vocabulary,
    compared,
    comparison,
)
from gateway.parse.tree import Has, Name, Node, Number, Operand, Test

BAND_GAP = "_nmd_results_properties_electronic_band_gap_value"
"""In joule, one for each channel."""
JOULE_PER_EV = Decimal("1.602176634e-19")
SPACE_GROUPS = 230
_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,9})?|[.,][0-9]{1,9}")
_DIGITS = 8
"""Of a bound in joule: it is rounded outward, as 1.17 eV exactly would miss silicon's last bit."""


def _range(name: str) -> FieldRule:
    """The rule of two fields `<name>_min` and `<name>_max` for a property of whole numbers."""
    low, high = f"{name}_min", f"{name}_max"

    def write(fields: Fields, _: Vocabulary) -> Sequence[Node]:
        least, most = (_whole(getattr(fields, one), one) for one in (low, high))
        _check_order(least, most, field=high)
        if least is not None and least == most:
            return (comparison(name, "=", Number(Decimal(least))),)
        bounds = []
        if least is not None:
            bounds.append(comparison(name, ">=", Number(Decimal(least))))
        if most is not None:
            bounds.append(comparison(name, "<=", Number(Decimal(most))))
        return bounds

    def guess(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
        for value in compared(parts, name, "="):
            yield {low: _shown(value), high: _shown(value)}
        least = next(map(_shown, compared(parts, name, ">=")), "")
        most = next(map(_shown, compared(parts, name, "<=")), "")
        yield from ({low: least, high: most}, {low: least}, {high: most})

    return FieldRule(write, guess)


def _whole(text: str, field: str) -> int | None:
    plain = text.replace(" ", "").replace(",", "")
    if not plain:
        return None
    if not _WHOLE.fullmatch(plain):
        raise FieldError(field, f"{text[:20]!r} is no whole number, such as 5.")
    return int(plain)


def _check_order(least: Decimal | int | None, most: Decimal | int | None, *, field: str) -> None:
    if least is not None and most is not None and least > most:
        raise FieldError(field, "The upper limit is below the lower one.")


def _shown(value: Operand) -> str:
    if isinstance(value, Number) and abs(value.value.adjusted()) < 10 and value.value % 1 == 0:
        return str(int(value.value))
    return ""


def _write_gap(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    least, most = _ev(fields.gap_min, "gap_min"), _ev(fields.gap_max, "gap_max")
    _check_order(least, most, field="gap_max")
    tests = []
    if least is not None:
        tests.append(Test(">=", Number(_joule(least, ROUND_FLOOR))))
    if most is not None:
        tests.append(Test("<=", Number(_joule(most, ROUND_CEILING))))
    # Zipped with itself, so that both bounds hold for the same channel.
    return (Has((Name((BAND_GAP,)),) * len(tests), "ANY", (tuple(tests),)),) if tests else ()


def _ev(text: str, field: str) -> Decimal | None:
    plain = text.replace(" ", "")
    if not plain:
        return None
    if not _DECIMAL.fullmatch(plain):
        raise FieldError(field, f"{text[:20]!r} is no band gap in eV, such as 1.5.")
    return Decimal(plain.replace(",", "."))


def _joule(ev: Decimal, rounding: str) -> Decimal:
    exact = Context(prec=40).multiply(ev, JOULE_PER_EV)
    return Context(prec=_DIGITS, rounding=rounding).plus(exact).normalize() if exact else Decimal(0)


def _guess_gap(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for part in parts:
        if isinstance(part, Has) and {one.name for one in part.subjects} == {BAND_GAP}:
            tests = part.items[0]
            least = [test.value for test in tests if test.op == ">="]
            most = [test.value for test in tests if test.op == "<="]
            yield {
                "gap_min": _shown_ev(least[0], ROUND_FLOOR) if least else "",
                "gap_max": _shown_ev(most[0], ROUND_CEILING) if most else "",
            }


def _shown_ev(value: Operand, rounding: str) -> str:
    """The shortest number of eV that is written as this number of joule."""
    if not isinstance(value, Number) or not -40 < value.value.adjusted() < 0:
        return "0" if isinstance(value, Number) and not value.value else ""
    exact = Context(prec=40).divide(value.value, JOULE_PER_EV)
    for digits in range(1, 13):
        short = Context(prec=digits).plus(exact)
        if _joule(short, rounding) == value.value:
            return f"{short.normalize():f}"
    return ""


def _write_space_group(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    number = space_group_number(fields.space_group)
    if number is None:
        return ()
    return (comparison("space_group_it_number", "=", Number(Decimal(number))),)


def space_group_number(text: str) -> int | None:
    """The number of a space group; None for an empty text, FieldError for what is none."""
    plain = text.replace("_", "").replace("−", "-").replace("–", "-").strip()
    if not plain:
        return None
    if _WHOLE.fullmatch(plain):
        if not 1 <= int(plain) <= SPACE_GROUPS:
            raise FieldError("space_group", f"Space groups have the numbers 1 to {SPACE_GROUPS}.")
        return int(plain)
    group = gemmi.find_spacegroup_by_name(plain[:40])
    if group is None:
        raise FieldError(
            "space_group", f"There is no space group {text[:20]!r}; write 225 or Fm-3m."
        )
    return int(group.number)


def _guess_space_group(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for value in chain(compared(parts, "space_group_it_number", "=")):
        yield {"space_group": _shown(value)}


NELEMENTS = _range("nelements")
NSITES = _range("nsites")
GAP = FieldRule(_write_gap, _guess_gap)
SPACE_GROUP = FieldRule(_write_space_group, _guess_space_group)
