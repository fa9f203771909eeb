"""Attributes of awkward structures, each a change of a plain one."""

from typing import Any, TypeAlias

from gateway.model import JsonObject

Attributes: TypeAlias = JsonObject

NAN_ROW = [None, None, None]


def pure(symbol: str, name: str = "") -> dict[str, Any]:
    return {"name": name or symbol, "chemical_symbols": [symbol], "concentration": [1.0]}


def mixed(name: str, **parts: float) -> dict[str, Any]:
    return {
        "name": name,
        "chemical_symbols": list(parts),
        "concentration": list(parts.values()),
    }


def structure(**changes: Any) -> Attributes:
    """Three atoms in a triclinic cell without any symmetry."""
    plain: Attributes = {
        "chemical_formula_descriptive": "OTiBa",
        "dimension_types": [1, 1, 1],
        "lattice_vectors": [[4.0, 0.1, 0.2], [0.3, 5.0, 0.4], [0.5, 0.6, 6.0]],
        "cartesian_site_positions": [[0.1, 0.2, 0.3], [1.5, 2.0, 2.5], [3.0, 1.0, 4.0]],
        "species_at_sites": ["O", "Ti", "Ba"],
        "species": [pure("O"), pure("Ti"), pure("Ba")],
        "structure_features": [],
        "_fed_entry_page": "https://oasis.example/gui/entry/id/abc",
        "_fed_license": "CC BY 4.0",
        "_fed_dois": ["10.17172/NOMAD/2024.01.01-1"],
        "_fed_authors": ["Jürgen O'Neill", 'Ada "Countess" L\'s'],
        "_fed_datasets": [],
    }
    return {**plain, **changes}


LEFT_HANDED = structure(
    lattice_vectors=[[0.3, 5.0, 0.4], [4.0, 0.1, 0.2], [0.5, 0.6, 6.0]],
)
MOLECULE = structure(dimension_types=[0, 0, 0], lattice_vectors=None)
MOLECULE_OF_NULLS = structure(dimension_types=[0, 0, 0], lattice_vectors=[NAN_ROW] * 3)
SLAB = structure(
    dimension_types=[1, 1, 0],
    lattice_vectors=[[4.0, 0.1, 0.0], [0.3, 5.0, 0.0], [0.0, 0.0, 20.0]],
)
SLAB_OF_NULLS = structure(
    dimension_types=[1, 1, 0], lattice_vectors=[[4.0, 0.1, 0.0], [0.3, 5.0, 0.0], NAN_ROW]
)
SHARED = structure(
    species_at_sites=["shared", "gap", "Ba"],
    species=[mixed("shared", Fe=0.25, Ni=0.75), mixed("gap", O=0.5, vacancy=0.5), pure("Ba")],
    structure_features=["disorder"],
)
VACANT = structure(
    species_at_sites=["none", "Ti", "Ti"],
    species=[mixed("none", vacancy=1.0), mixed("Ti", Ti=1.0, vacancy=0.0)],
)
SPLIT = structure(
    species_at_sites=["twice", "Ti", "Ti"],
    species=[
        {"name": "twice", "chemical_symbols": ["O", "O"], "concentration": [0.4, 0.6]},
        pure("Ti"),
    ],
)
RENAMED = structure(
    species_at_sites=["O up", "Ti;\n1", "Ba"],
    species=[pure("O", "O up"), pure("Ti", "Ti;\n1"), pure("Ba")],
)
ODD_TEXTS = structure(
    chemical_formula_descriptive="$\\beta$&ndash;V2N \u2028\n;'\" = _x",
    _fed_license="a\r\nloop_\n_atom_site_label\nX",
    _fed_entry_page=";https://oasis.example/" + "x" * 5000,
    _fed_datasets=["data_evil", "", "Größe ‰ — 你好", "$dollar #hash [b] _tag ?"],
)
FAR_OUT = structure(
    cartesian_site_positions=[[-900.1, 0.2, 0.3], [1.5, 802.0, 2.5], [3.0, 1.0, -704.0]]
)
ALL_FORMATS = {
    "plain": structure(),
    "left-handed": LEFT_HANDED,
    "slab": SLAB,
    "vacant position": VACANT,
    "one element twice": SPLIT,
    "names of species": RENAMED,
    "odd texts": ODD_TEXTS,
    "outside the cell": FAR_OUT,
}
