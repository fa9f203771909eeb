"""The processes of a benchmark: started, known by address, and what each costs."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tests.bench.delaying_proxy import Passed, Seen
from tests.bench.load import Load, Measured

ROOT = Path(__file__).parents[2]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Running:
    """A server in processes of its own; `urls` as it says them."""

    pids: tuple[int, ...]
    urls: tuple[str, ...]

    @property
    def url(self) -> str:
        """The only address."""
        (url,) = self.urls
        return url

    def cpu_s(self) -> float:
        """Seconds of processor time of the processes and those they started."""
        return sum(_on_cpu_ns(pid) for pid in _family(self.pids)) / 1e9

    def memory_bytes(self) -> int:
        """Resident memory, those they started included."""
        return sum(_resident(pid) for pid in _family(self.pids))


@contextlib.contextmanager
def tool(module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A module of this folder in a process of its own, whichever gateway is measured."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        end(process)


@contextlib.contextmanager
def server(module: str, *arguments: str) -> Iterator[Running]:
    """A module of this folder that prints its addresses as one line of JSON, then serves."""
    with tool(module, *arguments) as process:
        yield Running((process.pid,), _addresses(process))


@contextlib.contextmanager
def stubs(sites: int, *, entries: int = 2_000, **traits: float | str) -> Iterator[Running]:
    """Stub sites; `traits` are the options of `stub_site`."""
    options = [f"--sites={sites}", f"--entries={entries}"]
    options += [f"--{name.replace('_', '-')}={value}" for name, value in traits.items()]
    with server("stub_site", *options) as running:
        yield running


@contextlib.contextmanager
def fanout(urls: Sequence[str]) -> Iterator[Running]:
    """The bare fan-out over those sites."""
    with server("bare_fanout", ",".join(urls)) as running:
        yield running


class Loader:
    """The process that plays the clients."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def run(self, load: Load) -> Measured:
        """Carry out a load."""
        return Measured(**orjson.loads(_reported(self._process, orjson.dumps(asdict(load)))))


class Distant:
    """The process that delays what goes to some servers; `urls` stand for theirs."""

    def __init__(self, process: "subprocess.Popen[bytes]", urls: tuple[str, ...]) -> None:
        self._process = process
        self.urls = urls

    def seen(self) -> Seen:
        """What went through since this was asked last."""
        found = orjson.loads(_reported(self._process, b"seen"))
        return Seen(found["connections"], [Passed(**one) for one in found["requests"]])


@contextlib.contextmanager
def distant(
    urls: Sequence[str], *, round_trip_s: float = 0.04, idle_s: float = 75.0
) -> Iterator[Distant]:
    """A delaying proxy before each server."""
    options = [f"--round-trip-s={round_trip_s}", f"--idle-s={idle_s}"]
    with tool("delaying_proxy", ",".join(urls), *options) as process:
        yield Distant(process, _addresses(process))


def _addresses(process: "subprocess.Popen[bytes]") -> tuple[str, ...]:
    """The first line of a process."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} did not start")
    return tuple(orjson.loads(line))


def _reported(process: "subprocess.Popen[bytes]", line: bytes) -> bytes:
    """What a process says to a line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    return process.stdout.readline()


@contextlib.contextmanager
def loader() -> Iterator[Loader]:
    """Clients in a process of their own."""
    with tool("load") as process:
        yield Loader(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that was started here, and wait for it."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _family(pids: Sequence[int]) -> list[int]:
    """Processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(f"/proc/{entry}/stat").read_text()
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found = list(pids)
    for one in found:
        found += children.get(one, [])
    return found


def _on_cpu_ns(pid: int) -> int:
    """Time on a processor, of all threads that still run, in nanoseconds."""
    total = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    return 0
