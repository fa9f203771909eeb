"""HAS and LENGTH of lists of words and of lists of texts."""

from decimal import Decimal
from itertools import chain, combinations

import pytest

from gateway.model import NativeQuery
from gateway.parse.tree import Op, Quantifier
from gateway.plan.intervals import Spans, intersection, spans_of
from gateway.plan.leaves.lists import (
    has_spans,
    has_words,
    length_of_words,
    lengths_up_to,
    words_matching,
)
from gateway.plan.work_budget import WorkBudget
from gateway.properties import ELEMENT_SYMBOLS
from tests.plan.written import KNOWN, WRITTEN_KNOWN, written

ABC = ("a", "b", "c")


@pytest.mark.parametrize(
    ("op", "value", "words"),
    [
        ("=", "Si", "Si"),
        ("=", "Foo", ""),
        ("=", "", ""),
        ("!=", "Si", "all but Si"),
        ("<", "Ag", "Ac"),
        ("<=", "Ag", "Ac Ag"),
        (">", "Zn", "Zr"),
        (">=", "Zr", "Zr"),
        (">", "~", ""),
        (">=", "", "all but"),
        ("<", "", ""),
        ("CONTAINS", "", "all but"),
        ("CONTAINS", "z", ""),
        ("CONTAINS", "X", "X Xe"),
        ("STARTS", "Z", "Zn Zr"),
        ("ENDS", "o", "Co Ho Mo No Po"),
        ("STARTS", "*", ""),
    ],
)
def test_a_test_is_the_words_that_pass(op: str, value: str, words: str) -> None:
    """Symbols are finitely many, so every operator is a set of them."""
    expected = set(words.removeprefix("all but").split())
    if words.startswith("all but"):
        expected = set(ELEMENT_SYMBOLS) - expected
    assert words_matching(ELEMENT_SYMBOLS, op, value) == expected


def sets(*texts: str) -> list[frozenset[str]]:
    return [frozenset(text) for text in texts]


WORDS: list[tuple[Quantifier, list[frozenset[str]], NativeQuery | bool]] = [
    ("ANY", sets("a"), {"q": "a"}),
    ("ANY", sets("a", "cb"), {"q:any": ["a", "b", "c"]}),
    ("ANY", sets("", ""), False),
    ("ANY", sets("", "a"), {"q": "a"}),
    ("ALL", sets("a", "b"), {"and": [{"q": "a"}, {"q": "b"}]}),
    ("ALL", sets("ab", "b"), {"and": [{"q:any": ["a", "b"]}, {"q": "b"}]}),
    ("ALL", sets("a", ""), False),
    ("ONLY", sets("a", "b"), {"and": [WRITTEN_KNOWN, {"not": {"q": "c"}}]}),
    ("ONLY", sets("abc"), WRITTEN_KNOWN),
    ("ONLY", sets(""), {"and": [WRITTEN_KNOWN, {"not": {"q:any": ["a", "b", "c"]}}]}),
]


@pytest.mark.parametrize(("quantifier", "items", "clause"), WORDS)
def test_lists_of_words(
    quantifier: Quantifier, items: list[frozenset[str]], clause: NativeQuery | bool
) -> None:
    """HAS ONLY is that no other word is there, which an empty list fulfils."""
    found = has_words("q", quantifier, items, vocabulary=ABC, known=KNOWN, work=WorkBudget())
    assert written(found) == clause


def between(low_op: Op, low: str, high_op: Op, high: str) -> Spans:
    return intersection(spans_of(low_op, low), spans_of(high_op, high))


SPANS: list[tuple[Quantifier, list[Spans], NativeQuery | bool]] = [
    ("ANY", [spans_of("=", "b")], {"q": "b"}),
    ("ANY", [spans_of("=", "b"), spans_of("=", "a")], {"q:any": ["a", "b"]}),
    ("ANY", [spans_of("!=", "b")], {"or": [{"q": {"lt": "b"}}, {"q": {"gt": "b"}}]}),
    ("ANY", [spans_of("<", "b"), spans_of(">=", "b")], {"q": {"lte": "\U0010ffff"}}),
    ("ANY", [between(">", "a", "<=", "b")], {"q": {"gt": "a", "lte": "b"}}),
    ("ANY", [between(">", "b", "<", "a")], False),
    ("ANY", [spans_of("=", "")], {"q": ""}),
    ("ANY", [spans_of("<=", "")], {"q": ""}),
    ("ANY", [spans_of("<", "")], False),
    ("ANY", [spans_of(">", "")], {"q": {"gte": "\0"}}),
    ("ANY", [spans_of("!=", "")], {"q": {"gte": "\0"}}),
    ("ANY", [spans_of(">=", "")], {"q": {"lte": "\U0010ffff"}}),
    ("ANY", [between(">=", "", "<", "b")], {"q": {"lt": "b"}}),
    ("ALL", [spans_of("=", "a"), spans_of(">", "b")], {"and": [{"q": "a"}, {"q": {"gt": "b"}}]}),
    ("ONLY", [spans_of(">=", "b")], {"and": [WRITTEN_KNOWN, {"not": {"q": {"lt": "b"}}}]}),
    ("ONLY", [spans_of("!=", "b")], {"and": [WRITTEN_KNOWN, {"not": {"q": "b"}}]}),
    ("ONLY", [spans_of(">=", "")], WRITTEN_KNOWN),
]


@pytest.mark.parametrize(("quantifier", "items", "clause"), SPANS)
def test_lists_of_texts(
    quantifier: Quantifier, items: list[Spans], clause: NativeQuery | bool
) -> None:
    """Bounds of one range hold for the same item; an empty text is never a bound."""
    found = written(has_spans("q", quantifier, items, known=KNOWN))
    assert found == clause or _mirrored(found) == clause


def _mirrored(clause: NativeQuery | bool | None) -> NativeQuery | bool | None:
    """The same with the parts of `or` the other way round, which means the same."""
    if isinstance(clause, dict) and isinstance(clause.get("or"), list):
        return {"or": list(reversed(clause["or"]))}  # type: ignore[arg-type]
    return clause


@pytest.mark.parametrize(
    ("op", "value", "lengths"),
    [
        ("=", "2", (2,)),
        ("=", "2.5", ()),
        ("!=", "2", (0, 1, 3)),
        ("<", "1e20", (0, 1, 2, 3)),
        ("<=", "-1", ()),
        (">", "1.5", (2, 3)),
        (">=", "0", (0, 1, 2, 3)),
    ],
)
def test_lengths(op: Op, value: str, lengths: tuple[int, ...]) -> None:
    """Of the few that a list can have."""
    assert lengths_up_to(3, op, Decimal(value)) == lengths


@pytest.mark.parametrize("lengths", [(0,), (1,), (2,), (3,), (1, 3), (0, 1, 2, 3), ()])
def test_a_length_is_the_sets_of_that_size(lengths: tuple[int, ...]) -> None:
    """Tried on every list that can be made of the words."""
    clause = written(length_of_words("q", lengths, vocabulary=ABC, known=True))
    for held in chain.from_iterable(combinations(ABC, size) for size in range(4)):
        assert _holds(clause, held) == (len(held) in lengths)


def _holds(clause: object, held: tuple[str, ...]) -> bool:
    match clause:
        case bool():
            return clause
        case {"and": list(parts)}:
            return all(_holds(part, held) for part in parts)
        case {"or": list(parts)}:
            return any(_holds(part, held) for part in parts)
        case {"not": part}:
            return not _holds(part, held)
        case {"q": word}:
            return word in held
        case {"q:any": list(words)}:
            return any(word in held for word in words)
    raise AssertionError(clause)
