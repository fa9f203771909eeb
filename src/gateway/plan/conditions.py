"""Operator, constant and type -> a span of values -> what NOMAD is asked of a quantity.

One rule for scalars and for the items of lists. What the index cannot hold is decided here and
never sent: fractions on integers, numbers beyond the field's range, dates beyond year 9999, empty
bounds.
"""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from gateway.errors import NotImplementedFilterError
from gateway.model import Scalar
from gateway.parse.tree import Boolean, FuzzyOp, Number, Op, Operand, String
from gateway.plan.intervals import Span, Spans, spans_of
from gateway.plan.timestamps import read_timestamp
from gateway.properties import Conversion, ValueType
from gateway.properties.native_query import Bounds, Condition
from gateway.times import FIRST_MS, LAST_MS, write_rfc3339

INTEGER_MIN, INTEGER_MAX = -(2**31), 2**31 - 1
"""NOMAD indexes integers in 32 bits and answers 400 to numbers beyond."""

BOUND_BYTES = 1_000
"""A longer bound of a range is refused by Elasticsearch ("input automaton is too large: 1001")."""

# Above "", which NOMAD refuses as a bound, and above every text.
_FIRST_TEXT, _LAST_TEXT = chr(0), chr(0x10FFFF)
_LARGEST = Decimal(sys.float_info.max)
_EVERY_VALUE: dict[ValueType, Bounds] = {
    "integer": (("gte", INTEGER_MIN),),
    "timestamp": (("gte", write_rfc3339(FIRST_MS)),),
    "float": (("gte", -sys.float_info.max),),
    "string": (("lte", _LAST_TEXT),),
}


def spans_of_test(op: Op | FuzzyOp, value: Operand, type_: ValueType) -> Spans:
    """The values v with `v op value`, at the precision of the index.

    There is no span for CONTAINS and ENDS WITH, which the caller refuses or asks otherwise.
    """
    if isinstance(value, Number):
        return spans_of(_ordered(op), _double(value.value) if type_ == "float" else value.value)
    assert isinstance(value, String), value
    if type_ == "timestamp":
        return spans_of(_ordered(op), read_timestamp(value.value, column=value.column))
    if op in ("=", "!="):
        return spans_of(_ordered(op), value.value)
    bound = check_bound(value.value, value.column)
    if op == "STARTS":
        return (Span(bound, True, successor(bound)),)
    return spans_of(_ordered(op), bound)


def _ordered(op: Op | FuzzyOp) -> Op:
    assert op != "CONTAINS"
    assert op != "STARTS"
    assert op != "ENDS"
    return op


def truths_of_test(op: Op | FuzzyOp, value: Operand) -> frozenset[bool]:
    """The booleans b with `b op value`."""
    assert isinstance(value, Boolean)
    return frozenset((value.value == (op == "="),))


def conditions_of(
    spans: Sequence[Span], type_: ValueType, conversion: Conversion | None = None
) -> Iterator[Condition]:
    """What holds for a value in one of the spans, each; none where no value can be."""
    natives = (
        spans if conversion is None else filter(None, (converted(one, conversion) for one in spans))
    )
    for span in natives:
        condition = condition_of(span, type_)
        if condition is True:
            yield _EVERY_VALUE[type_]
        elif condition is not False:
            yield condition


def converted(span: Span, conversion: Conversion) -> Span | None:
    """NOMAD's values that are served as one in the span; None: there are none."""
    low, high = _numbers(span)
    first = conversion.least(low, closed=span.low_closed)
    last = conversion.greatest(high, closed=span.high_closed)
    if first is None or last is None or first > last:
        return None
    return Span(Decimal(first), True, Decimal(last), True)


def condition_of(span: Span, type_: ValueType) -> Condition | bool:
    """What holds for a value in the span; True: every value that the index can hold is in it,
    False: none is."""
    match type_:
        case "integer":
            return _whole(span, INTEGER_MIN, INTEGER_MAX, never_falsy)
        case "timestamp":
            return _whole(span, FIRST_MS, LAST_MS, write_rfc3339)
        case "float":
            return _real(span)
        case _:
            return _text(span)


