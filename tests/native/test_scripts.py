"""Existing scripts run unchanged but for their base URL: `lecture/` holds those that students are
taught. What clients send that cannot be installed beside this: test_recorded."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import gateway_url as _gateway_url

gateway_url = _gateway_url
SCRIPTS = sorted((Path(__file__).parent / "lecture").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_lecture(script: Path, gateway_url: str) -> None:
    """A script of the lecture runs to its end against the federation."""
    done = subprocess.run(
        [sys.executable, script],
        env={"NOMAD_BASE": f"{gateway_url}/api/v1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout
