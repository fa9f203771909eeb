"""`elements_ratios`, alone or zipped with `elements` -> native clauses.

The index holds pairs of element and ratio (in single precision), reachable only through an
`optimade_filter` leaf, which demands all its tests of one and the same pair. An item of a zip is
thus a set of elements times a set of ratios.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from gateway.parse.tree import Quantifier
from gateway.plan.intervals import EVERYTHING, NOTHING, Span, Spans, complement, union
from gateway.plan.native import Clause, all_of, any_of, inverse, one_of

_ELEMENTS = "optimade.elements"
_LARGEST = Decimal("3e38")
"""Beyond single precision Elasticsearch refuses a bound; no ratio is there."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs whose element is one of `elements` and whose ratio lies in `ratios`."""

    elements: frozenset[str]
    ratios: Spans


def has_pairs(
    quantifier: Quantifier, items: Sequence[Pairs], *, vocabulary: Sequence[str], known: Clause
) -> Clause:
    """`elements:elements_ratios HAS ..` where each item is a set of pairs."""
    everything = frozenset(vocabulary)
    match quantifier:
        case "ANY":
            return any_of(_some_pair(item, everything) for item in items)
        case "ALL":
            return all_of(_some_pair(item, everything) for item in items)
        case "ONLY":
            outside = (_some_pair(item, everything) for item in _complement(items, vocabulary))
            return all_of((known, inverse(any_of(outside))))


def _complement(items: Sequence[Pairs], vocabulary: Sequence[str]) -> Iterator[Pairs]:
    """The pairs that no item holds, elements with the same forbidden ratios together."""
    allowed: dict[str, list[Span]] = {element: [] for element in vocabulary}
    for item in items:
        for element in item.elements:
            allowed[element].extend(item.ratios)
    forbidden: defaultdict[Spans, list[str]] = defaultdict(list)
    for element, spans in allowed.items():
        forbidden[complement(union(spans))].append(element)
    for ratios, elements in forbidden.items():
        yield Pairs(frozenset(elements), ratios)


def _some_pair(pairs: Pairs, everything: frozenset[str]) -> Clause:
    if pairs.ratios == NOTHING or not pairs.elements:
        return False
    if pairs.ratios == EVERYTHING:
        return one_of(_ELEMENTS, sorted(pairs.elements))
    return any_of(_leaf(pairs.elements, span, everything) for span in pairs.ratios)


def _leaf(elements: frozenset[str], span: Span, everything: frozenset[str]) -> Clause:
    bounds = list(_bounds(span))
    if None in bounds:
        return False
    tests = cast(list[str], bounds)
    if not tests:
        return one_of(_ELEMENTS, sorted(elements))
    names = ["elements_ratios"] * len(tests)
    excluded = sorted(everything - elements)
    if not excluded:
        tests.append('>""')
    elif len(excluded) < len(elements):
        tests.extend(f'!="{element}"' for element in excluded)
    else:
        return _leaf_of_each(sorted(elements), tests)
    names.extend(["elements"] * (len(tests) - len(names)))
    return {"optimade_filter": f"{':'.join(names)} HAS {':'.join(tests)}"}


def _leaf_of_each(elements: Iterable[str], tests: list[str]) -> Clause:
    names = ":".join(["elements", *["elements_ratios"] * len(tests)])
    zips = [":".join([f'"{element}"', *tests]) for element in elements]
    word = "HAS ANY" if len(zips) > 1 else "HAS"
    return {"optimade_filter": f"{names} {word} {', '.join(zips)}"}


def _bounds(span: Span) -> Iterator[str | None]:
    """The tests of a ratio; None when no ratio can fulfil them, nothing when every ratio does."""
    low, high = cast(Decimal | None, span.low), cast(Decimal | None, span.high)
    if (low is not None and low > _LARGEST) or (high is not None and high < -_LARGEST):
        yield None
    else:  # NOMAD refuses = and != on ratios, so a single value is a span, too
        if low is not None and low >= -_LARGEST:
            yield f">{'=' if span.low_closed else ''}{_number(low)}"
        if high is not None and high <= _LARGEST:
            yield f"<{'=' if span.high_closed else ''}{_number(high)}"


def _number(value: Decimal) -> str:
    """A number as NOMAD's grammar reads it; digits beyond double precision say nothing more."""
    return repr(float(value))
