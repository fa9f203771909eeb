"""`elements_ratios`, alone or zipped with `elements` -> native clauses.

The index holds pairs of element and ratio (in single precision), reachable only through an
`optimade_filter` leaf, which demands all its tests of one and the same pair. An item of a zip is
thus a set of elements times a set of ratios.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from struct import pack, unpack

from gateway.parse.tree import Op, Quantifier
from gateway.plan.intervals import (
    NOTHING,
    Span,
    Spans,
    complement,
    spans_of,
    union,
)
from gateway.plan.native import Clause, all_of, any_of, inverse, one_of
from gateway.plan.work_budget import SPAN_BYTES, WorkBudget
from gateway.properties.native_query import OptimadeLeaf

_ELEMENTS = "optimade.elements"
_LARGEST = Decimal("3e38")
"""Beyond single precision Elasticsearch refuses a bound; no ratio is there."""


@dataclass(frozen=True, slots=True)
class RatioPairs:
    """The pairs whose element is one of `elements` and whose ratio lies in `ratios`."""

    elements: frozenset[str]
    ratios: Spans


def ratios_of(op: Op, value: Decimal) -> Spans:
    """The ratios r with `r op value`, both in single precision, as the index compares them.

    Numbers beyond it stay as they are: they only have to be beyond. (`abs` would round them to the
    precision of decimal arithmetic, which overflows at 1e1000000.)
    """
    if value.copy_abs() > _LARGEST:
        return spans_of(op, value)
    return spans_of(op, Decimal(_single(float(value))))


def has_pairs(
    quantifier: Quantifier,
    items: Sequence[RatioPairs],
    *,
    vocabulary: Sequence[str],
    known: Clause,
    work: WorkBudget,
) -> Clause:
    """`elements:elements_ratios HAS ..` where each item is a set of pairs."""
    writer = _Writer(frozenset(vocabulary), work)
    match quantifier:
        case "ANY":
            return any_of([writer.some_pair(item, known) for item in _gathered(items)])
        case "ALL":
            return all_of([writer.some_pair(item, known) for item in dict.fromkeys(items)])
        case "ONLY":
            outside = _complement(items, vocabulary, work)
            return all_of(
                (known, inverse(any_of([writer.some_pair(item, True) for item in outside])))
            )


def _gathered(items: Iterable[RatioPairs]) -> Sequence[RatioPairs]:
    """The same pairs with the ratios of equal sets of elements together."""
    ratios: defaultdict[frozenset[str], list[Span]] = defaultdict(list)
    for item in items:
        ratios[item.elements].extend(item.ratios)
    return [RatioPairs(elements, union(spans)) for elements, spans in ratios.items()]


def _complement(
    items: Iterable[RatioPairs], vocabulary: Sequence[str], work: WorkBudget
) -> Iterator[RatioPairs]:
    """The pairs that no item holds, elements with the same forbidden ratios together."""
    gathered = _gathered(items)
    work.spend(len(gathered) * SPAN_BYTES)
    alike: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for element in vocabulary:
        holding = tuple([i for i, pairs in enumerate(gathered) if element in pairs.elements])
        alike[holding].append(element)
    forbidden: defaultdict[Spans, list[str]] = defaultdict(list)
    for holding, elements in alike.items():
        spans = list(chain.from_iterable([gathered[i].ratios for i in holding]))
        work.spend(len(spans) * SPAN_BYTES)
        forbidden[complement(union(spans))].extend(elements)
    for ratios, elements in forbidden.items():
        yield RatioPairs(frozenset(elements), ratios)


class _Writer:
    """Writes `optimade_filter` leaves for pairs, and counts them."""

    def __init__(self, everything: frozenset[str], work: WorkBudget) -> None:
        self._everything = everything
        self._work = work

    def some_pair(self, pairs: RatioPairs, known: Clause) -> Clause:
        """Holds where an entry has one of the pairs."""
        if pairs.ratios == NOTHING or not pairs.elements:
            return False
        spans = [_tests(span) for span in pairs.ratios if _is_reachable(span)]
        if [] in spans:
            return all_of((known, one_of(_ELEMENTS, sorted(pairs.elements))))
        excluded = self._everything - pairs.elements
        if len(excluded) >= len(pairs.elements):
            write, elements = _leaf_of_each, sorted(pairs.elements)
        else:
            write, elements = _leaf_without, sorted(excluded)
        return any_of([self._counted(write(elements, tests)) for tests in spans])

    def _counted(self, text: str) -> OptimadeLeaf:
        self._work.spend(len(text))
        return OptimadeLeaf(text)


def _leaf_without(elements: Sequence[str], tests: Sequence[str]) -> str:
    words = [f'!="{element}"' for element in elements]
    if len(tests) + len(words) < 2:  # NOMAD has operators in zips of lists only
        words = ['>""']
    names = ["elements_ratios"] * len(tests) + ["elements"] * len(words)
    return f"{':'.join(names)} HAS {':'.join([*tests, *words])}"


def _leaf_of_each(elements: Sequence[str], tests: Sequence[str]) -> str:
    names = ":".join(["elements", *["elements_ratios"] * len(tests)])
    zips = [":".join([f'"{element}"', *tests]) for element in elements]
    word = "HAS ANY" if len(zips) > 1 else "HAS"
    return f"{names} {word} {', '.join(zips)}"


def _is_reachable(span: Span) -> bool:
    """Whether the span reaches into the numbers that the index can hold."""
    low, high = _ends(span)
    return (low is None or low <= _LARGEST) and (high is None or high >= -_LARGEST)


def _tests(span: Span) -> list[str]:
    """The tests of a ratio in the span; none when every ratio is in it.

    NOMAD refuses = and != on ratios, so a single value has two tests, too.
    """
    tests, (low, high) = [], _ends(span)
    if low is not None and low >= -_LARGEST:
        tests.append(f">{'=' if span.low_closed else ''}{_number(low)}")
    if high is not None and high <= _LARGEST:
        tests.append(f"<{'=' if span.high_closed else ''}{_number(high)}")
    return tests


def _ends(span: Span) -> tuple[Decimal | None, Decimal | None]:
    low, high = span.low, span.high
    assert not isinstance(low, str)
    assert not isinstance(high, str)
    return low, high


def _number(value: Decimal) -> str:
    """The shortest number that is the value in single precision."""
    single = float(value)
    texts = (f"{single:.{digits}g}" for digits in range(6, 9))
    return next((text for text in texts if _single(float(text)) == single), f"{single:.9g}")


def _single(number: float) -> float:
    return float(unpack("f", pack("f", number))[0])
