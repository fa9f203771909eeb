"""Walks over references that sites share: nothing lost, nothing twice, sites come and go."""

from collections.abc import Mapping
from functools import cmp_to_key
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.merge import Progress, order_of
from gateway.model import Hit, Order
from gateway.order import comparison
from gateway.properties import references_catalogue
from gateway.search.references.page import Holdings, page_after, page_before

CATALOGUE = references_catalogue("fed")
SORTS = ((), (("id", True),), (("doi", False),), (("doi", True), ("note", False)))
SITES = ("a", "b", "c")


def make_hits(random: Random, order: Order, size: int) -> dict[str, Hit]:
    """Hits with few values and many ties, some of them unknown."""
    found = {}
    for n in range(size):
        values = tuple(
            f"ref.{n:02}" if key.name == "id" else random.choice((None, "x", "y"))
            for key in order.keys
        )
        found[f"ref.{n:02}"] = Hit("", f"ref.{n:02}", values)
    return found


def make_sites(random: Random, hits: Mapping[str, Hit]) -> dict[str, set[str]]:
    """Which hits each site has; each at one site at least."""
    held: dict[str, set[str]] = {site: set() for site in SITES}
    for id_ in hits:
        for site in random.sample(SITES, random.choice((1, 1, 2, 3))):
            held[site].add(id_)
    return held


def holdings(
    hits: Mapping[str, Hit], held: Mapping[str, set[str]], missing: set[str], order: Order
) -> Holdings:
    """What the sites that answer tell."""
    sites = {
        id_: [site for site in SITES if id_ in held[site] and site not in missing] for id_ in hits
    }
    there = {id_: holders for id_, holders in sites.items() if holders}
    position = cmp_to_key(comparison(order))
    ordered = sorted((hits[id_] for id_ in there), key=lambda hit: position(hit.position))
    return Holdings(ordered, there, {site for holders in there.values() for site in holders})


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.sampled_from(SORTS))
def test_nothing_lost_and_nothing_twice(random: Random, sort: tuple[tuple[str, bool], ...]) -> None:
    """Sites fail at random while a walk goes on; once they are back, all has come exactly once."""
    order = order_of(sort, CATALOGUE)
    hits = make_hits(random, order, random.randrange(25))
    held = make_sites(random, hits)
    progress, limit = Progress(), random.randint(1, 6)
    served: list[str] = []
    for turn in range(200):
        missing = {site for site in SITES if turn < 40 and random.random() < 0.35}
        turned = page_after(
            holdings(hits, held, missing, order),
            progress,
            order=order,
            skip=0,
            limit=limit,
            missing=missing,
        )
        assert len(turned.hits) <= limit
        if missing and not turned.hits:
            continue  # 503: the client tries the same cursor again
        served += [hit.entry_id for hit in turned.hits]
        if turned.next is None:
            break
        assert missing or len(turned.hits) == limit
        progress = turned.next
    else:
        pytest.fail("the walk never ends")
    assert len(served) == len(set(served))
    assert set(served) == set(hits)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.sampled_from(SORTS))
def test_without_failures(random: Random, sort: tuple[tuple[str, bool], ...]) -> None:
    """The walk is one sort; offsets and walks from the end give the same pages."""
    order = order_of(sort, CATALOGUE)
    hits = make_hits(random, order, random.randrange(1, 25))
    all_held = holdings(hits, make_sites(random, hits), set(), order)
    compare = comparison(order)
    ordered = all_held.hits
    assert all(compare(a.position, b.position) < 0 for a, b in pairwise(ordered))
    limit, progress, walked = random.randint(1, 6), Progress(), list[Hit]()
    while True:
        by_offset = page_after(
            all_held, Progress(), order=order, skip=len(walked), limit=limit, missing=()
        )
        turned = page_after(all_held, progress, order=order, skip=0, limit=limit, missing=())
        assert turned == by_offset
        page_start = walked[-1].position if walked else None
        back = page_before(ordered, page_start, order=order, limit=limit, missing=())
        expected = ordered if page_start is None else walked[:-1]
        assert back.hits == tuple(expected[max(0, len(expected) - limit) :])
        walked += turned.hits
        if turned.next is None:
            break
        progress = turned.next
    assert walked == list(ordered)


def holding(**sites: list[str]) -> Holdings:
    """References by id, in order, and the sites of each."""
    hits = [Hit("", id_, ()) for id_ in sites]
    return Holdings(hits, sites, {site for holders in sites.values() for site in holders})


def test_shared_reference_is_not_served_again() -> None:
    """What one site served is not served again by another that was missing then."""
    order = Order()
    first = page_after(
        holding(r1=["a"], r2=["a"]),
        Progress(), order=order, skip=0, limit=2, missing={"b"},
    )  # fmt: skip
    assert [one.entry_id for one in first.hits] == ["r1", "r2"]
    both = holding(r0=["b"], r1=["a", "b"], r2=["a"], r3=["b"])
    assert first.next is not None
    second = page_after(both, first.next, order=order, skip=0, limit=9, missing=())
    assert [one.entry_id for one in second.hits] == ["r0", "r3"]
    assert second.next is None


def test_site_waits_for_the_one_that_served() -> None:
    """With the site missing that served a part, nobody can tell what of it another may bring."""
    order = Order()
    first = page_after(
        holding(r1=["a"], r3=["a"]),
        Progress(), order=order, skip=0, limit=2, missing={"b"},
    )  # fmt: skip
    assert first.next is not None
    only_b = holding(r1=["b"], r2=["b"])
    second = page_after(only_b, first.next, order=order, skip=0, limit=9, missing={"a"})
    assert second.hits == ()
    assert second.next == first.next


def test_missing_site_behind_an_offset() -> None:
    """What a missing site has before the page does not come later."""
    turned = page_after(
        holding(r1=["a"], r3=["a"], r5=["a"]),
        Progress(), order=Order(), skip=1, limit=1, missing={"b"},
    )  # fmt: skip
    assert [one.entry_id for one in turned.hits] == ["r3"]
    assert turned.next is not None
    back = holding(r0=["b"], r2=["b"], r4=["b"])
    onward = page_after(back, turned.next, order=Order(), skip=0, limit=9, missing=())
    assert [one.entry_id for one in onward.hits] == ["r2", "r4"]
