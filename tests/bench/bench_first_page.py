"""The first page of the gateway over real Oases beside the slowest one's own OPTIMADE endpoint.

All are asked the same filters in one run, over HTTP, in another sequence each time, as a server is
slower right after another one was busy; the gateway keeps no answers. The addresses in
`GATEWAY_TEST_OASES` end in /api/v1; NOMAD's own endpoint is beside that.
"""

import os
import random
import ssl
import statistics
import time
from collections.abc import Iterator, Sequence

import httpx

from tests.bench.gateway_process import gateway
from tests.bench.measuring import Effort, Row
from tests.bench.processes import Distant, distant, stubs

FILTERS = (
    'elements HAS "O"',
    'elements HAS ALL "Ti","O"',
    'elements HAS ANY "Si","Ge" AND nelements>2',
    'NOT elements HAS "O"',
    "nelements=2",
    "nsites<5",
    "nperiodic_dimensions=3 AND nsites>10",
    'chemical_formula_anonymous="A2B"',
    'chemical_formula_reduced STARTS WITH "Al"',
    'last_modified>"2021-01-01T00:00:00Z"',
)
ROUND_TRIP_S = 0.04
SILENCES = 3
LEFT_OUT = "left out: set GATEWAY_TEST_OASES"


def real_oases() -> list[str]:
    """The addresses in `GATEWAY_TEST_OASES`."""
    return [url for url in os.environ.get("GATEWAY_TEST_OASES", "").split(",") if url]


def near(effort: Effort) -> Iterator[Row]:
    """Over the Oases as they are."""
    oases = real_oases()
    measured = _first_page(oases, effort) if oases else LEFT_OUT
    yield Row("first page over real Oases: gateway / slowest own endpoint", measured, "<= 0.5")


def far(effort: Effort) -> Iterator[Row]:
    """Over the Oases behind delaying proxies."""
    oases = real_oases()
    measured = LEFT_OUT
    if oases:
        with distant(oases, round_trip_s=ROUND_TRIP_S) as proxies:
            measured = _first_page(proxies.urls, effort)
    yield Row("the same with 40 ms of round trip to each Oasis", measured, "<= 0.6")


def silence(effort: Effort) -> Iterator[Row]:
    """Handshakes and time of the first page after nobody has asked for a while."""
    oases = real_oases()
    if oases:
        with distant(oases, round_trip_s=ROUND_TRIP_S) as proxies:
            yield _after_silence(f"{len(oases)} real Oases", proxies, effort)
    else:
        with stubs(3) as sites, distant(sites.urls, round_trip_s=ROUND_TRIP_S) as proxies:
            yield _after_silence("three stubs", proxies, effort)


def _first_page(oases: Sequence[str], effort: Effort) -> str:
    own = {url: url.removesuffix("/api/v1") + "/optimade/v1" for url in oases}
    with gateway(oases) as running:
        rounds = 2 if effort.is_quick else 10
        taken = _measure({"gateway": f"{running.url}/v1", **own}, rounds)
    medians = {name: 1000 * statistics.median(times) for name, times in taken.items()}
    slowest = max(own, key=lambda url: medians[url])
    others = ", ".join(f"{medians[url]:.0f}" for url in own)
    ratio = medians["gateway"] / medians[slowest]
    answers = "/".join(str(len(times)) for times in taken.values())
    return f"{ratio:.2f} ({medians['gateway']:.0f} ms; own {others}; answers {answers})"


def _measure(bases: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds per answer, for each server; a request without an answer does not count."""
    taken: dict[str, list[float]] = {name: [] for name in bases}
    verify = ssl.create_default_context()
    clients = {name: _warm_client(base, verify) for name, base in bases.items()}
    for _ in range(rounds):
        for text in FILTERS:
            for name in random.sample(tuple(bases), len(bases)):
                spent = _ask(clients[name], bases[name], text)
                if spent is None:  # NOMAD drops the connection after a 500 without saying so
                    clients[name].close()
                    clients[name] = _warm_client(bases[name], verify)
                else:
                    taken[name].append(spent)
    for client in clients.values():
        client.close()
    return taken


def _warm_client(base: str, verify: ssl.SSLContext) -> httpx.Client:
    """A client with an open connection; its handshake is not measured."""
    client = httpx.Client(timeout=60, verify=verify)
    client.get(f"{base}/info")
    return client


def _ask(client: httpx.Client, base: str, text: str) -> float | None:
    """Seconds to the whole answer; None where it failed (NOMAD's own does when nothing matches)."""
    start = time.perf_counter()
    try:
        answer = client.get(f"{base}/structures", params={"filter": text, "page_limit": "20"})
    except httpx.HTTPError:
        return None
    return time.perf_counter() - start if answer.status_code == 200 else None


def _after_silence(where: str, proxies: Distant, effort: Effort) -> Row:
    filters = [f"nsites<{number}" for number in range(1_000_000, 1_000_010)]
    handshakes, meanwhile, late = [], [], []
    with gateway(proxies.urls) as running, httpx.Client(timeout=60) as client:
        base = f"{running.url}/v1"
        warm = statistics.median(filter(None, (_ask(client, base, text) for text in filters)))
        for number in range(1 if effort.is_quick else SILENCES):
            proxies.seen()
            time.sleep(effort.silence_s)
            meanwhile.append(proxies.seen().connections)
            spent = _ask(client, base, f"nsites<{2_000_000 + number}") or 0.0
            handshakes.append(proxies.seen().connections)
            late.append(spent - warm)
    return Row(
        f"handshakes on the way after {effort.silence_s:.0f} s of silence, {where} at 40 ms",
        f"{', '.join(map(str, handshakes))} ({1000 * statistics.median(late):+.0f} ms on "
        f"{1000 * warm:.0f}; in the background {', '.join(map(str, meanwhile))})",
        "0",
    )
