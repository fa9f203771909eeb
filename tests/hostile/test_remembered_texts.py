"""What outlives a request: no text of a site or client that is long, however many there are."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from gateway.model import NativeQuery
from gateway.properties import nearest_names, structures_catalogue
from gateway.references import REMEMBERED_LENGTH, Reference
from gateway.search.copies.assignment import Assignment, Condition
from gateway.search.sites.site_stats import Share, SiteStats
from gateway.shape.references import references_in
from gateway.times import read_nomad_milliseconds, read_nomad_time

CATALOGUE = structures_catalogue("fed")
LONG, TIMES, MOST_BYTES = 8_000, 500, 2**20


def id_of(text: str) -> object:
    return Reference("ref", text).id


def cited(text: str) -> object:
    return references_in(
        {"references": [text], "datasets": [{"doi": "10.1/x", "dataset_name": text}]}
    )


def suggested(text: str) -> object:
    return nearest_names(f"_nmd_{text}", CATALOGUE)


@pytest.mark.parametrize("letter", ["x", "\u4e2d"])
@pytest.mark.parametrize(
    "read", [read_nomad_time, read_nomad_milliseconds, id_of, cited, suggested]
)
def test_long_texts_are_not_remembered(read: Callable[[str], object], letter: str) -> None:
    """Five hundred of them leave nothing behind."""
    read("x")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(TIMES):
            read(f"{number}{letter * LONG}")
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < MOST_BYTES


def wide_query(number: int) -> NativeQuery:
    """As the largest filters make them."""
    return {"or": [{"optimade.nsites": number + at} for at in range(1000)]}


def counted(stats: SiteStats, number: int) -> None:
    query = wide_query(number)
    stats.remember("berlin", query, number)
    assert stats.last_count("berlin", wide_query(number)) == number


def paged(stats: SiteStats, number: int) -> None:
    page = ("f", f"{number}{'x' * 100_000}", 0, 20, None)
    stats.remember_shares(page, {"berlin": Share(number, is_whole=True)})
    assert stats.shares(page) == {"berlin": Share(number, is_whole=True)}


def assigned(assignment: Assignment, number: int) -> None:
    query = wide_query(number)
    made, is_new = assignment.query("berlin", query)
    assert is_new
    assert made != query


SMALL: NativeQuery = {"quantities": "x"}


@pytest.mark.parametrize(
    ("remember", "make"),
    [
        (counted, lambda: SiteStats({}, answers_s=60)),
        (paged, lambda: SiteStats({}, answers_s=60)),
        (assigned, lambda: Assignment({"berlin": Condition(SMALL, False, 1, 1)})),
    ],
    ids=["counts", "pages", "copies"],
)
def test_large_requests_are_not_kept_alive(
    remember: Callable[[object, int], None], make: Callable[[], object]
) -> None:
    """By what is remembered of them: a count, what each site was asked for, whose copies count."""
    memory = make()
    remember(memory, 10**6)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(60):
            remember(memory, 10**6 + 1000 * number)
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < MOST_BYTES


def test_everyday_queries_are_the_same_objects_again() -> None:
    """So that they need no new digest; what they may take counts among what is kept."""
    assignment = Assignment({"berlin": Condition(SMALL, False, 1, 7)})
    queries: list[NativeQuery] = [{"optimade.nsites": number} for number in range(200)]
    made = [assignment.query("berlin", query)[0] for query in queries]
    again = [assignment.query("berlin", query) for query in queries]
    assert all(one is two for one, (two, _) in zip(made, again, strict=True))
    assert not any(is_new for _, is_new in again)
    assert assignment.size > 10_000


@pytest.mark.parametrize("length", [1, REMEMBERED_LENGTH, REMEMBERED_LENGTH + 1, LONG])
def test_they_mean_the_same(length: int) -> None:
    """Remembered or not."""
    text = "é" * length
    assert Reference("ref", text).id == "ref." + "_C3_A9" * length
    (one,) = references_in({"references": [text]})
    assert one.reference == Reference("ref", text)
    (two,) = references_in({"datasets": [{"doi": "10.1/x", "dataset_name": text}]})
    assert two.title == text
