"""docs/reference/operation.md tells every metric, label, log event and field of health."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from typing import get_args

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.fetch.http.resilience.circuit_breaker import State as BreakerState
from gateway.fetch.http.telemetry.observer import CacheEvent, Outcome
from gateway.model import SiteState
from gateway.observe import set_up_logging
from gateway.observe.observer import LARGEST_OF_ALL, SMALLEST_OF_ALL
from gateway.serve.admission.slots import Limit
from gateway.serve.connections.registry import End
from tests.docs.pages import ROOT, code_of, only_code, read_page

PAGE = read_page("reference/operation.md")
EVENTS = {only_code(row[0]): row for row in PAGE.under("Events")}
LEVELS = ("debug", "info", "warning", "error", "exception")


async def test_metrics(demo: httpx.AsyncClient, without_munich: httpx.AsyncClient) -> None:
    """Each metric has its row: name, type and labels."""
    documented = {
        (only_code(row[0]), row[1], frozenset(code_of(row[2]))) for row in PAGE.under("Metrics")
    }
    found = set()
    for client in (demo, without_munich):
        for _ in range(6):  # enough to open a breaker
            await client.get("/v1/structures?page_limit=1")
        found |= {*metrics_of((await client.get("/metrics")).text)}
    assert {one for one in found if one[2]} == {one for one in documented if one[2]}
    assert {one[:2] for one in found} == {one[:2] for one in documented}


def test_several_workers() -> None:
    """For each metric the page says how the numbers of several workers are joined."""
    documented = {only_code(row[0]): row[4] for row in PAGE.under("Metrics")}
    named = dict.fromkeys(LARGEST_OF_ALL, "largest") | dict.fromkeys(SMALLEST_OF_ALL, "smallest")
    assert named.keys() <= documented.keys()
    assert {name: named.get(name, "sum") for name in documented} == documented


def metrics_of(text: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    for family in text_string_to_metric_families(text):
        end = "_total" if family.type == "counter" else ""
        for sample in family.samples:
            labels = frozenset(sample.labels) - {"le"}
            if not sample.name.endswith("_created"):
                yield f"{family.name}{end}", family.type, labels


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("`outcome`", get_args(Outcome)),
        ("`event`", get_args(CacheEvent)),
        ("`state` of a breaker", get_args(BreakerState)),
        ("`reason` of a refused request", get_args(Limit)),
        ("`kind`", get_args(Limit)),
        ("`reason` of an ended connection", get_args(End)),
        ("`state` of a site", get_args(SiteState)),
    ],
)
def test_label_values(cell: str, words: tuple[str, ...]) -> None:
    """Each value of a label is told."""
    (row,) = [row for row in PAGE.under("Labels") if row[0] == cell]
    assert code_of(row[1])[: len(words)] == code_of(row[1])
    assert set(code_of(row[1])) == set(words)


def test_events() -> None:
    """Each event that is logged has its row, with its level."""
    for pattern, level in logged():
        rows = [row for event, row in EVENTS.items() if pattern.fullmatch(event)]
        assert rows, pattern.pattern
        assert rows[0][1] == ("error" if level == "exception" else level)


def logged() -> Iterator[tuple[re.Pattern[str], str]]:
    """What is logged: `%s` in a message stands for `<..>` on the page."""
    for path in (ROOT / "src/gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=owner, attr=level),
                    args=[ast.Constant(str(message)), *_],
                ) if level in LEVELS and ast.unparse(owner) in ("log()", "logger", "_LOG"):
                    yield re.compile(re.escape(message).replace("%s", r"<\w+>")), level


async def test_health(demo: httpx.AsyncClient) -> None:
    """The fields of /health and /ready are told."""
    documented = {row[0]: code_of(row[1]) for row in PAGE.under("Health")}
    health = (await demo.get("/health")).json()
    assert {*health, *health["sites"][0]} == set(documented["`/health`"])
    assert set((await demo.get("/ready")).json()) == set(documented["`/ready`"])


@pytest.mark.parametrize("listing", ["structures", "references"])
async def test_timings(listing: str, demo: httpx.AsyncClient) -> None:
    """The steps in Server-Timing are told."""
    header = (await demo.get(f"/v1/{listing}?page_limit=1")).headers["server-timing"]
    text = PAGE.prose.split("## Times in an answer")[1].split("\n## ")[0]
    assert {step.split(";")[0] for step in header.split(", ")} <= set(code_of(text))


async def test_log_fields(demo: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The fields of the line of a request are told."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up_logging("info", as_json=True)
        await demo.get("/v1/info")
    finally:
        root.handlers[:], root.level = before
    (line,) = [one for one in capsys.readouterr().err.splitlines() if '"answered"' in one]
    documented = {word for row in PAGE.under("Logs") for word in code_of(row[0])}
    assert {*json.loads(line), "exception"} <= documented
