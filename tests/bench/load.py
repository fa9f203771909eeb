"""Many clients in a process of their own, cheap enough not to be what is measured.

    python -m tests.bench.load

Reads one JSON object a line (the fields of `Load`), asks as it says, and prints one JSON object a
line (the fields of `Measured`). Connections are kept from one load to the next.
"""

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import quote

import orjson
import uvloop

from tests.bench.wire import Address, Wires

Questions: TypeAlias = Literal["distinct", "repeated"]
BOUNDS = (10**6, 2 * 10**9)
"""Of filters that hold for every structure."""
FEW = 20


@dataclass(frozen=True, slots=True)
class Load:
    """So many clients, each asking one question after another for so long.

    distinct: no two filters are equal, so that no answer is kept; repeated: few filters.
    """

    base: str
    clients: int = 1
    seconds: float = 2.0
    questions: Questions = "distinct"
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it; times in milliseconds."""

    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failed: dict[str, int] = field(default_factory=dict)
    """Answers with another status than 200, by status."""

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


def distinct_filter() -> str:
    """A filter that holds for every structure and was not asked before."""
    return f"nsites<{random.randint(*BOUNDS)}"


async def run(load: Load, wires: Wires) -> Measured:
    """Ask until the time is over."""
    make = _maker(load, wires.address)
    taken: list[float] = []
    failed: Counter[str] = Counter()
    begin = time.perf_counter()
    until = begin + load.seconds
    await asyncio.gather(*(_client(wires, make, until, taken, failed) for _ in range(load.clients)))
    seconds = time.perf_counter() - begin
    cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else [taken[0] if taken else 0] * 99
    return Measured(len(taken), seconds, 1000 * cuts[49], 1000 * cuts[98], dict(failed))


def _maker(load: Load, address: Address) -> Callable[[], bytes]:
    few = [f"nsites<{BOUNDS[0] + number}" for number in range(FEW)]

    def make() -> bytes:
        text = distinct_filter() if load.questions == "distinct" else random.choice(few)
        return address.get(f"/v1/structures?filter={quote(text)}{load.parameters}")

    return make


async def _client(
    wires: Wires,
    make: Callable[[], bytes],
    until: float,
    taken: list[float],
    failed: Counter[str],
) -> None:
    while (start := time.perf_counter()) < until:
        try:
            answer = await wires.ask(make())
        except OSError as error:
            failed[type(error).__name__] += 1
            continue
        if answer.status == 200:
            taken.append(time.perf_counter() - start)
        else:
            failed[str(answer.status)] += 1


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    kept: dict[str, Wires] = {}
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        load = Load(**orjson.loads(line))
        wires = kept.setdefault(load.base, Wires(Address.of(load.base)))
        print(orjson.dumps(asdict(await run(load, wires))).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
