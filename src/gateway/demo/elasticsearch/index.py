"""The index of one Oasis: selects entries by an Elasticsearch query, as bits of an integer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from gateway.demo.elasticsearch.columns import Column, Document, Table, make_tables, tokenize
from gateway.demo.elasticsearch.elastic import (
    Bool,
    Elastic,
    Exists,
    Match,
    MatchNone,
    Nested,
    Range,
    Terms,
    Wildcard,
)
from gateway.demo.elasticsearch.values import Stored, read_bound, read_span
from gateway.demo.elasticsearch.wildcards import compile_wildcard
from gateway.demo.quantities import Catalogue
from gateway.demo.refusals import elastic_refusal

MAX_TERMS = 65_536
COMPARE: dict[str, Callable[[Stored, Stored], bool]] = {
    "lt": lambda value, bound: value < bound,  # type: ignore[operator]
    "lte": lambda value, bound: value <= bound,  # type: ignore[operator]
    "gt": lambda value, bound: value > bound,  # type: ignore[operator]
    "gte": lambda value, bound: value >= bound,  # type: ignore[operator]
}


@dataclass(frozen=True, slots=True)
class Index:
    """The indexed entries of one Oasis."""

    documents: tuple[Document, ...]
    entries: Table
    sections: dict[str, Table]

    @property
    def everything(self) -> int:
        """All entries."""
        return (1 << len(self.documents)) - 1

    def select(self, query: Elastic) -> int:
        """The entries that the query matches."""
        return _select(query, self.entries, self.everything, self)

    def column(self, field: str) -> Column:
        """A field of the entries."""
        return self.entries.column(field)


def make_index(documents: Sequence[Document], catalogue: Catalogue) -> Index:
    """Indexes documents by the catalogue's kinds."""
    entries, sections = make_tables(documents, kinds=catalogue.kinds, nested=catalogue.nested)
    return Index(tuple(documents), entries, sections)


def _select(query: Elastic, table: Table, everything: int, index: Index) -> int:
    match query:
        case MatchNone():
            return 0
        case Bool():
            return _select_bool(query, table, everything, index)
        case Match(field=field, value=value, mode=mode):
            if table.kinds.get(field) == "text":
                return _select_text(table, field, str(value), mode)
            return _select_values(table, field, (value,))
        case Terms(field=field, values=values):
            _check_terms(values)
            return _select_values(table, field, values)
        case Range(field=field, bounds=bounds):
            return _select_range(table, field, bounds)
        case Wildcard(field=field, pattern=pattern):
            return _select_wildcard(table, field, pattern)
        case Exists(field=field):
            return table.column(field).known
        case Nested(path=path, query=inner):
            return _select_nested(path, inner, table, index)
        case _:
            assert_never(query)


def _select_bool(query: Bool, table: Table, everything: int, index: Index) -> int:
    selected = everything
    for part in query.must:
        selected &= _select(part, table, everything, index)
    for part in query.must_not:
        selected &= ~_select(part, table, everything, index)
    if query.should:
        alternatives = 0
        for part in query.should:
            alternatives |= _select(part, table, everything, index)
        if query.needed:
            selected &= alternatives
    return selected


def _check_terms(values: Sequence[object]) -> None:
    if len(values) > MAX_TERMS:
        raise elastic_refusal(
            f"failed to create query: The number of terms [{len(values)}] used in the Terms Query "
            f"request has exceeded the allowed maximum of [{MAX_TERMS}]."
        )


def _select_values(table: Table, field: str, values: Sequence[str | int | float | bool]) -> int:
    column, kind = table.column(field), table.kinds.get(field, "keyword")
    selected = 0
    for value in values:
        span = read_span(kind, value)
        if span is None:
            continue
        if span[0] == span[1]:
            selected |= column.rows.get(span[0], 0)
        else:
            selected |= _between(column, (("gte", span[0]), ("lte", span[1])))
    return selected


def _select_range(
    table: Table, field: str, bounds: tuple[tuple[str, str | int | float | bool], ...]
) -> int:
    kind = table.kinds.get(field, "keyword")
    read = tuple((op, read_bound(kind, value, op=op)) for op, value in bounds)
    return _between(table.column(field), read)


def _between(column: Column, bounds: Sequence[tuple[str, Stored]]) -> int:
    selected = 0
    for value, rows in column.rows.items():
        if all(COMPARE[op](value, bound) for op, bound in bounds):
            selected |= rows
    return selected


def _select_wildcard(table: Table, field: str, pattern: str) -> int:
    kind = table.kinds.get(field, "keyword")
    if kind not in ("keyword", "text"):
        raise elastic_refusal(
            "Can only use wildcard queries on keyword, text and wildcard fields - "
            f"not on [{field}] which is of type [{kind}]"
        )
    regex = compile_wildcard(pattern)
    selected = 0
    for value, rows in table.column(field).rows.items():
        if regex.fullmatch(str(value)):
            selected |= rows
    return selected


def _select_text(table: Table, field: str, text: str, mode: str) -> int:
    wanted = tokenize(text)
    if mode != "match" and wanted:
        return _select_prefix(table, field, wanted, phrase=mode == "match_phrase_prefix")
    column = table.column(field)
    selected = 0
    for token in wanted:
        selected |= column.rows.get(token, 0)
    return selected


def _select_prefix(table: Table, field: str, wanted: list[str], *, phrase: bool) -> int:
    selected = 0
    for row, value in table.raw.get(field, ()):
        if (_has_phrase if phrase else _has_any)(tokenize(str(value)), wanted):
            selected |= 1 << row
    return selected


def _has_any(tokens: list[str], wanted: list[str]) -> bool:
    return any(token in tokens for token in wanted[:-1]) or any(
        token.startswith(wanted[-1]) for token in tokens
    )


def _has_phrase(tokens: list[str], wanted: list[str]) -> bool:
    size = len(wanted)
    return any(
        tokens[at : at + size - 1] == wanted[:-1] and tokens[at + size - 1].startswith(wanted[-1])
        for at in range(len(tokens) - size + 1)
    )


def _select_nested(path: str, query: Elastic, table: Table, index: Index) -> int:
    section = index.sections[path]
    members = _select(query, section, (1 << len(section.parents)) - 1, index)
    selected = _parents(members, section)
    while section.outer is not None and index.sections[section.outer] is not table:
        section = index.sections[section.outer]
        selected = _parents(selected, section)
    return selected


def _parents(members: int, section: Table) -> int:
    selected = 0
    while members:
        lowest = members & -members
        selected |= 1 << section.parents[lowest.bit_length() - 1]
        members ^= lowest
    return selected
