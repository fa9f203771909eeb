"""Names that NOMAD's own OPTIMADE endpoint has beside its searchable quantities."""

import pytest

from gateway.properties import LINKS, structures_catalogue

CATALOGUE = structures_catalogue("fed")
TOPOLOGY = "_nmd_results_material_topology_chemical_formula_"
CAPITALS = "_nmd_results_method_simulation_dft_van_der_Waals_method"


@pytest.mark.parametrize("name", LINKS)
def test_links(name: str) -> None:
    """Links are known everywhere, need no archive, and cannot be compared."""
    one = CATALOGUE[name]
    assert (one.reach, one.known, one.fields) == ("archive", True, ("entry_id",))


@pytest.mark.parametrize("name", ["hill", "iupac", "reduced_fragments"])
def test_formulas_of_systems(name: str) -> None:
    """They are read with all that belongs to their systems, so that all lists have equal places."""
    one = CATALOGUE[TOPOLOGY + name]
    beside = CATALOGUE[f"{TOPOLOGY}reduced"]
    assert (one.fields, one.nested) == (beside.fields, beside.nested)
    assert (one.reach, one.type, one.items) == ("archive", "list", "string")


@pytest.mark.parametrize("name", ["viewer_groups", "writer_groups", "text_search_contents"])
def test_private_ones(name: str) -> None:
    """Who may see an entry is nobody's business: unknown everywhere, which filters agree with."""
    assert CATALOGUE[f"_nmd_{name}"].reach == "absent"


def test_capitals() -> None:
    """NOMAD's own spelling of a name is answered, though OPTIMADE does not allow to list it; it is
    the only one."""
    assert [name for name in CATALOGUE if name != name.lower()] == [CAPITALS]
    one, same = CATALOGUE[CAPITALS], CATALOGUE[CAPITALS.lower()]
    assert (one.path, one.fields, one.is_listed) == (same.path, same.fields, False)
    assert all(one.is_listed for one in CATALOGUE.values() if one.name != CAPITALS)
