"""Aggregations without buckets of values: least and greatest, sums, and dates by calendar month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from gateway.demo.elasticsearch.index import Index
from gateway.demo.quantities import Catalogue, Quantity
from gateway.demo.refusals import crash, model_refusal, query_refusal

RANGED = ("integer", "long", "float", "double", "date")
SUMS = ("n_entries", "n_calculations")


@dataclass(frozen=True, slots=True)
class SimpleAggregation:
    """One aggregation as requested."""

    name: str
    kind: Literal["min_max", "statistics", "date_histogram"]
    quantity: Quantity | None
    metrics: tuple[str, ...] = ()


def read_simple(name: str, data: Mapping[str, object], catalogue: Catalogue) -> SimpleAggregation:
    """Reads `min_max`, `statistics` or `date_histogram` (this fake: by month)."""
    for kind in ("min_max", "date_histogram"):
        wanted = data.get(kind)
        if isinstance(wanted, Mapping):
            return _ranged(name, kind, wanted, catalogue)
    wanted = data.get("statistics")
    assert isinstance(wanted, Mapping)
    metrics = wanted.get("metrics") or []
    if not isinstance(metrics, list) or not set(metrics) <= set(SUMS):
        raise crash("this fake sums entries and calculations only", kind="NotImplementedError")
    return SimpleAggregation(name, "statistics", None, tuple(map(str, metrics)))


def _ranged(
    name: str, kind: str, wanted: Mapping[str, object], catalogue: Catalogue
) -> SimpleAggregation:
    at = ("aggregations", name, kind)
    if not isinstance(wanted.get("quantity"), str):
        raise model_refusal("missing", loc=(*at, "quantity"), message="Field required")
    quantity = catalogue.find(str(wanted["quantity"]), loc=("aggregation", "quantity"))
    kinds = RANGED if kind == "min_max" else ("date",)
    if quantity.kind not in kinds:
        raise query_refusal("The quantity cannot be used in this aggregation", loc=at)
    if kind == "date_histogram":
        if wanted.get("calendar_interval", wanted.get("interval", "1M")) != "1M":
            raise crash("this fake counts by month only", kind="NotImplementedError")
        return SimpleAggregation(name, "date_histogram", quantity)
    return SimpleAggregation(name, "min_max", quantity)


def run_simple(index: Index, selected: int, one: SimpleAggregation) -> dict[str, object]:
    """The answer, under its kind."""
    if one.quantity is None:
        return {"statistics": {"metrics": [*one.metrics], "data": _sums(index, selected, one)}}
    head: dict[str, object] = {"quantity": one.quantity.name, "exclude_from_search": False}
    rows = index.column(one.quantity.field).rows
    counts = {value: (having & selected).bit_count() for value, having in rows.items()}
    values = sorted(float(value) for value, count in counts.items() if count)
    if one.kind == "min_max":
        ends = [values[0], values[-1]] if values else [None, None]
        return {"min_max": {**head, "data": ends}}
    by_month: dict[str, int] = {}
    for value, count in counts.items():
        if count:
            month = datetime.fromtimestamp(int(value) / 1000, UTC).date().replace(day=1)
            by_month[month.isoformat()] = by_month.get(month.isoformat(), 0) + count
    data = [_bucket(month, by_month.get(month, 0)) for month in _months(by_month)]
    more = {"metrics": [], "calendar_interval": "1M"}
    return {"date_histogram": {**head, **more, "data": data}}


def _sums(index: Index, selected: int, one: SimpleAggregation) -> dict[str, int]:
    calculations = 0
    for value, having in index.column("results.properties.n_calculations").rows.items():
        calculations += int(value) * (having & selected).bit_count()
    whole = {"n_entries": selected.bit_count(), "n_calculations": calculations}
    return {name: whole[name] for name in one.metrics}


def _bucket(month: str, count: int) -> dict[str, object]:
    return {"count": count, "nested_count": count, "value": month}


def _months(found: Mapping[str, int]) -> list[str]:
    if not found:
        return []
    month, last, months = date.fromisoformat(min(found)), date.fromisoformat(max(found)), []
    while month <= last:
        months.append(month.isoformat())
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return months
