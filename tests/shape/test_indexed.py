"""Properties that are served as the index document holds them."""

from typing import Any

import pytest

from gateway.model import Json
from gateway.properties import structures_catalogue
from gateway.shape import archive_suffices, index_fields, index_suffices
from gateway.shape.indexed import read_indexed
from gateway.shape.stored import Flaw

CATALOGUE = structures_catalogue("fed")
SYMMETRY = "_nmd_results_material_symmetry_"
GAP = "_nmd_results_properties_electronic_band_gap_"
DOS = "_nmd_results_properties_electronic_dos_electronic_"


def symmetry(**values: Any) -> dict[str, Json]:
    return {"results": {"material": {"symmetry": values}}}


def electronic(**values: Any) -> dict[str, Json]:
    return {"results": {"properties": {"electronic": values}}}


EV = 1.602176634e-19
CHANNELS: list[Json] = [
    {"index": 0, "value": 2 * EV, "type": "direct"},
    {"index": 1, "value": 1.17 * EV, "type": "indirect"},
    {"index": 0, "type": "direct"},
    {"index": 1, "value": 1e300},
    {"index": 0, "value": 3 * EV, "type": "direct"},
]
"""The least is not the first; a value is missing, another one is nonsense."""

VALUES = [
    ("_nmd_upload_name", {"upload_name": "Größe"}, "Größe"),
    ("_nmd_upload_name", {"upload_name": ""}, ""),
    ("_nmd_upload_name", {}, None),
    ("_nmd_upload_name", {"upload_name": None}, None),
    ("_nmd_comment", {"comment": "a\nb"}, "a\nb"),
    ("_nmd_published", {"published": False}, False),
    ("_nmd_n_quantities", {"n_quantities": 0}, 0),
    ("_nmd_publish_time", {"publish_time": "2022-01-24T19:00:22.423916+01:00"},
     "2022-01-24T18:00:22.423Z"),
    ("_nmd_main_author_name", {"main_author": {"name": "小林 花子"}}, "小林 花子"),
    ("_nmd_authors_name", {"authors": [{"name": "B"}, {"name": "A"}]}, ["B", "A"]),
    ("_nmd_datasets_doi", {"datasets": [{"doi": "10.1/1"}, {"dataset_id": "x"}]}, ["10.1/1"]),
    ("_nmd_datasets_doi", {"datasets": [{}]}, None),
    ("_nmd_references", {"references": []}, None),
    (f"{SYMMETRY}crystal_system", symmetry(crystal_system="cubic"), "cubic"),
    (f"{SYMMETRY}crystal_system", {"results": {"material": {}}}, None),
    ("space_group_it_number", symmetry(space_group_number=225), 225),
    ("space_group_symbol_hall", symmetry(hall_symbol="-F 4 2 3"), "-F 4 2 3"),
    ("space_group_symbol_hermann_mauguin", symmetry(space_group_symbol="P6_3/mmc"), "P 63/m m c"),
    ("space_group_symbol_hermann_mauguin", symmetry(), None),
    (f"{GAP}value", electronic(band_gap=[{"value": 1e-19}, {"value": 0}]), [1e-19, 0]),
    (f"{GAP}type", electronic(band_gap=[{"value": 1e-19}, {"type": "direct"}]), [None, "direct"]),
    (f"{GAP}value", electronic(band_gap=[{"value": 1e-19}, {"type": "direct"}]), [1e-19, None]),
    (f"{GAP}type", electronic(band_gap=[{"value": 1e-19}, {}]), None),
    (f"{GAP}value", electronic(band_gap={"value": 1e-19}), [1e-19]),
    ("_fed_band_gap", electronic(band_gap=[]), None),
    ("_fed_band_gap", electronic(band_gap=[{"index": 0}]), None),
    ("_fed_band_gap", electronic(band_gap=CHANNELS), 1.17),
    ("_fed_band_gap_direct", electronic(band_gap=CHANNELS), 2.0),
    ("_fed_band_gap_indirect", electronic(band_gap=CHANNELS), 1.17),
    ("_fed_band_gaps", electronic(band_gap=CHANNELS), [2.0, 1.17, None, None, 3.0]),
    ("_fed_band_gap_direct", electronic(band_gap=[{"value": 2 * EV}]), None),
    ("_fed_band_gap", electronic(band_gap=[{"value": 0}]), 0.0),
    ("_fed_band_gap", electronic(band_gap=[{"value": 1.0}]), None),
    ("_fed_band_gaps", electronic(band_gap=[{"value": 1.0}]), None),
    ("_fed_band_gaps", electronic(band_gap={"value": EV}), [1.0]),
    (f"{GAP}provenance_label",
     electronic(band_gap=[{"value": 1.0}, {"provenance": {"label": "dos"}}]), [None, "dos"]),
    (f"{DOS}spin_polarized",
     electronic(dos_electronic=[{"spin_polarized": True}, {}, {"spin_polarized": False}]),
     [True, False]),
    (f"{DOS}band_gap_value",
     electronic(dos_electronic=[{"band_gap": [{"value": 1.0}, {"index": 1}]}, {},
                                {"band_gap": [{"value": 2.0}]}]),
     [1.0, None, 2.0]),
    ("_nmd_results_material_topology_elements",
     {"results": {"material": {"topology": [{"elements": ["O", "Ti"]}, {}, {"elements": ["O"]}]}}},
     ["O", "Ti", "O"]),
    ("_nmd_results_method_simulation_dft_van_der_waals_method",
     {"results": {"method": {"simulation": {"dft": {"van_der_Waals_method": "G06"}}}}}, "G06"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document", "value"), VALUES)
def test_values(name: str, document: dict[str, Json], value: Json) -> None:
    """Scalars as they are, dates to the millisecond; lists in the index's order, with a place for
    each member of their section; what has no value at all is unknown."""
    found = read_indexed(document, CATALOGUE[name])
    assert found == value
    assert type(found) is type(value)


FLAWS = [
    ("_nmd_upload_name", {"upload_name": 5}, "a string"),
    ("_nmd_upload_name", {"upload_name": {"a": 1}}, "a string"),
    ("_nmd_upload_name", {"upload_name": ["a", "b"]}, None),
    ("_nmd_published", {"published": 1}, "a boolean"),
    ("_nmd_n_quantities", {"n_quantities": True}, "an integer"),
    ("_nmd_n_quantities", {"n_quantities": 2.5}, "an integer"),
    ("_nmd_n_quantities", {"n_quantities": 2**31}, "an integer"),
    ("_nmd_publish_time", {"publish_time": "yesterday"}, "a timestamp"),
    (f"{GAP}value", electronic(band_gap=[{"value": 1.0}, {"value": "x"}]), "a float"),
    (f"{GAP}value", electronic(band_gap=[{"value": float("nan")}]), "a float"),
    ("space_group_symbol_hermann_mauguin", symmetry(space_group_symbol="Q7"), "one of the symbols"),
    ("space_group_it_number", symmetry(space_group_number="225"), "an integer"),
]


@pytest.mark.parametrize(("name", "document", "kind"), FLAWS)
def test_flaws(name: str, document: dict[str, Json], kind: str | None) -> None:
    """What is not of the property's type is not served, and the caller is told."""
    flaw = read_indexed(document, CATALOGUE[name])
    assert isinstance(flaw, Flaw)
    assert flaw.served is None
    assert (kind or "more than one value") in flaw.reason


def test_index_alone_holds_them() -> None:
    """One phase suffices for them; beside structural properties the index is asked, too."""
    names = (f"{SYMMETRY}crystal_system", "space_group_it_number", "_nmd_description")
    assert index_suffices(names, CATALOGUE)
    assert index_fields(names, CATALOGUE) == (
        "entry_id",
        "results.material.symmetry.crystal_system",
        "results.material.symmetry.space_group_number",
        "description*",
    )
    assert not archive_suffices(("lattice_vectors", "space_group_it_number"), CATALOGUE)
    assert archive_suffices(None, CATALOGUE)
