"""What it costs to leave out copies: the same pages with copies left out and with each listed."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from random import Random
from statistics import median
from urllib.parse import urlencode

import uvloop

from tests.bench.bench_first_page import FILTERS, real_oases
from tests.bench.gateway_process import PREFIX, gateway
from tests.bench.measuring import Effort, Row
from tests.bench.wire import Address, Wires

TARGET = "<= 1.10"
FIELDS = {"the index alone": "nsites,nelements", "with archives": "lattice_vectors"}
PREPARING_S = 3.0


def copies(effort: Effort) -> Iterator[Row]:
    """Over the real Oases, as it is NOMAD that reads one more condition."""
    oases = real_oases()
    if not oases:
        yield Row("copies left out over copies listed", "left out: set GATEWAY_TEST_OASES", TARGET)
        return
    with gateway(oases) as own:
        for what, fields in FIELDS.items():
            merged, every = uvloop.run(_both(own.url, fields, 5 if effort.is_quick else 40))
            yield Row(
                f"copies left out over copies listed, {what}, {len(oases)} real Oases",
                f"{median(merged) / median(every):.2f} "
                f"({median(merged):.1f} ms / {median(every):.1f} ms)",
                TARGET,
            )


async def _both(base: str, fields: str, rounds: int) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds of each page, asked in turn and in another sequence each time."""
    address = Address.of(base)
    wires, random = Wires(address), Random(1)
    spent: dict[str, list[float]] = {"merge": [], "all": []}
    await asyncio.sleep(PREPARING_S)  # until the index of copies is there
    for number in range(rounds):
        for filter_ in FILTERS:
            for copies_ in random.sample([*spent], 2):
                query = {
                    "filter": filter_, f"_{PREFIX}_copies": copies_, "page_limit": 20,
                    "response_fields": fields,
                }  # fmt: skip
                begin = time.perf_counter()
                answer = await wires.ask(address.get(f"/v1/structures?{urlencode(query)}"))
                if answer.status == 200 and number:  # the first round warms up
                    spent[copies_].append(1000 * (time.perf_counter() - begin))
    wires.close()
    return spent["merge"], spent["all"]
