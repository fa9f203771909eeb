"""Examples of a page as a reader runs them: in a process of their own, against a running demo."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT

from tests.docs.pages import Block

WAIT_S = 60
_IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)
_CONVERTED = re.compile(r"\.as_(ase|pymatgen|cif)\b")
_PRINTED = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)


@contextmanager
def running_demo() -> Iterator[str]:
    """The address of `gateway demo` on a free port."""
    command = [sys.executable, "-m", "gateway", "demo", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith("http"))
    finally:
        process.send_signal(SIGINT)
        process.communicate(timeout=WAIT_S)


def missing_packages(block: Block) -> list[str]:
    """Packages that the example imports and this environment does not have."""
    converted = _CONVERTED.findall(block.text)
    needed = _IMPORTED.findall(block.text) + ["numpy" if one == "cif" else one for one in converted]
    return [name for name in needed if not importlib.util.find_spec(name)]


def expected_lines(block: Block) -> list[str]:
    """What the example says that it prints."""
    return _PRINTED.findall(block.text)


def run_python(text: str, *, folder: Path) -> list[str]:
    """The lines that a program prints."""
    return _run([sys.executable, "-c", text], folder)


def run_shell(line: str, *, folder: Path) -> list[str]:
    """The lines that a command prints; commands of this environment are found first."""
    return _run(["sh", "-ec", line], folder)


def _run(command: list[str], folder: Path) -> list[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
