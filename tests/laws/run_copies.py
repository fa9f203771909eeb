"""Random filters asked of a federation whose sites hold copies: each entry once, none missing.

    python -m tests.laws.run_copies --count 2000 --seed 1
    python -m tests.laws.run_copies --oases URL,URL,URL --count 2000 --hide 0.3

Without `--oases` the sites are the demo's. `--hide` keeps a part of the entries of each site, drawn
by lot, from everybody, as if uploads had been imported in part. The expected answer is made from
what each site says alone: the union of all, each entry from the site that the rules name.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from gateway.errors import NotImplementedFilterError
from gateway.model import STRUCTURES, SearchRequest
from gateway.search import Federation
from tests.laws.copied import Copy, expected_ids, served
from tests.laws.copied_sites import Sites, open_sites
from tests.laws.filters import FilterMaker
from tests.laws.phrases import Phrase

FIRST, WHOLE = 100, 20
"""So many ids of each answer are compared, and all of every so-manieth."""
_WRONG = ("site_failed", "site_stale", "copies_listed", "copies_new")


@dataclass(slots=True)
class Tally:
    """What happened to the filters."""

    asked: int = 0
    some: int = 0
    different: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Held:
    """A federation and what it must serve."""

    federation: Federation
    copies: Sequence[Copy]
    served: Mapping[str, Copy]

    async def try_filter(self, phrase: Phrase, tally: Tally, *, most: int = FIRST) -> None:
        """Ask, compare and count."""
        text = str(phrase)
        expected = expected_ids(text, self.copies, self.served)
        request = SearchRequest(STRUCTURES, filter=text, page_limit=most, response_fields=())
        try:
            answer = await self.federation.search(request)
        except NotImplementedFilterError as refusal:
            tally.refused[str(refusal)[:70]] += 1
            return
        tally.asked += 1
        tally.some += 0 < len(expected) < len(self.served)
        found = [one.id for one in answer.resources]
        warned = [notice.code for notice in answer.notices if notice.code in _WRONG]
        if answer.data_returned != len(expected) or found != expected[:most] or warned:
            extra, missing = {*found} - {*expected}, {*expected[:most]} - {*found}
            tally.different.append(
                f"{text}\n    {len(expected)} expected, {answer.data_returned} counted; extra "
                f"{sorted(extra)[:3]}, missing {sorted(missing)[:3]} {warned}"
            )


async def run(sites: Sites, *, count: int, seed: int, hide: float = 0.0) -> Tally:
    """Try random filters on a federation of these sites."""
    await sites.hide(hide, Random(seed))
    copies = await sites.copies()
    federation = Federation(sites.config(), transports=dict(sites.lines))
    await federation.open()
    tally, begun = Tally(), time.monotonic()
    try:
        await federation.wait_for_copies(60)
        held = Held(federation, copies, served(copies, list(sites.urls)))
        print(f"{len(copies)} structures, {len(held.served)} distinct", flush=True)
        maker = FilterMaker(Random(seed), [one.entry for one in copies])
        for number in range(count):
            most = FIRST if number % WHOLE else len(held.served)
            await held.try_filter(maker.filter(), tally, most=most)
            if (number + 1) % 100 == 0:
                spent = time.monotonic() - begun
                print(f"... {number + 1} filters, {spent:.0f} s", file=sys.stderr, flush=True)
    finally:
        await federation.close()
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints every difference and the counts; 1 if there was a difference."""
    options = _options(arguments)
    sites = open_sites(options.oases)
    tally = asyncio.run(run(sites, count=options.count, seed=options.seed, hide=options.hide))
    print("\n".join(tally.different))
    print(
        f"{options.count} random filters (seed {options.seed}): {tally.asked} asked, "
        f"{len(tally.different)} different, {sum(tally.refused.values())} refused with 501; "
        f"{tally.some} select some but not all entries"
    )
    return 1 if tally.different else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oases", help="API addresses, comma-separated; else the demo's")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hide", type=float, default=0.0, help="part of each site's entries")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
