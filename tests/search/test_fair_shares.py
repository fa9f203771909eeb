"""How many keys a page takes of each site, and which site has to be asked on."""

from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.merge import merge_hits
from gateway.model import Hit, Order, SiteHits
from gateway.search.fair_shares import exhausted, fair_shares


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
