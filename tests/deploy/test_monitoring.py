"""Alerts and dashboard: every alert is tried, and every metric that they name is one of ours."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy import make_dashboard
from tests.deploy.tools import CHART, DEPLOY, run
from tests.docs.pages import ROOT, code_of, read_page

RULES = CHART / "files/alerts.yaml"
TESTS = ROOT / "tests/deploy/alerts_test.yaml"
ADAPTER = DEPLOY / "helm/prometheus-adapter.yaml"
GROUPS = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
DASHBOARD = json.loads((CHART / "files/dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}
OF_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"job", "instance", "le", "namespace", "pod"}
_NAME = re.compile(r"(?<![\w:])(?:up\b|(?:gateway|process)_[a-z_]+\b)(?!:)")
_SELECTOR = re.compile(r"(?<![\w:])((?:gateway|process)_[a-z_]+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def expressions() -> Iterator[str]:
    """Every expression of PromQL that is shipped."""
    for group in GROUPS:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in PANELS:
        yield from (target["expr"] for target in panel["targets"])
    for variable in DASHBOARD["templating"]["list"]:
        if isinstance(variable["query"], dict):
            yield variable["query"]["query"]
    for rule in yaml.safe_load(ADAPTER.read_text("utf-8"))["rules"]["custom"]:
        yield rule["seriesQuery"]
        yield rule["metricsQuery"]


async def given(demo: httpx.AsyncClient) -> dict[str, set[str]]:
    """The names of all series that a gateway gives, with their labels as far as there are any."""
    await demo.get("/v1/structures?page_limit=1")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families((await demo.get("/metrics")).text):
        for suffix in SUFFIXES.get(family.type, ("",)):
            labels = {name for one in family.samples for name in one.labels}
            found[family.name + suffix] = labels
    return found


async def test_names(demo: httpx.AsyncClient) -> None:
    """Each metric that a rule or a panel names is one that the gateway gives."""
    named = {name for text in expressions() for name in _NAME.findall(text)} - OF_PROMETHEUS
    assert len(named) > 20
    assert named - (await given(demo)).keys() == set()


async def test_labels(demo: httpx.AsyncClient, without_munich: httpx.AsyncClient) -> None:
    """Each label by which it selects is one that the metric has."""
    for _ in range(6):  # enough to open a breaker
        await without_munich.get("/v1/structures?page_limit=1")
    known: dict[str, set[str]] = {}
    for client in (demo, without_munich):
        for name, labels in (await given(client)).items():
            known[name] = known.get(name, set()) | labels
    for text in expressions():
        for name, selected in _SELECTOR.findall(text):
            labels = {*_LABEL.findall(re.sub(r'"[^"]*"', "", selected))} - LABELS_OF_PROMETHEUS
            if known.get(name):
                assert labels <= known[name], text


def test_rules() -> None:
    """The rules are right, and their tests pass."""
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
    run("promtool", "test", "rules", TESTS)


def test_every_alert_is_tried() -> None:
    """For each alert there is a test that raises it; all are looked at when all is well."""
    tests = yaml.safe_load(TESTS.read_text("utf-8"))["tests"]
    well, wrong = (json.dumps(test["promql_expr_test"]) for test in tests)
    assert 'ALERTS{alertstate=\\"firing\\"}' in well
    assert not [name for name in ALERTS if f'alertname=\\"{name}\\"' not in wrong]


@pytest.mark.parametrize("name", ALERTS)
def test_alert(name: str) -> None:
    """An alert says how urgent it is, what is wrong, and what it means or what to do."""
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() == {"summary", "description"}
    assert all(text[0].isupper() or text[0] == "{" for text in rule["annotations"].values())


def test_what_to_do() -> None:
    """For each alert the documentation says what to do."""
    rows = read_page("how-to/deploy.md").under("When an alert comes")
    assert sorted(name for row in rows for name in code_of(row[0])) == sorted(ALERTS)


def test_dashboard_is_new() -> None:
    """The dashboard is what `python -m tests.deploy.make_dashboard` writes."""
    assert make_dashboard.dashboard() == DASHBOARD


def test_places() -> None:
    """No two panels share a place or a number, and none leaves the page."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not own & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= own
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panel(panel: Any) -> None:
    """A panel says what it shows, has a unit, and asks the chosen source."""
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
