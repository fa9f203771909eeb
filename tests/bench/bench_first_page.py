"""The first page of the gateway over real Oases beside the slowest one's own OPTIMADE endpoint.

    GATEWAY_TEST_OASES=URL,URL python -m tests.bench.bench_first_page [ROUNDS]

All are asked the same filters in one run, over HTTP, in another sequence each time, as a server is
slower right after another one was busy; the gateway keeps no answers. The addresses end in /api/v1;
NOMAD's own endpoint is beside that.
"""

import os
import random
import ssl
import statistics
import sys
import time

import httpx

from tests.bench.gateway_process import gateway_over

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


def main() -> None:
    """Print medians in milliseconds and their ratio."""
    oases = [url for url in os.environ.get("GATEWAY_TEST_OASES", "").split(",") if url]
    if not oases:
        sys.exit("needs real Oases: set GATEWAY_TEST_OASES")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    own = {url: url.removesuffix("/api/v1") + "/optimade/v1" for url in oases}
    with gateway_over(oases) as base:
        taken = _measure({"gateway": f"{base}/v1", **own}, rounds)
    medians = {name: 1000 * statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(f"{median:8.1f} ms  {len(taken[name]):4d} answers  {name}")
    slowest = max(own, key=lambda url: medians[url])
    print(f"gateway / slowest own endpoint: {medians['gateway'] / medians[slowest]:.2f}")


def _measure(bases: dict[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds per answer, for each server; a request without an answer does not count."""
    taken: dict[str, list[float]] = {name: [] for name in bases}
    verify = ssl.create_default_context()
    clients = {name: httpx.Client(timeout=60, verify=verify) for name in bases}
    for _ in range(rounds):
        for text in FILTERS:
            for name in random.sample(tuple(bases), len(bases)):
                spent = _ask(clients[name], bases[name], text)
                if spent is None:  # NOMAD drops the connection after a 500 without saying so
                    clients[name].close()
                    clients[name] = httpx.Client(timeout=60, verify=verify)
                else:
                    taken[name].append(spent)
    for client in clients.values():
        client.close()
    return taken


def _ask(client: httpx.Client, base: str, text: str) -> float | None:
    """Seconds to the whole answer; None where it failed (NOMAD's own does when nothing matches)."""
    start = time.perf_counter()
    answer = client.get(f"{base}/structures", params={"filter": text, "page_limit": "20"})
    return time.perf_counter() - start if answer.status_code == 200 else None


if __name__ == "__main__":
    main()
