"""How many keys of each site a page needs, as far as the last counts tell, and who has to go on.

Without sort keys entries stand in the order of their entry_id, which is a hash: a site's part of
any page is its part of all matches, spread as a binomial distribution is. A page of 1,000 over ten
sites so takes some 1,250 keys, not 10,000. Where a site's part was larger, it is asked on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, sqrt

from gateway.model import Hit, SiteHits

SPREAD = 2.5
"""Standard deviations on top of the part expected: 1 site in 160 has to be asked on."""


def fair_shares(limit: int, counts: Mapping[str, int]) -> dict[str, int]:
    """How many keys to ask of each site for a page of `limit`, at least one."""
    whole = max(1, sum(counts.values()))
    return {site: _fair_share(limit, count / whole) for site, count in counts.items()}


def _fair_share(limit: int, part: float) -> int:
    most = limit * part + SPREAD * sqrt(limit * part * (1 - part))
    return max(1, min(limit, ceil(most)))


def exhausted(
    page: Sequence[Hit], answers: Mapping[str, SiteHits], *, limit: int
) -> dict[str, int]:
    """The sites whose further hits may belong on a merged page, and how many of them at most.

    Such a site has more hits than it gave, and all it gave stand on the page before its end.
    """
    used = Counter(hit.site for hit in page)
    last = page[-1].site if len(page) == limit else None
    exhausted_sites = {
        site
        for site, answer in answers.items()
        if answer.more and used[site] == len(answer.hits) and site != last
    }
    certain = _certain(page, used, exhausted_sites)
    return dict.fromkeys(exhausted_sites, limit - certain)


def _certain(page: Sequence[Hit], used: Counter[str], exhausted_sites: set[str]) -> int:
    """How many hits no further hit of the `dry` sites can come before."""
    left = Counter({site: used[site] for site in exhausted_sites})
    for number, hit in enumerate(page, start=1):
        if hit.site in exhausted_sites:
            left[hit.site] -= 1
            if not left[hit.site]:
                return number
    return len(page)
