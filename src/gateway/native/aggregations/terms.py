"""Terms of several sites: pages of values added, or the most frequent ones, found exactly.

The most frequent values of all need not be among the most frequent of each: whatever any site names
is counted at every site, until no value that nobody named could have as many entries.
"""

from collections import Counter
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from gateway.errors import NativeError
from gateway.model import Json, JsonObject
from gateway.native.aggregations.buckets import added, buckets_of
from gateway.native.aggregations.rules import MAX_BUCKETS, NativeAggregation
from gateway.native.aggregations.totals import MAX_SIZE
from gateway.native.holders import object_of
from gateway.native.refusals import in_body

MORE = 20
"""Values that each site is asked for beyond those wanted."""
MOST_VALUES = 65_000
"""Elasticsearch gives no more at once."""
ALL_VALUES = 10_000
ONE_SITE_EACH = ("upload_id", "entry_id")
"""Values that one site each serves, but for uploads that are split between holders."""


class Ask(Protocol):
    """Asks sites for the aggregation with these settings."""

    def __call__(
        self, settings: JsonObject, sites: Collection[str] | None = None
    ) -> Awaitable[dict[str, JsonObject]]:
        """What each site answers; one that lacks the quantity is left out."""


async def merged_terms(
    aggregation: NativeAggregation, ask: Ask, *, split: Sequence[str] = ()
) -> JsonObject:
    """The aggregation over all sites; `split` are uploads that several of them may serve."""
    if aggregation.settings.get("pagination") is not None:
        return await _page(aggregation.settings, ask, split)
    settings = aggregation.settings
    size = settings.get("size")
    if not isinstance(size, int):
        answers = await ask(settings)  # the default is the first site's
        size = next((one.get("size") for one in answers.values()), 10)
        size = size if isinstance(size, int) and 0 < size <= MAX_SIZE else 10
    return await _most_frequent(settings, size, ask)


async def _most_frequent(settings: JsonObject, size: int, ask: Ask) -> JsonObject:
    asked = size + MORE
    while True:
        parts = await ask({**settings, "size": min(asked, MOST_VALUES)})
        held = {site: _by_value(part) for site, part in parts.items()}
        hidden = {
            site: _least(buckets)
            for site, buckets in held.items()
            if len(buckets) >= min(asked, MOST_VALUES)
        }
        await _count_candidates(settings, held, hidden, ask)
        merged = _ranked(held)
        bound = sum(hidden.values())
        if not hidden or (len(merged) >= size and _count(merged[size - 1]) > bound):
            return _answer(settings, parts, merged[:size], size)
        if asked >= MOST_VALUES:
            raise in_body(
                "not_merged",
                ("aggregations",),
                "The most frequent values cannot be distinguished from the next ones, too many "
                "are equally frequent; read all by a terms aggregation with pagination.",
            )
        asked *= 4


async def _count_candidates(
    settings: JsonObject,
    held: dict[str, dict[Json, JsonObject]],
    hidden: Mapping[str, float],
    ask: Ask,
) -> None:
    """Count at each site, whose list ended, the values that others named."""
    named = dict.fromkeys(value for buckets in held.values() for value in buckets)
    for site in hidden:
        unknown: list[Json] = [value for value in named if value not in held[site]]
        for at in range(0, len(unknown), MAX_SIZE):
            part = unknown[at : at + MAX_SIZE]
            wanted: JsonObject = {**settings, "include": part, "size": len(part)}
            for answer in (await ask(wanted, (site,))).values():
                held[site] |= _by_value(answer)


