"""Aggregations over all sites: merged exactly, or 422 with what to ask instead."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias

from gateway.errors import NativeError, SiteError
from gateway.model import Json, JsonObject
from gateway.native.aggregations.buckets import (
    buckets_of,
    merged_counts,
    merged_dates,
    merged_extremes,
    merged_sums,
)
from gateway.native.aggregations.checks import DOING, check_part
from gateway.native.aggregations.histograms import interval_of
from gateway.native.aggregations.rules import Kind, NativeAggregation
from gateway.native.aggregations.terms import Ask, merged_terms
from gateway.native.aggregations.totals import Listed
from gateway.native.asking import together
from gateway.native.holders import object_of
from gateway.native.searches.site_queries import SiteQueries
from gateway.observe import log

IN_LOOP = 2_000
"""Buckets that are checked in the event loop."""
AT_ONCE = 2
"""Aggregations of one request that are asked for at a time: other requests wait for the same slots
of a site."""
Parts: TypeAlias = dict[str, JsonObject]
"""What each site says of one aggregation; a site that lacks its quantity is not among them."""


async def aggregate(queries: SiteQueries) -> JsonObject:
    """All aggregations by name; raises NativeError or SitesUnavailableError."""
    wanted, few, listed = queries.search.aggregations, asyncio.Semaphore(AT_ONCE), Listed()

    async def one(aggregation: NativeAggregation) -> JsonObject:
        async with few:
            value = await _fitting(queries, aggregation)
        listed.add(object_of(value[aggregation.kind]))
        await asyncio.sleep(0)
        return value

    found = await together(*(one(aggregation) for aggregation in wanted))
    return {aggregation.name: value for aggregation, value in zip(wanted, found, strict=True)}


async def _fitting(queries: SiteQueries, aggregation: NativeAggregation) -> JsonObject:
    """One aggregation; raises NativeError where the sites' answers are none that can be merged."""
    try:
        return await _one(queries, aggregation)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        log().exception("unexpected counts in the answers of the sites")
        message = f"The sites' answers to the aggregation {aggregation.name[:80]} do not fit."
        raise NativeError(502, message) from error


async def _one(queries: SiteQueries, aggregation: NativeAggregation) -> JsonObject:
    kind = aggregation.kind

    async def ask(settings: JsonObject, sites: Collection[str] | None = None) -> Parts:
        return await _ask(queries, kind, settings, sites)

    match kind:
        case "terms":
            is_split = aggregation.quantity == "upload_id" and queries.served is not None
            split = queries.served.split() if is_split and queries.served else ()
            value = await merged_terms(aggregation, ask, split=split)
        case "histogram":
            value = await _histogram(queries, aggregation, ask)
        case "date_histogram":
            parts = await _dates(queries, aggregation)
            value = merged_dates(parts, aggregation.settings)
        case "min_max":
            value = merged_extremes(await ask(aggregation.settings))
        case _:
            value = merged_sums(await ask(aggregation.settings))
    return {kind: value}


async def _histogram(queries: SiteQueries, aggregation: NativeAggregation, ask: Ask) -> JsonObject:
    """One interval for all sites: where a number of buckets is asked for, from all their values."""
    settings = aggregation.settings
    if settings.get("buckets") is None:
        return merged_counts(await ask(settings), settings)
    quantity: JsonObject = {"quantity": settings["quantity"]}
    extremes = merged_extremes(await _ask(queries, "min_max", quantity, None))["data"]
    interval = interval_of(settings, extremes, quantity=aggregation.quantity)
    if interval is None:
        return {**settings, "offset": 0.0, "data": []}
    given: JsonObject = {"interval": interval or 1, "offset": 0}
    asked = {name: value for name, value in settings.items() if name != "buckets"} | given
    merged = merged_counts(await ask(asked), asked)
    data = merged.pop("data")
    if not interval:  # all values are equal: one bucket, named by the value
        merged.pop("interval", None)
        least = extremes[0] if isinstance(extremes, list) else None
        data = (
            [{**object_of(one), "value": least} for one in data] if isinstance(data, list) else []
        )
    return {**merged, "buckets": settings["buckets"], "offset": 0.0, "data": data}


async def _dates(queries: SiteQueries, aggregation: NativeAggregation) -> Parts:
    """Older versions know `interval` alone."""

    def settings_at(site: str) -> JsonObject:
        settings = aggregation.settings
        if (queries.versions.get(site) or "1").startswith("1.") and "calendar_interval" in settings:
            rest = {k: v for k, v in settings.items() if k != "calendar_interval"}
            return {**rest, "interval": settings["calendar_interval"]}
        return settings

    return await _ask_each(queries, "date_histogram", settings_at, None)


async def _ask(
    queries: SiteQueries, kind: Kind, settings: JsonObject, sites: Collection[str] | None
) -> Parts:
    return await _ask_each(queries, kind, lambda _: settings, sites)


async def _ask_each(
    queries: SiteQueries,
    kind: Kind,
    settings_at: Callable[[str], JsonObject],
    sites: Collection[str] | None,
) -> Parts:
    chosen = [site for site in queries.sites if sites is None or site in sites]

    answers = await queries.ask_all(
        {site: partial(_ask_site, queries, site, kind, settings_at(site)) for site in chosen},
        doing=DOING,
    )
    return {site: one.value for site, one in answers.items() if one.value is not None}


async def _ask_site(
    queries: SiteQueries, site: str, kind: Kind, settings: JsonObject, lacking: Collection[str]
) -> JsonObject | None:
    """What one site says; None: it lacks the quantity."""
    if settings.get("quantity") in lacking:
        return None
    body: JsonObject = {
        "owner": queries.owner_of(site),
        "query": queries.asked(site, lacking).query,
        "pagination": {"page_size": 0},
        "aggregations": {"a": {kind: settings}},
    }
    answer = await queries.post(site, body, doing=DOING)
    value = _part(answer, kind)
    if value is None:
        raise SiteError(site, doing=DOING, happened="the answer has no counts")
    if len(buckets_of(value)) <= IN_LOOP:
        return check_part(site, value, kind=kind, settings=settings)
    return await asyncio.to_thread(check_part, site, value, kind=kind, settings=settings)


def _part(answer: Mapping[str, Json], kind: str) -> JsonObject | None:
    value = object_of(object_of(answer.get("aggregations")).get("a")).get(kind)
    return value if isinstance(value, dict) and isinstance(value.get("data"), list | dict) else None
