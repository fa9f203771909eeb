"""Are weaknesses known in what is locked? By pip-audit, else by the age of the lock.

    PYTHONPATH=src python -m tests.release.audit

pip-audit is asked where it is on the PATH and reaches its service. Otherwise the day on which the
lock last changed is told; a lock of more than `OLD_DAYS` is called old. Exit code 0: nothing known,
and the lock is not old. 1: a weakness is known. 2: nobody could be asked, and the lock is old.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from tests.setup.locks import LOCKS, ROOT

LOCK = ROOT / LOCKS[""]
OLD_DAYS = 90
"""Every few weeks some package of such a lock publishes a security release."""
LONGEST_S = 120
DAY_S = 86_400

Weaknesses: TypeAlias = Mapping[str, Sequence[str]]
"""Identifiers of known weaknesses by `name==version`."""


def main() -> None:
    """Tell what is known, and exit with its code."""
    code, reported = verdict(known_weaknesses(), age_days(LOCK, now=time.time()))
    print(reported)
    sys.exit(code)


def verdict(known: Weaknesses | None, age: int | None) -> tuple[int, str]:
    """Exit code and sentence; None: nobody could be asked, or the age is not known."""
    if known:
        lines = [f"  {key}: {', '.join(ids)}" for key, ids in known.items()]
        return 1, "\n".join(("Weaknesses are known; `make lock UPGRADE=--upgrade`:", *lines))
    if known is not None:
        return 0, f"pip-audit knows no weakness in {LOCK.name}"
    if age is None:
        return 2, f"pip-audit could not be asked, and the age of {LOCK.name} is not known"
    reported = f"pip-audit could not be asked; {LOCK.name} is {age} days old"
    if age > OLD_DAYS:
        return 2, f"{reported}, more than {OLD_DAYS}: `make lock UPGRADE=--upgrade`"
    return 0, reported


def known_weaknesses(
    find: Callable[[str], str | None] = shutil.which, *, lock: Path = LOCK
) -> Weaknesses | None:
    """What pip-audit knows of the lock; None: it is not there, or its service is not reached."""
    program = find("pip-audit")
    if program is None:
        return None
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        options = ["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]
        command = [program, "--requirement", str(lock), *options, "--output", str(answer)]
        try:
            subprocess.run(command, timeout=LONGEST_S, capture_output=True, check=False)
            return read_answer(answer.read_text("utf-8"))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None


def read_answer(text: str) -> Weaknesses:
    """pip-audit's JSON, as far as it names weaknesses."""
    return {
        f"{one['name']}=={one['version']}": [found["id"] for found in one["vulns"]]
        for one in json.loads(text)["dependencies"]
        if one.get("vulns")
    }


def age_days(path: Path, *, now: float) -> int | None:
    """Days since the file last changed in git; None: it is in none."""
    command = ["git", "-C", str(path.parent), "log", "-1", "--format=%ct", "--", path.name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return int((now - int(done.stdout)) // DAY_S) if done.stdout.strip() else None


if __name__ == "__main__":
    main()
