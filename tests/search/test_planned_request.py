"""What a listing request asks of which site: cached plans, large filters."""

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load_config
from gateway.errors import FilterLimitError, RequestError
from gateway.model import STRUCTURES, SearchRequest
from gateway.properties import structures_catalogue
from gateway.search.planned_request import CACHE_BYTES, RequestPlanner

ROOT = Path(__file__).parents[2]
CATALOGUE = structures_catalogue("demo")


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(ROOT / "config/demo.yaml")


@pytest.fixture
def planner(config: Config) -> Iterator[RequestPlanner]:
    planner = RequestPlanner(config)
    yield planner
    planner.close()


def request(text: str | None = None, fields: tuple[str, ...] | None = None) -> SearchRequest:
    return SearchRequest(STRUCTURES, filter=text, response_fields=fields)


def queries(planner: RequestPlanner, text: str | None) -> dict[str, object]:
    return dict(planner.read(request(text), CATALOGUE, versions={}).queries)


def test_equal_filters_are_planned_once(planner: RequestPlanner) -> None:
    """The queries are the same objects, for all sites and for the next request."""
    first, second = queries(planner, "nelements = 2"), queries(planner, "nelements = 2")
    assert len({id(query) for query in (*first.values(), *second.values())}) == 1


@pytest.mark.slow
def test_the_cache_is_bounded_in_bytes(planner: RequestPlanner) -> None:
    """Large plans leave, the largest are not cached at all."""
    for number in range(200):
        queries(planner, " OR ".join(f"nsites > {number}{one}" for one in range(700)))
    plans = planner._plans
    assert CACHE_BYTES / 2 < plans.currsize <= CACHE_BYTES
    assert max(one.size for one in plans.values()) <= CACHE_BYTES / 8
    assert len(plans) < 100
    large = " OR ".join(f"nsites != {one}" for one in range(900))
    queries(planner, large)
    assert not any(key[1] == large for key in plans)
    before = len(plans)
    text = ", ".join(f'!="10.{number}"' for number in range(500))
    queries(planner, f"references.doi HAS ALL {text}")
    assert len(plans) <= before


@pytest.mark.parametrize(
    ("limit", "largest", "larger"),
    [
        ({"length": 10}, "nsites = 1", "nsites = 12"),
        ({"depth": 2}, "nsites=1 AND (nsites=2 OR nsites=3)",
         "nsites=1 AND (nsites=2 OR (nsites=3 AND nsites=4))"),
        ({"terms": 2}, "nsites=1 OR nsites=2", "nsites=1 OR nsites=2 OR nsites=3"),
        ({"values": 2}, 'elements HAS ALL "O","H"', 'elements HAS ALL "O","H","C"'),
    ],
)  # fmt: skip
def test_the_configured_limits_hold(
    config: Config, limit: dict[str, int], largest: str, larger: str
) -> None:
    """Each key of `filters` is the limit of what is read."""
    keys = config.filters.model_copy(update=limit)
    planner = RequestPlanner(config.model_copy(update={"filters": keys}))
    assert queries(planner, largest)
    with pytest.raises(FilterLimitError):
        queries(planner, larger)
    planner.close()


@pytest.mark.slow
@pytest.mark.parametrize(("terms", "times"), [(1, 600), (300, 10)])
@pytest.mark.parametrize(
    "text",
    ["nsites > {}", 'elements HAS ANY "O","H" AND nsites={}', "nsites={} AND nelements=2"],
)
def test_what_cached_plans_take(planner: RequestPlanner, text: str, terms: int, times: int) -> None:
    """Whether they are many or large, no more memory than they are counted with."""
    queries(planner, "nsites = 1")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(times):
            joined = " OR ".join(f"({text.format(7 * number + one)})" for one in range(terms))
            queries(planner, joined)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert planner._plans.currsize > CACHE_BYTES / 4
    assert taken <= planner._plans.currsize


def test_single_entries_drive_nothing_out(planner: RequestPlanner) -> None:
    """They are planned at once, and asked of one site."""
    queries(planner, "nelements = 2")
    for number in range(2_000):
        found = queries(planner, f'id = "berlin~entry-{number}"')
        assert set(found) == {"berlin"}
    assert len(planner._plans) == 1


def test_an_entry_is_planned_as_its_filter_is(planner: RequestPlanner) -> None:
    """The direct plan and the translation of the same filter, written otherwise."""
    short = planner.read(request('id = "berlin~x-1_"'), CATALOGUE, versions={})
    long = planner.read(request('(id = "berlin~x-1_")'), CATALOGUE, versions={})
    assert short.queries == long.queries
    assert short.pruned == long.pruned


async def test_large_filters_are_planned_in_a_thread(planner: RequestPlanner) -> None:
    """So that the event loop goes on; small ones are not worth the way there and back."""
    threads = [
        await planner.off_loop(text, threading.get_ident)
        for text in (None, "nsites = 1", "x" * 5_000)
    ]
    assert threads[:2] == [threading.get_ident()] * 2
    assert threads[2] != threading.get_ident()
    text = " OR ".join(f"nsites > {number}" for number in range(900))
    many = await asyncio.gather(
        *(planner.read_off_loop(request(text), CATALOGUE, versions={}) for _ in range(3))
    )
    assert len({str(one.queries) for one in many}) == 1
    assert many[0].queries == planner.read(request(text), CATALOGUE, versions={}).queries


async def test_errors_of_large_filters_come_through(planner: RequestPlanner) -> None:
    """As they would from a small one."""
    text = " OR ".join(f"nsite > {number}" for number in range(900))
    with pytest.raises(RequestError, match="no property 'nsite'"):
        await planner.read_off_loop(request(text), CATALOGUE, versions={})
