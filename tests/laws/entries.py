"""Records of what was loaded into an Oasis (`truth.jsonl`) -> entries as the gateway serves them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.laws.evaluator import Entry, Value, instant

SCALARS = (
    "nelements", "chemical_formula_descriptive", "chemical_formula_reduced", "nsites",
    "chemical_formula_hill", "chemical_formula_anonymous", "nperiodic_dimensions",
)  # fmt: skip
ARCHIVED = (
    "dimension_types", "lattice_vectors", "cartesian_site_positions", "species_at_sites", "species",
)  # fmt: skip


def read_truth(path: Path) -> dict[str, list[Entry]]:
    """The structures that anybody can see, by site."""
    sites: dict[str, list[Entry]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            entries = sites.setdefault(record["site"], [])
            if record["visible"] and record["structure"]:
                entries.append(entry_of_record(record))
    return sites


def entry_of_record(record: Mapping[str, Any]) -> Entry:
    """One entry; scalars and elements as the index compares them, the rest as in the archive."""
    index, archive = record["optimade_indexed"], record["optimade"]
    pairs = _pairs(index.get("elements_ratios") or [])
    entry: dict[str, "Value | None"] = {
        "id": f"{record['site']}~{record['entry_id']}",
        "immutable_id": record["entry_id"],
        "type": "structures",
        "last_modified": int(instant(record["last_modified"])),
        "elements": index.get("elements"),
        "elements_ratios": [ratio for _, ratio in pairs] or None,
        "structure_features": index.get("structure_features") or [],
        "_fed_site": record["site"],
        "_fed_entry_page": "",
        "_fed_api_url": "",
        "_fed_license": "",
        "_fed_upload_id": record["upload_id"],
        "_fed_datasets": [one["dataset_name"] for one in record["datasets"]],
        "_fed_dois": [one["doi"] for one in record["datasets"] if one["doi"]],
    }
    assert not pairs or [element for element, _ in pairs] == entry["elements"]
    entry |= {name: index.get(name) for name in SCALARS}
    entry |= {name: archive.get(name) for name in ARCHIVED}
    entry |= dict(_flattened("species", archive.get("species") or ()))
    return {name: value for name, value in entry.items() if value is not None}


def _pairs(nested: Sequence[Any]) -> list[tuple[str, float]]:
    """Elements with their ratios; the index may hold the list once for each element."""
    members = nested[0] if nested and isinstance(nested[0], list) else nested
    return [(one["elements"], float(one["elements_ratios"])) for one in members]


def _flattened(name: str, members: Sequence[Mapping[str, Value]]) -> Iterator[tuple[str, Value]]:
    """Nested names: the flat list of one key's values in a list of dictionaries."""
    for key in {key for member in members for key in member}:
        values = [member[key] for member in members if key in member]
        yield f"{name}.{key}", values
