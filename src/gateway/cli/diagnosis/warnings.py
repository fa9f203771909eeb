"""What to know of sites that can be used: limits, clocks, versions. Pure."""

from collections.abc import Iterator, Mapping
from statistics import median
from urllib.parse import urlsplit

from gateway.catalogue.quantities import OLDEST, read_quantities
from gateway.cli.diagnosis.advice import is_too_old
from gateway.cli.diagnosis.typed_address import is_public_nomad
from gateway.model import Site

MOST_OFF_S = 60.0
"""A clock that is wrong by more is worth a word; `Date` has whole seconds only."""
AGREE_S = 30.0
"""Sites' clocks that differ by less agree with each other."""
PUBLIC_AT_ONCE, PUBLIC_PER_S = 10, 30


def site_warnings(site: Site, version: str | None) -> Iterator[str]:
    """What to know of one site."""
    if is_public_nomad(urlsplit(site.url).hostname) and _is_above_limit(site):
        yield (
            f"this is public NOMAD, which answers 503 to more than about {PUBLIC_PER_S} requests a "
            f"second or {PUBLIC_AT_ONCE} at a time from one address: set `concurrency: 8` and "
            "`rate_per_s: 20`, divided by the number of workers and replicas"
        )
    if version is None:
        yield f"it does not say its version of NOMAD, so it is taken for {OLDEST}"
    elif is_too_old(version):
        yield (
            f"NOMAD {version} is older than any that the gateway has been tried with ({OLDEST}): "
            "filters may be answered wrongly; ask for an upgrade"
        )


def clock_warnings(ahead_s: Mapping[str, float]) -> dict[str | None, str]:
    """By site, whose clock is wrong; under None: this machine's is."""
    if not ahead_s:
        return {}
    usual = median(ahead_s.values())
    agree = [name for name, one in ahead_s.items() if abs(one - usual) <= AGREE_S]
    if abs(usual) > MOST_OFF_S and len(agree) >= 2 and len(agree) > len(ahead_s) / 2:
        how = "behind" if usual > 0 else "ahead of"
        return {
            None: f"this machine's clock is {_span(usual)} {how} that of {len(agree)} sites: set "
            "it by NTP. A wrong clock makes certificates and tokens invalid"
        }
    return {name: _clock(one) for name, one in ahead_s.items() if abs(one) > MOST_OFF_S}


def version_warnings(versions: Mapping[str, str | None]) -> Iterator[str]:
    """What follows where sites run different versions."""
    different = sorted({version or OLDEST for version in versions.values()})
    if len(different) < 2:
        return
    missing = sum(
        not all(one.lifetime.holds(version) for version in different)
        for one in read_quantities()
        if one.lifetime.is_limited
    )
    if missing:
        yield (
            f"the sites run different versions of NOMAD ({', '.join(different)}): {missing} of the "
            "`_nmd_` properties are not in all of them, and are unknown where they are not"
        )


def _is_above_limit(site: Site) -> bool:
    return (
        site.rate_per_s is None
        or site.rate_per_s >= PUBLIC_PER_S
        or site.concurrency >= PUBLIC_AT_ONCE
    )


def _clock(ahead_s: float) -> str:
    how = "ahead of" if ahead_s > 0 else "behind"
    return (
        f"its clock is {_span(ahead_s)} {how} this machine's: one of the two is wrong. Where it is "
        "the site's, its tokens may be refused, and last_modified of its entries is wrong"
    )


def _span(value: float) -> str:
    minutes = round(abs(value) / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
