"""Walks over live Oases in every order and direction, against one sort of what they hold.

    python -m tests.whole.walk_field --config gateway.yaml --truth truth.jsonl [truth2.jsonl ..]

The sites of the configuration are those of the truth files, in the same sequence.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config import Config, load_config
from gateway.search import Federation
from tests.whole.expected import Known, Sort, read_truth, renamed
from tests.whole.lines import Line, open_lines
from tests.whole.walking import INDEX_ONLY, Walk, last_offset, walk_of

SCALARS = (
    "nelements", "nsites", "nperiodic_dimensions", "chemical_formula_descriptive",
    "chemical_formula_reduced", "chemical_formula_hill", "chemical_formula_anonymous",
    "last_modified", "id", "immutable_id", "_fed_upload_id",
)  # fmt: skip
SORTS: tuple[Sort, ...] = (
    (),
    *(((name, falling),) for name in SCALARS for falling in (False, True)),
    (("nelements", True), ("chemical_formula_reduced", False)),
    (("chemical_formula_hill", False), ("nsites", True)),
    (("chemical_formula_descriptive", True), ("chemical_formula_hill", False)),
    (("last_modified", False), ("nsites", False)),
    (("nperiodic_dimensions", False), ("nelements", True), ("nsites", False)),
    (("nelements", False), ("chemical_formula_hill", True), ("last_modified", True)),
    (
        ("nperiodic_dimensions", True),
        ("nelements", True),
        ("nsites", True),
        ("immutable_id", False),
    ),
    (("nelements", True), ("chemical_formula_anonymous", True), ("nsites", False), ("id", True)),
    (("immutable_id", False), ("nelements", True)),
    (("nsites", False), ("immutable_id", True), ("chemical_formula_descriptive", False)),
)
FILTERS: tuple[tuple[str, Callable[[Known], bool]], ...] = (
    ('elements HAS "O"', lambda one: "O" in one["elements"]),
    ("nelements = 2 AND nsites = 2", lambda one: (one["nelements"], one["nsites"]) == (2, 2)),
    ("chemical_formula_hill IS UNKNOWN", lambda one: one["chemical_formula_hill"] is None),
    ('id STARTS WITH "{0}~"', lambda one: True),
    ('elements HAS ALL "C","H","O"', lambda one: {"C", "H", "O"} <= set(one["elements"])),
    ('chemical_formula_reduced = "XyXy"', lambda one: False),
)  # fmt: skip


@dataclass(slots=True)
class Field:
    """The federation under test, the entries in it, and what was found."""

    federation: Federation
    lines: dict[str, Line]
    entries: list[Known]
    problems: list[str] = field(default_factory=list)
    pages: int = 0
    costs: dict[str, Counter[int]] = field(default_factory=dict)

    def walk(self, **how: Any) -> Walk:
        return walk_of(self.federation, how.pop("entries", self.entries), **how)

    async def measured(self, kind: str, walk: Walk, question: Any) -> Any:
        """The answer, its native requests counted; the census adds one a site each minute."""
        before, pages = self.asked, walk.pages
        answer = await question
        if walk.pages - pages == 1:
            self.costs.setdefault(kind, Counter())[self.asked - before] += 1
        return answer

    @property
    def asked(self) -> int:
        return sum(len(line.asked) for line in self.lines.values())

    def done(self, walk: Walk) -> None:
        self.pages += walk.pages
        self.problems += walk.problems
        for problem in walk.problems[:5]:
            print(problem)


@asynccontextmanager
async def opened(config: Config, entries: list[Known]) -> AsyncIterator[Field]:
    """The federation of the configuration, over lines that count."""
    lines = open_lines(config.sites)
    federation = Federation(config, transports=lines)
    await federation.open()
    try:
        await asyncio.sleep(2)  # the census has looked at all sites; it asks again after a minute
        yield Field(federation, lines, entries)
    finally:
        await federation.close()


async def walk_limits(one: Field) -> None:
    """The default order for many page limits, to the end and back."""
    total = len(one.entries)
    divisor = next(size for size in range(60, 500) if total % size == 0 or size == 499)
    for limit in (20, divisor, 100, 500):
        await to_and_fro(one, one.walk(limit=limit))
    some = [known for known in one.entries if known.values["nsites"] == 3]
    divisors = [size for size in range(2, 100) if len(some) % size == 0][:2]
    for limit in (1, 2, 3, 7, *divisors, len(some), len(some) + 1):
        await to_and_fro(one, one.walk(entries=some, where="nsites = 3", limit=limit))


async def walk_sorts(one: Field) -> None:
    """Every order, to the end and back, by `last`, and by many offsets."""
    for sort in SORTS:
        for limit in (487, 100) if len(sort) < 2 else (487, 150):
            await to_and_fro(one, one.walk(sort=sort, limit=limit))
        await leap(one, one.walk(sort=sort, limit=20))


async def walk_filters(one: Field) -> None:
    """Filters that leave few entries, none, or one site; pages with archives."""
    for text, selects in FILTERS:
        for site in {known.site for known in one.entries} if "{0}" in text else {""}:
            entries = [k for k in one.entries if selects(k) and k.site.startswith(site)]
            for sort in ((), (("chemical_formula_hill", True),), (("last_modified", False),),
                         (("id", True),), (("nelements", True), ("nsites", False))):  # fmt: skip
                for fields in (INDEX_ONLY, ("lattice_vectors",)):
                    how = {"where": text.format(site), "sort": sort, "fields": fields}
                    walk = one.walk(entries=entries, limit=100, **how)
                    await to_and_fro(one, walk)


async def walk_bodies(one: Field) -> None:
    """All default attributes: every entry once."""
    await to_and_fro(one, one.walk(fields=None, limit=250))


async def to_and_fro(one: Field, walk: Walk) -> None:
    """To the end and back, and to the end at once."""
    await walk.back_from(await walk.forward())
    last = await walk.last()
    if last.next is not None:
        walk.problems.append("the last page has a next one")
    one.done(walk)


async def leap(one: Field, walk: Walk) -> None:
    """Pages at offsets near the start, in the middle, near and past the end, and by cursor."""
    total, kind = len(walk.expected), f"{len(walk.request.sort)} keys"
    offsets = [0, 1, 19, 20, 149, 150, 151, 152, 153, 1000, total // 2, total * 2 // 3]
    offsets += [total - 300, total - 21, total - 20, total - 1, total, total + 1, 10**9]
    for offset in offsets:
        depth = "past the end" if offset >= total else "deep" if offset > 150 else "small"
        answer = await one.measured(f"offset {depth}, {kind}", walk, walk.at_offset(offset))
        for link, name in ((answer.next, "next"), (answer.prev, "prev")):
            if link is not None and 0 < offset < total and link.offset >= walk.limit:
                await one.measured(f"cursor {name}, {kind}", walk, walk.follow(link, link.offset))
    answer = await one.measured(f"first page, {kind}", walk, walk.at_offset(0))
    if answer.last is not None:
        at = last_offset(total, walk.limit)
        await one.measured(f"last page, {kind}", walk, walk.follow(answer.last, at))
    one.done(walk)


PARTS = {"limits": walk_limits, "sorts": walk_sorts, "filters": walk_filters, "bodies": walk_bodies}


async def run(options: argparse.Namespace) -> int:
    """All parts; 1 if there was any difference."""
    config = load_config(options.config)
    truth = [known for path in options.truth for known in read_truth(path)]
    held = dict.fromkeys(known.site for known in truth)
    names = dict(zip(held, (site.name for site in config.sites), strict=True))
    async with opened(config, renamed(truth, names)) as one:
        for name in options.parts:
            began, pages = time.monotonic(), one.pages
            await PARTS[name](one)
            print(
                f"{name}: {one.pages - pages} pages, {time.monotonic() - began:.0f} s", flush=True
            )
    for kind, costs in sorted(one.costs.items()):
        typical = sorted(costs.elements())[costs.total() // 2]
        print(f"native requests, {kind}: typically {typical}, at most {max(costs)}")
    print(f"{one.pages} pages over {len(one.entries)} entries: {len(one.problems)} differences")
    return 1 if one.problems else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, type=Path)
    parser.add_argument("--truth", required=True, nargs="+", type=Path, help="JSON lines")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    return asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
