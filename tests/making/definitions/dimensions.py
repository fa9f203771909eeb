"""Names of the axes of list properties, as OPTIMADE's own property definitions give them."""

from collections.abc import Mapping

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "assemblies": ("dim_assemblies",),
    "cartesian_site_positions": ("dim_sites", "dim_spatial"),
    "dimension_types": ("dim_lattice",),
    "elements": ("dim_elements",),
    "elements_ratios": ("dim_elements",),
    "fractional_site_positions": ("dim_sites", "dim_spatial"),
    "lattice_vectors": ("dim_lattice", "dim_spatial"),
    "space_group_symmetry_operations_xyz": ("dim_symmetry_operations",),
    "species": ("dim_species",),
    "species_at_sites": ("dim_sites",),
    "structure_features": ("dim_structure_features",),
    "wyckoff_positions": ("dim_sites",),
}

MEMBER_DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "attached": ("dim_species_attached",),
    "chemical_symbols": ("dim_species_chemical_symbols",),
    "concentration": ("dim_species_chemical_symbols",),
    "group_probabilities": ("dim_assembly_groups",),
    "mass": ("dim_species_chemical_symbols",),
    "nattached": ("dim_species_attached",),
    "sites_in_groups": ("dim_assembly_groups", "dim_assembly_groups_sites"),
}
"""The same for lists inside the dictionaries of `species` and `assemblies`."""
