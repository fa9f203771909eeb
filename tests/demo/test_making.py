"""Formulas and sections that the demo data are made of."""

import pytest

from tests.making.demo.formulas import anonymous, hill, reduced_amounts, whole_amounts
from tests.making.demo.gaps import find_gap
from tests.making.demo.optimade import make_optimade
from tests.making.demo.sample import Occupants, Sample, Source, pure

AMOUNTS = {
    "whole": ({"Na": 4.0, "Cl": 4.0}, {"Na": 4, "Cl": 4}),
    "quarters": ({"Fe": 0.75, "O": 1.0}, {"Fe": 3, "O": 4}),
    "thirds": ({"Fe": 1 / 3, "O": 1.0}, {"Fe": 1, "O": 3}),
    "too fine": ({"A": 0.947, "B": 0.911, "C": 0.87}, {"A": 95, "B": 91, "C": 87}),
}


@pytest.mark.parametrize("row", AMOUNTS)
def test_amounts_become_whole(row):
    """Partly occupied sites are scaled up; what is too fine is rounded."""
    amounts, expected = AMOUNTS[row]
    assert whole_amounts(amounts) == expected


HILL = {
    "with carbon": ({"O": 1, "H": 6, "C": 2}, "C2H6O"),
    "without carbon": ({"O": 1, "H": 2}, "H2O"),
    "carbon alone": ({"C": 8}, "C8"),
}


@pytest.mark.parametrize("row", HILL)
def test_hill(row):
    """Carbon and hydrogen lead only where there is carbon."""
    amounts, expected = HILL[row]
    assert hill(amounts) == expected


def test_anonymous_and_reduced():
    """Letters by falling amount, without a common divisor."""
    assert reduced_amounts({"Ti": 2, "O": 4}) == {"Ti": 1, "O": 2}
    assert anonymous({"Ti": 2, "O": 4}) == "A2B"
    assert anonymous({f"E{n}": 1 for n in range(28)}).endswith("YZAaBa")


def test_mixed_sites_are_disorder():
    """A site that is not full has a vacancy; its species has a name of its own."""
    source = Source("here", "none", "CC0", None, "XRD")
    mixed = Occupants("Fe1", (("Fe", 0.5), ("Mg", 0.25)))
    sample = Sample("k", "t", source, (mixed, pure("O")), ((0, 0, 0), (1, 1, 1)), None, (0, 0, 0))
    optimade = make_optimade(sample)
    assert optimade["structure_features"] == ["disorder"]
    assert optimade["chemical_formula_reduced"] == "Fe2MgO4"
    assert {
        "name": "Fe1",
        "chemical_symbols": ["Fe", "Mg", "vacancy"],
        "concentration": [0.5, 0.25, 0.25],
    } in optimade["species"]
    assert "lattice_vectors" not in optimade


def test_label_without_element_is_x():
    """NOMAD writes `x` for a label that is no element, and counts it as X."""
    source = Source("here", "none", "CC0", None, "XRD")
    unknown = Occupants("Q1", (("X", 1.0),))
    sample = Sample("k", "t", source, (unknown, pure("O")), ((0, 0, 0), (1, 1, 1)), None, (0, 0, 0))
    optimade = make_optimade(sample)
    assert optimade["elements"] == ["O", "X"]
    assert {"name": "Q1", "chemical_symbols": ["x"], "concentration": [1.0]} in optimade["species"]


def test_gaps_are_those_of_one_form():
    """A published gap belongs to one crystal form of a compound."""
    assert find_gap(["Si"] * 8, 227) == (1.17, "indirect")
    assert find_gap(["Si"] * 16, 206) is None
    assert find_gap(["Zn", "S", "S", "Zn"], 186) == (3.91, "direct")
