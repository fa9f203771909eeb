"""A span of values -> what NOMAD is asked of a quantity, within what its index can hold.

A condition is one value, or a dict of bounds, as it stands behind a quantity's name. Bounds in one
dict hold for the same item of a list.
"""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

from gateway.model import JsonObject, Scalar
from gateway.parse.tree import Boolean, Number, Op, Operand, String
from gateway.plan.intervals import Span, Spans, spans_of
from gateway.plan.scalars import (
    INTEGER_MAX,
    INTEGER_MIN,
    check_bound,
    never_falsy,
    real_bound,
)
from gateway.plan.timestamps import FIRST_MS, LAST_MS, read_timestamp, write_timestamp
from gateway.properties import ValueType

Condition: TypeAlias = Scalar | JsonObject

# Above "", which NOMAD refuses as a bound, and above every text.
_FIRST_TEXT, _LAST_TEXT = chr(0), chr(0x10FFFF)
_LARGEST = sys.float_info.max


def spans_of_test(op: Op, value: Operand, type_: ValueType) -> Spans:
    """The values v with `v op value`, at the precision of the index."""
    match value:
        case String(text, column) if type_ == "timestamp":
            return spans_of(op, read_timestamp(text, column=column))
        case String(text):
            return spans_of(op, text)
        case Number(number) if type_ == "float":
            return spans_of(op, _double(number))
        case Number(number):
            return spans_of(op, number)
        case _:
            raise AssertionError(value)


def truths_of_test(op: Op, value: Operand) -> frozenset[bool]:
    """The booleans b with `b op value`."""
    assert isinstance(value, Boolean)
    return frozenset((value.value == (op == "="),))


def conditions_of(spans: Sequence[Span], type_: ValueType) -> Iterator[Condition]:
    """What holds for a value in one of the spans, each; none where no value can be."""
    for span in spans:
        condition = condition_of(span, type_)
        if condition is not None:
            yield condition


def condition_of(span: Span, type_: ValueType) -> Condition | None:
    """What holds for a value in the span; None: the index can hold no such value."""
    match type_:
        case "integer":
            return _whole(span, INTEGER_MIN, INTEGER_MAX, never_falsy)
        case "timestamp":
            return _whole(span, FIRST_MS, LAST_MS, write_timestamp)
        case "float":
            return _real(span)
        case _:
            return _text(span)


def _double(number: Decimal) -> Decimal:
    """The number as the index rounds it; beyond double precision it only has to be beyond."""
    rounded = float(number)
    if math.isinf(rounded):
        return number
    return Decimal(rounded) if rounded else Decimal(0)


def _whole(span: Span, least: int, most: int, write: Callable[[int], Scalar]) -> Condition | None:
    """Integers have closed bounds: x < 2.5 is x <= 2, x < 2 is x <= 1."""
    low, high = _numbers(span)
    if (low is not None and low > most) or (high is not None and high < least):
        return None
    first = least if low is None or low < least else _first(low, closed=span.low_closed)
    last = most if high is None or high > most else _last(high, closed=span.high_closed)
    if first > last:
        return None
    bounds: JsonObject = {}
    if first > least or last == most:
        bounds["gte"] = write(first)
    if last < most:
        bounds["lte"] = write(last)
    return first if first == last and write is never_falsy else bounds


def _first(low: Decimal, *, closed: bool) -> int:
    whole = int(low.to_integral_value(ROUND_CEILING))
    return whole if closed or whole > low else whole + 1


def _last(high: Decimal, *, closed: bool) -> int:
    whole = int(high.to_integral_value(ROUND_FLOOR))
    return whole if closed or whole < high else whole - 1


def _real(span: Span) -> Condition | None:
    """The index tells -0.0 from 0.0 and puts it first."""
    low, high = _numbers(span)
    if (low is not None and low > _LARGEST) or (high is not None and high < -_LARGEST):
        return None
    if low is not None and low == high and low:
        return float(low)
    bounds: JsonObject = {}
    if low is not None and low >= -_LARGEST:
        bounds["gte" if span.low_closed else "gt"] = real_bound(float(low), below=span.low_closed)
    if high is not None and high <= _LARGEST:
        below = not span.high_closed
        bounds["lte" if span.high_closed else "lt"] = real_bound(float(high), below=below)
    return bounds or {"gte": -_LARGEST}


def _text(span: Span) -> Condition | None:
    """The empty text is the least, but NOMAD refuses it as a bound."""
    low, high = span.low, span.high
    assert not isinstance(low, Decimal)
    assert not isinstance(high, Decimal)
    if high is not None and high in ("", low):
        return high if span.high_closed else None
    bounds: JsonObject = {}
    if low == "":
        bounds |= {} if span.low_closed else {"gte": _FIRST_TEXT}
    elif low is not None:
        bounds["gte" if span.low_closed else "gt"] = check_bound(low)
    if high is not None:
        bounds["lte" if span.high_closed else "lt"] = check_bound(high)
    return bounds or {"lte": _LAST_TEXT}


def _numbers(span: Span) -> tuple[Decimal | None, Decimal | None]:
    assert not isinstance(span.low, str)
    assert not isinstance(span.high, str)
    return span.low, span.high
