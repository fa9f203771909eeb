"""A session with a site that is a table in memory: native queries evaluated column by column.

It knows the native clauses that the fetching itself makes, and counts what it is asked; large
tables answer in milliseconds. NOMAD's refusals are the demo Oasis's business, but for the limit of
`page_offset`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from gateway.fetch.nomad.answers import Documents
from gateway.model import NativeQuery, SortKey

Column = np.ndarray[Any, Any]
Mask: TypeAlias = Any
"""A column of truths."""

ALL: NativeQuery = {"quantities": "metadata.optimade"}
COMPARE = {"gt": np.greater, "gte": np.greater_equal, "lt": np.less, "lte": np.less_equal}


def sort_key(name: str, *, descending: bool = False, always: bool = False) -> SortKey:
    """A key over the integer column of that name; entry_id for `id` and `immutable_id`."""
    if name in ("id", "immutable_id"):
        return SortKey(name, "entry_id", "string", descending)
    known: NativeQuery | None = None if always else {"quantities": f"metadata.{name}"}
    return SortKey(name, name, "integer", descending, known)


@dataclass(slots=True)
class ListedSession:
    """The questions to one table; unknown values are NaN."""

    name: str
    entry_ids: Column
    columns: Mapping[str, Column]
    hides: bool = False
    """Whether it counts its entries but does not give them."""
    pages: int = 0
    counts: int = 0
    _orders: dict[tuple[str, bool], Column] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """All requests."""
        return self.pages + self.counts

    async def count(self, query: NativeQuery) -> int:
        self.counts += 1
        return int(np.count_nonzero(self.select(query)))

    async def page(
        self, query: NativeQuery, *, order_by: str, descending: bool, size: int,
        after: str | None = None, offset: int | None = None, fields: Iterable[str] = (),
    ) -> Documents:  # fmt: skip
        self.pages += 1
        assert after is None
        assert (offset or 0) + size < 10_000, "page_offset is refused"
        order = self.order(order_by, descending)
        found = order[self.select(query)[order]]
        start = offset or 0
        rows = found[start : start + (0 if self.hides else size)]
        return Documents(tuple(self.document(row, fields) for row in rows), len(found))

    def document(self, row: int, fields: Iterable[str]) -> dict[str, Any]:
        document: dict[str, Any] = {"entry_id": str(self.entry_ids[row])}
        for name in fields:
            if name in self.columns and not np.isnan(self.columns[name][row]):
                document[name] = int(self.columns[name][row])
        return document

    def order(self, order_by: str, descending: bool) -> Column:
        """Rows as NOMAD orders them: missing last, ties by entry_id in the same direction."""
        key = order_by, descending
        if key not in self._orders:
            ids = np.argsort(np.argsort(self.entry_ids))
            values = ids if order_by == "entry_id" else self.columns[order_by]
            sign = -1 if descending else 1
            self._orders[key] = np.lexsort((sign * ids, sign * values))  # NaN comes last
        return self._orders[key]

    def select(self, query: NativeQuery) -> Mask:
        """Which rows match."""
        mask = np.ones(len(self.entry_ids), dtype=bool)
        for name, value in query.items():
            mask &= self._clause(name, value)
        return mask

    def _clause(self, name: str, value: Any) -> Mask:
        match name, value:
            case "and", list():
                return np.logical_and.reduce([self.select(one) for one in value])
            case "or", list():
                return np.logical_or.reduce([self.select(one) for one in value])
            case "not", dict():
                return ~self.select(value)
            case "quantities", str():
                column = self.columns.get(value.removeprefix("metadata."))
                return np.ones(len(self.entry_ids), bool) if column is None else ~np.isnan(column)
        column = self.entry_ids if name == "entry_id" else self.columns[name]
        if not isinstance(value, dict):
            return column == value
        bounds = {op: bound if name == "entry_id" else float(bound) for op, bound in value.items()}
        return np.logical_and.reduce([COMPARE[op](column, bound) for op, bound in bounds.items()])
