"""Servers measured side by side: slices of load in turn, medians over the slices."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from tests.bench.load import Load
from tests.bench.processes import Loader, Running


@dataclass(frozen=True, slots=True)
class Effort:
    """How long is measured: slices of each server, seconds of each slice, and what lasts."""

    rounds: int = 7
    seconds: float = 3.0
    soak_s: float = 300.0
    silence_s: float = 75.0
    beside: Path | None = None
    """Another source tree to measure in turn with this one; None: there is none."""
    is_quick: bool = False


QUICK = Effort(rounds=3, seconds=1.0, soak_s=15.0, silence_s=6.0, is_quick=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    to_reach: str = ""

    def __str__(self) -> str:
        return f"| {self.what} | {self.measured} | {self.to_reach} |"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the slices of one server."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time per answer."""
    answers: int
    failed: int


def side_by_side(
    servers: Mapping[str, Running], load: Load, *, loader: Loader, effort: Effort
) -> dict[str, Figures]:
    """What each server does under the same load, asked in turn and in another sequence each time.

    The address in `load` is not used.
    """
    names = list(servers)
    for name in names:
        loader.run(replace(load, base=servers[name].url, seconds=min(1.0, effort.seconds)))
    slices: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(effort.rounds):
        for name in random.sample(names, len(names)):
            slices[name].append(_slice(servers[name], load, loader, effort))
    return {name: _medians(taken) for name, taken in slices.items()}


def _slice(server: Running, load: Load, loader: Loader, effort: Effort) -> Figures:
    before = server.cpu_s()
    found = loader.run(replace(load, base=server.url, seconds=effort.seconds))
    spent_ms = 1000 * (server.cpu_s() - before)
    failed = sum(found.failed.values())
    cpu_ms = spent_ms / max(1, found.answers + failed)
    return Figures(found.per_s, found.p50_ms, found.p99_ms, cpu_ms, found.answers, failed)


def _medians(slices: Iterable[Figures]) -> Figures:
    taken = list(slices)
    return Figures(
        per_s=median(one.per_s for one in taken),
        p50_ms=median(one.p50_ms for one in taken),
        p99_ms=median(one.p99_ms for one in taken),
        cpu_ms=median(one.cpu_ms for one in taken),
        answers=sum(one.answers for one in taken),
        failed=sum(one.failed for one in taken),
    )
