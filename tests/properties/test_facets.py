"""Which properties the sites can count by value, and by which aggregation."""

import pytest

from gateway.properties import facet_names, facet_source, structures_catalogue

CATALOGUE = structures_catalogue("fed")

ROWS = [
    ("elements", "optimade.elements", False),
    ("nelements", "optimade.nelements", True),
    ("nperiodic_dimensions", "optimade.nperiodic_dimensions", True),
    ("space_group_it_number", "results.material.symmetry.space_group_number", True),
    ("chemical_formula_anonymous", "optimade.chemical_formula_anonymous", False),
    ("_fed_authors", "authors.name", False),
    ("_nmd_published", "published", False),
    ("_nmd_entry_type", "entry_type", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "quantity", "is_number"), ROWS)
def test_counted(name: str, quantity: str, is_number: bool) -> None:
    """Words and booleans by terms, integers of a narrow range by a histogram."""
    source = facet_source(CATALOGUE[name])
    assert source is not None
    assert (source.quantity, source.is_number) == (quantity, is_number)


@pytest.mark.parametrize(
    "name",
    ["id", "immutable_id", "nsites", "last_modified", "lattice_vectors", "elements_ratios",
     "optimization_type", "_fed_upload_id", "_fed_site", "_nmd_files"],
)  # fmt: skip
def test_not_counted(name: str) -> None:
    """Nothing that is different for every entry, numbers of a wide range, what is not indexed."""
    assert facet_source(CATALOGUE[name]) is None
    assert name not in facet_names(CATALOGUE)


def test_spelling() -> None:
    """Words that NOMAD spells otherwise are counted under OPTIMADE's."""
    source = facet_source(CATALOGUE["space_group_symbol_hermann_mauguin"])
    assert source is not None
    assert source.words is not None
    assert set(source.words.values()) <= set(
        CATALOGUE["space_group_symbol_hermann_mauguin"].vocabulary or ()
    )
    assert source.words["Fm-3m"] == "F m -3 m"
