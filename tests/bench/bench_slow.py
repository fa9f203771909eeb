"""Sites that take long for every archive: whether all ways of asking get everything, and when.

One slow site beside two ordinary ones. Every entry has to come once, those without their archive
have to be marked by a warning, and the walk has to end.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from tests.bench.gateway_process import DEFAULTS, PREFIX, gateway, write_config
from tests.bench.measuring import Effort, Row
from tests.bench.processes import ROOT, stubs

ENTRIES, QUICK_ENTRIES = 200, 60
LATENCY_S = 0.03
PATIENCE_S, QUICK_PATIENCE_S = 120.0, 40.0
CASES = ((0.07, 16), (0.7, 16), (0.07, 1))
"""Seconds an archive takes, and how many requests the site serves at a time."""
PROBE = "cartesian_site_positions"
"""Only archives have it."""
CLIENT = """\
import sys
from optimade.client import OptimadeClient
client = OptimadeClient([sys.argv[1]], max_results_per_provider=0, silent=True)
(found,) = client.structures.get()["structures"].values()
(answer,) = found.values()
ids = [one["id"] for one in answer["data"]]
bare = sum(one["attributes"]["cartesian_site_positions"] is None for one in answer["data"])
print(len(ids), len(set(ids)), bare, answer["errors"])
"""


@dataclass
class _Walked:
    """What a walk has met."""

    ids: list[str] = field(default_factory=list)
    unread: int = 0
    unmarked: int = 0
    pages: int = 0
    waits: int = 0
    has_ended: bool = False
    seconds: float = 0.0
    first_s: float = 0.0
    note: str = ""

    def reported(self, expected: int) -> str:
        """In words; capitals where it is not as it has to be."""
        wrong = []
        if len(set(self.ids)) != expected:
            wrong.append(f"ONLY {len(set(self.ids))} OF {expected}")
        if len(self.ids) != len(set(self.ids)):
            wrong.append("SOME TWICE")
        if self.unmarked:
            wrong.append(f"{self.unmarked} UNREAD AND UNMARKED")
        if not self.has_ended:
            wrong.append("NO END")
        whole = ", ".join(wrong) or f"all {expected} once"
        first = f", first page {self.first_s:.1f} s" if self.first_s else ""
        waits = f", {self.waits} answers 503" if self.waits else ""
        note = f" ({self.note})" if self.note else ""
        return f"{whole}; {self.unread} unread; {self.seconds:.0f} s{first}{waits}{note}"


def slow(effort: Effort) -> Iterator[Row]:
    """All ways of asking, for each kind of slow site."""
    entries = QUICK_ENTRIES if effort.is_quick else ENTRIES
    patience_s = QUICK_PATIENCE_S if effort.is_quick else PATIENCE_S
    for archive_s, workers in CASES:
        with (
            stubs(2, entries=entries) as quick,
            stubs(1, entries=entries, latency_s=LATENCY_S, archive_s=archive_s, workers=workers,
                  prefix="slow") as late,
        ):  # fmt: skip
            where = f"{archive_s} s per archive, {workers} at a time"
            yield from _ways((*quick.urls, *late.urls), where, 3 * entries, patience_s)


def _ways(urls: tuple[str, ...], where: str, expected: int, patience_s: float) -> Iterator[Row]:
    for limit in (20, 100):
        with gateway(urls, environment=DEFAULTS) as own:
            walked = _walk(own.url, limit, patience_s)
        yield Row(
            f"walk, page_limit {limit}, {where}", walked.reported(expected), "all, marked, ends"
        )
    with gateway(urls, environment=DEFAULTS) as own:
        yield Row(
            f"JSON Lines, {where}", _stream(own.url, patience_s).reported(expected), "all, ends"
        )
    asked = _query(urls, patience_s)
    present = sorted({one.partition("~")[0] for one in asked.ids})
    asked.note = asked.note or f"of {len(present)} sites"
    yield Row(f"`gateway query --limit 100`, {where}", asked.reported(100), "100 of 3 sites")
    with gateway(urls, environment=DEFAULTS) as own:
        yield Row(
            f"OptimadeClient, {where}", _client(own.url, patience_s).reported(expected), "all"
        )


def _walk(base: str, limit: int, patience_s: float) -> _Walked:
    """Along the links; where the answer is 503 with Retry-After, the same link again later."""
    walked = _Walked()
    url: str | None = f"{base}/v1/structures?" + urlencode({"page_limit": limit})
    begin = time.monotonic()
    with httpx.Client(timeout=90) as client:
        while url is not None and time.monotonic() - begin < patience_s:
            answer = client.get(url)
            walked.first_s = walked.first_s or time.monotonic() - begin
            if answer.status_code == 503 and "retry-after" in answer.headers:
                walked.waits += 1
                time.sleep(min(5.0, float(answer.headers["retry-after"])))
                continue
            document = answer.raise_for_status().json()
            _note(walked, document["data"], document["meta"].get("warnings", []))
            url = document["links"].get("next")
    walked.has_ended = url is None
    walked.seconds = time.monotonic() - begin
    return walked


def _note(walked: _Walked, data: list[Any], warnings: list[Any]) -> None:
    walked.pages += 1
    unread = sum(one["attributes"][PROBE] is None for one in data)
    is_marked = any(one.get("code") == f"_{PREFIX}_site_partial" for one in warnings)
    walked.ids += [one["id"] for one in data]
    walked.unread += unread
    walked.unmarked += 0 if is_marked else unread


def _stream(base: str, patience_s: float) -> _Walked:
    """Everything as JSON Lines; where it breaks off, on from where it says."""
    walked, begin = _Walked(), time.monotonic()
    url: str | None = f"{base}/v1/structures?response_format=_{PREFIX}_jsonl"
    with httpx.Client(timeout=90) as client:
        while url is not None and time.monotonic() - begin < patience_s:
            lines: list[Any] = []
            with client.stream("GET", url) as answer:
                if answer.status_code == 503:
                    walked.waits += 1
                    time.sleep(1)
                    continue
                for line in answer.iter_lines():
                    walked.first_s = walked.first_s or time.monotonic() - begin
                    lines.append(orjson.loads(line))
                    if time.monotonic() - begin > patience_s:
                        break
            data = [one for one in lines if one.get("type") == "structures"]
            walked.ids += [one["id"] for one in data]
            walked.unread += sum(one["attributes"][PROBE] is None for one in data)
            meta = lines[-1].get("meta", {})
            walked.has_ended = meta.get(f"_{PREFIX}_complete") is True
            url = None if walked.has_ended else meta.get(f"_{PREFIX}_resume", url)
            walked.note = "" if walked.has_ended else str(meta.get(f"_{PREFIX}_reason", ""))[:120]
    walked.seconds = time.monotonic() - begin
    return walked


def _query(urls: tuple[str, ...], patience_s: float) -> _Walked:
    walked = _Walked()
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder), urls)
        options = ["--config", str(config), "--limit", "100", "--fields", PROBE, "--json"]
        command = [sys.executable, "-m", "gateway", "query", "nsites<1000000", *options]
        done = _finished(command, walked, patience_s)
    if done is not None and done.returncode == 0:
        document = orjson.loads(done.stdout)
        marks = [{"code": f"_{PREFIX}_site_partial"}] if document["meta"].get("warnings") else []
        _note(walked, document["data"], marks)
        walked.has_ended = True
    elif done is not None:
        walked.note = done.stderr.decode().strip()[-160:]
    return walked


def _client(base: str, patience_s: float) -> _Walked:
    walked = _Walked()
    done = _finished([sys.executable, "-W", "ignore", "-c", CLIENT, base], walked, patience_s)
    if done is not None and done.returncode == 0:
        count, distinct, unread, errors = done.stdout.decode().split(" ", 3)
        walked.ids = [f"{number % int(distinct)}" for number in range(int(count))]
        walked.unread, walked.note = int(unread), errors.strip().removeprefix("[]")[:160]
        walked.has_ended = True
    elif done is not None:
        walked.note = done.stderr.decode().strip()[-160:]
    return walked


def _finished(
    command: list[str], walked: _Walked, patience_s: float
) -> "subprocess.CompletedProcess[bytes] | None":
    """The program's end; None: it was stopped when patience ended."""
    begin = time.monotonic()
    try:
        return subprocess.run(command, capture_output=True, timeout=patience_s, cwd=ROOT)
    except subprocess.TimeoutExpired:
        walked.note = "stopped"
        return None
    finally:
        walked.seconds = time.monotonic() - begin
