"""Random filters handed whole to NOMAD's own `optimade_filter`, against the evaluator.

    python -m tests.laws.run_own --oases URL --truth truth.jsonl --count 1000 --seed 1

Each difference is made small and filed under what it comes from. `id` and provider names mean other
things there and are left out. It is evidence for a note, so it ends with 0 whatever it finds.
"""

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.laws.filters import FilterMaker
from tests.laws.oasis import RefusedError
from tests.laws.phrases import Phrase, shrink
from tests.laws.run_random import Site, open_sites

OTHERS = re.compile(r"\b(id|_fed_\w+|_exmpl_\w+|_mp_\w+|_dft_\w+)\b")
OPERATORS = (
    "IS UNKNOWN", "IS KNOWN", "HAS ONLY", "HAS ALL", "HAS ANY", "HAS", "LENGTH", "CONTAINS",
    "STARTS", "ENDS", "!=", "<=", ">=", "<", ">", "=",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What happened to the filters."""

    agreed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    different: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs and prints how often NOMAD's answer differs, by cause."""
    options = _options(arguments)
    (site,) = open_sites([options.oases], options.truth)
    maker = FilterMaker(Random(options.seed), site.entries)
    tally, started, done = Tally(), time.monotonic(), 0
    while done < options.count:
        phrase = maker.signed_leaf() if options.leaves else maker.filter()
        if not OTHERS.search(str(phrase)):
            done += 1
            _try(phrase, site, tally)
    _report(tally, done, time.monotonic() - started)
    return 0


def _try(phrase: Phrase, site: Site, tally: Tally) -> None:
    try:
        found = _own(phrase, site)
    except RefusedError as refused:
        tally.refused[_reason(str(refused))] += 1
        return
    if found == site.expected(str(phrase)):
        tally.agreed += 1
        return
    smallest = shrink(phrase, lambda one: _differs(one, site))
    cause = _cause(smallest, site)
    tally.different[cause] += 1
    known = tally.examples.setdefault(cause, str(smallest))
    if len(str(smallest)) < len(known):
        tally.examples[cause] = str(smallest)


def _reason(refusal: str) -> str:
    """Status and the last sentence of NOMAD's message, without the filter's own words."""
    if "Semantic error" not in refusal:
        return f"{refusal[:8]} {'not in its grammar' if 'Syntax error' in refusal else ''}"
    sentence = refusal.rpartition("\\n\\n")[2].partition('","')[0]
    return refusal[:9] + re.sub(r"\\*\"[^\"]*\"|'[a-z_.]+'", "..", sentence)[:70]


def _own(phrase: Phrase, site: Site) -> set[str]:
    return site.oasis.ids({"optimade_filter": str(phrase)})


def _differs(phrase: Phrase, site: Site) -> bool:
    try:
        return _own(phrase, site) != site.expected(str(phrase))
    except RefusedError:
        return False


def _cause(phrase: Phrase, site: Site) -> str:
    """The sign and operator of the first leaf, and what kind of entries are too many or missing."""
    text = str(phrase)
    found, expected = _own(phrase, site), site.expected(text)
    structures = {str(entry["immutable_id"]) for entry in site.entries}
    kinds = [
        ("also entries without a structure", found - structures),
        ("also structures where it is unknown or false", (found & structures) - expected),
        ("misses structures", expected - found),
    ]
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    word = next((word for word in OPERATORS if word in bare), "bare property")
    sign = "NOT .. " if bare.startswith("NOT") else ""
    return f"{sign}{word}: {', '.join(kind for kind, ids in kinds if ids)}"


def _report(tally: Tally, done: int, seconds: float) -> None:
    print(
        f"{done} filters: {tally.agreed} agree, {sum(tally.different.values())} differ, "
        f"{sum(tally.refused.values())} refused; {seconds:.0f} s"
    )
    for reason, times in tally.refused.most_common():
        print(f"{times:5d}  refused: {reason}")
    for cause, times in tally.different.most_common():
        print(f"{times:5d}  {cause}\n         {tally.examples[cause]}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oases", required=True, help="the API address of one Oasis")
    parser.add_argument("--truth", required=True, nargs="+", type=Path, help="JSON lines")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaves", action="store_true", help="single leaves, perhaps negated")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
