"""Names that NOMAD's OPTIMADE endpoint once had, and what the same is called today.

They are those of NOMAD before version 1 (`dft.spacegroup`), which clients still send.
"""

from collections.abc import Mapping

_MATERIAL = "_nmd_results_material_"
_SYMMETRY = f"{_MATERIAL}symmetry_"
_SIMULATION = "_nmd_results_method_simulation_"
_BAND_GAP = "_nmd_results_properties_electronic_band_gap_"
_CELL = f"{_MATERIAL}topology_cell_"

FORMER_NAMES: Mapping[str, str] = {
    "_nmd_atoms": "elements",
    "_nmd_authors": "_nmd_authors_name",
    "_nmd_datasets": "_nmd_datasets_dataset_name",
    "_nmd_encyclopedia_material_bulk_bravais_lattice": f"{_SYMMETRY}bravais_lattice",
    "_nmd_encyclopedia_material_bulk_crystal_system": f"{_SYMMETRY}crystal_system",
    "_nmd_encyclopedia_material_bulk_point_group": f"{_SYMMETRY}point_group",
    "_nmd_encyclopedia_material_bulk_space_group_international_short_symbol":
        f"{_SYMMETRY}space_group_symbol",
    "_nmd_encyclopedia_material_bulk_space_group_number": f"{_SYMMETRY}space_group_number",
    "_nmd_encyclopedia_material_bulk_structure_prototype": f"{_SYMMETRY}prototype_formula",
    "_nmd_encyclopedia_material_bulk_structure_type": f"{_SYMMETRY}structure_name",
    "_nmd_encyclopedia_material_bulk_strukturbericht_designation":
        f"{_SYMMETRY}strukturbericht_designation",
    "_nmd_encyclopedia_material_formula": f"{_MATERIAL}chemical_formula_hill",
    "_nmd_encyclopedia_material_formula_reduced": f"{_MATERIAL}chemical_formula_reduced",
    "_nmd_encyclopedia_material_material_id": f"{_MATERIAL}material_id",
    "_nmd_encyclopedia_material_material_name": f"{_MATERIAL}material_name",
    "_nmd_encyclopedia_material_material_type": f"{_MATERIAL}structural_type",
    "_nmd_encyclopedia_method_core_electron_treatment": f"{_SIMULATION}dft_core_electron_treatment",
    "_nmd_encyclopedia_method_functional_type": f"{_SIMULATION}dft_xc_functional_type",
    "_nmd_encyclopedia_method_method_type": "_nmd_results_method_method_name",
    "_nmd_encyclopedia_properties_atomic_density": f"{_CELL}atomic_density",
    "_nmd_encyclopedia_properties_band_gap": "band_gap",
    "_nmd_encyclopedia_properties_band_gap_direct": f"{_BAND_GAP}type",
    "_nmd_encyclopedia_properties_mass_density": f"{_CELL}mass_density",
    "_nmd_formula": "chemical_formula_descriptive",
    "_nmd_last_processing": "_nmd_last_processing_time",
    "_nmd_n_atoms": "nsites",
    "_nmd_only_atoms": f"{_MATERIAL}elements_exclusive",
    "_nmd_published_time": "_nmd_publish_time",
    "_nmd_upload_time": "_nmd_upload_create_time",
    "_nmd_uploader": "_nmd_main_author_name",
    "_nmd_dft_basis_set": f"{_SIMULATION}dft_basis_set_type",
    "_nmd_dft_code_name": f"{_SIMULATION}program_name",
    "_nmd_dft_code_version": f"{_SIMULATION}program_version",
    "_nmd_dft_compound_type": f"{_MATERIAL}n_elements",
    "_nmd_dft_crystal_system": f"{_SYMMETRY}crystal_system",
    "_nmd_dft_labels_springer_classification": f"{_MATERIAL}functional_type",
    "_nmd_dft_labels_springer_compound_class": f"{_MATERIAL}compound_type",
    "_nmd_dft_n_calculations": "_nmd_results_properties_n_calculations",
    "_nmd_dft_n_quantities": "_nmd_n_quantities",
    "_nmd_dft_quantities": "_nmd_quantities",
    "_nmd_dft_searchable_quantities": "_nmd_results_properties_available_properties",
    "_nmd_dft_spacegroup": f"{_SYMMETRY}space_group_number",
    "_nmd_dft_spacegroup_symbol": f"{_SYMMETRY}space_group_symbol",
    "_nmd_dft_system": f"{_MATERIAL}structural_type",
    "_nmd_dft_workflow_workflow_type": "_nmd_results_method_workflow_name",
    "_nmd_dft_xc_functional": f"{_SIMULATION}dft_xc_functional_type",
    "_nmd_dft_xc_functional_names": f"{_SIMULATION}dft_xc_functional_names",
}  # fmt: skip
"""A name that does not begin with `_nmd_` may be one of the standard, or one of ours without the
provider's prefix."""
