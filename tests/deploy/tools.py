"""Programs that the tests of deploy/ run, and the folder of each way of running."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
CHART = DEPLOY / "helm/nomad-optimade-gateway"
TOOLS = ROOT / ".tools"
ORIGIN = {
    "helm": ".ci/deploy-tools builds it",
    "haproxy": "Debian: haproxy",
    "promtool": "Debian: prometheus",
    "prometheus": "Debian: prometheus",
    "systemd-analyze": "Debian: systemd",
}


def program(name: str) -> str:
    """Where a program is; without it the test is skipped and says where it comes from."""
    found = shutil.which(name) or shutil.which(name, path=TOOLS / "bin")
    if found is None:
        pytest.skip(f"needs {name} ({ORIGIN[name]})")
    return found


def run(name: str, *arguments: str | Path, ok: bool = True) -> str:
    """What a program prints; it has to succeed, or to fail."""
    done = subprocess.run(
        [program(name), *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    reported = done.stdout + done.stderr
    assert (done.returncode == 0) == ok, reported
    return reported
