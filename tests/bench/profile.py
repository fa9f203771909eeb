"""Where the gateway's processor time goes at five stubs.

    python -m tests.bench.profile [--seconds 20] [--clients 8]

Needs `py-spy` in the PATH (or its path in `PYSPY`). Two tables: packages by the time in their own
code (that of C extensions counts for their caller), and the gateway's modules by the time that
passes in them and in what they call outside the gateway.
"""

import argparse
import os
import re
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.bench.gateway_process import gateway
from tests.bench.load import Load
from tests.bench.processes import loader, stubs

FRAME = re.compile(r"^(?P<name>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")
PACKAGE = re.compile(r"site-packages/([^/.]+)")
OWN = re.compile(r"gateway/((?:[a-z_]+/)*[a-z_]+)\.py")
ROWS = 22

Stack = Sequence[tuple[str, str]]
"""Function and file, the innermost last."""


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    stacks = record(given.seconds, given.clients)
    whole = sum(stacks.values())
    for title, of in (("package", _package), ("module of the gateway", _own_module)):
        print(f"| {title} | share |\n|---|---|")
        found: Counter[str] = Counter()
        for stack, count in stacks.items():
            found[of(stack)] += count
        for name, count in found.most_common(ROWS):
            print(f"| {name} | {count / whole:.1%} |")
        print()


def record(seconds: int, clients: int) -> Counter[tuple[tuple[str, str], ...]]:
    """How often each stack was seen under load."""
    with stubs(5) as sites, gateway(sites.urls) as own, loader() as asking:
        load = Load(own.url, clients=clients, seconds=seconds + 3)
        asker = threading.Thread(target=asking.run, args=(load,))
        asker.start()
        with tempfile.NamedTemporaryFile() as raw:
            command = [os.environ.get("PYSPY", "py-spy"), "record", "--format", "raw"]
            options = ["--rate", "500", "--duration", str(seconds), "--output", raw.name]
            subprocess.run([*command, *options, "--pid", str(own.pids[0])], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            lines = Path(raw.name).read_text().splitlines()
        asker.join()
    stacks: Counter[tuple[tuple[str, str], ...]] = Counter()
    for line in lines:
        text, _, count = line.rpartition(" ")
        stacks[tuple(map(_read, text.split(";")))] += int(count)
    return stacks


def _read(frame: str) -> tuple[str, str]:
    found = FRAME.match(frame)
    return (found["name"], found["file"]) if found else (frame, "")


def _package(stack: Stack) -> str:
    file = stack[-1][1]
    if own := OWN.search(file):
        return "gateway." + own[1].split("/")[0]
    if package := PACKAGE.search(file):
        return package[1]
    return Path(file).parts[-2] if "/" in file else Path(file).stem or "?"


def _own_module(stack: Stack) -> str:
    for _, file in reversed(stack):
        if own := OWN.search(file):
            return own[1].replace("/", ".")
    return "outside (server, event loop)"


if __name__ == "__main__":
    main()
