"""Documents as columns: for each field and value the entries that have it, as bits of an integer.

Members of nested sections are rows of their own, with the bit of their entry.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.demo.elasticsearch.values import Stored, store_value

Document = Mapping[str, object]
WORD = re.compile(r"\w+")
LONGEST_KEYWORD = 8_191
"""NOMAD's index leaves longer keywords out (`ignore_above`)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field: the rows that hold each value, and each row's smallest and largest value."""

    rows: dict[Stored, int] = field(default_factory=dict)
    lowest: dict[int, Stored] = field(default_factory=dict)
    highest: dict[int, Stored] = field(default_factory=dict)

    @property
    def known(self) -> int:
        """The rows that hold any value."""
        known = 0
        for rows in self.rows.values():
            known |= rows
        return known

    def add(self, row: int, value: Stored) -> None:
        """Record that the row has the value."""
        self.rows[value] = self.rows.get(value, 0) | 1 << row
        self.lowest[row] = min(self.lowest.get(row, value), value)
        self.highest[row] = max(self.highest.get(row, value), value)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal standing: the entries, or the members of one nested section."""

    kinds: Mapping[str, str]
    outer: str | None = None  # the section around a nested one that is nested itself
    parents: list[int] = field(default_factory=list)  # a member's row in the table around it
    raw: dict[str, list[tuple[int, object]]] = field(default_factory=dict)  # by path
    columns: dict[str, Column] = field(default_factory=dict)  # by field, made on first use

    def column(self, name: str) -> Column:
        """The column of a field; an empty one where no row has it."""
        if name not in self.columns:
            self.columns[name] = self._make_column(name)
        return self.columns[name]

    def _make_column(self, name: str) -> Column:
        kind = self.kinds.get(name, "keyword")
        column = Column()
        if kind in ("ref", "nested", "completion"):
            return column
        for row, value in self.raw.get(name.removesuffix(".keyword"), ()):
            if kind == "text":
                for token in tokenize(str(value)):
                    column.add(row, token)
            elif kind != "keyword" or len(str(value)) <= LONGEST_KEYWORD:
                column.add(row, store_value(kind, value))
        return column


def tokenize(text: str) -> list[str]:
    """The tokens of a text, as Elasticsearch's standard analyzer makes them."""
    return WORD.findall(text.lower())


def make_tables(
    documents: Sequence[Document], *, kinds: Mapping[str, str], nested: Sequence[str]
) -> tuple[Table, dict[str, Table]]:
    """The entries' own fields, and one table per nested section."""
    entries = Table(kinds)
    sections = {path: Table(kinds, outer=_outer(path, nested)) for path in nested}
    for row, document in enumerate(documents):
        _add_leaves(entries, document, "", row=row, sections=sections)
    return entries, sections


def _add_leaves(
    table: Table, value: object, path: str, *, row: int, sections: dict[str, Table]
) -> None:
    if path in sections:
        _add_members(sections, value, path, row)
    elif isinstance(value, dict):
        for key, inner in value.items():
            inside = f"{path}.{key}" if path else str(key)
            _add_leaves(table, inner, inside, row=row, sections=sections)
    elif isinstance(value, list | tuple):
        for inner in value:
            _add_leaves(table, inner, path, row=row, sections=sections)
    elif value is not None:
        table.raw.setdefault(path, []).append((row, value))


def _outer(path: str, nested: Sequence[str]) -> str | None:
    around = [section for section in nested if path.startswith(f"{section}.")]
    return max(around, key=len, default=None)


def _add_members(sections: dict[str, Table], value: object, path: str, row: int) -> None:
    if isinstance(value, list | tuple):
        for inner in value:
            _add_members(sections, inner, path, row)
    elif isinstance(value, dict):
        table = sections[path]
        member = len(table.parents)
        table.parents.append(row)
        for key, inner in value.items():
            _add_leaves(table, inner, f"{path}.{key}", row=member, sections=sections)
