"""deploy/ fits the command line, the configuration and the locked dependencies."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml

import gateway
from gateway.config import load_config
from tests.docs.pages import PAGES, ROOT, read_page
from tests.docs.test_cli import check_gateway

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", SERVICES)
def test_service(name: str) -> None:
    """Each service runs a command of ours, contained, with a health check."""
    service = SERVICES[name]
    check_gateway(service["command"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["image"].endswith(f":{gateway.__version__}")
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve().is_file()


def test_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's configuration names the other services, at the ports where they listen."""
    ((file, _, _),) = [volume.split(":") for volume in SERVICES["gateway"]["volumes"]]
    for variable, value in SERVICES["gateway"]["environment"].items():
        monkeypatch.setenv(variable, value)
    config = load_config((DEPLOY / file).resolve())
    assert config.server.public_url == "http://127.0.0.1:8080"
    assert {site.name for site in config.sites} == SERVICES.keys() - {"gateway"}
    for site in config.sites:
        _, name, *_, port = SERVICES[site.name]["command"]
        assert (name, site.url) == (site.name, f"http://{name}:{port}/nomad-oasis/api/v1")


def test_unit() -> None:
    """The systemd unit runs a command of ours, and stops and reloads it by signals it knows."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "gateway.service")
    start = shlex.split(unit["Service"]["ExecStart"])
    check_gateway(start[1:])
    signals = {row[0] for row in read_page("reference/operation.md").under("Signals")}
    assert {"SIGHUP", "SIGTERM"} <= signals
    assert unit["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_image() -> None:
    """The image runs a command of ours, and its health check asks the port where it listens."""
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    words = yaml.safe_load(command)
    check_gateway(words)
    assert f"127.0.0.1:{words[words.index('--port') + 1]}/health" in DOCKERFILE
    for name in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / file).exists() for file in name.split())


INSTALLING = [
    (path, line)
    for path in (ROOT / "Makefile", ROOT / ".ci/set-up", DEPLOY / "Dockerfile", *PAGES)
    for line in path.read_text("utf-8").splitlines()
    if re.search(r"\bpip\b.* install .*(\.lock|\"\$lock\"| \.$|dist/)|^(PIP|LOCKED) :=", line)
]


@pytest.mark.parametrize(("path", "line"), INSTALLING, ids=str)
def test_nothing_is_resolved(path: Path, line: str) -> None:
    """Whatever installs from a lock or from here takes what is named and nothing else."""
    assert "--no-deps" in line or "$(PIP)" in line
    if "lock" in line.lower():
        assert "--require-hashes" in line
    else:
        assert "--no-build-isolation" in line or "dist/" in line


def test_something_is_installed() -> None:
    """The lines are found where they are."""
    found = {path.relative_to(ROOT).as_posix() for path, _ in INSTALLING}
    assert found == {"Makefile", ".ci/set-up", "deploy/Dockerfile", "docs/how-to/deploy.md"}


def test_base_image() -> None:
    """Both stages of the image begin with one version of one image."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])


def test_readme_of_folder() -> None:
    """deploy/README.md names each file there."""
    told = {row[0].strip("`") for row in read_page(DEPLOY / "README.md").rows}
    assert told == {path.name for path in Path(DEPLOY).iterdir()} - {"README.md"}
