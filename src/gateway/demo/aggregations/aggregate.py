"""Aggregations: the values of a quantity among the selected entries, counted, in pages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from gateway.demo.aggregations.extremes import SimpleAggregation, read_simple, run_simple
from gateway.demo.aggregations.histogram import HistogramAggregation, read_histogram, run_histogram
from gateway.demo.elasticsearch.columns import Table
from gateway.demo.elasticsearch.index import Index
from gateway.demo.elasticsearch.values import Stored
from gateway.demo.quantities import Catalogue, Quantity
from gateway.demo.refusals import RefusalError, crash, model_refusal, query_refusal
from gateway.demo.request.required import project_example


@dataclass(frozen=True, slots=True)
class TermsAggregation:
    """One terms aggregation as requested."""

    name: str
    quantity: Quantity
    size: int | None
    page_size: int | None  # None: no pages requested
    order: str
    after: str | None
    include: tuple[str, ...] | None = None
    """The only values that are counted."""
    examples: tuple[str, ...] | None = None
    """Patterns of the example entry that comes with each value; None: no example."""


Aggregation: TypeAlias = TermsAggregation | HistogramAggregation | SimpleAggregation


def read_aggregations(data: object, catalogue: Catalogue) -> tuple[Aggregation, ...]:
    """Reads `aggregations`; this fake supports those of terms and histograms."""
    if data is None:
        return ()
    if not isinstance(data, Mapping):
        raise model_refusal(
            "dict_type", loc=("aggregations",), message="Input should be a valid dictionary"
        )
    return tuple(_read_one(str(name), wanted, catalogue) for name, wanted in data.items())


def _read_one(name: str, data: object, catalogue: Catalogue) -> Aggregation:
    if isinstance(data, Mapping) and "histogram" in data:
        return read_histogram(name, data["histogram"], catalogue)
    simple = ("min_max", "statistics", "date_histogram")
    if isinstance(data, Mapping) and any(isinstance(data.get(kind), Mapping) for kind in simple):
        return read_simple(name, data, catalogue)
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
    include, examples = _read_include(terms, pages, at), _read_examples(terms)
    aggregation = TermsAggregation(name, quantity, size, None, "asc", None, include, examples)
    return _with_pages(aggregation, pages, at)


def _read_include(
    terms: Mapping[str, object], pages: object, at: tuple[str, ...]
) -> tuple[str, ...] | None:
    """A list of values; this fake does not support a single text instead."""
    include = terms.get("include")
    if include is None or pages is not None:
        return None
    if not isinstance(include, list):
        raise crash("this fake includes lists of values only", kind="NotImplementedError")
    if not all(isinstance(value, str) for value in include):
        raise model_refusal(
            "string_type", loc=(*at, "include"), message="Input should be a valid string"
        )
    return tuple(include)


def _read_examples(terms: Mapping[str, object]) -> tuple[str, ...] | None:
    match terms.get("entries"):
        case None:
            return None
        case {"size": 1, "required": {"include": [*include]}}:
            return tuple(map(str, include))
        case _:
            raise crash("this fake gives one example with named parts", kind="NotImplementedError")


def _with_pages(
    aggregation: TermsAggregation, pages: object, at: tuple[str, ...]
) -> TermsAggregation:
    if not isinstance(pages, Mapping):
        return aggregation
    size, after = pages.get("page_size", 10), pages.get("page_after_value")
    if not isinstance(size, int) or size <= 0:
        message = "0 or smaller page sizes are not allowed for aggregations."
        raise _bad_pages("invalid_page_size", message, (*at, "pagination", "page_size"), size)
    if pages.get("page") is not None:
        message = "Pagination by `page` is not possible for aggregations, use `page_after_value`"
        raise _bad_pages("invalid_page", message, (*at, "pagination", "page"), pages["page"])
    if pages.get("order_by") is not None:
        raise crash("this fake orders buckets by value only", kind="NotImplementedError")
    return replace(
        aggregation,
        size=None,
        page_size=size,
        order=str(pages.get("order", "asc")),
        after=None if after is None else str(after),
    )


def _bad_pages(kind: str, message: str, at: tuple[str, ...], given: object) -> RefusalError:
    return model_refusal(kind, loc=at, message=message, given=given)


def run_aggregation(index: Index, selected: int, aggregation: Aggregation) -> dict[str, object]:
    """The answer to one aggregation, under its kind."""
    if isinstance(aggregation, HistogramAggregation):
        return {"histogram": run_histogram(index, selected, aggregation)}
    if isinstance(aggregation, SimpleAggregation):
        return run_simple(index, selected, aggregation)
    return {"terms": _run_terms(index, selected, aggregation)}


def _run_terms(index: Index, selected: int, aggregation: TermsAggregation) -> dict[str, object]:
    counts = _counts(index, selected, aggregation.quantity.field)
    if aggregation.include is not None:
        counts = {value: count for value, count in counts.items() if value in aggregation.include}
    head: dict[str, object] = {
        "quantity": aggregation.quantity.name,
        "exclude_from_search": False,
        "metrics": [],
    }
    if aggregation.page_size is None:
        size = aggregation.size or aggregation.quantity.size
        most = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:size]
        return head | {"size": size, "data": _buckets(most, index, selected, aggregation)}
    pagination, page = _page(counts, aggregation, aggregation.page_size)
    return head | {"pagination": pagination, "data": _buckets(page, index, selected, aggregation)}


def _page(
    counts: dict[Stored, int], aggregation: TermsAggregation, page_size: int
) -> tuple[dict[str, object], list[tuple[Stored, int]]]:
    descending = aggregation.order == "desc"
    values = sorted(counts, reverse=descending)
    after = aggregation.after
    if after is not None:
        values = [v for v in values if (str(v) < after if descending else str(v) > after)]
    page = values[:page_size]
    pagination: dict[str, object] = {"page_size": page_size, "order": aggregation.order}
    if after is not None:
        pagination["page_after_value"] = after
    pagination["total"] = len(counts)
    if page:
        pagination["next_page_after_value"] = page[-1]
    return pagination, [(value, counts[value]) for value in page]


def _buckets(
    counts: list[tuple[Stored, int]], index: Index, selected: int, aggregation: TermsAggregation
) -> list[dict[str, object]]:
    buckets: list[dict[str, object]] = [
        {"count": count, "nested_count": count, "value": value} for value, count in counts
    ]
    if aggregation.examples is not None:
        rows = index.column(aggregation.quantity.field).rows
        for bucket, (value, _) in zip(buckets, counts, strict=True):
            having = rows[value] & selected
            first = index.documents[(having & -having).bit_length() - 1]
            bucket["entries"] = [project_example(first, aggregation.examples)]
    return buckets


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
