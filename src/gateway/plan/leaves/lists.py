"""HAS, HAS ALL / ANY / ONLY and LENGTH -> clauses.

Lists over a finite vocabulary (elements, structure features) turn every test into a set of words;
other lists turn tests into spans, which the index compares item by item. A clause given back holds
only where the list is known; `Not` is the caller's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain, combinations
from operator import contains, eq, ge, gt, le, lt, ne
from typing import TypeVar

from gateway.parse.tree import FuzzyOp, Op, Quantifier
from gateway.plan.conditions import conditions_of
from gateway.plan.intervals import Span, Spans, complement, union
from gateway.plan.native import Clause, all_of, any_of, holds, inverse, one_of
from gateway.plan.work_budget import SPAN_BYTES, WorkBudget
from gateway.properties import Conversion, ValueType

Word = TypeVar("Word", str, bool)

HOLDS: Mapping[Op | FuzzyOp, Callable[..., bool]] = {
    "<": lt, "<=": le, "=": eq, "!=": ne, ">": gt, ">=": ge,
    "CONTAINS": contains, "STARTS": str.startswith, "ENDS": str.endswith,
}  # fmt: skip
"""What `value op constant` means, where both are known here."""


def words_matching(vocabulary: Sequence[str], op: Op | FuzzyOp, value: str) -> frozenset[str]:
    """The words of a vocabulary for which `word op value` holds."""
    if op == "=":
        return frozenset((value,)) if value in vocabulary else frozenset()
    test = HOLDS[op]
    return frozenset([word for word in vocabulary if test(word, value)])


def has_words(
    quantity: str,
    quantifier: Quantifier,
    items: Sequence[frozenset[Word]],
    *,
    vocabulary: Sequence[Word],
    known: Clause,
    work: WorkBudget,
) -> Clause:
    """`quantity HAS ..` where each item is the set of words, or truths, that fulfil its test."""
    match quantifier:
        case "ANY":
            return one_of(quantity, sorted(frozenset(chain.from_iterable(items))))
        case "ALL":
            distinct = dict.fromkeys(items)
            work.spend(sum(SPAN_BYTES + 8 * len(item) for item in distinct))
            return all_of([one_of(quantity, sorted(item)) for item in distinct])
        case "ONLY":
            others = frozenset(vocabulary).difference(*items)
            return all_of((known, inverse(one_of(quantity, sorted(others)))))


def has_spans(
    quantity: str,
    quantifier: Quantifier,
    items: Sequence[Spans],
    *,
    known: Clause,
    type_: ValueType = "string",
    conversion: Conversion | None = None,
) -> Clause:
    """`quantity HAS ..` where each item is the set of values that fulfil its test."""

    def inside(spans: Iterable[Span]) -> Clause:
        """Some item lies in one of the spans."""
        conditions = conditions_of(tuple(spans), type_, conversion)
        return any_of([holds(quantity, one) for one in conditions])

    match quantifier:
        case "ANY":
            return inside(union(chain.from_iterable(items)))
        case "ALL":
            return all_of([inside(item) for item in items])
        case "ONLY":
            outside = complement(union(chain.from_iterable(items)))
            return all_of((known, inverse(inside(outside))))


def has_bits(
    count: str, quantifier: Quantifier, items: Sequence[frozenset[int]], *, size: int
) -> Clause:
    """HAS of a list of so many zeros and ones, of which the index has the `count` of ones."""
    ones = [n for n in range(size + 1) if _fulfilled(quantifier, items, _bits(n, size))]
    return True if len(ones) > size else one_of(count, ones)


def _bits(ones: int, size: int) -> frozenset[int]:
    """What is in the list."""
    return frozenset((*([1] if ones else []), *([0] if ones < size else [])))


def _fulfilled(
    quantifier: Quantifier, items: Sequence[frozenset[int]], held: frozenset[int]
) -> bool:
    match quantifier:
        case "ANY":
            return any(held & item for item in items)
        case "ALL":
            return all(held & item for item in items)
        case "ONLY":
            return held <= frozenset().union(*items)


@lru_cache(maxsize=64)
def length_of_words(
    quantity: str, lengths: tuple[int, ...], *, vocabulary: tuple[str, ...], known: Clause
) -> Clause:
    """Lists without repeats over a small vocabulary that have one of the lengths.

    There are 2^n sets of n words, so few vocabularies, and few sets of lengths, are small enough.
    """
    if len(lengths) > len(vocabulary):
        return known
    return all_of((known, any_of([_exactly(quantity, n, vocabulary) for n in lengths])))


def lengths_up_to(maximum: int, op: Op, value: Decimal) -> tuple[int, ...]:
    """The lengths 0..maximum for which `length op value` holds."""
    return tuple(n for n in range(maximum + 1) if HOLDS[op](n, value))


def _exactly(quantity: str, size: int, vocabulary: Sequence[str]) -> Clause:
    return any_of(
        _just(quantity, set(words), vocabulary) for words in combinations(vocabulary, size)
    )


def _just(quantity: str, words: set[str], vocabulary: Sequence[str]) -> Clause:
    others = [word for word in vocabulary if word not in words]
    present = [one_of(quantity, [word]) for word in sorted(words)]
    return all_of((*present, inverse(one_of(quantity, others))))
