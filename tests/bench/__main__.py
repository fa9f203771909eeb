"""All benchmarks, or those named: one table, each line side by side in one run.

    python -m tests.bench [--quick] [--soak-s 1200] [--silence-s 600] [NAME ..]

`PYTHONPATH` names the source tree whose gateway is measured; without it, it is the installed one.
Nothing is asserted: times of a busy machine prove nothing.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.bench import (
    bench_added,
    bench_copies,
    bench_endurance,
    bench_failover,
    bench_first_page,
    bench_pages,
    bench_paging,
    bench_rates,
    bench_slow,
    bench_translate,
    bench_workers,
)
from tests.bench.measuring import QUICK, Effort, Row

Bench = Callable[[Effort], Iterator[Row]]

BENCHES: dict[str, Bench] = {
    "translate": bench_translate.translation,
    "first-page": bench_first_page.near,
    "first-page-far": bench_first_page.far,
    "silence": bench_first_page.silence,
    "added": bench_added.added,
    "five-sites": bench_rates.five_sites,
    "kept": bench_rates.kept,
    "beside": bench_rates.beside,
    "fifty-sites": bench_rates.fifty_sites,
    "many-clients": bench_endurance.many_clients,
    "export": bench_endurance.export,
    "deep-page": bench_paging.deep_page,
    "pages": bench_pages.pages,
    "workers": bench_workers.workers,
    "replicas": bench_workers.replicas,
    "failover": bench_failover.failover,
    "slow": bench_slow.slow,
    "copies": bench_copies.copies,
}


def main() -> None:
    """Print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="short, for a first impression")
    parser.add_argument("--soak-s", type=float, help="how long many-clients lasts")
    parser.add_argument("--silence-s", type=float, help="how long nobody asks in silence")
    parser.add_argument("--beside", type=Path, help="another source tree, for `beside`")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # ends what was started, too
    effort = QUICK if given.quick else Effort()
    lasting = {name: getattr(given, name) for name in ("soak_s", "silence_s", "beside")}
    effort = replace(effort, **{name: one for name, one in lasting.items() if one is not None})
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores", file=sys.stderr)
    print("| what | measured | to reach |\n|---|---|---|", flush=True)
    for name in given.names or BENCHES:
        for row in BENCHES[name](effort):
            print(row, flush=True)


if __name__ == "__main__":
    main()
