"""The first federation, as the guide prints it, from a fresh directory."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGINT

import pytest
import yaml

from gateway.config import load_config
from tests.docs.live import WAIT_S, run_shell
from tests.docs.pages import read_page
from tests.free_port import free_port

PAGE = read_page("how-to/own-oases.md")
COMMANDS = [block.text for block in PAGE.in_language("sh")]
PORTS = ("9101", "9102")


@contextmanager
def running(command: str) -> Iterator[None]:
    """A printed command that serves, once it has printed its address."""
    words = [sys.executable, "-m", *command.split()]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert any(line.startswith("http") for line in process.stdout)
        yield
    finally:
        process.send_signal(SIGINT)
        process.communicate(timeout=WAIT_S)


@pytest.mark.slow
def test_first_federation(tmp_path: Path) -> None:
    """Two Oases, init and check; the file has the sites that the page shows."""
    ports = {old: str(free_port()) for old in PORTS}

    def at_free_ports(text: str) -> str:
        return re.sub("|".join(PORTS), lambda found: ports[found[0]], text)

    oases = [one for one in COMMANDS if one.startswith("gateway oasis")]
    (init,) = [one for one in COMMANDS if "gateway init --yes" in one]
    (check,) = [one for one in COMMANDS if "gateway check" in one]
    with ExitStack() as open_oases:
        for one in oases:
            open_oases.enter_context(running(at_free_ports(one)))
        assert "gateway.yaml is written." in run_shell(at_free_ports(init), folder=tmp_path)
        head, *sites = run_shell(check, folder=tmp_path)
    assert head.startswith("site ")
    assert [line.split()[0] for line in sites] == ["berlin", "munich"]
    (shown,) = PAGE.in_language("yaml")
    expected = yaml.safe_load(at_free_ports(shown.text))
    config = load_config(tmp_path / "gateway.yaml")
    assert [(site.name, site.url) for site in config.sites] == [
        (site["name"], site["url"]) for site in expected["sites"]
    ]
    assert config.provider.prefix == expected["provider"]["prefix"]
