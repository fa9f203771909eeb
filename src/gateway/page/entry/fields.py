"""Which properties an entry's page asks for."""

from gateway.page.entry.facts import FACT_FIELDS

_STANDARD = (
    "immutable_id", "last_modified", "elements", "nelements", "elements_ratios",
    "chemical_formula_descriptive", "chemical_formula_reduced", "chemical_formula_hill",
    "chemical_formula_anonymous", "dimension_types", "nperiodic_dimensions", "lattice_vectors",
    "space_group_symbol_hall", "space_group_symbol_hermann_mauguin", "space_group_it_number",
    "cartesian_site_positions", "nsites", "species_at_sites", "species", "structure_features",
)  # fmt: skip
_OWN = (
    "site", "entry_page", "api_url", "upload_id", "license", "authors", "datasets", "dois",
    "copies",
)  # fmt: skip
_NOMAD = ("_nmd_comment", "_nmd_upload_name", "_nmd_entry_name", "_nmd_mainfile")


def entry_fields(prefix: str) -> tuple[str, ...]:
    """The `response_fields` of the page; `references` are the relationships."""
    own = tuple(f"_{prefix}_{name}" for name in _OWN)
    return (*_STANDARD, *own, *_NOMAD, *FACT_FIELDS, "references")
