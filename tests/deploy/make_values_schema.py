"""Write the schema of the chart's values: values.schema.yaml here, and the gateway's own keys.

python -m tests.deploy.make_values_schema
"""

import json
from pathlib import Path
from typing import Any

import yaml

from gateway.config import Config
from tests.docs.pages import ROOT

PATH = ROOT / "deploy/helm/nomad-optimade-gateway/values.schema.json"
BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
}
"""Where pydantic cannot say a bound in the words of JSON Schema, it uses its own."""


def values_schema() -> Any:
    """The schema as Helm reads it."""
    schema = yaml.safe_load((Path(__file__).parent / "values.schema.yaml").read_text("utf-8"))
    config = _translated(Config.model_json_schema(ref_template="#/$defs/{model}"))
    schema["$defs"] |= config.pop("$defs")
    schema["$defs"]["Config"] = config
    return schema


def _translated(node: Any) -> Any:
    if isinstance(node, list):
        return [_translated(one) for one in node]
    if not isinstance(node, dict):
        return node
    is_schema = "type" in node or "anyOf" in node
    return {
        (BOUNDS.get(key, key) if is_schema else key): _translated(one)
        for key, one in node.items()
        if not (key == "title" and isinstance(one, str))
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(values_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8")
