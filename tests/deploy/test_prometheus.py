"""A real Prometheus over two gateways: every rule and every panel is asked, and has an answer."""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.bench.gateway_process import DEFAULTS, gateway
from tests.bench.processes import end, stubs
from tests.deploy.test_monitoring import PANELS, RULES
from tests.deploy.tools import COMPOSE, program
from tests.free_port import free_port

pytestmark = pytest.mark.slow

CHOSEN = {
    "$__rate_interval": "1m",
    "$job": ".*",
    "$site": ".*",
}
EMPTY_HERE = {
    "Turned away",
    "How old they are, 95 %",
    "Missing from answers",
    "When a site was looked at",
}
"""Panels that show nothing while nothing is turned away, taken from a cache or missing, and while
sites are stubs, which hold no copies."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Prometheus as Compose runs it, but with other addresses and more often, over two gateways."""
    folder = tmp_path_factory.mktemp("prometheus")
    with stubs(2) as sites, contextlib.ExitStack() as opened:
        gateways = [
            opened.enter_context(gateway(sites.urls, environment=DEFAULTS)).url for _ in range(2)
        ]
        config = folder / "prometheus.yml"
        config.write_text(json.dumps(configuration(gateways)), "utf-8")  # JSON is YAML
        with running(config, folder) as client:
            for number in range(20):
                for url in gateways:
                    httpx.get(f"{url}/v1/structures?filter=nsites<{10**6 + number // 2}")
                time.sleep(0.3)
            yield client


def configuration(gateways: list[str]) -> Any:
    """The shipped configuration with these targets."""
    document = yaml.safe_load((COMPOSE / "prometheus/prometheus.yml").read_text("utf-8"))
    jobs = {job["job_name"]: job for job in document["scrape_configs"]}
    del jobs["gateway"]["dns_sd_configs"]
    targets = [url.removeprefix("http://") for url in gateways]
    jobs["gateway"]["static_configs"] = [{"targets": targets}]
    document["scrape_configs"] = [jobs["gateway"]]
    document["rule_files"] = [str(RULES)]
    document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    return document


@contextlib.contextmanager
def running(config: Path, folder: Path) -> Iterator[httpx.Client]:
    """Prometheus until the context ends."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=10) as client:
            for _ in range(300):
                with contextlib.suppress(httpx.HTTPError):
                    if client.get("/-/ready").status_code == 200:
                        break
                time.sleep(0.1)
            yield client
    finally:
        end(process)


def answer(client: httpx.Client, expression: str) -> list[Any]:
    """What Prometheus has for it."""
    for name, value in CHOSEN.items():
        expression = expression.replace(name, value)
    found = client.post("/api/v1/query", data={"query": expression}).json()
    assert found["status"] == "success", found
    result: list[Any] = found["data"]["result"]
    return result


def test_everything_is_answered(prometheus: httpx.Client) -> None:
    """Both gateways are read; every rule is evaluated and raises no alert; every panel shows
    something. One test, as each process of pytest would start them all anew."""
    assert [one["value"][1] for one in answer(prometheus, 'up{job="gateway"}')] == ["1", "1"]
    check_rules(prometheus)
    for panel in PANELS:
        check_panel(panel, prometheus)


def check_rules(prometheus: httpx.Client) -> None:
    """Two gateways that are well raise no alert, and no rule has an error."""
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    expected = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    assert len(rules) == sum(len(group["rules"]) for group in expected)
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []


def check_panel(panel: Any, prometheus: httpx.Client) -> None:
    """Every expression is understood, has an answer, and the labels that its legend names."""
    for target in panel["targets"]:
        found = answer(prometheus, target["expr"])
        assert found or panel["title"] in EMPTY_HERE, target["expr"]
        reported = re.findall(r"{{(\w+)}}", target["legendFormat"])
        assert all(label in one["metric"] for one in found for label in reported), target
