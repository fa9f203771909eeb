"""Names in `response_fields`: given, given as null with a warning, or refused."""

import pytest

from gateway.errors import ParameterError
from gateway.model import Notice
from gateway.properties import references_catalogue, structures_catalogue
from gateway.search.planned_request import RELATIONSHIPS
from gateway.search.response_fields import MOST_FIELDS, UNKNOWN_CHARACTERS, check_fields

CATALOGUE = structures_catalogue("demo")
GAP = "_nmd_results_properties_electronic_band_gap"


def notices(*names: str) -> tuple[Notice, ...]:
    return check_fields(names, CATALOGUE, "demo", relationships=RELATIONSHIPS)


@pytest.mark.parametrize("name", ["nelements", "references", "_nmd_upload_name", "_demo_site",
                                  "property_metadata", "_nmd_entry_page_url", "_nmd_viewer_groups",
                                  "_nmd_results_method_simulation_dft_van_der_Waals_method",
                                  ])  # fmt: skip
def test_known_names(name: str) -> None:
    """Properties, relationships and metadata are given without a word."""
    assert notices(name) == ()


def test_every_property_at_once() -> None:
    """All that there are can be asked for in one request."""
    assert len(CATALOGUE) < MOST_FIELDS
    assert notices(*CATALOGUE) == ()


UNKNOWN = [
    ("_nmd_dft_spacegroup", "_nmd_results_material_symmetry_space_group_number"),
    (f"{GAP}_valu", f"{GAP}_value"),
    ("_demo_sit", "_demo_site"),
    ("_nmd_qqqqq_wwwww", None),
]


@pytest.mark.parametrize(("name", "meant"), UNKNOWN)
def test_unknown_names_under_our_prefixes(name: str, meant: str | None) -> None:
    """They are null with a warning that says what may have been meant, as NOMAD and the reference
    server answer: names come and go with the versions."""
    (notice,) = notices(name)
    hint = f" Did you mean {meant}?" if meant else ""
    assert notice.detail == f"There is no property {name}; it is given as null.{hint}"
    assert notice.code == "unknown_property"


def test_names_of_other_providers() -> None:
    """They are null with a warning of their own kind, once for each name."""
    found = notices("_exmpl_a", "_exmpl_b", "_exmpl_a")
    assert [notice.code for notice in found] == ["unknown_provider_property"] * 2


@pytest.mark.parametrize("stem", ["_exmpl_", "_nmd_", "_demo_"])
def test_few_warnings(stem: str) -> None:
    """However many names there are, six sentences say so."""
    assert len(notices(*(f"{stem}{number}" for number in range(200)))) == 6
    assert len(notices(stem + "x" * 3_000)[0].detail) < 300


@pytest.mark.parametrize("name", ["nelement", "crazyfield", "x" * 50_000, ""])
def test_unknown_names_without_prefix(name: str) -> None:
    """The standard's names are all known; another one is a mistake."""
    with pytest.raises(ParameterError) as caught:
        notices("nsites", name)
    assert caught.value.parameter == "response_fields"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("stem", ["_exmpl_", "_nmd_", "_demo_"])
def test_bounds(stem: str) -> None:
    """Each name is repeated in every entry of the page."""
    with pytest.raises(ParameterError, match=f"at most {MOST_FIELDS}"):
        notices(*(f"{stem}{number}" for number in range(MOST_FIELDS + 1)))
    with pytest.raises(ParameterError, match=f"at most {UNKNOWN_CHARACTERS}"):
        notices(stem + "x" * UNKNOWN_CHARACTERS)


def test_references() -> None:
    """The same holds for references, which have other properties."""
    catalogue = references_catalogue("demo")
    assert check_fields(("title", "property_metadata"), catalogue, "demo") == ()
    (notice,) = check_fields(("_nmd_upload_name",), catalogue, "demo")
    assert notice.code == "unknown_property"
