"""Sets of values on an ordered line: disjoint rising spans, each end closed, open or endless.

Tests on list items (`< 0.3`, `!= "O"`) become such sets; HAS ONLY needs their complements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TypeAlias

from gateway.parse.tree import Op

End: TypeAlias = str | Decimal
"""All ends on one line are of one type."""


@dataclass(frozen=True, slots=True)
class Span:
    """The values between two ends; None is endless."""

    low: End | None = None
    low_closed: bool = False
    high: End | None = None
    high_closed: bool = False


Spans: TypeAlias = tuple[Span, ...]

EVERYTHING: Spans = (Span(),)
NOTHING: Spans = ()


def spans_of(op: Op, value: End) -> Spans:
    """The values v with `v op value`."""
    match op:
        case "<" | "<=":
            return (Span(high=value, high_closed=op == "<="),)
        case ">" | ">=":
            return (Span(low=value, low_closed=op == ">="),)
        case "=":
            return (Span(value, True, value, True),)
        case "!=":
            return (Span(high=value), Span(low=value))


def union(spans: Iterable[Span]) -> Spans:
    """The values in at least one span, whatever their sequence; n log n."""
    rising = sorted(spans, key=_low_end)
    merged: list[Span] = []
    for span in rising:
        if merged and _touch(merged[-1], span):
            last = merged[-1]
            high, closed = _further(last, span)
            merged[-1] = Span(last.low, last.low_closed, high, closed)
        else:
            merged.append(span)
    return tuple(merged)


def complement(spans: Spans) -> Spans:
    """The values outside of disjoint rising spans."""
    return tuple(_gaps(spans))


def intersection(*sets: Spans) -> Spans:
    """The values in all sets. They are joined at once: one after the other, each further set would
    be compared with all that was made before."""
    if len(sets) == 1:
        return sets[0]
    return complement(union(chain.from_iterable(map(complement, sets))))


def _gaps(spans: Spans) -> Iterator[Span]:
    low, low_closed = None, False
    for span in spans:
        if span.low is not None:
            yield Span(low, low_closed, span.low, not span.low_closed)
        if span.high is None:
            return
        low, low_closed = span.high, not span.high_closed
    yield Span(low, low_closed)


def _compare(a: End, b: End) -> int:
    """Values on one line are of one type, which the type checks of `leaves` see to."""
    return (a > b) - (a < b)  # type: ignore[operator]


def _low_end(span: Span) -> tuple[object, ...]:
    return () if span.low is None else (span.low, not span.low_closed)


def _touch(left: Span, right: Span) -> bool:
    """Whether no value lies between two spans, the left one beginning first."""
    if left.high is None or right.low is None:
        return True
    order = _compare(left.high, right.low)
    return order > 0 or (order == 0 and (left.high_closed or right.low_closed))


def _further(a: Span, b: Span) -> tuple[End | None, bool]:
    if a.high is None or b.high is None:
        return None, False
    order = _compare(a.high, b.high)
    if order == 0:
        return a.high, a.high_closed or b.high_closed
    return (a.high, a.high_closed) if order > 0 else (b.high, b.high_closed)