async def _page(settings: JsonObject, ask: Ask, split: Sequence[str]) -> JsonObject:
    """One page of values in their order: each site's first values hold those of all."""
    given = object_of(settings["pagination"])
    size = given.get("page_size")
    size = size if isinstance(size, int) else 10
    pages: JsonObject = {
        name: value for name, value in given.items() if value is not None and name != "order_by"
    }
    parts = await ask({**settings, "pagination": {**pages, "page_size": size}})
    by_value = _joined(_by_value(part) for part in parts.values())
    values = sorted(by_value, key=str, reverse=given.get("order") == "desc")
    data = [_cut(settings, added(by_value[value])) for value in values[:size]]
    head = _head(parts)
    written = {**object_of(head.get("pagination"))}
    written.pop("next_page_after_value", None)
    written["total"] = await _distinct(settings, parts, ask, split=split)
    if data:
        written["next_page_after_value"] = data[-1]["value"]
    return {**head, "pagination": written, "data": [*data]}


async def _distinct(
    settings: JsonObject, parts: Mapping[str, JsonObject], ask: Ask, *, split: Sequence[str]
) -> int:
    """How many different values there are at all sites."""
    totals = [object_of(part.get("pagination")).get("total") for part in parts.values()]
    whole = sum(total for total in totals if isinstance(total, int))
    if len(parts) <= 1 or settings["quantity"] in ONE_SITE_EACH:
        is_split = settings["quantity"] == "upload_id" and len(parts) > 1
        return whole - (await _repeated(split, ask) if is_split else 0)
    if any(isinstance(total, int) and total > ALL_VALUES for total in totals):
        raise NativeError(
            422,
            f"{settings['quantity']} has too many values to count the different ones of all sites; "
            "narrow the query, or ask each site under /sites/<name>/api/v1.",
        )
    wanted = {name: value for name, value in settings.items() if name != "entries"}
    answers = await ask({**wanted, "pagination": {"page_size": ALL_VALUES}})
    return len({bucket["value"] for part in answers.values() for bucket in buckets_of(part)})


async def _repeated(split: Sequence[str], ask: Ask) -> int:
    """How often an upload is named by a further site."""
    times: Counter[Json] = Counter()
    for at in range(0, len(split), MAX_BUCKETS):
        part: list[Json] = [*split[at : at + MAX_BUCKETS]]
        wanted: JsonObject = {"quantity": "upload_id", "include": part, "size": len(part)}
        for answer in (await ask(wanted)).values():
            times.update(_by_value(answer).keys())
    return times.total() - len(times)


def _answer(
    settings: JsonObject, parts: Mapping[str, JsonObject], merged: list[JsonObject], size: int
) -> JsonObject:
    head = {**_head(parts), "size": size}
    if settings.get("include") is not None:
        head["include"] = settings["include"]
    return {**head, "data": [_cut(settings, one) for one in merged]}


def _cut(settings: JsonObject, bucket: JsonObject) -> JsonObject:
    """The bucket with as many examples as asked for."""
    entries = bucket.get("entries")
    if not isinstance(entries, list):
        return bucket
    size = object_of(settings.get("entries")).get("size")
    return {**bucket, "entries": entries[: size if isinstance(size, int) else 1]}


def _ranked(held: Mapping[str, Mapping[Json, JsonObject]]) -> list[JsonObject]:
    """All values by count, the most frequent first; equally frequent ones in their order."""
    by_value = _joined(held.values())
    merged = [added(buckets) for buckets in by_value.values()]
    return sorted(merged, key=lambda one: (-_count(one), str(one["value"])))


def _joined(
    parts: Iterable[Mapping[Json, JsonObject]],
) -> dict[Json, list[JsonObject]]:
    joined: dict[Json, list[JsonObject]] = {}
    for part in parts:
        for value, bucket in part.items():
            joined.setdefault(value, []).append(bucket)
    return joined


def _by_value(part: JsonObject) -> dict[Json, JsonObject]:
    return {
        one["value"]: one for one in buckets_of(part) if not isinstance(one["value"], dict | list)
    }


def _least(buckets: Mapping[Json, JsonObject]) -> float:
    return min((_count(one) for one in buckets.values()), default=0)


def _count(bucket: JsonObject) -> float:
    count = bucket.get("count")
    return count if isinstance(count, int | float) else 0


def _head(parts: Mapping[str, JsonObject]) -> JsonObject:
    first = next(iter(parts.values()), {})
    return {name: value for name, value in first.items() if name != "data"}
