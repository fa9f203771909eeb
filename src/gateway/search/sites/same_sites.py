"""Which configured sites are one and the same Oasis under two addresses: a mistake in the file.

In: a sample of each site, read in the background. Out: names. Pure.

Entry ids are hashes, so a site's smallest ones are a sample drawn by lot, and the smallest of two
sites together tell how much of their entries is the same. Two Oases that hold copies of some of
each other's entries share a small part of it; one Oasis under two addresses shares all, whatever is
published between the two looks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SAMPLE_SIZE = 50
SAME_PART = 0.9
"""Of the smallest ids of both, from which on two sites are taken for one: three Oases with 20 to
100 common entries have at most 0.2 in common, an Oasis under two addresses 1."""
LEAST, LEAST_OF_DEPLOYMENT = 20, 5
"""So many entries must be compared; fewer where both say that they are the same deployment, whose
name alone proves nothing: most keep the one that NOMAD came with."""


@dataclass(frozen=True, slots=True)
class SiteSample:
    """What tells an Oasis from others."""

    ids: tuple[str, ...]
    """Its smallest entry ids, at most SAMPLE_SIZE."""
    deployment: str | None = None
    """What it calls itself; None: it does not say."""


def sites_same_as(site: str, samples: Mapping[str, SiteSample]) -> Iterator[str]:
    """The other sites that are this one. Only its own pairs are looked at: of a hundred sites, all
    pairs would take a tenth of a second each time that one is read."""
    for other, sample in samples.items():
        if other != site and _are_same(samples[site], sample):
            yield other


def common_part(one: SiteSample, other: SiteSample) -> float:
    """How much of their smallest entry ids is at both, from 0 to 1."""
    both = {*one.ids} & {*other.ids}
    smallest = sorted({*one.ids, *other.ids})[: max(len(one.ids), len(other.ids))]
    return sum(id_ in both for id_ in smallest) / max(1, len(smallest))


def _are_same(one: SiteSample, other: SiteSample) -> bool:
    named = one.deployment is not None and one.deployment == other.deployment
    least = LEAST_OF_DEPLOYMENT if named else LEAST
    return min(len(one.ids), len(other.ids)) >= least and common_part(one, other) >= SAME_PART
