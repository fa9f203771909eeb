"""What lasts: many clients for minutes, and the export of everything; rates and memory."""

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

import orjson

from tests.bench.gateway_process import DEFAULTS, PREFIX, gateway
from tests.bench.load import Load
from tests.bench.measuring import Effort, Row
from tests.bench.memory import MemoryWatch
from tests.bench.processes import Running, loader, stubs

CLIENTS = 64
SLICE_S = 5.0
EXPORTED_SITES, EXPORTED_ENTRIES, QUICK_ENTRIES = 3, 20_000, 3_000
CHUNK = 2**18


def many_clients(effort: Effort) -> Iterator[Row]:
    """64 clients over five stubs with the shipped caches; failures and memory."""
    rates, late, failed = [], [], Counter[str]()
    with (
        stubs(5) as sites,
        gateway(sites.urls, environment=DEFAULTS) as own,
        loader() as clients,
        MemoryWatch(own) as memory,
    ):
        until = time.monotonic() + effort.soak_s
        while time.monotonic() < until:
            found = clients.run(Load(own.url, clients=CLIENTS, seconds=SLICE_S))
            rates.append(found.per_s)
            late.append(found.p99_ms)
            failed.update(found.failed)
    quarters = ", ".join(f"{one:.0f}" for one in memory.quarters)
    yield Row(
        f"64 clients for {effort.soak_s:.0f} s, one worker",
        f"{median(rates):.0f}/s, p99 {median(late):.0f} ms, failed {dict(failed) or 0}; "
        f"MiB at start {memory.begin:.0f}, in each quarter {quarters}, most {memory.most:.0f}",
        "no 5xx, <= 150 MB, flat",
    )


def export(effort: Effort) -> Iterator[Row]:
    """Everything at three stubs as JSON Lines, twice over."""
    entries = QUICK_ENTRIES if effort.is_quick else EXPORTED_ENTRIES
    with (
        stubs(EXPORTED_SITES, entries=entries) as sites,
        gateway(sites.urls, environment=DEFAULTS) as own,
    ):
        for turn in ("first", "second"):
            with MemoryWatch(own) as memory:
                exported = _export(own)
            whole = "complete" if exported.is_whole(EXPORTED_SITES * entries) else "NOT COMPLETE"
            yield Row(
                f"JSON Lines export, three stubs, {turn} time",
                f"{exported.count / exported.seconds:,.0f} entries/s "
                f"({exported.count} entries, {whole}; by processor time "
                f"{1000 / exported.cpu_ms:,.0f}/s); "
                f"MiB {memory.begin:.0f} -> {memory.end:.0f}, most {memory.most:.0f}",
                ">= 6,000/s, flat",
            )


@dataclass(frozen=True, slots=True)
class _Exported:
    count: int
    distinct: int
    is_complete: bool
    seconds: float
    cpu_ms: float

    def is_whole(self, expected: int) -> bool:
        """Every entry came once, and the last line says so."""
        return self.is_complete and self.count == self.distinct == expected


def _export(own: Running) -> _Exported:
    """Read the stream as fast as it comes, and look into it afterwards."""
    place = urlsplit(own.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
    before, begin = own.cpu_s(), time.perf_counter()
    connection.request("GET", f"/v1/structures?response_format=_{PREFIX}_jsonl")
    answer = connection.getresponse()
    parts = []
    while part := answer.read(CHUNK):
        parts.append(part)
    seconds, spent = time.perf_counter() - begin, own.cpu_s() - before
    connection.close()
    lines = b"".join(parts).splitlines()
    resources = map(orjson.loads, lines[1:-1])
    ids = [one["id"] for one in resources if one["type"] == "structures"]
    last = orjson.loads(lines[-1]).get("meta", {})
    complete = last.get(f"_{PREFIX}_complete") is True
    return _Exported(len(ids), len(set(ids)), complete, seconds, 1000 * spent / max(1, len(ids)))
