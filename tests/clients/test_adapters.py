"""Resources as they are served, in the forms other programs read: pymatgen, ASE, CIF, POSCAR."""

import io
from collections.abc import Mapping

import ase.io
import httpx
import numpy as np
import pytest
from ase import Atoms
from optimade.adapters import Structure
from pymatgen.core import Molecule
from pymatgen.io.vasp import Poscar

from tests.clients.conftest import Optimade

COUNT = 60
CRYSTALS = "nperiodic_dimensions=3 AND nsites<=24 AND structure_features LENGTH 0"
MOLECULES = "nperiodic_dimensions=0 AND dimension_types IS KNOWN AND nsites<=24"

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")


def get_structures(gateway_url: str, filter_: str) -> list[Structure]:
    response = httpx.get(
        f"{gateway_url}/v1/structures", params={"filter": filter_, "page_limit": COUNT}
    )
    found = response.raise_for_status().json()["data"]
    assert len(found) == COUNT
    return [Structure(one) for one in found]


@pytest.fixture(scope="module")
def crystals(gateway_url: str) -> list[Structure]:
    return get_structures(gateway_url, CRYSTALS)


@pytest.fixture(scope="module")
def molecules(gateway_url: str) -> list[Structure]:
    return get_structures(gateway_url, MOLECULES)


def symbols_of(optimade: Optimade) -> list[str]:
    """The element at each site."""
    named = {one["name"]: one["chemical_symbols"] for one in optimade["species"]}
    return [named[name][0] for name in optimade["species_at_sites"]]


def read_with_ase(text: str, format_: str) -> Atoms:
    """The one structure in that text."""
    read = ase.io.read(io.StringIO(text), format=format_)
    assert isinstance(read, Atoms)
    return read


def test_pymatgen(crystals: list[Structure], held: Mapping[str, Optimade]) -> None:
    """Crystals become Structures: element for element at the Oasis's positions, in its cell."""
    for one in crystals:
        made, stored = one.as_pymatgen, held[one.id]
        assert [site.species_string for site in made] == symbols_of(stored)
        assert np.allclose(made.cart_coords, stored["cartesian_site_positions"], atol=1e-6)
        assert np.allclose(made.lattice.matrix, stored["lattice_vectors"])


def test_pymatgen_molecules(molecules: list[Structure], held: Mapping[str, Optimade]) -> None:
    """What is not periodic becomes a Molecule, with the same atoms at the same places."""
    for one in molecules:
        made, stored = one.as_pymatgen, held[one.id]
        assert isinstance(made, Molecule)
        assert [site.species_string for site in made] == symbols_of(stored)
        assert np.allclose(made.cart_coords, stored["cartesian_site_positions"])


def test_ase(
    crystals: list[Structure], molecules: list[Structure], held: Mapping[str, Optimade]
) -> None:
    """ASE's Atoms have the same symbols, positions, cell and boundary conditions."""
    for one in crystals + molecules:
        made, stored = one.as_ase, held[one.id]
        assert made.get_chemical_symbols() == symbols_of(stored)
        assert np.allclose(made.positions, stored["cartesian_site_positions"])
        assert made.pbc.tolist() == [bool(each) for each in stored["dimension_types"]]
        if one in crystals:
            assert np.allclose(made.cell, stored["lattice_vectors"])


def test_cif(crystals: list[Structure], held: Mapping[str, Optimade]) -> None:
    """The CIF, read by another program, holds the same atoms in a cell of the same volume."""
    for one in crystals:
        read, stored = read_with_ase(one.as_cif, "cif"), held[one.id]
        assert read.get_chemical_symbols() == symbols_of(stored)
        volume = abs(np.linalg.det(stored["lattice_vectors"]))
        assert read.get_volume() == pytest.approx(volume, rel=1e-3)


def test_poscar(crystals: list[Structure], held: Mapping[str, Optimade]) -> None:
    """A POSCAR written by pymatgen and read by ASE holds the same atoms at the same places."""
    for one in crystals:
        text = Poscar(one.as_pymatgen).get_str(direct=False, significant_figures=10)
        read, stored = read_with_ase(text, "vasp"), held[one.id]
        assert read.get_chemical_symbols() == symbols_of(stored)
        assert np.allclose(read.positions, stored["cartesian_site_positions"], atol=1e-6)


def test_poscar_by_ase(crystals: list[Structure], held: Mapping[str, Optimade]) -> None:
    """So does one written by ASE and read by pymatgen."""
    for one in crystals:
        file = io.StringIO()
        ase.io.write(file, one.as_ase, format="vasp")
        made, stored = Poscar.from_str(file.getvalue()).structure, held[one.id]
        assert [site.species_string for site in made] == symbols_of(stored)
        assert np.allclose(made.lattice.matrix, stored["lattice_vectors"])
