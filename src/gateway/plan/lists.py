"""HAS, HAS ALL / ANY / ONLY and LENGTH -> native clauses.

Lists over a finite vocabulary (elements, structure features) turn every test into a set of words;
other lists turn tests into spans, which the index compares item by item. A clause given back holds
only where the list is known; `Not` is the caller's.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations
from typing import TypeVar

from gateway.parse.tree import Op, Quantifier
from gateway.plan.conditions import conditions_of
from gateway.plan.identity import compare_text, match_text
from gateway.plan.intervals import Span, Spans, Value, complement, union
from gateway.plan.native import Clause, all_of, any_of, inverse, one_of
from gateway.properties import ValueType

Word = TypeVar("Word", str, bool)


def words_matching(vocabulary: Sequence[str], op: str, value: str) -> frozenset[str]:
    """The words of a vocabulary for which `word op value` holds."""
    match op:
        case "CONTAINS" | "STARTS" | "ENDS":
            return frozenset(word for word in vocabulary if match_text(word, op, value))
        case "=":
            return frozenset((value,)) if value in vocabulary else frozenset()
        case "!=" | "<" | "<=" | ">" | ">=":
            return frozenset(word for word in vocabulary if compare_text(word, op, value))
        case _:
            raise AssertionError(op)


def has_words(
    quantity: str,
    quantifier: Quantifier,
    items: Sequence[frozenset[Word]],
    *,
    vocabulary: Sequence[Word],
    known: Clause,
) -> Clause:
    """`quantity HAS ..` where each item is the set of words, or truths, that fulfil its test."""
    match quantifier:
        case "ANY":
            return one_of(quantity, sorted(frozenset(chain.from_iterable(items))))
        case "ALL":
            return all_of(one_of(quantity, sorted(item)) for item in items)
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
) -> Clause:
    """`quantity HAS ..` where each item is the set of values that fulfil its test."""
    match quantifier:
        case "ANY":
            return _inside(quantity, union(chain.from_iterable(items)), type_)
        case "ALL":
            return all_of(_inside(quantity, item, type_) for item in items)
        case "ONLY":
            outside = complement(union(chain.from_iterable(items)))
            return all_of((known, inverse(_inside(quantity, outside, type_))))


def length_of_words(
    quantity: str, lengths: Iterable[int], *, vocabulary: Sequence[str], known: Clause
) -> Clause:
    """Lists without repeats over a small vocabulary that have one of the lengths."""
    return all_of((known, any_of(_exactly(quantity, n, vocabulary) for n in lengths)))


def lengths_up_to(maximum: int, op: Op, value: Value) -> tuple[int, ...]:
    """The lengths 0..maximum for which `length op value` holds."""
    return tuple(n for n in range(maximum + 1) if _holds(n, op, value))


def _exactly(quantity: str, size: int, vocabulary: Sequence[str]) -> Clause:
    return any_of(
        _just(quantity, set(words), vocabulary) for words in combinations(vocabulary, size)
    )


def _just(quantity: str, words: set[str], vocabulary: Sequence[str]) -> Clause:
    others = [word for word in vocabulary if word not in words]
    present = [one_of(quantity, [word]) for word in sorted(words)]
    return all_of((*present, inverse(one_of(quantity, others))))


def _holds(number: int, op: Op, value: Value) -> bool:
    match op:
        case "=":
            return number == value
        case "!=":
            return number != value
        case "<":
            return number < value  # type: ignore[operator]  # a Decimal: checked by the caller
        case "<=":
            return number <= value  # type: ignore[operator]
        case ">":
            return number > value  # type: ignore[operator]
        case ">=":
            return number >= value  # type: ignore[operator]


def _inside(quantity: str, spans: Sequence[Span], type_: ValueType) -> Clause:
    """Some item lies in one of the spans."""
    return any_of({quantity: condition} for condition in conditions_of(spans, type_))
