"""Names that no property has."""

import pytest

from gateway.catalogue.former_names import FORMER_NAMES
from gateway.catalogue.other_names import OTHER_NAMES
from gateway.properties import nearest_names, structures_catalogue

CATALOGUE = structures_catalogue("fed")
SYMMETRY = "_nmd_results_material_symmetry_"

NEAREST = [
    ("_nmd_dft_spacegroup", f"{SYMMETRY}space_group_number"),
    ("_nmd_dft_spacegroup_symbol", f"{SYMMETRY}space_group_symbol"),
    ("_nmd_dft_code_name", "_nmd_results_method_simulation_program_name"),
    ("_nmd_dft_quantities", "_nmd_quantities"),
    ("_nmd_encyclopedia_material_bulk_space_group_number", f"{SYMMETRY}space_group_number"),
    ("_nmd_encyclopedia_properties_band_gap", "_fed_band_gap"),
    ("_nmd_band_gap", "_fed_band_gap"),
    ("_nmd_bandgap", "_fed_band_gap"),
    ("_fed_bandgap", "_fed_band_gap"),
    ("_fed_band_gab", "_fed_band_gap"),
    ("band_gab", "_fed_band_gap"),
    ("indirect_gap", "_fed_band_gap_indirect"),
    ("_fed_natoms", "nsites"),
    ("_nmd_nsites", "nsites"),
    ("dft.spacegroup", f"{SYMMETRY}space_group_number"),
    ("results.material.symmetry.crystal_system", f"{SYMMETRY}crystal_system"),
    ("authors.name", "_nmd_authors_name"),
    ("_nmd_upload_time", "_nmd_upload_create_time"),
    ("_nmd_atoms", "elements"),
    ("_nmd_raw_file_url", "_nmd_raw_file_download_url"),
    ("_nmd_crystal_system", f"{SYMMETRY}crystal_system"),
    ("_nmd_dft_bravais_lattice", f"{SYMMETRY}bravais_lattice"),
    ("_nmd_results_material_symmetry_crystal_sytem", f"{SYMMETRY}crystal_system"),
    ("_NMD_Upload_Id", "_nmd_upload_id"),
    ("nelement", "nelements"),
    ("chemical_formula", "chemical_formula_reduced"),
    ("natoms", "nsites"),
    ("spacegroup", "space_group_it_number"),
    ("spacegroup.symbol", "space_group_symbol_hermann_mauguin"),
    ("formula", "chemical_formula_reduced"),
    ("pretty_formula", "chemical_formula_reduced"),
    ("crystal_system", f"{SYMMETRY}crystal_system"),
    ("material_id", "id"),
    ("site", "_fed_site"),
    ("author", "_fed_authors"),
    ("doi", "_fed_dois"),
    ("dataset", "_fed_datasets"),
    ("_fed_dataset", "_fed_datasets"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "first"), NEAREST)
def test_the_likeliest_comes_first(name: str, first: str) -> None:
    """What NOMAD calls it today, else a name that ends with it, else one spelt alike."""
    assert nearest_names(name, CATALOGUE)[0] == first


@pytest.mark.parametrize(
    "name",
    [
        "zzzzzzzz",
        "_nmd_qqqqq_wwwww",
        "_" * 70_000,
        "",
        "_nmd_x",
        "_nmd_",
        "_fed_",
        "_fed_energy",
        "title",
        "energy",
        "energy_per_atom",
        "_mp_zzzzzz",
    ],
)
def test_nothing_is_near(name: str) -> None:
    """Where no name is like it, none is suggested; however long it is, the answer is quick."""
    assert nearest_names(name, CATALOGUE) == ()


def test_at_most_so_many() -> None:
    """No more names than asked for, none twice."""
    names = nearest_names("formula", CATALOGUE, most=2)
    assert len(set(names)) == len(names) == 2


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_other_names_lead_somewhere(name: str) -> None:
    """What others call a property is none of our names, and leads to one or more of them."""
    assert name not in CATALOGUE
    assert name == name.lower()
    found = nearest_names(name, CATALOGUE)
    assert found
    assert all(one.endswith(OTHER_NAMES[name]) for one in found)


@pytest.mark.parametrize("name", FORMER_NAMES)
def test_former_names_lead_somewhere(name: str) -> None:
    """A former name is none of today's, and what it became is one."""
    assert name not in CATALOGUE
    assert nearest_names(name, CATALOGUE, most=1)
    target = FORMER_NAMES[name]
    assert target in CATALOGUE or f"_fed_{target}" in CATALOGUE
