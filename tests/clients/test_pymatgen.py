"""pymatgen's OptimadeRester: from a query to structures whose atoms stand where the Oasis says."""

import math
from collections.abc import Mapping

import pytest
from pymatgen.core import Structure
from pymatgen.ext.optimade import OptimadeRester

from tests.clients.conftest import Optimade

TOLERANCE_A = 1e-6


@pytest.fixture(scope="module")
def rester(gateway_url: str) -> OptimadeRester:
    return OptimadeRester(gateway_url)


def is_plain_crystal(optimade: Optimade) -> bool:
    """Whether it can be a Structure of pymatgen's: a whole cell, one element a site.

    Of mixed sites pymatgen reads the species' names as elements, whatever a server does.
    """
    if not {"lattice_vectors", "species", "species_at_sites"} <= set(optimade):
        return False
    cell = [value for row in optimade["lattice_vectors"] for value in row]
    return None not in cell and all(
        len(one["chemical_symbols"]) == 1 for one in optimade["species"]
    )


def assert_same_atoms(structure: Structure, optimade: Optimade) -> None:
    """The same element at the same place, site for site."""
    named = {one["name"]: one for one in optimade["species"]}
    names, positions = optimade["species_at_sites"], optimade["cartesian_site_positions"]
    for site, name, position in zip(structure, names, positions, strict=True):
        (symbol,) = named[name]["chemical_symbols"]
        assert site.species_string == symbol
        assert math.dist(site.coords, position) < TOLERANCE_A


def test_provider(rester: OptimadeRester, gateway_url: str) -> None:
    """It knows the gateway for a provider by its info."""
    assert list(rester.resources) == [gateway_url]
    assert "Six demo Oases." in rester.describe()


def test_structures(rester: OptimadeRester, held: Mapping[str, Optimade]) -> None:
    """Every crystal that matches comes, from several pages, with its atoms at their places."""
    (found,) = rester.get_structures(elements=["O"], nelements=2, nsites=[1, 12]).values()
    expected = {
        id_
        for id_, one in held.items()
        if "O" in one["elements"]
        and one["nelements"] == 2
        and one["nsites"] <= 12
        and is_plain_crystal(one)
    }
    assert expected <= set(found)
    assert len(expected) > 60
    for id_ in expected:
        assert_same_atoms(found[id_], held[id_])


def test_two_atom_cells(rester: OptimadeRester, held: Mapping[str, Optimade]) -> None:
    """It pairs species with sites by order where there are as many: so they come in that order."""
    (found,) = rester.get_structures(nelements=2, nsites=2).values()
    crystals = [id_ for id_ in found if is_plain_crystal(held[id_])]
    assert len(crystals) > 20
    for id_ in crystals:
        assert_same_atoms(found[id_], held[id_])


def test_structure_notes(rester: OptimadeRester, held: Mapping[str, Optimade]) -> None:
    """get_snls keeps the further fields that were asked for, the provider's own too."""
    fields = ["chemical_formula_reduced", "nsites", "_fed_site"]
    (found,) = rester.get_snls(
        elements=["Si", "O"], nelements=2, additional_response_fields=fields
    ).values()
    assert found
    for id_, note in found.items():
        kept = note.data["_optimade"]
        assert kept["chemical_formula_reduced"] == held[id_]["chemical_formula_reduced"]
        assert kept["nsites"] == held[id_]["nsites"] == len(note.structure)
        assert kept["_fed_site"] == id_.partition("~")[0]
