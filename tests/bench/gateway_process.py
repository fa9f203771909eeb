"""A gateway in a process of its own, over given Oases, that keeps no answers unless told to."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import orjson

from tests.bench.processes import Running, end
from tests.free_port import free_port

PREFIX = "fed"
NO_CACHE = {"GATEWAY_CACHE__BACKEND": "none"}
DEFAULTS: dict[str, str] = {}
"""The environment of a gateway that is as shipped."""


@contextlib.contextmanager
def gateway(
    oases: Sequence[str],
    *,
    environment: dict[str, str] = NO_CACHE,
    workers: int = 1,
    source: Path | None = None,
) -> Iterator[Running]:
    """The gateway of a source tree (that in `PYTHONPATH`), once it knows all sites that answer."""
    tree = {} if source is None else {"PYTHONPATH": str(source.resolve())}
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder), oases)
        port = free_port()
        options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(config), *options],
            env={**os.environ, **tree, **environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(base, process)
            yield Running((process.pid,), (base,))
        finally:
            end(process)


def write_config(folder: Path, oases: Sequence[str]) -> Path:
    """A configuration over those sites with the shipped defaults."""
    config = folder / "gateway.yaml"
    sites = [{"name": f"oasis{i}", "url": url} for i, url in enumerate(oases, 1)]
    provider = {"prefix": PREFIX, "name": "Bench", "description": "Bench."}
    config.write_bytes(orjson.dumps({"provider": provider, "sites": sites}))  # JSON is YAML
    return config


def _wait_for(base: str, process: "subprocess.Popen[bytes]") -> None:
    """Until it is ready, and for at most five seconds more until it knows every site."""
    ready_at = None
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"the gateway ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(f"{base}/health", timeout=2)
            if answer.status_code == 200:
                ready_at = ready_at or time.monotonic()
                known = all(site["version"] for site in answer.json()["sites"])
                if known or time.monotonic() - ready_at > 5:
                    return
        time.sleep(0.1)
    raise RuntimeError("the gateway was not ready within 20 s")
