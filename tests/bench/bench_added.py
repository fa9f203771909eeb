"""What the gateway adds to the native requests that it makes: one client, one page at a time."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from statistics import median

import uvloop

from tests.bench.bench_first_page import FILTERS, real_oases
from tests.bench.gateway_process import gateway
from tests.bench.load import distinct_filter
from tests.bench.measuring import Effort, Row
from tests.bench.processes import stubs
from tests.bench.replay import Question, Replayer, record
from tests.bench.wire import Address, Wires

TARGET = "<= 4 ms"


def added(effort: Effort) -> Iterator[Row]:
    """Over five stubs, and over the real Oases where there are any."""
    with stubs(5, latency_s=0.005) as sites:
        yield _added("five stubs of 5 ms", sites.urls, _distinct(10), effort)
    oases = real_oases()
    what = f"{len(oases)} real Oases"
    if oases:
        yield _added(what, oases, FILTERS, effort)
    else:
        yield Row("added time, real Oases", "left out: set GATEWAY_TEST_OASES", TARGET)


def _distinct(count: int) -> list[str]:
    return [distinct_filter() for _ in range(count)]


def _added(where: str, urls: Sequence[str], filters: Sequence[str], effort: Effort) -> Row:
    questions = record(urls, filters)
    with gateway(urls) as own:
        through, direct = uvloop.run(_both(own.url, urls, questions, effort))
    requests = sum(len(wave) for one in questions for wave in one.waves) / len(questions)
    waves = sum(len(one.waves) for one in questions) / len(questions)
    return Row(
        f"added time over the same native requests, {where}",
        f"{through - direct:.1f} ms ({through:.1f} - {direct:.1f}; on average "
        f"{requests:.1f} requests in {waves:.1f} waves)",
        TARGET,
    )


async def _both(
    base: str, urls: Sequence[str], questions: Sequence[Question], effort: Effort
) -> tuple[float, float]:
    """Medians in milliseconds, of the gateway and of its requests asked directly, in turn."""
    address = Address.of(base)
    wires, replayer = Wires(address), Replayer(urls)
    through, direct = [], []
    for number in range(3 if effort.is_quick else 15):
        for question in questions:
            begin = time.perf_counter()
            answer = await wires.ask(address.get(question.target))
            middle = time.perf_counter()
            await replayer.ask(question)
            end = time.perf_counter()
            if answer.status == 200 and number:  # the first round warms up
                through.append(middle - begin)
                direct.append(end - middle)
            await asyncio.sleep(0)
    wires.close()
    replayer.close()
    return 1000 * median(through), 1000 * median(direct)
