"""compose.yaml: every container is bounded and looked after, and what they mount is there."""

from typing import Any

import pytest
import yaml

import gateway
from gateway.config import load_config
from tests.deploy.tools import CHART, COMPOSE, run
from tests.docs.test_cli import check_gateway

DOCUMENT = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = DOCUMENT["services"]
OURS = [name for name, one in SERVICES.items() if "build" in one]
OTHERS = [name for name in SERVICES if name not in OURS]
OASES = [name for name in OURS if name != "gateway"]


@pytest.mark.parametrize("name", SERVICES)
def test_bounds(name: str) -> None:
    """A container has bounds on memory, processes, files and logs, and a disk it cannot write."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 256
    assert service["mem_limit"]
    assert service["ulimits"]["nofile"] >= 2048
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_health(name: str) -> None:
    """A container has a health check: the gateway's is that of its image."""
    service = SERVICES[name]
    if name == "gateway":
        assert "healthcheck" not in service
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_ours(name: str) -> None:
    """What we build runs a command of ours, under this version."""
    service = SERVICES[name]
    check_gateway(service["command"])
    assert service["image"].endswith(f":{gateway.__version__}")
    build = service["build"]
    assert (COMPOSE / build["context"] / build["dockerfile"]).resolve().is_file()


@pytest.mark.parametrize("name", OTHERS)
def test_pinned(name: str) -> None:
    """An image of others has a whole version."""
    assert SERVICES[name]["image"].rpartition(":")[2].removesuffix("-alpine").count(".") == 2


@pytest.mark.parametrize("name", SERVICES)
def test_volumes(name: str) -> None:
    """What is mounted is there, is a folder, and cannot be written; all else is a named volume."""
    for volume in SERVICES[name].get("volumes", []):
        source, _, mode = (*volume.split(":"), "")[:3]
        if source in DOCUMENT["volumes"]:
            continue
        assert (COMPOSE / source).is_dir(), source
        assert mode == "ro"


def test_published() -> None:
    """Ports are published at this machine alone, and the gateway's own is not."""
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published.keys() == {"balancer", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's configuration names the other services, at the ports where they listen."""
    for variable, value in SERVICES["gateway"]["environment"].items():
        monkeypatch.setenv(variable, value)
    config = load_config(COMPOSE / "gateway/gateway.yaml")
    assert SERVICES["balancer"]["ports"] == [f"{config.server.public_url}:8080".split("//")[1]]
    assert {site.name for site in config.sites} == set(OASES)
    for site in config.sites:
        _, name, *_, port = SERVICES[site.name]["command"]
        assert (name, site.url) == (site.name, f"http://{name}:{port}/nomad-oasis/api/v1")
    stop_s = int(SERVICES["gateway"]["stop_grace_period"].removesuffix("s"))
    assert stop_s > config.server.drain_s + config.timeouts.budget_s + 2


def test_replicas() -> None:
    """There are two replicas and a balancer that has places for them."""
    assert SERVICES["gateway"]["deploy"]["replicas"] == 2
    balancer = (COMPOSE / "haproxy/haproxy.cfg").read_text("utf-8")
    assert "server-template replica 8 gateway:8080" in balancer


def test_networks() -> None:
    """Oases and cache are not in reach of whom the balancer serves."""
    assert DOCUMENT["networks"]["oases"]["internal"]
    assert DOCUMENT["networks"]["inner"]["internal"]
    for name, service in SERVICES.items():
        assert ("outer" in service["networks"]) == ("ports" in service), name


def test_prometheus() -> None:
    """Prometheus' configuration is right, and its rules are those of the chart."""
    path = COMPOSE / "prometheus/prometheus.yml"
    document = yaml.safe_load(path.read_text("utf-8"))
    (rules,) = document["rule_files"]
    mounted = dict(one.split(":")[:2][::-1] for one in SERVICES["prometheus"]["volumes"])
    folder, _, name = rules.rpartition("/")
    assert (COMPOSE / mounted[folder] / name).resolve() == CHART / "files/alerts.yaml"
    run("promtool", "check", "config", "--syntax-only", path)
