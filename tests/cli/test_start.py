"""How commands start: what is loaded, what Ctrl-C does meanwhile, and on systems without SIGHUP."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway import config
from gateway.cli.commands import group, operating
from gateway.cli.serving import PortTakenError, open_first_free, open_socket
from gateway.demo import DEMO_SITES
from tests.free_port import free_port

WAIT_S = 100
HEAVY = {
    "aiohttp",
    "fastapi",
    "httpx",
    "lark",
    "optimade",
    "prometheus_client",
    "pydantic",
    "rich",
    "uvicorn",
}
# A system that knows no SIGHUP, no signal masks, no signals in event loops, and no uvloop.
WINDOWS = """
import asyncio, os, signal, sys
for name in ("SIGHUP", "pthread_sigmask", "sigwait"):
    delattr(signal, name)
def refuse(*_):
    raise NotImplementedError
for kind in (asyncio.AbstractEventLoop, asyncio.SelectorEventLoop):
    kind.add_signal_handler = kind.remove_signal_handler = refuse
sys.modules["uvloop"] = None
from gateway.__main__ import run
run()
"""


@contextmanager
def running(*command: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in a group of its own, as a terminal makes it, that ends with the context."""
    # Tests that a script runs in the background ignore Ctrl-C, and so would what they start.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "provider: {prefix: fed, name: F, description: D}\n"
        "sites: [{name: one, url: 'http://127.0.0.1:9/api/v1'}]\n"
    )
    return path


def test_told_again() -> None:
    """What the command line repeats, so as not to import it, is as it stands elsewhere."""
    assert group.CONFIG_VARIABLE == config.CONFIG_VARIABLE
    assert tuple(site.name for site in DEMO_SITES) == operating.OASES


@pytest.mark.parametrize(
    ("module", "spared"),
    [("gateway.cli", HEAVY), ("gateway.__main__", HEAVY | {"click", "gateway.cli"})],
)
def test_loaded(module: str, spared: set[str]) -> None:
    """The command line loads no command, and a worker process loads no command line."""
    code = f"import sys, {module}; print(*sys.modules)"
    reported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not spared & set(reported.stdout.split())


def test_free_port() -> None:
    """A port that is taken is passed over; the last one is insisted upon."""
    with open_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with open_first_free("127.0.0.1", (port, 0)) as found:
            assert found.getsockname()[1] not in (0, port)
        with pytest.raises(PortTakenError, match=f"cannot listen at 127.0.0.1:{port}: "):
            open_first_free("127.0.0.1", (port, port))


@pytest.mark.slow
@pytest.mark.parametrize("command", [("demo", "--port", "0"), ("oasis", "berlin", "--port", "0")])
def test_without_signals(command: Sequence[str]) -> None:
    """Where loops know no signals, it serves all the same, and Ctrl-C ends it without a trace."""
    with running(sys.executable, "-c", WINDOWS, *command) as process:
        assert process.stdout
        address = next(line for line in process.stdout if line.startswith("http")).strip()
        with urllib.request.urlopen(f"{address}/info", timeout=WAIT_S) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        _, reported = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert "Traceback" not in reported


@pytest.mark.slow
def test_serving_without_signals(config_file: Path) -> None:
    """The same for `gateway serve`, which reloads there when the file changes alone."""
    port = str(free_port())
    arguments = ("serve", "--config", config_file, "--port", port)
    with running(sys.executable, "-c", WINDOWS, *arguments) as process:
        wait_for("Application startup complete", process)
        wait_until_it_listens(int(port))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=WAIT_S) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        _, reported = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert "Traceback" not in reported


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "sign", "later_s"),
    [
        ("1", "serving", 0.0),
        ("1", "Started server process", 0.0),
        ("2", "serving", 0.0),
        ("2", "Started parent process", 0.0),
        ("2", "Started parent process", 0.15),
        ("2", "Started parent process", 0.4),
        ("2", "Started server process", 0.0),
    ],
)
def test_interrupted(workers: str, sign: str, later_s: float, config_file: Path) -> None:
    """Ctrl-C at any moment of the start ends all processes, without a trace."""
    arguments = ("--config", config_file, "--port", str(free_port()), "--workers", workers)
    with running(sys.executable, "-m", "gateway", "serve", *arguments) as process:
        wait_for(sign, process)
        time.sleep(later_s)  # while the workers load what they need
        os.killpg(process.pid, signal.SIGINT)
        _, reported = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, -signal.SIGINT)
    assert "Traceback" not in reported


def wait_until_it_listens(port: int) -> None:
    for _ in range(WAIT_S * 20):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    pytest.fail("nobody listens")


def wait_for(sign: str, process: "subprocess.Popen[str]") -> None:
    assert process.stderr
    assert any(sign in line for line in process.stderr), f"{sign!r} was not told"
