"""A sample -> the `results` section: material with symmetry, method, and published properties."""

import base64
import hashlib
import warnings

from ase.data import atomic_masses, atomic_numbers
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from tests.making.demo.optimade import amounts_of
from tests.making.demo.sample import UNKNOWN, Sample

EV = 1.602176634e-19  # J
GPA = 1e9  # Pa
KINDS = {
    (0, 0, 0): ("molecule / cluster", "0D"),
    (0, 0, 1): ("1D", "1D"),
    (1, 1, 0): ("2D", "2D"),
    (1, 1, 1): ("bulk", "3D"),
}
FAMILIES = {"trigonal": "h", "hexagonal": "h", "triclinic": "a"}
DFT = {
    "program_name": "WIEN2k",
    "dft": {
        "basis_set_type": "(L)APW+lo",
        "jacobs_ladder": "GGA",
        "xc_functional_type": "GGA",
        "xc_functional_names": ["GGA_C_PBE", "GGA_X_PBE"],
    },
}


def make_results(sample: Sample, optimade: dict[str, object]) -> dict[str, object]:
    """The section as an index document of NOMAD holds it."""
    results: dict[str, object] = {
        "material": _material(sample, optimade),
        "method": _method(sample),
    }
    properties = _properties(sample)
    return results | ({"properties": properties} if properties else {})


def _material(sample: Sample, optimade: dict[str, object]) -> dict[str, object]:
    kind, dimensionality = KINDS[sample.periodic]
    if sample.periodic == (0, 0, 0) and len(sample.sites) == 1:
        kind = "atom"
    if sample.periodic == (1, 1, 0) and "slab" in sample.title:
        kind = "surface"
    formulas = {k: v for k, v in optimade.items() if k.startswith("chemical_formula_")}
    amounts = amounts_of(sample)
    material: dict[str, object] = {
        "material_id": make_id("material", sample.source.name, sample.key, length=28),
        "structural_type": kind,
        "dimensionality": dimensionality,
        "elements": sorted(amounts),
        "n_elements": len(amounts),
        "elements_exclusive": " ".join(sorted(amounts)),
        **formulas,
        "elemental_composition": _composition(amounts),
    }
    if sample.material:
        material["material_name"] = sample.material
    if sample.periodic == (1, 1, 1) and UNKNOWN not in amounts:
        material["symmetry"] = _symmetry(sample)
    return material


def _composition(amounts: dict[str, float]) -> list[dict[str, object]]:
    total = sum(amounts.values())
    masses = {
        e: n * float(atomic_masses[atomic_numbers[e]]) for e, n in amounts.items() if e != UNKNOWN
    }
    return [
        {
            "element": element,
            "atomic_fraction": amounts[element] / total,
            "mass_fraction": masses[element] / sum(masses.values()),
        }
        for element in masses
    ]


def _symmetry(sample: Sample) -> dict[str, object]:
    assert sample.cell is not None
    species = [dict(site.shares) for site in sample.sites]
    structure = Structure(
        Lattice(sample.cell), species, sample.positions, coords_are_cartesian=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spglib announces changes of its own
        found = SpacegroupAnalyzer(structure, symprec=0.01)
        system = found.get_crystal_system()
        symbol = found.get_space_group_symbol()
        return {
            "bravais_lattice": FAMILIES.get(system, system[0]) + _centring(symbol),
            "crystal_system": system,
            "hall_number": int(found.get_symmetry_dataset().hall_number),
            "hall_symbol": found.get_hall(),
            "point_group": found.get_point_group_symbol(),
            "space_group_number": int(found.get_space_group_number()),
            "space_group_symbol": symbol,
        }


def _centring(symbol: str) -> str:
    return "S" if symbol[0] in "ABC" else symbol[0]


def _method(sample: Sample) -> dict[str, object]:
    method: dict[str, object] = {"method_name": sample.source.method}
    return method | (
        {"simulation": DFT} if sample.source.method == "DFT" and sample.bulk_modulus else {}
    )


def _properties(sample: Sample) -> dict[str, object]:
    properties: dict[str, object] = {}
    if sample.band_gap is not None:
        value, kind = sample.band_gap
        properties["electronic"] = {"band_gap": [{"index": 0, "value": value * EV, "type": kind}]}
    if sample.bulk_modulus is not None:
        modulus = {"type": "birch_murnaghan", "value": sample.bulk_modulus * GPA}
        properties["mechanical"] = {"bulk_modulus": [modulus]}
    return properties


def make_id(*parts: str, length: int) -> str:
    """An id as NOMAD makes them: the head of a hash in URL-safe letters."""
    digest = hashlib.sha512("|".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest)[:length].decode()
