"""Aggregations over all sites: exact, or refused with a way out."""

import gc
from typing import Any

import pytest

from tests.native.expected import added
from tests.native.gateways import Body, Native
from tests.whole.lines import Asked


async def ours(native: Native, kind: str, **settings: Any) -> Body:
    body = {"aggregations": {"a": {kind: settings}}, "pagination": {"page_size": 0}}
    return (await native.query(body))["aggregations"]["a"][kind]


async def each(native: Native, kind: str, **settings: Any) -> list[Body]:
    body = {"aggregations": {"a": {kind: settings}}, "pagination": {"page_size": 0}}
    return [(await native.at(site, body))["aggregations"]["a"][kind] for site in native.sites]


@pytest.mark.parametrize("size", [1, 3, 10, 200, 10_000])
@pytest.mark.parametrize("quantity", ["optimade.elements", "upload_id", "mainfile", "processed"])
async def test_most_frequent(native: Native, quantity: str, size: int) -> None:
    """The k most frequent of all, each with its exact count."""
    counts = added(
        [one["data"] for one in await each(native, "terms", quantity=quantity, size=10_000)]
    )
    wanted = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:size]
    found = await ours(native, "terms", quantity=quantity, size=size)
    assert [one["count"] for one in found["data"]] == [count for _, count in wanted]
    assert all(counts[one["value"]] == one["count"] for one in found["data"])
    assert found["size"] == size


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("quantity", ["upload_id", "optimade.elements"])
async def test_pages(native: Native, quantity: str, order: str) -> None:
    """Pages of values, joined, are all values with exact counts."""
    counts = added(
        [one["data"] for one in await each(native, "terms", quantity=quantity, size=10_000)]
    )
    found: list[Body] = []
    pagination: Body = {"page_size": 7, "order": order}
    while True:
        page = await ours(native, "terms", quantity=quantity, pagination=pagination)
        found += page["data"]
        assert page["pagination"]["total"] == len(counts)
        if "next_page_after_value" not in page["pagination"]:
            break
        pagination["page_after_value"] = page["pagination"]["next_page_after_value"]
    assert {one["value"]: one["count"] for one in found} == counts
    values = [one["value"] for one in found]
    assert values == sorted(values, reverse=order == "desc")


@pytest.mark.parametrize("settings", [{"interval": 2}, {"interval": 5.5}, {"buckets": 4}])
async def test_histogram(native: Native, settings: Body) -> None:
    """One interval for all sites; a number of buckets is spread over the values of all."""
    found = await ours(native, "histogram", quantity="optimade.nsites", **settings)
    theirs = await each(native, "histogram", quantity="optimade.nsites", interval=found["interval"])
    counts = added([one["data"] for one in theirs])
    assert {one["value"]: one["count"] for one in found["data"] if one["count"]} == {
        value: count for value, count in counts.items() if count
    }
    values = [one["value"] for one in found["data"]]
    assert values == [values[0] + at * found["interval"] for at in range(len(values))]


async def test_dates(native: Native) -> None:
    """Months of all sites, gaps between them filled."""
    found = await ours(native, "date_histogram", quantity="upload_create_time")
    counts = added(
        [one["data"] for one in await each(native, "date_histogram", quantity="upload_create_time")]
    )
    assert {one["value"]: one["count"] for one in found["data"]}.items() >= counts.items()
    assert found["calendar_interval"] == "1M"


async def test_extremes_and_sums(native: Native) -> None:
    """Least and greatest of all, and sums."""
    parts = await each(native, "min_max", quantity="optimade.nsites")
    found = await ours(native, "min_max", quantity="optimade.nsites")
    assert found["data"] == [min(p["data"][0] for p in parts), max(p["data"][1] for p in parts)]
    sums = await ours(native, "statistics", metrics=["n_entries"])
    total = (await native.query({"pagination": {"page_size": 0}}))["pagination"]["total"]
    assert sums["data"] == {"n_entries": total}


@pytest.mark.parametrize(
    "aggregation",
    [
        {"statistics": {"metrics": ["n_materials"]}},
        {"terms": {"quantity": "upload_id", "metrics": ["n_authors"]}},
        {"percentiles": {"quantity": "optimade.nsites"}},
        {"auto_date_histogram": {"quantity": "upload_create_time"}},
        {"date_histogram": {"quantity": "upload_create_time", "fixed_interval": "1h"}},
        {"terms": {"quantity": "upload_id", "exclude_from_search": True}},
        {"terms": {"quantity": "upload_id", "pagination": {"order_by": "count"}}},
        {"terms": {"quantity": "upload_id", "size": 100_000}},
        {"nonsense": {}},
    ],
)
async def test_refused(native: Native, aggregation: Body) -> None:
    """What has no exact answer is 422 and says what to ask instead; no site is asked to count."""
    response = await native.post("/entries/query", {"aggregations": {"a": aggregation}})
    assert response.status_code == 422
    assert len(response.json()["detail"][0]["msg"]) > 15


UNFIT: list[tuple[str, Body, Body]] = [
    ("histogram", {"interval": 1}, {"interval": 5e-324, "data": [{"count": 1, "value": 1e300}]}),
    ("histogram", {"interval": 1}, {"interval": 1e300, "data": [{"count": 1, "value": 1e-300}]}),
    ("histogram", {"interval": 1}, {"data": [{"count": 1, "value": "much"}, {}]}),
    ("histogram", {"buckets": 3}, {"interval": 5e-324, "data": [{"count": 1, "value": 1e300}]}),
    ("date_histogram", {}, {"data": [{"count": 1, "value": "yesterday"}]}),
    ("date_histogram", {}, {"data": [{"count": 1, "value": "9999-12-31"}]}),
    ("date_histogram", {}, {"data": [{}]}),
    ("terms", {"size": 5}, {"data": [{"count": 1}]}),
    ("terms", {"size": 5}, {"data": [{"count": "many", "value": "a"}, {"value": None}]}),
    ("terms", {"pagination": {"page_size": 5}}, {"data": [{"count": 1}], "pagination": {}}),
    ("terms", {"pagination": {"page_size": 5}}, {"data": [{"value": {}}], "pagination": []}),
    ("min_max", {}, {"data": [{}, []]}),
    ("min_max", {}, {"data": ["a", "b", "c"]}),
]


@pytest.mark.parametrize(("kind", "settings", "unfit"), UNFIT)
async def test_unfit_answers(native: Native, kind: str, settings: Body, unfit: Body) -> None:
    """What a site says in place of counts is never an error of the gateway."""

    def changed(asked: Asked, said: Any) -> Any:
        if kind in said.get("aggregations", {}).get("a", {}):
            said["aggregations"]["a"][kind].update(unfit)
        return said

    native.lines["munich"].change = changed
    quantity = {"terms": "upload_id", "date_histogram": "upload_create_time"}.get(
        kind, "optimade.nsites"
    )
    body = {"aggregations": {"a": {kind: {"quantity": quantity, **settings}}}}
    response = await native.post("/entries/query", body)
    assert response.status_code in (200, 422, 502), response.text


async def test_first_failure_ends_the_others(native: Native) -> None:
    """Where one of many aggregations fails, the others are not asked any more, without a trace."""
    one = {"histogram": {"quantity": "optimade.nsites", "interval": 1e-300}}
    for _ in range(3):
        body = {"aggregations": {f"a{at}": one for at in range(20)}}
        assert (await native.post("/entries/query", body)).status_code == 502
    gc.collect()  # what was never awaited is a warning, and warnings are errors
    assert all(len(line.asked) < 20 for line in native.lines.values())
