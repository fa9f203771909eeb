"""Filters of structures on the references they are related to -> clauses, exact or refused.

`references.id` and `references.target.doi` are the lists of what an entry's datasets and its own
`references` make (section "Filtering on relationships"); where there is none, they are unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal, TypeAlias, assert_never

from gateway.errors import UnknownPropertyError
from gateway.model import REFERENCES
from gateway.parse.tree import (
    Bare,
    Compare,
    Fuzzy,
    Has,
    Known,
    Leaf,
    Length,
    Name,
    Op,
    Quantifier,
    String,
    Test,
)
from gateway.plan.conditions import successor
from gateway.plan.intervals import NOTHING, Span, Spans, complement, intersection, spans_of, union
from gateway.plan.leaves.lists import has_spans
from gateway.plan.leaves.refusals import refuse, refuse_property, spelt
from gateway.plan.names import Scope, is_foreign, resolve
from gateway.plan.native import Clause, all_of, any_of, inverse
from gateway.properties import references_catalogue
from gateway.references import DATASETS, DOI_PREFIXES, DOI_START, TEXTS, read_reference_id

Key: TypeAlias = Literal["id", "doi", "absent"]
"""Which property of the references; absent: one that no reference has."""

_HERE = {"id": "id", "doi": "doi", "description": "absent", "role": "absent"}
_TARGET = "target"


@dataclass(frozen=True, slots=True)
class Sources:
    """Values, as the index holds them, that make up some set of references."""

    datasets: Spans
    texts: Spans


# "." is followed by "/", so this is whatever begins with DOI_START.
_AFTER_DOIS = f"{DOI_START[:-1]}/"
_TEXT = (Span(low=""),)
_EVERY = Sources(_TEXT, _TEXT)
_DOIS = (Span(DOI_START, True, _AFTER_DOIS),)


def is_related(leaf: Leaf) -> bool:
    """Whether a leaf speaks of the references of an entry."""
    if isinstance(leaf, Compare):
        return isinstance(leaf.left, Name) and leaf.left.path[0] == REFERENCES
    if isinstance(leaf, Has):
        return REFERENCES in [subject.path[0] for subject in leaf.subjects]
    return leaf.subject.path[0] == REFERENCES


def translate_related(leaf: Leaf, *, negated: bool, scope: Scope) -> Clause:
    """The clause that holds where the leaf is true, or, when `negated`, where it is false."""
    match leaf:
        case Known(subject, known):
            held = _known(_key_of(subject, scope))
            return held if known != negated else inverse(held)
        case Bare(subject):
            held = False if is_foreign(subject, scope) else _known(_key_of(subject, scope))
            return inverse(held) if negated and not is_foreign(subject, scope) else held
        case Compare(Name() as subject, ("=" | "!=") as op, value):
            # The specification's own example compares the list of DOIs with `=`: it means HAS.
            item = (Test("=", value),)
            return _has(subject, "ANY", (item,), scope, negated=negated != (op == "!="))
        case Compare(Name() as subject, op) | Fuzzy(subject, op):
            _key_of(subject, scope)
            refuse(f"{subject.name} is a list; use HAS, as in HAS {_spelt(op)} ..", subject)
        case Compare():
            raise AssertionError("is_related: the left side is a property")
        case Has(subjects, quantifier, items):
            if len(subjects) > 1:
                refuse("References cannot be zipped with other lists.", subjects[0])
            return _has(subjects[0], quantifier, items, scope, negated=negated)
        case Length(subject):
            _key_of(subject, scope)
            refuse("How many references an entry has is not in the sites' search index.", subject)
        case _:
            assert_never(leaf)


def _key_of(name: Name, scope: Scope) -> Key:
    """Which property a nested name means; refused where no filter on structures can answer it."""
    match name.path[1:]:
        case ():
            return "id"
        case (word,) if word in _HERE:
            return _HERE[word]  # type: ignore[return-value]  # the table's words are these
        case (first, *_) if is_foreign(name, scope) and first.startswith("_"):
            return "absent"
        case (target, *path) if target == _TARGET and path:
            return _target(Name(tuple(path), name.column), name, scope)
        case (target,) if target == _TARGET:
            refuse("Ask for references.id or references.target.doi.", name)
        case _:
            raise UnknownPropertyError(
                name.name,
                entry_type=scope.entry_type,
                suggestions=("references.id", "references.target.doi"),
                column=name.column or None,
            )


def _target(inner: Name, name: Name, scope: Scope) -> Key:
    catalogue = references_catalogue(scope.prefix)
    found = resolve(inner, Scope(REFERENCES, catalogue, scope.prefix))
    if found is None or found.reach == "absent":
        return "absent"
    if found.name in ("id", "immutable_id"):
        return "id"
    if found.name == "doi":
        return "doi"
    refuse(
        f"{name.name} is not in the sites' search index. Ask /references for the ids first, then "
        "/structures with references.id HAS ANY and these ids.",
        name,
    )


def _has(
    name: Name,
    quantifier: Quantifier,
    items: Sequence[Sequence[Test]],
    scope: Scope,
    *,
    negated: bool,
) -> Clause:
    key = _key_of(name, scope)
    if len(name.path) == 1:
        refuse("references is a list of dictionaries; ask for references.id.", name)
    if any(len(item) != 1 for item in items):
        refuse("One list needs one value in each item.", name)
    tests = [item[0] for item in items]
    texts = [_text(test, name, scope) for test in tests]
    if key == "absent":
        return False
    sources = [_sources(key, test, text, name) for test, text in zip(tests, texts, strict=True)]
    holds = _quantified(quantifier, sources, key)
    return all_of((_known(key), inverse(holds))) if negated else holds


def _quantified(quantifier: Quantifier, items: Sequence[Sources], key: Key) -> Clause:
    match quantifier:
        case "ANY":
            return _any(_united(items))
        case "ALL":
            return all_of(_any(item) for item in items)
        case "ONLY":
            inside, whole = _united(items), _domain(key)
            outside = Sources(
                intersection(whole.datasets, complement(inside.datasets)),
                intersection(whole.texts, complement(inside.texts)),
            )
            return all_of((_known(key), inverse(_any(outside))))
        case _:
            assert_never(quantifier)


def _united(items: Iterable[Sources]) -> Sources:
    every = tuple(items)
    return Sources(
        union(chain.from_iterable(one.datasets for one in every)),
        union(chain.from_iterable(one.texts for one in every)),
    )


@cache
def _known(key: Key) -> Clause:
    return False if key == "absent" else _any(_domain(key))


def _any(sources: Sources) -> Clause:
    """Holds where an entry has at least one of these references."""
    return any_of(
        (
            has_spans(DATASETS, "ANY", (sources.datasets,), known=True),
            has_spans(TEXTS, "ANY", (sources.texts,), known=True),
        )
    )


@cache
def _domain(key: Key) -> Sources:
    """Everything that has the property: all references have an id, some have a DOI."""
    return Sources(_TEXT, _with_prefixes(_DOIS)) if key == "doi" else _EVERY


def _sources(key: Key, test: Test, text: str, name: Name) -> Sources:
    if key == "doi":
        spans = intersection(_doi_spans(test, text, name), _TEXT)
        return Sources(spans, _with_prefixes(intersection(spans, _DOIS)))
    if test.op not in ("=", "!="):
        refuse(f"{_spelt(test.op)} cannot be asked of the ids of references; = and != can.", name)
    same = _with_id(text)
    if test.op == "=":
        return same
    return Sources(
        intersection(_TEXT, complement(same.datasets)), intersection(_TEXT, complement(same.texts))
    )


def _with_id(text: str) -> Sources:
    reference = read_reference_id(text)
    if reference is None:
        return Sources(NOTHING, NOTHING)
    point = spans_of("=", reference.value)
    return Sources(point, NOTHING) if reference.kind == "doi" else Sources(NOTHING, point)


def _doi_spans(test: Test, text: str, name: Name) -> Spans:
    match test.op:
        case "CONTAINS" | "ENDS" as op:
            refuse(f"{spelt(op)} inside HAS cannot be asked of {name.name}.", name)
        case "STARTS":
            return (Span(text, True, successor(text)),)
        case op:
            return spans_of(op, text)


def _with_prefixes(spans: Spans) -> Spans:
    """The texts that are a DOI in one of the spans after a known prefix."""
    return union(_shifted(span, prefix) for span in spans for prefix in DOI_PREFIXES)


def _shifted(span: Span, prefix: str) -> Span:
    """A span within those of DOIs has two ends, both texts."""
    return Span(f"{prefix}{span.low}", span.low_closed, f"{prefix}{span.high}", span.high_closed)


def _text(test: Test, name: Name, scope: Scope) -> str:
    value = test.value
    refuse_property(value, scope, op=test.op)
    if not isinstance(value, String):
        refuse(f"{name.name} is a list of strings; HAS compares it with strings.", name)
    return value.value


def _spelt(op: "Op | Literal['CONTAINS', 'STARTS', 'ENDS']") -> str:
    match op:
        case "CONTAINS" | "STARTS" | "ENDS":
            return spelt(op)
        case _:
            return op
