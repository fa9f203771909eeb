"""What a filter says of one entry: True, False or None (unknown), as OPTIMADE 1.3 defines it.

Written from the specification (section "API Filtering Format Specification") over the tree as it
was read, to hold the translation against; it knows nothing of NOMAD but two precisions, named here.
"""

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from gateway.parse.tree import (
    And,
    Bare,
    Boolean,
    Compare,
    Constant,
    Fuzzy,
    Has,
    Known,
    Length,
    Name,
    Node,
    Not,
    Number,
    Operand,
    Or,
    String,
    Test,
)

Value: TypeAlias = "str | int | float | Sequence[Value] | Mapping[str, Value]"
Entry: TypeAlias = Mapping[str, Value]
"""The values of one entry by property; what is not there is unknown. Timestamps are integers:
milliseconds since 1970, as the index has them. Nested names are keys of their own."""

TIMESTAMPS = frozenset({"last_modified"})
OWN_PREFIXES = ("_fed_", "_nmd_")

_COMPARE: dict[str, Callable[..., bool]] = {
    "<": lt, "<=": le, "=": eq, "!=": ne, ">": gt, ">=": ge,
    "CONTAINS": lambda whole, part: part in whole,
    # The place of a value that is not there starts with nothing, the empty text neither.
    "STARTS": lambda whole, part: isinstance(whole, str) and whole.startswith(part),
    "ENDS": str.endswith,
}  # fmt: skip
_MIRROR = {"<": ">", "<=": ">=", "=": "=", "!=": "!=", ">": "<", ">=": "<="}
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def evaluate(node: Node, entry: Entry) -> bool | None:
    """Whether the filter matches (True), does not (False), or hangs on an unknown value (None)."""
    match node:
        case And(parts):
            return _least(evaluate(part, entry) for part in parts)
        case Or(parts):
            return _negated(_least(_negated(evaluate(part, entry)) for part in parts))
        case Not(part):
            return _negated(evaluate(part, entry))
        case Compare(left, op, right):
            return _compare(left, op, right, entry)
        case Fuzzy(subject, op, value):
            return _compare(subject, op, value, entry)
        case Known(subject, known):
            return (subject.name in entry) is known
        case Bare(subject):  # no property of structures is a boolean, so it says IS KNOWN
            return None if _is_foreign(subject) else subject.name in entry
        case Has(subjects, quantifier, items):
            return _has([entry.get(one.name) for one in subjects], quantifier, items)
        case Length(subject, op, number):
            held = entry.get(subject.name)
            return None if held is None else _COMPARE[op](len(_items(held)), _plain(number))


def _least(results: Iterable[bool | None]) -> bool | None:
    """False before unknown before True."""
    least: bool | None = True
    for result in results:
        if result is False:
            return False
        least = least and result
    return least


def _negated(result: bool | None) -> bool | None:
    return None if result is None else not result


def _is_foreign(name: Name) -> bool:
    return name.name.startswith("_") and not name.name.startswith(OWN_PREFIXES)


def _compare(left: Operand, op: str, right: Operand, entry: Entry) -> bool | None:
    if not isinstance(left, Name):
        if isinstance(right, Name):
            return _compare(right, _MIRROR[op], left, entry)
        return _COMPARE[op](_plain(left), _plain(right))
    value = entry.get(left.name)
    if value is None:
        return None
    constant = _plain(right)
    if left.name in TIMESTAMPS:
        return _COMPARE[op](value, instant(str(constant)))
    return _COMPARE[op](value, constant)


def _has(
    lists: Sequence["Value | None"], quantifier: str, items: Sequence[Sequence[Test]]
) -> bool | None:
    known = [_items(one) for one in lists if one is not None]
    if len(known) < len(lists):
        return None
    members = list(zip(*known, strict=True))
    match quantifier:
        case "ANY":
            return any(_fulfils(member, item) for item in items for member in members)
        case "ALL":
            return all(any(_fulfils(member, item) for member in members) for item in items)
        case _:
            return all(any(_fulfils(member, item) for item in items) for member in members)


def _items(value: Value) -> Sequence[Value]:
    assert isinstance(value, Sequence), "a list was asked for"
    assert not isinstance(value, str), "a list was asked for"
    return value


def _fulfils(member: Sequence[Value], item: Sequence[Test]) -> bool:
    return all(_passes(value, test) for value, test in zip(member, item, strict=True))


def _passes(value: Value, test: Test) -> bool:
    constant = _plain(test.value)
    if isinstance(value, float) and isinstance(constant, Decimal):
        return _COMPARE[test.op](single(value), single(constant))
    return _COMPARE[test.op](value, constant)


def _plain(operand: Operand) -> str | Decimal | bool:
    assert isinstance(operand, Constant), "comparing properties with properties is refused"
    match operand:
        case String(value) | Number(value) | Boolean(value):
            return value


@cache
def single(number: Decimal | float) -> float:
    """The number in single precision: so the index has and compares `elements_ratios`."""
    try:
        return float(struct.unpack("f", struct.pack("f", float(number)))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


@cache
def instant(text: str) -> Fraction:
    """Milliseconds since 1970 of an RFC 3339 timestamp; second 60 is the next minute's first."""
    found = _DATE_TIME.fullmatch(text)
    assert found, text
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    seconds = ((_day(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    if found[8]:
        offset = (int(found[9]) * 60 + int(found[10])) * 60
        seconds -= offset if found[8] == "+" else -offset
    return (seconds + Fraction(f"0.{found[7] or 0}")) * 1000


def _day(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, with years that begin in March, so that leap days end them."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    leap = year // 4 - year // 100 + year // 400
    return year * 365 + leap + (153 * month + 2) // 5 + day - 1 - 719_468
