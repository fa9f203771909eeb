"""How much of a page each site is asked for, and which sites have to be queried again.

Without sort keys entries stand in the order of their entry_id, which is a hash: a site's part of
any page is its part of all matches, spread as a Poisson variable is, closely enough. A page of
1,000 over ten sites so takes some 1,250 keys, not 10,000. A site whose part was larger is queried
again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import ceil, erfc, exp, sqrt

from gateway.model import Hit, SiteHits

OWN_ARCHIVE_S, OWN_ROUND_TRIP_S = 0.0005, 0.002
"""Processor time of this gateway for an archive that is not used and for one more request; with
many callers it is what they wait for."""

KEYS_CHANCE = 0.1
"""That any site has more of a page than the keys it was asked for."""

MOST_CHANCE, FEW_SITES = 0.25, 5
"""That one of a few sites has more of a page than the archives it was asked for, at most: whatever
archives seem to cost, as times are taken for longer than they are while this gateway is busy. Of
many sites each gets a smaller chance, so that all together seldom cost a further round trip."""

OWN_REQUEST_S, OWN_UNUSED_S = 0.0002, 0.00012
"""Processor time of this gateway for one request to a site, and for one archive that is read and
does not come on the page (docs/explanation/performance.md)."""
OWN_WAVE_S, LEAST_PART = 0.0017, 0.25
"""Processor time of this gateway for a round of requests to all sites, which other searches wait
for; and the least part of a time that is believed to be the site's."""

_MANY = 50.0


def fair_shares(limit: int, counts: Mapping[str, float]) -> dict[str, int]:
    """How many keys to ask of each site for a page of `limit`, at least one."""
    whole, chance = max(1.0, sum(counts.values())), KEYS_CHANCE / max(1, len(counts))
    return {
        site: _share(limit, round(limit * count / whole, 2), chance)
        for site, count in counts.items()
    }


def archive_share(
    limit: int, part: float, *, sites: int, archive_s: float, round_trip_s: float
) -> int:
    """How many archives to ask of one of so many sites, whose part of a page of `limit` is expected
    to be `part`.

    One more costs `archive_s` and the reading of it here; one too few costs a round trip, with the
    chance that it is needed.
    """
    price, loss = archive_s + OWN_ARCHIVE_S, round_trip_s + OWN_ROUND_TRIP_S
    most = MOST_CHANCE * min(1.0, (FEW_SITES / sites) ** 1.6)
    return _share(limit, round(part, 2), float(f"{min(most, price / loss):.1g}"))


def without_own_s(spent_s: float, *, under_way: int) -> float:
    """The part of a round trip that is the site's: while so many searches are under way, each waits
    for the others' turns in this gateway."""
    return max(LEAST_PART * spent_s, spent_s - max(0, under_way - 1) * OWN_WAVE_S)


def is_one_phase_cheaper(
    limit: int,
    shares: Sequence[int],
    *,
    requests_each: int,
    round_trip_s: float,
    chance_cached: float = 0.0,
    under_way: int = 1,
) -> bool:
    """Whether a page of `limit` comes sooner when all sites are asked for archives at once.

    `shares` are the archives asked of each site, in `requests_each` requests. With keys first there
    is one more round trip, and only the sites on the page are asked for archives, each for what is
    on it; nothing of this where all of them are cached, which has this chance. All requests that
    are `under_way` wait for the processor time, the round trip costs this one alone.
    """
    sites, chance = len(shares), 1.0 - chance_cached
    more_requests = sites * requests_each - (sites + chance * min(sites, limit))
    unused = max(0.0, sum(shares) - chance * limit)
    more_s = more_requests * OWN_REQUEST_S + unused * OWN_UNUSED_S
    return more_s * max(1, under_way) < chance * round_trip_s


def exhausted(
    page: Sequence[Hit], answers: Mapping[str, SiteHits], *, limit: int
) -> dict[str, int]:
    """The sites whose further hits may belong on a merged page, and how many of them at most.

    Such a site has more hits than it gave, and all it gave stand on the page before its end.
    """
    used = Counter(hit.site for hit in page)
    last = page[-1].site if len(page) == limit else None
    found = {
        site
        for site, answer in answers.items()
        if answer.more and used[site] == len(answer.hits) and site != last
    }
    certain = _certain(page, used, found)
    return dict.fromkeys(found, limit - certain)


@lru_cache(maxsize=4096)
def _share(limit: int, part: float, threshold: float) -> int:
    """The least number of entries that a site's part of the page reaches with a chance below the
    threshold."""
    if part > _MANY:  # a normal variable is close enough, and exp(-part) would be no number
        deviation, most = sqrt(part), part
        while erfc((most - part) / (deviation * sqrt(2))) / 2 > threshold:
            most += deviation / 8
        return min(limit, ceil(most))
    number, chance = 0, exp(-part)  # of exactly so many entries on the page
    more = 1.0  # the chance of at least so many
    while number < limit and (number < part or more > threshold):
        more -= chance
        number += 1
        chance *= part / number
    return max(1, number)


def _certain(page: Sequence[Hit], used: Counter[str], exhausted_sites: set[str]) -> int:
    """How many hits no further hit of the `exhausted_sites` can come before."""
    left = Counter({site: used[site] for site in exhausted_sites})
    for number, hit in enumerate(page, start=1):
        if hit.site in exhausted_sites:
            left[hit.site] -= 1
            if not left[hit.site]:
                return number
    return len(page)
