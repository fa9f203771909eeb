"""Random filters, translated and asked of live Oases, against the evaluator over what they hold.

    python -m tests.laws.run_random --oases URL,URL --truth truth.jsonl --count 2000 --seed 1

The URLs are API addresses (ending in /api/v1), in the order of the sites in the truth files.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import cast

import httpx

from gateway.errors import NotImplementedFilterError
from gateway.parse import read_filter
from gateway.plan import translate
from tests.laws.entries import read_truth
from tests.laws.evaluator import Entry, evaluate
from tests.laws.filters import FilterMaker
from tests.laws.oasis import Oasis, RefusedError
from tests.laws.phrases import Phrase, shrink


@dataclass(frozen=True, slots=True)
class Site:
    """A live Oasis and the structures in it."""

    name: str
    oasis: Oasis
    entries: Sequence[Entry]

    def expected(self, text: str) -> set[str]:
        """The ids of the structures that the evaluator finds."""
        tree = read_filter(text)
        return {
            cast(str, entry["immutable_id"])
            for entry in self.entries
            if evaluate(tree, entry) is True
        }


@dataclass(slots=True)
class Tally:
    """What happened to the filters."""

    asked: int = 0
    different: int = 0
    some: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints every difference and the counts; 1 if there was a difference."""
    options = _options(arguments)
    sites = open_sites(options.oases.split(","), options.truth)
    maker = FilterMaker(Random(options.seed), [one for site in sites for one in site.entries])
    tally, started = Tally(), time.monotonic()
    for number in range(options.count):
        _try(maker.filter(), sites, tally)
        if (number + 1) % 100 == 0:
            print(f"... {number + 1} filters, {time.monotonic() - started:.0f} s", file=sys.stderr)
    _report(tally, options, time.monotonic() - started)
    return 1 if tally.different else 0


def open_sites(urls: Sequence[str], truths: Sequence[Path]) -> list[Site]:
    """The live Oases, each with what was loaded into it."""
    held = {name: entries for path in truths for name, entries in read_truth(path).items()}
    if len(held) != len(urls):
        raise SystemExit(f"{len(urls)} URLs for {len(held)} sites: {', '.join(held)}")
    return [
        _open_site(name, url, entries)
        for url, (name, entries) in zip(urls, held.items(), strict=True)
    ]


def difference(text: str, site: Site, expected: set[str]) -> str | None:
    """What the site answers otherwise than expected, None when all is as it should be."""
    query = translate(text, site=site.name)
    try:
        if site.oasis.selects(query, expected):
            return None
        found = site.oasis.ids(query)
    except RefusedError as refused:
        return str(refused)
    extra, missing = found - expected, expected - found
    return (
        f"{len(expected)} expected, {len(found)} found; "
        f"extra {sorted(extra)[:3]}, missing {sorted(missing)[:3]}"
    )


def _open_site(name: str, url: str, entries: Sequence[Entry]) -> Site:
    oasis = Oasis(httpx.Client(base_url=url, timeout=120))
    authors = oasis.authors()
    return Site(name, oasis, [_with_authors(one, authors) for one in entries])


def _with_authors(entry: Entry, authors: Mapping[str, Sequence[Mapping[str, str]]]) -> Entry:
    names = [author["name"] for author in authors[cast(str, entry["immutable_id"])]]
    return {**entry, "_fed_authors": names}


def _try(phrase: Phrase, sites: Sequence[Site], tally: Tally) -> None:
    text = str(phrase)
    try:
        translate(text, site=sites[0].name)
    except NotImplementedFilterError as refusal:
        tally.refused[str(refusal)[:70]] += 1
        return
    tally.asked += 1
    expected = [site.expected(text) for site in sites]
    tally.some += any(
        0 < len(ids) < len(site.entries) for ids, site in zip(expected, sites, strict=True)
    )
    for site, ids in zip(sites, expected, strict=True):
        if difference(text, site, ids):
            tally.different += 1
            _explain(phrase, site)
            return


def _explain(phrase: Phrase, site: Site) -> None:
    smallest = str(shrink(phrase, lambda one: _differs(str(one), site)))
    print(f"{site.name}: {smallest}")
    print(f"    {difference(smallest, site, site.expected(smallest))}")
    print(f"    {translate(smallest, site=site.name)}")


def _differs(text: str, site: Site) -> bool:
    try:
        return difference(text, site, site.expected(text)) is not None
    except NotImplementedFilterError:
        return False


def _report(tally: Tally, options: argparse.Namespace, seconds: float) -> None:
    print(
        f"{options.count} random filters (seed {options.seed}): {tally.asked} asked, "
        f"{tally.different} different, {sum(tally.refused.values())} refused with 501; "
        f"{tally.some} select some but not all entries of a site; {seconds:.0f} s"
    )
    for reason, times in tally.refused.most_common():
        print(f"    501 {times} x {reason}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oases", required=True, help="API addresses, comma-separated")
    parser.add_argument("--truth", required=True, nargs="+", type=Path, help="JSON lines")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
