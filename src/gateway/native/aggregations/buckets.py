"""Buckets of several sites -> those of all: counts of equal values added, gaps filled."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import cast

from gateway.errors import NativeError
from gateway.model import Json, JsonObject

MAX_FILLED = 20_000
"""Empty buckets between those of different sites."""
_SITES = Mapping[str, JsonObject]


def added(buckets: Iterable[JsonObject]) -> JsonObject:
    """Buckets of one value as one."""
    whole: JsonObject = {}
    for bucket in buckets:
        for name in ("count", "nested_count"):
            whole[name] = _number(whole.get(name)) + _number(bucket.get(name))
        if isinstance(bucket.get("metrics"), dict):
            whole["metrics"] = _summed(whole.get("metrics"), bucket["metrics"])
        if isinstance(bucket.get("entries"), list):
            held = whole.get("entries")
            entries = held if isinstance(held, list) else []
            whole["entries"] = [*entries, *cast("list[Json]", bucket["entries"])]
        whole["value"] = bucket.get("value")
    order = ("entries", "count", "nested_count", "metrics", "value")
    return {name: whole[name] for name in order if name in whole}


def buckets_of(part: JsonObject) -> list[JsonObject]:
    """The buckets of one site's answer."""
    data = part.get("data")
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def merged_counts(parts: _SITES, settings: JsonObject) -> JsonObject:
    """Histograms of the one interval that was asked for."""
    head = _head(parts)
    interval, offset = _number(settings.get("interval")) or 1.0, _number(settings.get("offset"))
    by_place: dict[int, list[JsonObject]] = {}
    for part in parts.values():
        for bucket in buckets_of(part):
            place = round((_number(bucket.get("value")) - offset) / interval)
            by_place.setdefault(place, []).append(bucket)
    data: list[Json] = []
    for place in _places(by_place):
        value = place * interval + offset
        data.append(added(by_place.get(place, [])) or _empty(value))
    return {**head, "data": data}


def _places(places: Mapping[int, object]) -> Sequence[int]:
    if not places:
        return ()
    low, high = min(places), max(places)
    _check_gaps(high - low)
    return range(low, high + 1)


def merged_dates(parts: _SITES, settings: JsonObject) -> JsonObject:
    """Date histograms of one interval; values are days."""
    by_day: dict[str, list[JsonObject]] = {}
    for part in parts.values():
        for bucket in buckets_of(part):
            by_day.setdefault(str(bucket.get("value")), []).append(bucket)
    days = sorted(by_day)
    data: list[Json] = []
    if days:
        data += [
            added(by_day.pop(day, [])) or _empty(day) for day in _days(days[0], days[-1], settings)
        ]
    if by_day:
        raise NativeError(502, "The sites' date histograms do not fit together.")
    head = {k: v for k, v in _head(parts).items() if k != "interval"}
    return {**head, **{k: v for k, v in settings.items() if k.endswith("interval")}, "data": data}


def _days(first: str, last: str, settings: JsonObject) -> Iterator[str]:
    """The first day of each bucket."""
    day, end = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    count = 0
    while day <= end:
        count += 1
        _check_gaps(count)
        yield day.isoformat()
        if day == end:  # there may be no day after it
            return
        day = _next(day, settings)


def _next(day: date, settings: JsonObject) -> date:
    calendar = settings.get("calendar_interval")
    months = {"1M": 1, "1q": 3, "1y": 12}
    if isinstance(calendar, str) and calendar in months:
        at = day.year * 12 + day.month - 1 + months[calendar]
        return date(at // 12, at % 12 + 1, 1)
    if calendar == "1w":
        return day + timedelta(days=7)
    if calendar == "1d":
        return day + timedelta(days=1)
    return day + timedelta(days=int(str(settings["fixed_interval"])[:-1]))


def merged_extremes(parts: _SITES) -> JsonObject:
    """Least and greatest value of all; null where there is none."""
    data = [part["data"] for part in parts.values()]
    pairs = [one for one in data if isinstance(one, list) and len(one) == 2]
    least = [one[0] for one in pairs if isinstance(one[0], int | float)]
    greatest = [one[1] for one in pairs if isinstance(one[1], int | float)]
    found: list[Json] = [min(least, default=None), max(greatest, default=None)]
    return {**_head(parts), "data": found}


def merged_sums(parts: _SITES) -> JsonObject:
    """Statistics: each metric is a sum."""
    whole: Json = {}
    for part in parts.values():
        whole = _summed(whole, part["data"])
    return {**_head(parts), "data": whole}


def _head(parts: _SITES) -> JsonObject:
    first = next(iter(parts.values()), {})
    return {name: value for name, value in first.items() if name != "data"}


def _summed(left: Json, right: Json) -> JsonObject:
    held, more = (one if isinstance(one, dict) else {} for one in (left, right))
    names = dict.fromkeys((*held, *more))
    return {name: _number(held.get(name)) + _number(more.get(name)) for name in names}


def _empty(value: Json) -> JsonObject:
    return {"count": 0, "nested_count": 0, "value": value}


def _number(value: Json) -> int | float:
    return value if isinstance(value, int | float) else 0


def _check_gaps(count: int) -> None:
    if count > MAX_FILLED:
        raise NativeError(
            422,
            f"The histogram would have more than {MAX_FILLED} buckets; choose a larger interval.",
        )
