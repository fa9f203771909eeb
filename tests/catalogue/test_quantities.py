"""The table of NOMAD's quantities."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from gateway.catalogue.quantities import Lifetime, read_quantities, read_version

TEXT = files("gateway.catalogue").joinpath("nmd.json").read_text("utf-8")
TABLE = json.loads(TEXT)
ROWS: list[dict[str, Any]] = TABLE["rows"]
BY_PATH = {row["quantity"]: row for row in ROWS}
SYMBOL = re.compile(r"(A|g|J|K|kg|m|ml|mol|N|Pa|radian|s|V|W)(\^-?[1-9])?")


def test_one_line_each() -> None:
    """A property is one line, sorted by quantity, so that a new version is a readable change."""
    lines = [line.rstrip(",") for line in TEXT.splitlines() if line.startswith('{"name"')]
    assert [json.loads(line) for line in lines] == ROWS
    paths = [row["quantity"] for row in ROWS]
    assert paths == sorted(set(paths))


def test_names() -> None:
    """A name is NOMAD's own in lower case, an identifier of OPTIMADE, and of one quantity only."""
    for row in ROWS:
        assert row["name"] == "_nmd_" + row["quantity"].replace(".", "_").lower()
        assert re.fullmatch("[a-z_][a-z0-9_]*", row["name"])
    assert len({row["name"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["quantity"])
def test_rows(row: dict[str, Any]) -> None:
    """Types are those of the index; what is nested is a list; units are expressions of symbols."""
    assert row["type"] in ("keyword", "text", "integer", "float", "double", "boolean", "date")
    if "nested" in row:
        assert row["many"]
        assert row["quantity"].startswith(row["nested"] + ".")
        assert row["type"] != "text"
        assert "normalized" not in row
    else:
        assert "one_each" not in row
    if "unit" in row:
        parts = row["unit"].split("*")
        assert all(SYMBOL.fullmatch(part) for part in parts)
        assert parts == sorted(parts)
        assert row["type"] == "double"
    assert row["description"] == " ".join(row["description"].split())
    assert set(row.get("versions", [])) < set(TABLE["versions"])


@pytest.mark.parametrize(
    "word",
    ["viewer", "writer", "user_id", "email", "suggestion", "search_quantities", "text_search"],
)
def test_left_out(word: str) -> None:
    """Who may see an entry, suggestions and the free-text search are nobody's business."""
    assert not [row["name"] for row in ROWS if word in row["quantity"]]


def test_standard_properties_are_not_repeated() -> None:
    """What OPTIMADE names itself is asked under that name."""
    assert not [path for path in BY_PATH if path.startswith("optimade.")]


FACTS = [
    ("results.material.symmetry.space_group_number", {"type": "integer"}),
    ("results.material.elements", {"type": "keyword", "many": True}),
    (
        "results.properties.electronic.band_gap.value",
        {"type": "double", "many": True, "unit": "J", "one_each": True,
         "nested": "results.properties.electronic.band_gap"},
    ),
    (
        "results.material.topology.elemental_composition.element",
        {"many": True, "one_each": True,
         "nested": "results.material.topology.elemental_composition"},
    ),
    ("results.material.topology.elements", {"many": True, "nested": "results.material.topology"}),
    ("results.properties.electronic.dos_electronic.spin_polarized", {"many": True}),
    ("results.properties.optoelectronic.solar_cell.illumination_intensity", {"unit": "W*m^-2"}),
    ("results.material.chemical_formula_hill", {"normalized": True}),
    ("comment", {"type": "text"}),
    ("upload_create_time", {"type": "date"}),
    ("datasets.doi", {"type": "keyword", "many": True}),
    ("main_author.name", {"type": "keyword"}),
    ("description", {"versions": ["1.4.1", "2.0.0"]}),
    ("process_status", {"versions": ["2.0.0"]}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "facts"), FACTS)
def test_facts(path: str, facts: dict[str, Any]) -> None:
    """What is known of NOMAD apart from the script that wrote the table."""
    kept = ("type", "many", "nested", "one_each", "normalized", "unit", "versions")
    reported = {key: BY_PATH[path][key] for key in kept if key in BY_PATH[path]}
    assert facts.items() <= reported.items()
    assert not {"many", "nested", "one_each", "normalized", "unit", "versions"} & (
        reported.keys() - facts.keys()
    )


def test_all_are_read() -> None:
    """Every row is a quantity."""
    assert [one.name for one in read_quantities()] == [row["name"] for row in ROWS]


LIFETIMES = [
    (Lifetime(), "1.3", True),
    (Lifetime(since=(1, 4, 1)), "1.3.17", False),
    (Lifetime(since=(1, 4, 1)), "1.4.0", False),
    (Lifetime(since=(1, 4, 1)), "1.4.1.dev7+g0123abc", True),
    (Lifetime(since=(1, 4, 1)), "1.10.0", True),
    (Lifetime(since=(2, 0, 0)), "2.0.0rc1", True),
    (Lifetime(since=(2, 0, 0)), "not a version", False),
    (Lifetime(until=(1, 4, 3)), "1.4.3", True),
    (Lifetime(until=(1, 4, 3)), "1.4.3.1", True),
    (Lifetime(until=(1, 4, 3)), "2.0.0", False),
]


@pytest.mark.parametrize(("lifetime", "version", "holds"), LIFETIMES)
def test_lifetimes(lifetime: Lifetime, version: str, holds: bool) -> None:
    """Versions compare by number; what is no version is taken for the oldest."""
    assert lifetime.holds(version) is holds
    assert lifetime.is_limited is (lifetime != Lifetime())


def test_versions() -> None:
    """What follows the numbers does not count."""
    assert read_version("2.0.0.dev3+g12") == (2, 0, 0)
    assert read_version("") == (1, 3)
