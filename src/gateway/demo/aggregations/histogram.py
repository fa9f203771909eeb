"""Histograms: how many of the selected entries have a number in each interval of one width."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.demo.elasticsearch.index import Index
from gateway.demo.quantities import Catalogue, Quantity
from gateway.demo.refusals import crash, model_refusal, query_refusal

NUMBERS = ("integer", "long", "float", "double")
_MOST_BUCKETS = 65_536
"""Elasticsearch makes no more."""


@dataclass(frozen=True, slots=True)
class HistogramAggregation:
    """One histogram as requested."""

    name: str
    quantity: Quantity
    interval: float


def read_histogram(name: str, data: object, catalogue: Catalogue) -> HistogramAggregation:
    """Reads `histogram`; this fake supports those of a given width, of plain numbers."""
    at = ("aggregations", name, "histogram")
    if not isinstance(data, Mapping) or not isinstance(data.get("quantity"), str):
        raise model_refusal("missing", loc=(*at, "quantity"), message="Field required", given=data)
    if set(data) - {"quantity", "interval", "offset"} or data.get("offset"):
        raise crash("this fake makes histograms of a given width only", kind="NotImplementedError")
    interval = data.get("interval")
    if interval is None:
        message = "Value error, Provide either interval or the number of buckets."
        raise model_refusal("value_error", loc=at, message=message, given=data)
    if not isinstance(interval, int | float):
        message = "Input should be a valid number, unable to parse string as a number"
        raise model_refusal("float_parsing", loc=(*at, "interval"), message=message, given=interval)
    if interval <= 0:
        message = "Input should be greater than 0"
        raise model_refusal("greater_than", loc=(*at, "interval"), message=message, given=interval)
    quantity = catalogue.find(str(data["quantity"]), loc=("aggregation", "quantity"))
    if quantity.kind not in NUMBERS:
        raise query_refusal(
            f"The quantity SearchQuantity({quantity.name}) cannot be used in a histogram "
            "aggregation",
            loc=("aggregations", name, "histogram", "quantity"),
        )
    return HistogramAggregation(name, quantity, float(interval))


def run_histogram(
    index: Index, selected: int, aggregation: HistogramAggregation
) -> dict[str, object]:
    """The answer: all intervals from the first to the last that has an entry, empty ones too."""
    rows: dict[int, int] = {}
    for value, having in index.column(aggregation.quantity.field).rows.items():
        if isinstance(value, int | float):
            place = _place(value, aggregation.interval)
            rows[place] = rows.get(place, 0) | (having & selected)
    filled = [place for place, having in rows.items() if having]
    if filled and max(filled) - min(filled) >= _MOST_BUCKETS:
        raise crash("too_many_buckets_exception", kind="RequestError")
    places = range(min(filled), max(filled) + 1) if filled else ()
    counts = {place: rows.get(place, 0).bit_count() for place in places}
    return {
        "quantity": aggregation.quantity.name,
        "exclude_from_search": False,
        "metrics": [],
        "interval": aggregation.interval,
        "data": [
            {"count": count, "nested_count": count, "value": place * aggregation.interval}
            for place, count in counts.items()
        ],
    }


def _place(value: float, interval: float) -> int:
    """The number of the bucket of a value."""
    place = value / interval
    if not math.isfinite(place):
        raise crash("too_many_buckets_exception", kind="RequestError")
    return math.floor(place)
