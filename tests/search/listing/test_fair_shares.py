"""How many keys a page takes of each site, and which site has to be asked on."""

from itertools import count
from math import exp, lgamma, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.merge import merge_hits
from gateway.model import Hit, Order, SiteHits
from gateway.search.listing.fair_shares import (
    FEW_SITES,
    MOST_CHANCE,
    OWN_ARCHIVE_S,
    OWN_ROUND_TRIP_S,
    archive_share,
    exhausted,
    fair_shares,
    is_one_phase_cheaper,
    without_own_s,
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


def chance_of(part: float, least: int) -> float:
    """That a Poisson variable of this mean is at least so large."""
    return 1.0 - sum(
        exp(-part + number * log(part) - lgamma(number + 1)) for number in range(least)
    )


@given(
    st.integers(1, 500),
    st.floats(0.01, 1),
    st.integers(1, 50),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_archives_by_price(
    limit: int, share: float, sites: int, archive_s: float, round_trip_s: float
) -> None:
    """As many as the site's part reaches with a chance that is worth it, at most the page: one more
    costs an archive, one too few a round trip, and few pages should need a second one."""
    part = limit * share
    found = archive_share(limit, part, sites=sites, archive_s=archive_s, round_trip_s=round_trip_s)
    assert 1 <= found <= limit
    assert found >= min(limit, part) - 1
    price = (archive_s + OWN_ARCHIVE_S) / (round_trip_s + OWN_ROUND_TRIP_S)
    worth = min(MOST_CHANCE * min(1.0, (FEW_SITES / sites) ** 1.6), price)
    if found < limit:
        assert chance_of(part, found) <= 1.6 * worth + 0.005
    if found > part + 2:
        assert chance_of(part, found - 2) >= 0.6 * worth - 0.01


@pytest.mark.parametrize("part", [0, 0.001, 1, 6.67, 20, 49, 51, 400])
def test_dearer_round_trips_and_more_sites_mean_more_archives(part: float) -> None:
    """And dearer archives fewer."""

    def share(*, sites: int = 3, archive_s: float = 0.002, round_trip_s: float = 0.02) -> int:
        return archive_share(500, part, sites=sites, archive_s=archive_s, round_trip_s=round_trip_s)

    assert share(archive_s=0.5) <= share() <= share(round_trip_s=0.5)
    assert share(sites=1) <= share(sites=3) <= share(sites=50)
    assert share(archive_s=9e9) >= min(part, 1)
    assert share(archive_s=0, round_trip_s=0) >= 1


@pytest.mark.parametrize(
    ("limit", "shares", "more", "is_cheaper"),
    [
        (20, [20], {}, True),
        (20, [11, 11, 11], {}, True),
        (20, [20] * 50, {}, False),
        (20, [20] * 50, {"round_trip_s": 0.2}, True),
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


@pytest.mark.parametrize(
    ("spent_s", "under_way", "site_s"),
    [
        (0.04, 0, 0.04),
        (0.04, 1, 0.04),
        (0.04, 11, 0.023),
        (0.04, 64, 0.01),  # a quarter is believed to be the site's, whatever else was going on
        (0.002, 8, 0.0005),
    ],
)
def test_the_gateways_own_part_of_a_round_trip(
    spent_s: float, under_way: int, site_s: float
) -> None:
    """While many searches are under way, a site is not taken for slow because the gateway is."""
    assert without_own_s(spent_s, under_way=under_way) == pytest.approx(site_s)


def test_a_busy_gateway_reads_keys_first_from_quick_sites() -> None:
    """Archives that are not used cost more than a short round trip, for each search under way."""
    for under_way, is_cheaper in ((1, True), (8, False)):
        trip_s = without_own_s(0.003 + (under_way - 1) * 0.0015, under_way=under_way)
        assert is_cheaper is is_one_phase_cheaper(
            20, [7] * 5, requests_each=2, round_trip_s=trip_s, under_way=under_way
        )
