"""The least value of a repeated section, compared with a number -> clause, exact.

It is at most x where some member's value is, and at least x where none is below x. A clause given
back holds only where the property is known.
"""

from decimal import Decimal

from gateway.parse.tree import Op, Operand
from gateway.plan.conditions import condition_of, converted, spans_of_test
from gateway.plan.intervals import Span
from gateway.plan.native import Clause, all_of, any_of, holds, inverse
from gateway.properties import Conversion, Least, Property
from gateway.properties.native_query import Member


def compare_least(found: Property, op: Op, value: Operand) -> Clause:
    """`found op value` for a property that is the least of several values."""
    least, conversion = found.least, found.conversion
    assert least is not None
    assert conversion is not None
    spans = spans_of_test(op, value, found.type)
    return any_of([_lies_in(span, least, conversion, found.known) for span in spans])


def _lies_in(span: Span, least: Least, conversion: Conversion, known: Clause) -> Clause:
    low, high = span.low, span.high
    assert not isinstance(low, str)
    assert not isinstance(high, str)
    some = known if high is None else _some(least, conversion, high, closed=span.high_closed)
    if low is None:
        return some
    return all_of((some, inverse(_some(least, conversion, low, closed=not span.low_closed))))


def _some(least: Least, conversion: Conversion, bound: Decimal, *, closed: bool) -> Clause:
    """Some member's value is below the bound, or at it."""
    span = converted(Span(high=bound, high_closed=closed), conversion)
    condition = False if span is None else condition_of(span, "float")
    if isinstance(condition, bool):
        return False
    if not least.where:
        return holds(f"{least.section}.{least.value}", condition)
    return Member(least.section, ((least.value, condition), *least.where))
