"""Record a few small structures of each kind from real Oases into `recorded/`, one file per kind.

python tests/shape/record.py berlin=http://127.0.0.1:8000/fairdi/nomad/latest/api/v1 munich=...
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from gateway.model import JsonObject
from gateway.properties import structures_catalogue
from gateway.shape import archive_fields, index_fields

FOLDER = Path(__file__).parent / "recorded"
CATALOGUE = structures_catalogue("fed")
PER_KIND = 3
MAX_SITES = 10
THINNED = (
    "cartesian_site_positions",
    "chemical_formula_descriptive",
    "chemical_formula_hill",
    "dimension_types",
    "lattice_vectors",
    "species",
    "species_at_sites",
    "structure_features",
)


def kinds(document: JsonObject, archive: JsonObject) -> list[str]:
    """What an entry is an example of."""
    stored = archive["optimade"]
    species = stored.get("species", [])
    periodic = document["optimade"]["nperiodic_dimensions"]
    found = [("molecule", "chain", "slab", "crystal")[periodic]]
    found += ["unknown-atoms"] * ("X" in stored["elements"])
    found += ["numbered-species"] * any(one["name"][-1].isdigit() for one in species)
    found += ["disorder"] * any(len(one["chemical_symbols"]) > 1 for one in species)
    found += ["dataset"] * any("doi" in one for one in document.get("datasets", []))
    thinned = {name for name in THINNED if name not in stored}
    return found + [f"without-{name}" for name in thinned if periodic or name != "lattice_vectors"]


def pages(client: httpx.Client, path: str, asked: JsonObject) -> Iterator[JsonObject]:
    """All visible structures of one site, in the order of their ids."""
    pagination = {"page_size": 500, "order_by": "entry_id"}
    while True:
        query = {"owner": "public", "query": {"quantities": "metadata.optimade"}}
        answer = client.post(path, json={**query, "required": asked, "pagination": pagination})
        found = answer.raise_for_status().json()
        yield from found["data"]
        if (after := found["pagination"].get("next_page_after_value")) is None:
            return
        pagination["page_after_value"] = after


def main(sites: list[str]) -> None:
    """Walk the sites; rare kinds are taken from every site that has them."""
    examples: dict[str, list[JsonObject]] = {}
    every = tuple(CATALOGUE)
    for name, url in (site.split("=", 1) for site in sites):
        with httpx.Client(base_url=url, timeout=60) as client:
            asked = {"include": list(index_fields(every, CATALOGUE))}
            documents = {one["entry_id"]: one for one in pages(client, "/entries/query", asked)}
            asked = archive_fields(every, CATALOGUE)
            for one in pages(client, "/entries/archive/query", asked):
                document, archive = documents[one["entry_id"]], one["archive"]["metadata"]
                for kind in kinds(document, archive):
                    taken = examples.setdefault(kind, [])
                    small = document["optimade"]["nsites"] <= MAX_SITES
                    if len(taken) < PER_KIND and (small or kind == "unknown-atoms"):
                        taken.append({"site": name, "document": document, "archive": archive})
    for kind, taken in examples.items():
        lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in taken)
        (FOLDER / f"{kind}.json").write_text(f"[\n{lines}\n]\n")
        print(kind, len(taken))


if __name__ == "__main__":
    main(sys.argv[1:])
