"""Merging pages and keeping everybody's place, with sites that fail whenever they like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.merge import Progress, advance, merge_hits
from gateway.model import Hit, Order, Position, SortKey
from gateway.order import comparison, is_after
from tests.whole.expected import Known, ids_of, sorted_entries

KEYS = {
    "n": SortKey("n", "n", "integer", known={"quantities": "n"}),
    "-n": SortKey("n", "n", "integer", descending=True, known={"quantities": "n"}),
    "id": SortKey("id", "entry_id", "string"),
    "-id": SortKey("id", "entry_id", "string", descending=True),
    "-immutable_id": SortKey("immutable_id", "entry_id", "string", descending=True),
    "m": SortKey("m", "m", "integer"),
}
ORDERS = [(), ("n",), ("-n",), ("id",), ("-id",), ("-immutable_id",), ("-n", "m"), ("n", "-id"),
          ("-immutable_id", "n")]  # fmt: skip
SITES = ("a", "a-b", "b")


@st.composite
def entries(draw: st.DrawFn) -> list[Known]:
    """A few entries at three sites, many of them equal but for the site."""
    row = st.tuples(
        st.sampled_from(SITES),
        st.text("-0Az", min_size=1, max_size=2),
        st.sampled_from([None, 0, 1, 2]),
        st.integers(0, 1),
    )
    rows = draw(st.lists(row, max_size=30, unique_by=lambda one: one[:2]))
    return [
        Known(site, entry_id, {"immutable_id": entry_id, "n": n, "m": m})
        for site, entry_id, n, m in rows
    ]


def hit_of(one: Known, order: Order) -> Hit:
    return Hit(one.site, one.entry_id, tuple(one[key.name] for key in order.keys))


def order_of(names: Sequence[str]) -> tuple[Order, list[tuple[str, bool]]]:
    keys = tuple(KEYS[name] for name in names)
    return Order(keys), [(key.name, key.descending) for key in keys]


@dataclass(frozen=True, slots=True)
class Sites:
    """What all sites hold, asked as the sites are: so many hits behind a position."""

    order: Order
    hits: Mapping[str, Sequence[Hit]]

    @classmethod
    def of(cls, found: Sequence[Known], order: Order, sort: Sequence[tuple[str, bool]]) -> "Sites":
        held = {
            site: [hit_of(k, order) for k in sorted_entries(found, tuple(sort)) if k.site == site]
            for site in SITES
        }
        return cls(order, held)

    def ask(self, site: str, after: Position | None, limit: int) -> Sequence[Hit]:
        behind = [
            hit
            for hit in self.hits[site]
            if is_after(self.order, hit.position, after, backward=False)
        ]
        return behind[:limit]


@given(found=entries(), names=st.sampled_from(ORDERS))
def test_comparison_is_the_one_total_order(found: list[Known], names: tuple[str, ...]) -> None:
    """Unknown last both ways, ties by entry_id as the last key falls, then by site upwards."""
    order, sort = order_of(names)
    compare = comparison(order)
    places = [hit_of(one, order).position for one in sorted_entries(found, tuple(sort))]
    assert all(compare(a, b) < 0 for i, a in enumerate(places) for b in places[i + 1 :])
    assert all(compare(b, a) > 0 for i, a in enumerate(places) for b in places[i + 1 :])
    assert all(compare(a, a) == 0 for a in places)
    back = comparison(order, backward=True)
    assert all(back(a, b) == -compare(a, b) for a in places for b in places)


@given(found=entries(), names=st.sampled_from(ORDERS), limit=st.integers(1, 40))
def test_merge_gives_the_first_of_all(
    found: list[Known], names: tuple[str, ...], limit: int
) -> None:
    """The merged page is the beginning of the one sort, forward and from the end."""
    order, sort = order_of(names)
    sites = Sites.of(found, order, sort)
    expected = ids_of(sorted_entries(found, tuple(sort)))
    merged = merge_hits(order, sites.hits.values(), limit=limit)
    assert [f"{hit.site}~{hit.entry_id}" for hit in merged] == expected[:limit]
    turned = [hits[::-1] for hits in sites.hits.values()]
    back = merge_hits(order, turned, limit=limit, backward=True)
    assert [f"{hit.site}~{hit.entry_id}" for hit in back] == expected[::-1][:limit]


@settings(max_examples=200)
@given(
    found=entries(),
    names=st.sampled_from(ORDERS),
    limit=st.integers(1, 7),
    failing=st.lists(st.sets(st.sampled_from(SITES)), max_size=12),
)
def test_walk_over_failing_sites_gives_every_entry_once(
    found: list[Known], names: tuple[str, ...], limit: int, failing: list[set[str]]
) -> None:
    """Whatever sites are missing on whatever pages: if all come back at last, nothing is lost and
    nothing comes twice, every page is in order, and full if anything is left to fill it."""
    order, sort = order_of(names)
    sites = Sites.of(found, order, sort)
    progress, seen = Progress(), list[Hit]()
    for missing in (*failing, *([set[str]()] * (len(found) + 1))):
        asks = {site: progress.of(site) for site in SITES if site not in missing}
        streams = {site: sites.ask(site, after, limit) for site, after in asks.items()}
        page = merge_hits(order, streams.values(), limit=limit)
        if not page:
            continue  # answered with 503: the walker comes again with the same cursor
        left = sum(len(sites.ask(site, after, 99)) for site, after in asks.items())
        assert len(page) == min(limit, left)
        assert list(page) == sorted(page, key=lambda hit: sites_rank(sites, hit))
        seen += page
        progress = advance(order, progress, page, answered=streams, missing=missing)
    assert len(seen) == len(set(seen)) == len(found)


def sites_rank(sites: Sites, hit: Hit) -> int:
    compare = comparison(sites.order)
    return sum(compare(o.position, hit.position) < 0 for hits in sites.hits.values() for o in hits)


AT = [Position((), entry_id, "a") for entry_id in "ABCDE"]
A, B, C, D, E = AT


@pytest.mark.parametrize(
    ("progress", "page", "answered", "missing", "expected"),
    [
        (Progress(), "B", "ab", "", Progress(B)),
        (Progress(), "B", "a", "b", Progress(B, (("b", None),))),
        (Progress(B), "D", "a", "b", Progress(D, (("b", B),))),
        (Progress(C, (("b", A),)), "B", "ab", "", Progress(C, (("b", B),))),
        (Progress(C, (("b", A),)), "D", "ab", "", Progress(D)),
        (Progress(C, (("b", A),)), "D", "a", "b", Progress(D, (("b", A),))),
        (Progress(C, (("b", A), ("c", B))), "A", "ab", "c", Progress(C, (("b", A), ("c", B)))),
        (Progress(C, (("b", None), ("c", B))), "A", "abc", "", Progress(C, (("b", A), ("c", B)))),
        (Progress(C, (("b", A),)), "", "ab", "", Progress(C)),
        (Progress(C, (("gone", A),)), "D", "ab", "", Progress(D)),
        (Progress(), "", "a", "b", Progress()),
    ],
)
def test_places_behind_a_page(
    progress: Progress, page: str, answered: str, missing: str, expected: Progress
) -> None:
    """A missing site keeps its place; a lagging one catches up before the others go on; a site
    that is neither asked nor missing has no place any more."""
    hits = [Hit("a", entry_id, ()) for entry_id in page]
    assert advance(Order(), progress, hits, answered=answered, missing=missing) == expected
