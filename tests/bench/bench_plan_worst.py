"""How long the largest allowed filters of every shape take to be read and planned for 50 sites.

    python -m tests.bench.bench_plan_worst

Prints milliseconds of CPU, the slowest first. What takes longer than one turn of the event loop may
take is planned in a thread (`search/planned_request.py`).
"""

import sys
import time

from gateway.errors import FilterError
from gateway.model import STRUCTURES
from gateway.parse import FilterLimits, read_filter
from gateway.plan import Scope, plan_sites
from gateway.properties import structures_catalogue
from tests.plan.shapes import LIMITS, SITES, large_filters

SHOWN = 25


def main() -> int:
    """Plans every shape once, after a warm-up, and prints the slowest."""
    scope = Scope(STRUCTURES, structures_catalogue("fed"), "fed")
    limits = FilterLimits(LIMITS.length, LIMITS.depth, LIMITS.terms, LIMITS.values)
    rows = []
    for name, text in large_filters():
        rows.append((*_planned(text, scope, limits), len(text), name))
    rows.sort(key=lambda row: -row[0])
    print(f"{len(rows)} shapes, {len(SITES)} sites; the slowest {SHOWN}:")
    for milliseconds, result, length, name in rows[:SHOWN]:
        print(f"{milliseconds:8.1f} ms {length:6} characters  {name[:70]:70} {result}")
    print(f"median {sorted(row[0] for row in rows)[len(rows) // 2]:.1f} ms")
    return 0


def _planned(text: str, scope: Scope, limits: FilterLimits) -> tuple[float, str]:
    start, result = time.thread_time(), "planned"
    try:
        plan_sites(read_filter(text, limits), sites=SITES, scope=scope)
    except FilterError as error:
        result = f"{type(error).__name__}: {error}"[:90]
    return 1000 * (time.thread_time() - start), result


if __name__ == "__main__":
    sys.exit(main())
