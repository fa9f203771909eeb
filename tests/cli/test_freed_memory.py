"""What a worker has freed goes back to the system."""

import os
import subprocess
import sys

import pytest

from gateway.cli.freed_memory import give_back_freed_memory
from tests.docs.pages import ROOT

SCRIPT = """
import re, sys
from pathlib import Path
from gateway.cli.freed_memory import give_back_freed_memory

if "own" in sys.argv and not give_back_freed_memory():
    print("none")
    raise SystemExit

bytearray(30 << 20)  # glibc would cut blocks of this size from its heap from now on
large, small = [], []
for _ in range(100):
    large.append(bytearray(2 << 20))
    small.append(bytearray(20_000))
    for at in range(0, len(large[-1]), 4096):
        large[-1][at] = 1
large.clear()
print(int(re.findall(r"VmRSS:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[0]) // 1024)
"""


def megabytes_left(*arguments: str, **environment: str) -> str:
    """What a process has after it has freed 200 MB, in another order than it took them."""
    inherited = {name: one for name, one in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, *arguments),
        env={**inherited, **environment},
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_memory() -> None:
    """A process that serves gives back what it has freed; left alone it would keep it."""
    left = megabytes_left("own")
    if left == "none":
        pytest.skip("the C library is not glibc")
    assert int(left) < 80
    assert int(megabytes_left()) > 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """So do the processes that it starts; what the administrator has set stays."""
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    if not give_back_freed_memory():
        pytest.skip("the C library is not glibc")
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "1000000"
    names = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    assert int(megabytes_left(**{name: os.environ[name] for name in names})) < 80
