"""How many keys a page takes of each site, and which site has to be asked on."""

from itertools import count
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.merge import merge_hits
from gateway.model import Hit, Order, SiteHits
from gateway.search.fair_shares import (
    archive_share,
    exhausted,
    fair_shares,
    is_one_phase_cheaper,
)


@pytest.mark.parametrize(
    ("limit", "counts", "expected"),
    [
        (20, {"berlin": 7}, {"berlin": 20}),
        (20, {"berlin": 0, "munich": 0}, {"berlin": 1, "munich": 1}),
        (20, {"berlin": 900, "munich": 0}, {"berlin": 20, "munich": 1}),
        (1, {"berlin": 500, "munich": 500}, {"berlin": 1, "munich": 1}),
        (100, {"berlin": 500, "munich": 500}, {"berlin": 63, "munich": 63}),
        (1000, dict.fromkeys("abcdefghij", 10**6), dict.fromkeys("abcdefghij", 124)),
    ],
)
def test_portions(limit: int, counts: dict[str, int], expected: dict[str, int]) -> None:
    """A site's part of the matches and 2.5 standard deviations, at least 1, at most the page."""
    assert fair_shares(limit, counts) == expected


@pytest.mark.parametrize(
    ("limit", "part", "archive_s", "round_trip_s", "expected"),
    [
        (20, 20, 0.002, 0.02, 20),
        (20, 0, 0.002, 0.02, 1),
        (20, 0.001, 0.002, 0.02, 1),
        (20, 6.67, 0.002, 0.02, 11),
        (20, 6.67, 0.002, 0.2, 14),
        (20, 6.67, 0.0, 0.0, 10),
        (20, 6.67, 0.7, 0.02, 10),
        (500, 50, 0.002, 0.04, 62),
        (1, 0.5, 0.002, 0.02, 1),
    ],
)
def test_archives_by_price(
    limit: int, part: float, archive_s: float, round_trip_s: float, expected: int
) -> None:
    """The dearer a round trip against an archive, the more are asked for at once: as many as the
    part reaches with a chance below the ratio of the prices, by Poisson's distribution."""
    found = archive_share(limit, part, archive_s=archive_s, round_trip_s=round_trip_s)
    assert found == expected


@given(st.integers(1, 500), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_archives_are_never_less_than_the_part_nor_more_than_the_page(
    limit: int, share: float, archive_s: float, round_trip_s: float
) -> None:
    """And not far beyond what the part may be by chance."""
    part = limit * share
    found = archive_share(limit, part, archive_s=archive_s, round_trip_s=round_trip_s)
    assert min(limit, part) - 1 <= found <= limit
    assert 1 <= found <= part + 5 * sqrt(part) + 6


@pytest.mark.parametrize(
    ("limit", "shares", "more", "is_cheaper"),
    [
        (20, [20], {}, True),
        (20, [11, 11, 11], {}, True),
        (20, [2] * 50, {}, False),
        (20, [2] * 50, {"round_trip_s": 0.2}, True),
        (20, [11, 11, 11], {"round_trip_s": 0.0}, False),
        (20, [11, 11, 11], {"chance_cached": 1.0}, False),
        (500, [250, 250, 250], {}, True),
        (500, [250, 250, 250], {"under_way": 64}, False),
        (20, [20], {"under_way": 64}, True),
    ],
)
def test_one_phase_or_two(
    limit: int, shares: list[int], more: dict[str, float], is_cheaper: bool
) -> None:
    """Few sites and small pages by one round trip, many sites and what is cached by two; the busier
    the gateway, the less it wastes."""
    how = {"requests_each": 1, "round_trip_s": 0.03, **more}
    assert is_one_phase_cheaper(limit, shares, **how) is is_cheaper  # type: ignore[arg-type]


@given(st.randoms(use_true_random=True), st.integers(1, 40), st.integers(1, 5))
def test_asking_on_completes_the_page(random: Random, limit: int, sites: int) -> None:
    """Whatever each site gave at first, one more question to those that ran dry fills the page."""
    everything = [(f"{number:03}", f"s{random.randrange(sites)}") for number in range(60)]
    held = {
        f"s{number}": [Hit(site, id_, ()) for id_, site in everything if site == f"s{number}"]
        for number in range(sites)
    }
    first = {site: random.randint(1, limit) for site in held}
    answers = {site: _answer(hits[: first[site]], hits) for site, hits in held.items()}
    for turn in count():
        page = merge_hits(Order(), [answer.hits for answer in answers.values()], limit=limit)
        exhausted_sites = exhausted(page, answers, limit=limit)
        if not exhausted_sites:
            break
        assert turn == 0
        for site, more in exhausted_sites.items():
            given_ = len(answers[site].hits) + more
            answers[site] = _answer(held[site][:given_], held[site])
    assert [hit.entry_id for hit in page] == [id_ for id_, _ in everything[:limit]]


def _answer(hits: list[Hit], of: list[Hit]) -> SiteHits:
    return SiteHits("", tuple(hits), len(hits) < len(of), len(of))
