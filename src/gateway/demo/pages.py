"""Order and pagination: the selected entries of a page, and where the next page starts."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.elasticsearch.index import Index
from gateway.demo.elasticsearch.values import LONG_MAX, LONG_MIN, Stored, read_date_bound, with_sign
from gateway.demo.quantities import Catalogue, Quantity
from gateway.demo.refusals import elastic_refusal, query_refusal
from gateway.demo.request.pagination import ID, WINDOW, Pagination

UNINDEXED = ("_score", "_doc")


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of one page by row, and what `pagination` says about it in the answer."""

    rows: tuple[int, ...]
    total: int
    next_page_after_value: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """All entries in one order; keys are (missing, value, entry_id)."""

    keys: tuple[tuple[bool, Stored, str], ...]
    rows: tuple[int, ...]
    descending: bool

    def after(self, value: Stored, entry_id: str) -> int:
        """The number of entries up to and including the position."""
        return bisect_left(
            range(len(self.keys)), True, key=lambda at: self._is_after(at, value, entry_id)
        )

    def _is_after(self, at: int, value: Stored, entry_id: str) -> bool:
        missing, here, here_id = self.keys[at]
        if missing:
            return True
        if here != value:
            return (here < value) if self.descending else (here > value)  # type: ignore[operator]
        return here_id < entry_id if self.descending else here_id > entry_id


@dataclass(slots=True)
class Pager:
    """Takes pages from an index; orders are cached."""

    index: Index
    catalogue: Catalogue
    _orders: dict[tuple[str, str], Order]

    def check(self, pagination: Pagination) -> Quantity | None:
        """The quantity to order by (None for an order that is no quantity), or a 422."""
        if pagination.order_by in UNINDEXED:
            return None
        loc = ("pagination", "order_by")
        quantity = self.catalogue.find(pagination.order_by, loc=loc)
        if not quantity.scalar:
            raise query_refusal("the order_by quantity must be a scalar", loc=loc)
        return quantity

    def take(self, selected: int, pagination: Pagination) -> Page:
        """One page of the selected entries."""
        quantity = self.check(pagination)
        if pagination.start + pagination.page_size > WINDOW:
            raise elastic_refusal(
                "Result window is too large, from + size must be less than or equal to: "
                f"[{WINDOW}] but was [{pagination.start + pagination.page_size}]."
            )
        order = self.order(quantity, pagination.order)
        at = self._position(order, quantity, pagination.page_after_value)
        found: list[int] = []
        skip = pagination.start
        for position in range(at, len(order.rows)):
            if len(found) == pagination.page_size:
                break
            if selected >> order.rows[position] & 1:
                if skip:
                    skip -= 1
                else:
                    found.append(position)
        total = selected.bit_count()
        after = _next_value(order, found[-1], quantity) if found else None
        full = 0 < len(found) < total and len(found) >= pagination.page_size
        return Page(
            tuple(order.rows[position] for position in found), total, after if full else None
        )

    def order(self, quantity: Quantity | None, direction: str) -> Order:
        """All entries ordered by the quantity; missing values last, ties by entry_id."""
        key = (quantity.field if quantity else "_doc", direction)
        if key not in self._orders:
            self._orders[key] = self._make_order(quantity, descending=direction == "desc")
        return self._orders[key]

    def _make_order(self, quantity: Quantity | None, *, descending: bool) -> Order:
        rows = range(len(self.index.documents))
        values: Mapping[int, Stored] = {row: row for row in rows}
        missing: Stored | None = None
        if quantity is not None:
            _check_sortable(quantity)
            column = self.index.column(quantity.field)
            values = column.highest if descending else column.lowest
            missing = _missing_value(quantity.kind, descending=descending)
        keys = {row: self._key(row, values, missing) for row in rows}
        ordered = sorted(rows, key=lambda row: keys[row][1:], reverse=descending)
        ordered.sort(key=lambda row: keys[row][0])
        return Order(tuple(keys[row] for row in ordered), tuple(ordered), descending)

    def _key(
        self, row: int, values: Mapping[int, Stored], missing: Stored | None
    ) -> tuple[bool, Stored, str]:
        entry_id = str(self.index.documents[row][ID])
        if row in values:
            return False, values[row], entry_id
        return (True, "", entry_id) if missing is None else (False, missing, entry_id)

    def _position(self, order: Order, quantity: Quantity | None, after: str | None) -> int:
        if not after:
            return 0
        parts = after.rsplit(":", 1)
        wanted = 1 if quantity is not None and quantity.field == ID else 2
        if len(parts) != wanted:
            raise elastic_refusal(f"search_after has {len(parts)} value(s) but sort has {wanted}.")
        if wanted == 1:
            return order.after(after, after)
        kind = quantity.kind if quantity else "long"
        return order.after(_read_position(kind, parts[0], order_by=quantity), parts[1])


def make_pager(index: Index, catalogue: Catalogue) -> Pager:
    """A pager over an index."""
    return Pager(index, catalogue, {})


def _check_sortable(quantity: Quantity) -> None:
    if quantity.kind == "text":
        raise elastic_refusal(
            "Text fields are not optimised for operations that require per-document field data "
            "like aggregations and sorting, so these operations are disabled by default. Please "
            f"use a keyword field instead. Alternatively, set fielddata=true on [{quantity.field}]"
        )
    if quantity.kind in ("ref", "completion"):
        raise elastic_refusal(f"Fielddata is not supported on field [{quantity.field}]")


def _missing_value(kind: str, *, descending: bool) -> Stored | None:
    match kind:
        case "integer" | "long" | "date" | "boolean":
            return LONG_MIN if descending else LONG_MAX
        case "float" | "double":
            return -math.inf if descending else math.inf
        case _:
            return None


def _read_position(kind: str, text: str, *, order_by: Quantity | None) -> Stored:
    match kind:
        case "date":
            return read_date_bound(text, last=False)
        case "boolean":
            return _read_boolean(text)
        case "integer" | "long" | "float" | "double":
            number = _read_number(text, order_by)
            return with_sign(number) if kind in ("float", "double") else _whole(number, text)
        case _:
            return text


def _read_boolean(text: str) -> bool:
    if text not in ("true", "false"):  # so NOMAD does not understand the positions it hands out
        raise elastic_refusal(f"Cannot parse boolean [{text}], expected either [true] or [false]")
    return text == "true"


def _read_number(text: str, order_by: Quantity | None) -> float:
    try:
        return float(text)
    except ValueError:
        field = order_by.field if order_by else "_doc"
        raise elastic_refusal(f"Failed to parse search_after value for field [{field}].") from None


def _whole(number: float, text: str) -> int:
    if text.lstrip("-").isdigit():
        return max(LONG_MIN, min(LONG_MAX, int(text)))
    return LONG_MAX if number == math.inf else LONG_MIN if number == -math.inf else int(number)


def _next_value(order: Order, position: int, quantity: Quantity | None) -> str:
    missing, value, entry_id = order.keys[position]
    if quantity is not None and quantity.field == ID:
        return entry_id
    return f"{_position_text(None if missing else value)}:{entry_id}"


def _position_text(value: Stored | None) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)  # None, as NOMAD writes a missing keyword
