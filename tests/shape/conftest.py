"""What the tests of `shape` share: a site, its catalogue, and a sound structure to spoil."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TypeAlias

import pytest

from gateway.model import Entry, Json, JsonObject, Notice, Resource, Site
from gateway.properties import Catalogue, structures_catalogue
from gateway.shape import shape_structure

Shaped: TypeAlias = tuple[Resource, tuple[Notice, ...]]
Shape: TypeAlias = Callable[..., Shaped]

# Both traps of NOMAD's: numbered species, and species in another order than that of the sites.
ARCHIVE: JsonObject = {
    "elements": ["O", "Ti"],
    "nelements": 2,
    "elements_ratios": [0.5, 0.5],
    "chemical_formula_descriptive": "O2Ti2",
    "chemical_formula_reduced": "OTi",
    "chemical_formula_hill": "O2Ti2",
    "chemical_formula_anonymous": "AB",
    "dimension_types": [1, 1, 0],
    "lattice_vectors": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 9.0]],
    "cartesian_site_positions": [
        [0.0, 0.0, 0.0],
        [2.0, 0.0, 0.0],
        [0.0, 2.0, 0.0],
        [2.0, 2.0, 0.0],
    ],
    "nsites": 4,
    "species_at_sites": ["Ti2", "O", "Ti1", "O"],
    "structure_features": [],
    "species": [
        {"name": "O", "chemical_symbols": ["O"], "concentration": [1.0]},
        {"name": "Ti1", "chemical_symbols": ["Ti"], "concentration": [1.0]},
        {"name": "Ti2", "chemical_symbols": ["Ti"], "concentration": [1.0]},
    ],
}
PAIRS = [{"elements": "Ti", "elements_ratios": 0.5}, {"elements": "O", "elements_ratios": 0.5}]
INDEX: JsonObject = {
    "elements": ["O", "Ti"],
    "nelements": 2,
    "elements_ratios": [PAIRS, PAIRS],
    "chemical_formula_descriptive": "O2Ti2",
    "chemical_formula_reduced": "OTi",
    "chemical_formula_hill": "O2Ti2",
    "chemical_formula_anonymous": "AB",
    "nperiodic_dimensions": 2,
    "nsites": 4,
    "structure_features": [],
}


@pytest.fixture(scope="session")
def berlin() -> Site:
    return Site("berlin", url="https://berlin.example.org/nomad-oasis/api/v1", title="Berlin")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return structures_catalogue("fed")


@pytest.fixture(scope="session")
def shape(berlin: Site, catalogue: Catalogue) -> Shape:
    """Shapes one entry of Berlin's, found under the prefix `fed`."""

    def shape_one(entry: Entry, fields: tuple[str, ...] | None = None) -> Shaped:
        return shape_structure(entry, fields=fields, catalogue=catalogue, prefix="fed", site=berlin)

    return shape_one


@pytest.fixture(scope="session")
def make_entry() -> Callable[..., Entry]:
    """The sound structure, with members of its sections changed; `...` takes one away.

    `index` or `archive` None: there is none at all.
    """

    def make(
        *, index: Mapping[str, object] | None = {}, archive: Mapping[str, object] | None = {}
    ) -> Entry:
        document: JsonObject = {"entry_id": "abc"}
        if index is not None:
            document["optimade"] = _changed(INDEX, index)
        metadata = None if archive is None else {"optimade": _changed(ARCHIVE, archive)}
        return Entry("berlin", "abc", document, metadata)

    return make


def _changed(section: JsonObject, changes: Mapping[str, object]) -> Json:
    changed = deepcopy(section) | changes
    return {name: value for name, value in changed.items() if value is not ...}