def _double(number: Decimal) -> Decimal:
    """The number as the index rounds it; beyond double precision it only has to be beyond."""
    rounded = float(number)
    return number if math.isinf(rounded) else Decimal(rounded)


def _whole(span: Span, least: int, most: int, write: Callable[[int], Scalar]) -> Condition | bool:
    """Integers have closed bounds: x < 2.5 is x <= 2, x < 2 is x <= 1."""
    low, high = _numbers(span)
    if (low is not None and low > most) or (high is not None and high < least):
        return False
    first = least if low is None or low < least else _first(low, closed=span.low_closed)
    last = most if high is None or high > most else _last(high, closed=span.high_closed)
    if first > last:
        return False
    if first == last and write is never_falsy:
        return first
    lower = (("gte", write(first)),) if first > least else ()
    upper = (("lte", write(last)),) if last < most else ()
    return (*lower, *upper) or True


def _first(low: Decimal, *, closed: bool) -> int:
    whole = math.ceil(low)
    return whole if closed or whole > low else whole + 1


def _last(high: Decimal, *, closed: bool) -> int:
    whole = math.floor(high)
    return whole if closed or whole < high else whole - 1


def _real(span: Span) -> Condition | bool:
    """The index distinguishes -0.0 from 0.0 and puts it first."""
    low, high = _numbers(span)
    if (low is not None and low > _LARGEST) or (high is not None and high < -_LARGEST):
        return False
    if low is not None and low == high and low:
        return float(low)
    lower: Bounds = ()
    upper: Bounds = ()
    if low is not None and low >= -_LARGEST:
        bound = real_bound(float(low), below=span.low_closed)
        lower = (("gte" if span.low_closed else "gt", bound),)
    if high is not None and high <= _LARGEST:
        bound = real_bound(float(high), below=not span.high_closed)
        upper = (("lte" if span.high_closed else "lt", bound),)
    return (*lower, *upper) or True


def _text(span: Span) -> Condition | bool:
    """The empty text is the least, but NOMAD refuses it as a bound."""
    low, high = span.low, span.high
    assert not isinstance(low, Decimal)
    assert not isinstance(high, Decimal)
    if high is not None and high in ("", low):
        return high if span.high_closed else False
    lower: Bounds = ()
    if low == "":
        lower = () if span.low_closed else (("gte", _FIRST_TEXT),)
    elif low is not None:
        lower = (("gte" if span.low_closed else "gt", check_bound(low)),)
    if high is None:
        return lower or True
    return (*lower, ("lte" if span.high_closed else "lt", check_bound(high)))


def _numbers(span: Span) -> tuple[Decimal | None, Decimal | None]:
    assert not isinstance(span.low, str)
    assert not isinstance(span.high, str)
    return span.low, span.high


def never_falsy(value: int) -> Scalar:
    """NOMAD takes falsy bounds for absent ones (422 `range_undefined`); as texts they work."""
    return value or str(value)


def real_bound(number: float, *, below: bool) -> Scalar:
    """A bound that takes in, when `below`, the -0.0 that the index puts right below 0.0."""
    return number or ("-0.0" if below else "0.0")


def check_bound(text: str, column: int | None = None) -> str:
    """The text, if a range can have it as a bound."""
    size = len(text) if text.isascii() else len(text.encode())
    if size > BOUND_BYTES:
        raise NotImplementedFilterError(
            f"Texts compared with <, <=, >, >= or STARTS WITH can have at most {BOUND_BYTES} bytes "
            f"in NOMAD's index; this one has {size}.",
            column=column,
        )
    return text


def successor(prefix: str) -> str | None:
    """The least text above every text that begins with `prefix`; None if there is none."""
    shortened = prefix.rstrip(chr(0x10FFFF))
    if not shortened:
        return None
    last = ord(shortened[-1]) + 1
    surrogate = 0xD800 <= last <= 0xDFFF
    return shortened[:-1] + chr(0xE000 if surrogate else last)
