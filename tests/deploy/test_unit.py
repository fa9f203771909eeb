"""The systemd unit: right, bounded, and shut in."""

import configparser
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, run
from tests.docs.pages import read_page
from tests.docs.test_cli import check_gateway

UNIT = DEPLOY / "systemd/gateway.service"


@pytest.fixture
def service() -> "configparser.SectionProxy":
    """The section that says how it runs."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    return unit["Service"]


def test_command(service: configparser.SectionProxy) -> None:
    """It runs a command of ours, and stops and reloads it by signals that it knows."""
    check_gateway(shlex.split(service["ExecStart"])[1:])
    signals = {row[0] for row in read_page("reference/operation.md").under("Signals")}
    assert {"SIGHUP", "SIGTERM"} <= signals
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_bounds(service: configparser.SectionProxy) -> None:
    """Files, memory and tasks are bounded; what takes too much does not take the rest with it."""
    assert int(service["LimitNOFILE"]) >= 2048
    assert service["MemoryMax"] == "1G"
    assert int(service["TasksMax"]) <= 256
    assert service["OOMPolicy"] == "continue"


def test_wrong_configuration(service: configparser.SectionProxy) -> None:
    """A wrong configuration is not tried again and again: its exit code ends it."""
    codes = {row[0]: row[1] for row in read_page("reference/cli.md").rows}
    assert "configuration" in codes[service["RestartPreventExitStatus"]]


def test_verified(tmp_path: Path) -> None:
    """systemd knows every line, with the program of this machine in place of the installed one."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace("/opt/gateway/bin/gateway", sys.executable)
    copy.write_text(text, "utf-8")
    assert run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", copy) == ""


def test_shut_in() -> None:
    """By systemd's own measure it is exposed to little: 10 is without any sandbox."""
    reported = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", UNIT)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", reported)
    assert float(exposure) <= 2.0
