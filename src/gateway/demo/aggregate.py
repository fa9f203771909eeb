"""Terms aggregations: the values of a quantity among the selected entries, counted, in pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.columns import Table
from gateway.demo.index import Index
from gateway.demo.quantities import Catalogue, Quantity
from gateway.demo.refusals import RefusalError, crash, model_refusal, query_refusal
from gateway.demo.values import Stored


@dataclass(frozen=True, slots=True)
class Buckets:
    """One terms aggregation as it is asked for."""

    name: str
    quantity: Quantity
    size: int | None
    page_size: int | None  # None: no pages asked for
    order: str
    after: str | None


def read_aggregations(data: object, catalogue: Catalogue) -> tuple[Buckets, ...]:
    """Reads `aggregations`; only the terms kind is known to this fake."""
    if data is None:
        return ()
    if not isinstance(data, Mapping):
        raise model_refusal(
            "dict_type", loc=("aggregations",), message="Input should be a valid dictionary"
        )
    return tuple(_read_one(str(name), wanted, catalogue) for name, wanted in data.items())


def _read_one(name: str, data: object, catalogue: Catalogue) -> Buckets:
    terms = data.get("terms") if isinstance(data, Mapping) else None
    if not isinstance(terms, Mapping):
        raise crash("", kind="NotImplementedError")
    at = ("aggregations", name, "terms")
    if not isinstance(terms.get("quantity"), str):
        raise model_refusal("missing", loc=(*at, "quantity"), message="Field required", given=terms)
    quantity = catalogue.find(str(terms["quantity"]), loc=("aggregation", "quantity"))
    if not quantity.aggregatable:
        raise query_refusal(
            "The aggregation quantity cannot be used in a terms aggregation.",
            loc=("aggregation", name, "terms", "quantity"),
        )
    size, pages = terms.get("size"), terms.get("pagination")
    if size is not None and (not isinstance(size, int) or size <= 0):
        raise model_refusal(
            "greater_than", loc=(*at, "size"), message="Input should be greater than 0", given=size
        )
    if size is not None and pages is not None:
        raise query_refusal(
            "You cannot paginate and provide an extra size parameter.", loc=(*at, "pagination")
        )
    return _with_pages(Buckets(name, quantity, size, None, "asc", None), pages, at)


def _with_pages(buckets: Buckets, pages: object, at: tuple[str, ...]) -> Buckets:
    if not isinstance(pages, Mapping):
        return buckets
    size, after = pages.get("page_size", 10), pages.get("page_after_value")
    if not isinstance(size, int) or size <= 0:
        message = "0 or smaller page sizes are not allowed for aggregations."
        raise _bad_pages("invalid_page_size", message, (*at, "pagination", "page_size"), size)
    if pages.get("page") is not None:
        message = "Pagination by `page` is not possible for aggregations, use `page_after_value`"
        raise _bad_pages("invalid_page", message, (*at, "pagination", "page"), pages["page"])
    if pages.get("order_by") is not None:
        raise crash("this fake orders buckets by value only", kind="NotImplementedError")
    return Buckets(
        buckets.name,
        buckets.quantity,
        None,
        size,
        str(pages.get("order", "asc")),
        None if after is None else str(after),
    )


def _bad_pages(kind: str, message: str, at: tuple[str, ...], given: object) -> RefusalError:
    return model_refusal(kind, loc=at, message=message, given=given)


def count_buckets(index: Index, selected: int, asked: Buckets) -> dict[str, object]:
    """The answer to one aggregation."""
    counts = _counts(index, selected, asked.quantity.field)
    head: dict[str, object] = {
        "quantity": asked.quantity.name,
        "exclude_from_search": False,
        "metrics": [],
    }
    if asked.page_size is None:
        size = asked.size or asked.quantity.size
        most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:size]
        return head | {"size": size, "data": _buckets(most)}
    return head | _page(counts, asked, asked.page_size)


def _page(counts: dict[Stored, int], asked: Buckets, page_size: int) -> dict[str, object]:
    down = asked.order == "desc"
    values = sorted(counts, reverse=down)
    after = asked.after
    if after is not None:
        values = [v for v in values if (str(v) < after if down else str(v) > after)]
    page = values[:page_size]
    pagination: dict[str, object] = {"page_size": page_size, "order": asked.order}
    if after is not None:
        pagination["page_after_value"] = after
    pagination["total"] = len(counts)
    if page:
        pagination["next_page_after_value"] = page[-1]
    return {"pagination": pagination, "data": _buckets([(v, counts[v]) for v in page])}


def _buckets(counts: list[tuple[Stored, int]]) -> list[dict[str, object]]:
    return [{"count": count, "nested_count": count, "value": value} for value, count in counts]


def _counts(index: Index, selected: int, field: str) -> dict[Stored, int]:
    section = next((path for path in index.sections if field.startswith(path + ".")), None)
    table = index.entries if section is None else index.sections[section]
    counts = {}
    for value, rows in table.column(field).rows.items():
        count = (_entries_of(rows, table) & selected).bit_count()
        if count:
            counts[value] = count
    return counts


def _entries_of(rows: int, table: Table) -> int:
    if not table.parents:
        return rows
    entries = 0
    for member, entry in enumerate(table.parents):
        if rows >> member & 1:
            entries |= 1 << entry
    return entries
