"""The gateway's own band gaps: where they are read, what can be asked of them."""

import pytest

from gateway.properties import structures_catalogue
from gateway.properties.native_query import Member, Range

CATALOGUE = structures_catalogue("fed")
NAMES = ("_fed_band_gap", "_fed_band_gap_direct", "_fed_band_gap_indirect", "_fed_band_gaps")
NOMADS = CATALOGUE["_nmd_results_properties_electronic_band_gap_value"]


@pytest.mark.parametrize("name", NAMES)
def test_rules(name: str) -> None:
    """They are read from the index together with NOMAD's own, come when asked for, have the field's
    unit, and no order."""
    one = CATALOGUE[name]
    assert (one.path, one.fields) == (NOMADS.path, NOMADS.fields)
    assert (one.unit, NOMADS.unit) == ("eV", "J")
    assert not one.by_default
    assert not one.sortable
    assert one.conversion is not None


@pytest.mark.parametrize("kind", ["direct", "indirect"])
def test_known_of_a_kind(kind: str) -> None:
    """Known is what one and the same member has: the kind, and a value that can be served."""
    known = CATALOGUE[f"_fed_band_gap_{kind}"].known
    assert isinstance(known, Member)
    assert dict(known.conditions)["type"] == kind
    assert "value" in dict(known.conditions)


def test_known() -> None:
    """The smallest one, and the list, are known where there is any value that can be served."""
    known = CATALOGUE["_fed_band_gap"].known
    assert isinstance(known, Range)
    assert known == CATALOGUE["_fed_band_gaps"].known


def test_they_can_be_zipped_with_nomads_lists() -> None:
    """Their items belong to the same members."""
    assert CATALOGUE["_fed_band_gaps"].nested == NOMADS.nested


def test_of_another_provider() -> None:
    """They stand under the provider's own prefix, also where that is NOMAD's."""
    assert "_nmd_band_gap" in structures_catalogue("nmd")
    assert "_nmd_band_gap" not in CATALOGUE
