"""deploy/ fits the command line, the configuration and the locked dependencies."""

import configparser
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import gateway
from gateway.config import load_config
from tests.docs.pages import ROOT, read_page
from tests.docs.test_cli import check_gateway

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


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


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements.lock", PROJECT["project"]["optional-dependencies"]["redis"]),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["test"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["check"]),
    ],
)
def test_lock(lock: str, wanted: list[str]) -> None:
    """Every dependency is locked: `make install` and the image install from the locks alone."""
    locked = {name_of(line) for line in (ROOT / lock).read_text("utf-8").splitlines()}
    assert {name_of(one) for one in wanted} <= locked


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_changelog() -> None:
    """The changelog has an entry for this version."""
    headings = read_page(ROOT / "CHANGELOG.md").headings
    assert any(heading.startswith(gateway.__version__) for heading in headings)


def test_readme_of_folder() -> None:
    """deploy/README.md names each file there."""
    told = {row[0].strip("`") for row in read_page(DEPLOY / "README.md").rows}
    assert told == {path.name for path in Path(DEPLOY).iterdir()} - {"README.md"}
