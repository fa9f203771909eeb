"""What an Oasis holds -> entries as the gateway serves them, for the evaluator.

Scalars, elements and features are the index's, which is what filters compare; other lists are the
archive's, of which only presence and length matter.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.catalogue.space_groups import space_group_spelling
from tests.laws.evaluator import Entry, Value, instant

SCALARS = (
    "nelements", "chemical_formula_descriptive", "chemical_formula_reduced", "nsites",
    "chemical_formula_hill", "chemical_formula_anonymous", "nperiodic_dimensions",
)  # fmt: skip
ARCHIVED = (
    "dimension_types", "lattice_vectors", "cartesian_site_positions", "species_at_sites", "species",
)  # fmt: skip


def read_truth(path: Path) -> dict[str, list[Entry]]:
    """The structures that anybody can see, by site, from a record of what was loaded."""
    sites: dict[str, list[Entry]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            entries = sites.setdefault(record["site"], [])
            if record["visible"] and record["structure"]:
                document = {**record, "optimade": record["optimade_indexed"]}
                entries.append(entry_of(document, record["optimade"], site=record["site"]))
    return sites


def entry_of(document: Mapping[str, Any], archive: Mapping[str, Any], *, site: str) -> Entry:
    """One entry of its index document and its archive's OPTIMADE section."""
    index = document["optimade"]
    pairs = _pairs(index.get("elements_ratios") or [])
    entry: dict[str, Value | None] = {
        "id": f"{site}~{document['entry_id']}",
        "immutable_id": document["entry_id"],
        "type": "structures",
        "last_modified": int(instant(document["upload_create_time"])),
        "elements": index.get("elements"),
        "elements_ratios": [ratio for _, ratio in pairs] or None,
        "structure_features": index.get("structure_features") or [],
        **{name: index.get(name) for name in SCALARS},
        **{name: archive.get(name) for name in ARCHIVED},
        "lattice_vectors": archive.get("lattice_vectors") or _unknown_lattice(index),
        **dict(_nested("species", archive.get("species") or ())),
        **_symmetry(document),
        **dict(_provenance(document, site)),
    }
    assert not pairs or [element for element, _ in pairs] == entry["elements"]
    return {name: value for name, value in entry.items() if value is not None}


def _unknown_lattice(index: Mapping[str, Any]) -> list[Value] | None:
    """Three vectors of nulls where no direction is periodic."""
    return [[], [], []] if index.get("nperiodic_dimensions") == 0 else None


def _symmetry(document: Mapping[str, Any]) -> dict[str, Any]:
    """NOMAD's symbols of space groups are served in OPTIMADE's spelling."""
    material = (document.get("results") or {}).get("material") or {}
    symmetry = material.get("symmetry") or {}
    spelt = {nomad: optimade for optimade, nomad in space_group_spelling().items()}
    return {
        "space_group_it_number": symmetry.get("space_group_number"),
        "space_group_symbol_hall": symmetry.get("hall_symbol"),
        "space_group_symbol_hermann_mauguin": spelt.get(symmetry.get("space_group_symbol", "")),
    }


def _provenance(document: Mapping[str, Any], site: str) -> Iterator[tuple[str, Value]]:
    datasets = document.get("datasets") or []
    yield from {
        "_fed_site": site,
        "_fed_entry_page": "",
        "_fed_api_url": "",
        "_fed_license": "",
        "_fed_upload_id": document["upload_id"],
        "_fed_datasets": [one["dataset_name"] for one in datasets],
        "_fed_dois": [one["doi"] for one in datasets if one.get("doi")],
        "_fed_authors": [one["name"] for one in document.get("authors") or []],
    }.items()


def _pairs(nested: Sequence[Any]) -> list[tuple[str, float]]:
    """Elements with their ratios; the index may hold the list once for each element."""
    members = nested[0] if nested and isinstance(nested[0], list) else nested
    return [(one["elements"], float(one["elements_ratios"])) for one in members]


def _nested(name: str, members: Sequence[Mapping[str, Value]]) -> Iterator[tuple[str, Value]]:
    """Nested names: the flat list of one key's values in a list of dictionaries."""
    for key in {key for member in members for key in member}:
        yield f"{name}.{key}", [member[key] for member in members if key in member]
