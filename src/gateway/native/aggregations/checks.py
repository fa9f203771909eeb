"""What a site says of one aggregation, checked before it is merged: its failure is then its own.

In the form of NOMAD 2.0.0; what is not looked at here is not computed with.
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import NoReturn

from gateway.errors import SiteError
from gateway.model import Json, JsonObject
from gateway.native.aggregations.buckets import buckets_of
from gateway.native.aggregations.rules import Kind
from gateway.native.aggregations.totals import MAX_SIZE
from gateway.native.holders import object_of

DOING = "count values"
MOST_BUCKETS = 65_536
"""Elasticsearch gives no more at once."""


def check_part(site: str, part: JsonObject, *, kind: Kind, settings: JsonObject) -> JsonObject:
    """The same, if it can be merged; raises SiteError."""
    data = part.get("data")
    if kind == "statistics":
        if not isinstance(data, dict) or not all(map(_is_number, data.values())):
            _refuse(site, "numbers")
    elif kind == "min_max":
        if not isinstance(data, list) or len(data) != 2 or not all(map(_is_extreme, data)):
            _refuse(site, "two extremes")
    else:
        _check_buckets(site, part, kind=kind, settings=settings)
    return part


def _check_buckets(site: str, part: JsonObject, *, kind: Kind, settings: JsonObject) -> None:
    data, buckets = part.get("data"), buckets_of(part)
    most = _size(part, settings) if kind == "terms" else MOST_BUCKETS
    if not isinstance(data, list) or len(buckets) < len(data) or len(data) > most:
        _refuse(site, "a list of values of the size asked for")
    if not all(map(_is_bucket, buckets)):
        _refuse(site, "values with a count each")
    values = [bucket.get("value") for bucket in buckets]
    if kind == "terms":
        if not all(isinstance(one, str | int | float) for one in values):
            _refuse(site, "values of their own")
        if len({*map(_hashable, values)}) < len(values):
            _refuse(site, "values once each")
    elif kind == "histogram":
        _check_numbers(site, values, settings)
    elif not all(map(_is_day, values)):
        _refuse(site, "days")


def _size(part: JsonObject, settings: JsonObject) -> int:
    """How many terms may come; what was not asked for is the site's own default."""
    given = settings.get("size") or object_of(settings.get("pagination")).get("page_size")
    said = given or part.get("size") or object_of(part.get("pagination")).get("page_size") or 10
    return int(said) if _is_number(said) and isinstance(said, int) else MAX_SIZE


def _check_numbers(site: str, values: Sequence[Json], settings: JsonObject) -> None:
    numbers = [one for one in values if isinstance(one, int | float)]
    interval = settings.get("interval")
    if len(numbers) < len(values):
        _refuse(site, "numbers")
    if numbers and isinstance(interval, int | float):
        places = (float(max(numbers)) - float(min(numbers))) / interval
        if not math.isfinite(places) or places > MOST_BUCKETS:
            _refuse(site, "values that one histogram has room for")


def _is_bucket(bucket: JsonObject) -> bool:
    examples, metrics = bucket.get("entries"), bucket.get("metrics")
    return (
        _is_count(bucket.get("count"))
        and _is_count(bucket.get("nested_count", 0))
        and (examples is None or _are_documents(examples))
        and (metrics is None or isinstance(metrics, dict))
    )


def _are_documents(examples: Json) -> bool:
    return isinstance(examples, list) and all(isinstance(one, dict) for one in examples)


def _is_count(value: Json) -> bool:
    return _is_number(value) and isinstance(value, int) and 0 <= value < 2**53


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_extreme(value: Json) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_day(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False


def _hashable(value: Json) -> tuple[str, str]:
    return type(value).__name__, str(value)


def _refuse(site: str, wanted: str) -> NoReturn:
    raise SiteError(site, doing=DOING, happened=f"the answer has not {wanted}")
