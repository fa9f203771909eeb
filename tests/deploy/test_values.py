"""The chart's values: bounded by a schema, which knows every key of the gateway's configuration."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.deploy.make_values_schema import PATH, values_schema
from tests.deploy.tools import CHART

SCHEMA = values_schema()
CHECK = jsonschema_rs.validator_for(SCHEMA)
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def test_schema_is_new() -> None:
    """The schema is what `python -m tests.deploy.make_values_schema` writes."""
    assert json.loads(PATH.read_text("utf-8")) == SCHEMA


@pytest.mark.parametrize("path", [CHART / "values.yaml", *(CHART / "ci").glob("*.yaml")], ids=str)
def test_samples(path: Any) -> None:
    """The chart's own values are within the schema."""
    given = yaml.safe_load(path.read_text("utf-8"))
    CHECK.validate({**DEFAULTS, **given})


def test_values_and_schema_agree() -> None:
    """values.yaml has every value of the schema, so that it shows them all, and no other."""
    known = {*SCHEMA["properties"]} - {"global"}
    assert known == DEFAULTS.keys()
    for name, node in SCHEMA["properties"].items():
        if "properties" in node:
            assert node["properties"].keys() == DEFAULTS[name].keys(), name


def test_everything_is_told() -> None:
    """Each value has its meaning in the schema."""
    assert not [
        path
        for path, node in inner(SCHEMA, "")
        if not node.get("description") and "$ref" not in node
    ]


def inner(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, one in node.get("properties", {}).items():
        yield f"{path}.{name}", one
        yield from inner(one, f"{path}.{name}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicas": 3},
        {"replicaCount": 0},
        {"config": {}},
        {"config": {**DEFAULTS["config"], "sites": [{"name": "berlin"}]}},
        {"config": {**DEFAULTS["config"], "paging": {"max_limit": 0}}},
        {"config": {**DEFAULTS["config"], "timeouts": {"budget": 4}}},
        {"autoscaling": {"enabled": True, "requestsUnderWay": 0, "cpuUtilization": 0}},
        {"httpRoute": {"enabled": True, "parentRefs": []}},
        {"service": {"type": "ClusterIp"}},
        {"podLabels": {"team": 3}},
        {"monitoring": {"serviceMonitor": {"interval": "15"}}},
    ],
    ids=str,
)
def test_wrong(wrong: dict[str, Any]) -> None:
    """What is wrong is refused before anything is installed."""
    assert not CHECK.is_valid({**DEFAULTS, **wrong})
