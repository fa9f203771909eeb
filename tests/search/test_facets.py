"""Counts of several sites become one list of values, which is exact and not too long."""

from gateway.fetch.fanout import SiteAnswer
from gateway.fetch.nomad.facets import Counts
from gateway.model import SiteFailure
from gateway.search.facets import MOST_LISTED, FacetSums


def answer(**counts: Counts | None) -> SiteAnswer[dict[str, Counts | None]]:
    return SiteAnswer(counts, 1.0)


def many(count: int, start: int = 0) -> Counts:
    return {f"author {n}": 1 for n in range(start, start + count)}


def sums_of(*answers: SiteAnswer[dict[str, Counts | None]], names: str = "ab") -> FacetSums:
    sums = FacetSums(names)
    for place, one in enumerate(answers):
        sums.add(one.value, site=f"site{place}", answer=one)
    return sums


def test_counts_are_added_up() -> None:
    """A value of several sites is listed once, with the sum."""
    sums = sums_of(answer(a={"O": 2, "Ti": 1}, b={3: 1}), answer(a={"O": 5}, b={}))
    assert sums.listed() == ["a", "b"]
    assert sums.of == {"a": {"O": 7, "Ti": 1}, "b": {3: 1}}
    assert sums.left_out == {}


def test_the_first_reason_stays() -> None:
    """Without one site's counts there is no sum, whatever the others say."""
    sums = sums_of(answer(a=None, b={3: 1}), answer(a={"O": 5}, b={3: 1}))
    sums.add("a", site="site2", answer=SiteFailure("site2", "timed out"))
    assert sums.listed() == ["b"]
    assert sums.left_out == {"a": "site0 has 1000 values or more"}


def test_a_list_that_is_too_long() -> None:
    """Sites with a few hundred values each may have too many altogether."""
    full = sums_of(answer(a=many(MOST_LISTED)), names="a")
    assert full.listed() == ["a"]
    assert len(full.of["a"]) == MOST_LISTED
    sums = sums_of(answer(a=many(MOST_LISTED), b={3: 1}), answer(a=many(1, MOST_LISTED), b={3: 1}))
    assert sums.listed() == ["b"]
    assert "at most 10000 values" in sums.left_out["a"]


def test_lists_that_are_too_long_together() -> None:
    """The first ones are given, and what still fits after them."""
    sums = sums_of(
        answer(a=many(MOST_LISTED - 2), b=many(3), c=many(2), d=many(1)),
        names="abcd",
    )
    assert sums.listed() == ["a", "c"]
    assert set(sums.left_out) == {"b", "d"}
