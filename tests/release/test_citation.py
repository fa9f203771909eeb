"""CITATION.cff holds to its schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.setup.locks import PROJECT, ROOT

SCHEMA = json.loads(Path(__file__).with_name("citation.schema.json").read_text("utf-8"))
"""Of the Citation File Format 1.2.0 (CC-BY-4.0, Druskat et al., doi 10.5281/zenodo.5171937)."""


class Plain(yaml.SafeLoader):
    """Dates stay texts, as in JSON."""


Plain.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def citation() -> Any:
    return yaml.load((ROOT / "CITATION.cff").read_text("utf-8"), Plain)


def test_valid() -> None:
    """It is a citation file of the version that it names."""
    jsonschema_rs.validator_for(SCHEMA).validate(citation())


def test_invalid_is_found() -> None:
    """The schema says something: a file without authors does not hold to it."""
    broken = citation()
    del broken["authors"]
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(SCHEMA).validate(broken)


def test_agrees_with_the_project() -> None:
    """Licence and authors are those of pyproject.toml."""
    assert citation()["license"] == PROJECT["project"]["license"]
    names = [one["name"] for one in PROJECT["project"]["authors"]]
    assert [one["name"] for one in citation()["authors"]] == names
