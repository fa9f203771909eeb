"""Elements (all, any, only, exactly), elements that must be absent, and the formula."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from gateway.page.elements import read_elements
from gateway.page.form.fields import MODES, Fields
from gateway.page.form.rules import FieldError, FieldRule, Values, Vocabulary, compared, comparison
from gateway.page.form.written_formula import (
    FormulaError,
    Written,
    anonymous_text,
    read_formula,
    reduced_text,
)
from gateway.page.formula import formula_parts, people_order, write_formula
from gateway.parse.tree import Fuzzy, Has, Name, Node, Not, Number, Quantifier, String, Test

_ELEMENTS = Name(("elements",))
_MOST_TRIED = 4
"""Of the conditions that might belong to one formula."""
_REDUCED, _ANONYMOUS = "chemical_formula_reduced", "chemical_formula_anonymous"


def _has(quantifier: Quantifier, symbols: Iterable[str]) -> Has:
    return Has((_ELEMENTS,), quantifier, tuple((Test("=", String(one)),) for one in symbols))


def _symbols(part: Node, quantifier: Quantifier) -> tuple[str, ...]:
    """The elements of such a condition; none where it is another one."""
    if not isinstance(part, Has) or part.quantifier != quantifier or part.subjects != (_ELEMENTS,):
        return ()
    tests = [test for item in part.items for test in item]
    values = [test.value for test in tests if test.op == "="]
    symbols = tuple(value.value for value in values if isinstance(value, String))
    return symbols if len(symbols) == len(tests) else ()


def _number_of_elements(count: int) -> Node:
    return comparison("nelements", "=", Number(Decimal(count)))


def _chosen(text: str, field: str) -> tuple[str, ...]:
    symbols, strange = read_elements(text)
    if strange:
        raise FieldError(field, f"{strange[0][:20]!r} is no element; write symbols, e.g. Ti O.")
    return symbols


def _write_elements(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    symbols = _chosen(fields.elements, "elements")
    if not symbols:
        return ()
    match fields.mode:
        case "any":
            return (_has("ANY", symbols),)
        case "only":
            return (_has("ONLY", symbols),)
        case "exactly":
            return _has("ALL", symbols), _number_of_elements(len(symbols))
        case "all":
            return (_has("ALL", symbols),)
        case other:
            raise FieldError("mode", f"{other[:20]!r} is none of {', '.join(MODES)}.")


def _guess_elements(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for mode, quantifier in _QUANTIFIERS:
        for part in parts:
            if symbols := _symbols(part, quantifier):
                yield {"mode": mode, "elements": " ".join(symbols)}


_QUANTIFIERS: tuple[tuple[str, Quantifier], ...] = (
    ("exactly", "ALL"), ("all", "ALL"), ("any", "ANY"), ("only", "ONLY"),
)  # fmt: skip


def _write_without(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    symbols = _chosen(fields.without, "without")
    return (Not(_has("ANY", symbols)),) if symbols else ()


def _guess_without(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for part in parts:
        if isinstance(part, Not) and (symbols := _symbols(part.part, "ANY")):
            yield {"without": " ".join(symbols)}


def _write_formula(fields: Fields, _: Vocabulary) -> Sequence[Node]:
    if not fields.formula:
        return ()
    try:
        written = read_formula(fields.formula)
    except FormulaError as error:
        raise FieldError("formula", str(error)) from error
    if 0 in (*written.unknown, *(count for _, count in written.known)):
        return _system(written)
    if not written.unknown:
        reduced = reduced_text(dict(written.known))
        return (comparison(_REDUCED, "=", String(reduced)),)
    counts = tuple(sorted((*written.unknown, *(n for _, n in written.known)), reverse=True))
    anonymous = comparison(_ANONYMOUS, "=", String(anonymous_text(counts)))
    return (*_with_counts(written.known, counts), anonymous)


def _system(written: Written) -> Sequence[Node]:
    number = _number_of_elements(len(written.known) + len(written.unknown))
    known = people_order(symbol for symbol, _ in written.known)
    return (_has("ALL", known), number) if known else (number,)


def _with_counts(known: Sequence[tuple[str, int]], counts: tuple[int, ...]) -> Iterator[Node]:
    """That these elements are there, each as often as it must be, given all of the counts.

    In the reduced formula three oxygens are written `O3`, one without a number.
    """
    if not known:
        return
    yield _has("ALL", people_order(symbol for symbol, _ in known))
    free = Counter(counts)
    free.subtract(count for _, count in known if count > 1)
    for symbol, count in known:
        if count > 1:
            yield _contains(f"{symbol}{count}")
        for other in sorted(set(counts) if count > 1 else {one for one in free if free[one] > 0}):
            if other > 1 and other != count and str(other).startswith(_shown(count)):
                yield Not(_contains(f"{symbol}{other}"))


def _contains(text: str) -> Fuzzy:
    return Fuzzy(Name((_REDUCED,)), "CONTAINS", String(text))


def _guess_formula(parts: Sequence[Node], _: Vocabulary) -> Iterator[Values]:
    for value in compared(parts, _REDUCED, "="):
        if isinstance(value, String):
            yield {"formula": write_formula(formula_parts(value.value))}
    for value in islice(compared(parts, _ANONYMOUS, "="), _MOST_TRIED):
        counts = _counts(value.value) if isinstance(value, String) else ()
        if not counts:
            continue
        for symbols in islice(filter(None, (_symbols(one, "ALL") for one in parts)), _MOST_TRIED):
            yield from _with_unknown(symbols, counts, parts)
        yield {"formula": _ascending(counts)}


def _with_unknown(
    symbols: Sequence[str], counts: Sequence[int], parts: Sequence[Node]
) -> Iterator[Values]:
    contained = {
        part.value.value
        for part in parts
        if isinstance(part, Fuzzy) and isinstance(part.value, String)
    }
    known = {
        symbol: max((n for n in set(counts) if f"{symbol}{n}" in contained), default=1)
        for symbol in symbols
    }
    rest = Counter(counts)
    rest.subtract(known.values())
    if min(rest.values()) >= 0:
        stars = "".join("*" + _shown(count) for count in sorted(rest.elements()))
        yield {"formula": stars + "".join(s + _shown(known[s]) for s in people_order(known))}


def _counts(anonymous: str) -> tuple[int, ...]:
    try:
        return read_formula(anonymous).unknown
    except FormulaError:
        return ()


def _ascending(counts: Sequence[int]) -> str:
    """As people write it: AB2, not A2B."""
    ordered = enumerate(sorted(counts))
    return "".join(f"{chr(ord('A') + place)}{_shown(count)}" for place, count in ordered)


def _shown(count: int) -> str:
    return str(count) if count > 1 else ""


FORMULA = FieldRule(_write_formula, _guess_formula)
ELEMENTS = FieldRule(_write_elements, _guess_elements)
WITHOUT = FieldRule(_write_without, _guess_without)
