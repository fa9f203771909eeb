"""What other systems call a property, and what it is called here; the likeliest comes first.

Names of pymatgen, Materials Project, AFLOW, ASE, COD, OQMD and of plain speech, in lower case. Of
a name that does not begin with `_nmd_`, the properties that end with it are meant.
"""

from collections.abc import Mapping

_MATERIAL = "_nmd_results_material_"
_SYMMETRY = f"{_MATERIAL}symmetry_"
_CELL = f"{_MATERIAL}topology_cell_"
_FORMULA = ("chemical_formula_reduced", "chemical_formula_hill", "chemical_formula_anonymous")
_SPACE_GROUP = ("space_group_it_number", "space_group_symbol_hermann_mauguin")
_METHOD = "_nmd_results_method_simulation_"
_ENTRY_ID = ("id", "immutable_id")

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("natoms", "n_atoms", "num_atoms", "number_of_atoms", "atoms_count", "nat",
                     "num_sites", "n_sites", "number_of_sites", "natom"), ("nsites",)),
    **dict.fromkeys(("n_elements", "num_elements", "number_of_elements", "elements_count",
                     "element_count", "ntypes", "nspecies", "num_species"), ("nelements",)),
    **dict.fromkeys(("element", "atoms", "atom", "symbols", "symbol", "chemsys", "species_list",
                     "chemical_system", "composition", "chemical_elements"), ("elements",)),
    **dict.fromkeys(("formula", "chemical_formula", "full_formula", "unit_cell_formula",
                     "compound", "stoichiometry"), _FORMULA),
    **dict.fromkeys(("pretty_formula", "formula_pretty", "reduced_formula", "formula_reduced",
                     "reduced_cell_formula"), ("chemical_formula_reduced",)),
    **dict.fromkeys(("formula_anonymous", "anonymous_formula", "prototype"),
                    ("chemical_formula_anonymous",)),
    **dict.fromkeys(("formula_hill", "hill_formula"), ("chemical_formula_hill",)),
    **dict.fromkeys(("spacegroup", "space_group", "sg", "spg", "spacegroup_relax",
                     "spacegroup.number", "spacegroup_number", "space_group_number", "sgnum",
                     "symmetry", "symmetry.number"), _SPACE_GROUP),
    **dict.fromkeys(("spacegroup.symbol", "spacegroup_symbol", "space_group_symbol", "spgname",
                     "symmetry.symbol"), _SPACE_GROUP[::-1]),
    **dict.fromkeys(("crystal_system", "symmetry.crystal_system", "spacegroup.crystal_system"),
                    (f"{_SYMMETRY}crystal_system",)),
    **dict.fromkeys(("bravais_lattice", "lattice_system"), (f"{_SYMMETRY}bravais_lattice",)),
    **dict.fromkeys(("point_group", "spacegroup.point_group"), (f"{_SYMMETRY}point_group",)),
    **dict.fromkeys(("band_gap", "bandgap", "gap", "egap", "e_gap", "band_gap.value",
                     "energy_gap", "gap_energy", "band_gap_energy"), ("band_gap",)),
    **dict.fromkeys(("direct_band_gap", "direct_gap", "gap_direct", "is_gap_direct"),
                    ("band_gap_direct",)),
    **dict.fromkeys(("indirect_band_gap", "indirect_gap", "gap_indirect"), ("band_gap_indirect",)),
    **dict.fromkeys(("bandgaps", "gaps"), ("band_gaps",)),
    **dict.fromkeys(("dimensionality", "dimension", "ndim"),
                    ("nperiodic_dimensions", f"{_MATERIAL}dimensionality")),
    **dict.fromkeys(("nperiodic", "pbc", "periodicity"),
                    ("nperiodic_dimensions", "dimension_types")),
    **dict.fromkeys(("lattice", "cell", "unit_cell", "lattice_parameters", "structure.lattice"),
                    ("lattice_vectors", f"{_CELL}a")),
    **dict.fromkeys(("volume", "cell_volume", "volume_cell"), (f"{_CELL}volume",)),
    **dict.fromkeys(("density", "mass_density"), (f"{_CELL}mass_density",)),
    **dict.fromkeys(("positions", "coordinates", "cartesian_coords", "sites", "coords"),
                    ("cartesian_site_positions",)),
    **dict.fromkeys(("material_id", "mp_id", "task_id", "auid", "entry_id", "calc_id", "uid", "_id",
                     "structure_id", "cod_id"), _ENTRY_ID),
    **dict.fromkeys(("author", "authors", "uploader"), ("authors",)),
    **dict.fromkeys(("doi", "dois"), ("dois", "references.doi")),
    **dict.fromkeys(("dataset", "datasets", "dataset_name"), ("datasets",)),
    **dict.fromkeys(("licence", "license"), ("license",)),
    **dict.fromkeys(("site", "oasis", "database", "source", "provider"), ("site",)),
    **dict.fromkeys(("upload", "upload_id"), ("upload_id",)),
    **dict.fromkeys(("code", "program", "program_name", "code_name"), (f"{_METHOD}program_name",)),
    **dict.fromkeys(("functional", "xc_functional", "xc", "dft_type"),
                    (f"{_METHOD}dft_xc_functional_type",)),
    **dict.fromkeys(("method", "calculation_method"), ("_nmd_results_method_method_name",)),
    **dict.fromkeys(("name", "material_name", "compound_name"), (f"{_MATERIAL}material_name",)),
    **dict.fromkeys(("structure_type", "structural_type", "material_type", "system_type"),
                    (f"{_MATERIAL}structural_type",)),
    **dict.fromkeys(("last_updated", "modified", "updated_at", "date", "created_at", "ctime",
                     "mtime", "upload_date"), ("last_modified",)),
    **dict.fromkeys(("disorder", "features", "is_ordered"), ("structure_features",)),
}  # fmt: skip

NOT_INDEXED: Mapping[str, str] = dict.fromkeys(
    ("energy", "energies", "total_energy", "energy_per_atom", "final_energy", "enthalpy", "e_hull",
     "formation_energy", "formation_energy_per_atom", "e_above_hull", "energy_above_hull",
     "hull_distance", "stability", "delta_e", "enthalpy_atom", "energy_atom",
     "enthalpy_formation_atom"),
    "the sites' search index has no energies",
)  # fmt: skip
"""Names for which there is nothing here, and why."""
