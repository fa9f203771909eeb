"""HAProxy as deploy/compose runs it, before replicas on this machine; and a Valkey or Redis."""

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.processes import ROOT, end
from tests.free_port import free_port

CACHES = ("valkey-server", "redis-server")
SHIPPED = ROOT / "deploy/compose/haproxy/haproxy.cfg"


def missing_programs() -> str:
    """What is not installed, in words; empty: nothing."""
    missing = [] if shutil.which("haproxy") else ["haproxy"]
    if not any(map(shutil.which, CACHES)):
        missing.append("valkey-server or redis-server")
    return " and ".join(missing)


def local_balancer(ports: Sequence[int], *, port: int, service_port: int) -> str:
    """The shipped configuration with other addresses, and nothing else changed."""
    servers = "\n".join(f"  server replica{port} 127.0.0.1:{port}" for port in ports)
    text = SHIPPED.read_text("utf-8")
    for old, new in (
        ("bind :8080", f"bind 127.0.0.1:{port}"),
        ("bind :8405", f"bind 127.0.0.1:{service_port}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    text, count = re.subn(r" +server-template .*", servers, text)
    assert count == 1
    return text


@contextlib.contextmanager
def balanced(ports: Sequence[int], folder: Path) -> Iterator[str]:
    """HAProxy before gateways at these ports; its address."""
    port = free_port()
    path = folder / "haproxy.cfg"
    path.write_text(local_balancer(ports, port=port, service_port=free_port()), "utf-8")
    process = subprocess.Popen(
        ["haproxy", "-f", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(2.5)  # a check of each replica
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


@contextlib.contextmanager
def cache_server(folder: Path) -> Iterator[str]:
    """A Valkey or Redis that writes nothing; its address."""
    program = next(filter(None, map(shutil.which, CACHES)))
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        end(process)
