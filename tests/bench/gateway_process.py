"""A gateway in a process of its own, over given Oases, that keeps no answers."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx


@contextlib.contextmanager
def gateway_over(oases: Sequence[str], **environment: str) -> Iterator[str]:
    """Its address, while it runs."""
    sites = "".join(f"  - {{name: oasis{i}, url: '{url}'}}\n" for i, url in enumerate(oases, 1))
    provider = "{prefix: fed, name: Bench, description: Bench, homepage: null}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gateway.yaml"
        config.write_text(f"provider: {provider}\nsites:\n{sites}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(config)]
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, "GATEWAY_CACHE__BACKEND": "none", **environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(f"{base}/ready", process)
            yield base
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"the gateway ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the gateway was not ready within 10 s")
