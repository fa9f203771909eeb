"""What can be asked of `_nmd_` properties, by how NOMAD indexes them."""

import pytest

from gateway.properties import Property, structures_catalogue, write_query

CATALOGUE = structures_catalogue("fed")
NMD = [one for one in CATALOGUE.values() if one.name.startswith("_nmd_") and one.path is not None]


@pytest.mark.parametrize("one", NMD, ids=lambda one: one.name)
def test_rules(one: Property) -> None:
    """They are given on request, from the index; lists, booleans and texts have no order there."""
    assert not one.by_default
    assert one.path is not None
    assert one.fields
    assert not isinstance(one.known, bool)
    assert (one.items is not None) == (one.type == "list")
    if one.sortable:
        assert one.type in ("string", "integer", "float", "timestamp")
        assert one.quantity == one.path
        assert not one.lifetime.is_limited
    if one.nested is not None:
        assert one.type == "list"
        assert one.path.startswith(one.nested + ".")


def test_versions_are_not_named_to_sites_that_lack_them() -> None:
    """NOMAD refuses to include a quantity that it does not know, unless it is a pattern."""
    for one in NMD:
        if one.lifetime.is_limited:
            assert all("*" in pattern for pattern in one.fields)


def test_lists_of_a_section_are_read_whole() -> None:
    """Members of which nothing is included vanish from an answer, and with them their places."""
    for one in NMD:
        if one.nested is not None:
            assert one.fields == (f"{one.nested}.*",)


KNOWN = [
    ("_nmd_upload_name", {"optimade_filter": "_nmd_upload_name IS KNOWN"}),
    ("_nmd_comment", {"optimade_filter": "_nmd_comment IS KNOWN"}),
    ("_nmd_published", {"published:any": [True, False]}),
    ("_nmd_n_quantities", {"n_quantities": {"gte": -(2**31)}}),
    ("_nmd_publish_time", {"publish_time": {"gte": "0001-01-01T00:00:00.000Z"}}),
    ("_nmd_main_author_name", {"main_author.name": {"lte": "\U0010ffff"}}),
    (
        "_nmd_results_method_simulation_dft_van_der_waals_method",
        {"results.method.simulation.dft.van_der_Waals_method": {"lte": "\U0010ffff"}},
    ),
    (
        "_nmd_results_properties_electronic_band_gap_type",
        {"results.properties.electronic.band_gap.type": {"lte": "\U0010ffff"}},
    ),
    (
        "_nmd_results_properties_electronic_band_gap_value",
        {"results.properties.electronic.band_gap.value": {"gte": -1.7976931348623157e308}},
    ),
]


@pytest.mark.parametrize(("name", "known"), KNOWN)
def test_known(name: str, known: object) -> None:
    """Texts are known by a leaf that NOMAD parses, others and nested ones by a range of all."""
    found = CATALOGUE[name].known
    assert not isinstance(found, bool)
    assert write_query(found) == known


SORTABLE = [
    ("_nmd_upload_create_time", True),
    ("_nmd_results_material_symmetry_space_group_number", True),
    ("_nmd_results_properties_structures_structure_conventional_cell_volume", True),
    ("_nmd_main_author_name", True),
    ("_nmd_published", False),
    ("_nmd_comment", False),
    ("_nmd_references", False),
    ("_nmd_results_properties_electronic_band_gap_value", False),
    ("_nmd_results_material_chemical_formula_hill", False),
    ("_nmd_description", False),
]


@pytest.mark.parametrize(("name", "sortable"), SORTABLE)
def test_sortable(name: str, sortable: bool) -> None:
    """Scalars that every NOMAD orders by, by value."""
    assert CATALOGUE[name].sortable is sortable


def test_own_names_win() -> None:
    """A gateway of NOMAD itself has its own properties under NOMAD's prefix."""
    catalogue = structures_catalogue("nmd")
    assert catalogue["_nmd_site"].reach == "local"
    assert catalogue["_nmd_upload_id"].path is None
    assert catalogue["_nmd_upload_name"].path == "upload_name"
