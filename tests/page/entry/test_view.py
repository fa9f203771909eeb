"""What an entry's page says, for whole, strange and empty entries."""

import orjson
import pytest

from gateway.model import JsonObject, Notice, Resource
from gateway.page.entry import EntryView, Place, entry_fields, read_entry_view
from gateway.page.entry.numbers import ELEMENTARY_CHARGE
from gateway.page.entry.scene import MAX_DRAWN

PLACE = Place("fed", "berlin", {"berlin": "Berlin Oasis", "munich": "München"})
GAP = "_nmd_results_properties_electronic_band_gap_"
SALT: JsonObject = {
    "chemical_formula_reduced": "ClNa",
    "dimension_types": [1, 1, 1],
    "nperiodic_dimensions": 3,
    "lattice_vectors": [[5.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]],
    "cartesian_site_positions": [[0.0, 0.0, 0.0], [2.5, 2.5, 2.5]],
    "species_at_sites": ["Na", "Cl1"],
    "species": [
        {"name": "Na", "chemical_symbols": ["Na"], "concentration": [1.0]},
        {"name": "Cl1", "chemical_symbols": ["Cl", "Br"], "concentration": [0.5, 0.25]},
    ],
    "nsites": 2,
    "last_modified": "2024-05-06T07:08:09Z",
    "_fed_entry_page": "https://berlin.example/gui/entry/id/abc",
    "_fed_authors": ["Ada Example", "B. {Curly} & Sons"],
    "_fed_dois": ["10.17172/nomad/1"],
    "_fed_license": "CC BY 4.0",
}


def view_of(**changes: object) -> EntryView:
    attributes: JsonObject = {**SALT, **changes}  # type: ignore[dict-item]
    resource = Resource("structures", "berlin~abc", attributes)
    return read_entry_view(resource, PLACE, included=(), notices=(Notice("a", "b"),))


def test_a_whole_entry() -> None:
    view = view_of()
    assert view.formula == "NaCl"
    assert view.rows[1].fractional == ("0.50000", "0.50000", "0.50000")
    assert view.rows[1].label == "Cl\u00a050\u00a0%, Br\u00a025\u00a0%, vacant\u00a025\u00a0%"
    assert [item.text for item in view.legend] == ["Br", "Cl", "Na", "vacant"]
    assert view.cell is not None
    assert view.cell.volume == "125.000 Å³"
    assert view.notices == ("b",)
    assert view.scene is not None
    parts = orjson.loads(view.scene)["species"][1]["parts"]
    assert [(one["symbol"], one["part"]) for one in parts] == [
        ("Cl", 0.5), ("Br", 0.25), ("vacancy", 0.25)
    ]  # fmt: skip


def test_citation() -> None:
    """A sentence and a BibTeX record, in which nothing that an Oasis says is a command."""
    view = view_of()
    assert "Ada Example" in view.citation
    assert "https://doi.org/10.17172/nomad/1" in view.citation
    assert view.bibtex.startswith("@misc{nomadabc,")
    assert r"{B. \{Curly\} \& Sons}" in view.bibtex
    assert "year = {2024}" in view.bibtex


def test_properties_with_units() -> None:
    """Joules become electronvolts; each spin channel is told with its kind."""
    values = [1.17 * ELEMENTARY_CHARGE, 2 * ELEMENTARY_CHARGE]
    view = view_of(**{f"{GAP}value": values, f"{GAP}type": ["indirect", "direct"]})
    rows = dict(row for group in view.groups for row in group.rows)
    assert rows["Band gap"] == "1.17 eV (indirect), 2 eV (direct)"


@pytest.mark.parametrize(
    ("positions", "names"),
    [
        (None, ["Na", "Cl1"]),
        ([], []),
        ([[0.0, 0.0, None]], ["Na"]),
        ([[0.0, 0.0, 0.0]], ["a", "b"]),
    ],
)
def test_without_positions(positions: object, names: object) -> None:
    """There is a sentence in place of the picture, and no table."""
    view = view_of(cartesian_site_positions=positions, species_at_sites=names)
    assert view.scene is None
    assert view.rows == ()
    assert "does not say where the atoms are" in view.why_no_picture


def test_too_large_for_a_picture() -> None:
    number = MAX_DRAWN + 1
    view = view_of(
        cartesian_site_positions=[[0.0, 0.0, 0.0]] * number, species_at_sites=["Na"] * number
    )
    assert view.scene is None
    assert "too large" in view.why_no_picture
    assert len(view.rows) == 500
    assert view.sites == number


def test_a_molecule_without_a_cell() -> None:
    view = view_of(lattice_vectors=None, dimension_types=[0, 0, 0], nperiodic_dimensions=0)
    assert view.cell is None
    assert "does not repeat" in view.cell_note
    assert view.rows[0].fractional == ()
    assert view.scene is not None


def test_nothing_is_known() -> None:
    """An entry of which an Oasis says nothing, or nonsense, has a page all the same."""
    nonsense: JsonObject = {name: {"a": [None, "x"]} for name in entry_fields("fed")}
    for attributes in ({}, nonsense):
        resource = Resource("structures", "berlin~abc", attributes)
        view = read_entry_view(resource, PLACE, included=(), notices=())
        assert view.scene is None
        assert view.entry_id == "abc"


def test_links_lead_to_the_web_alone() -> None:
    """An address of an Oasis that is a script is none; a DOI cannot leave its place."""
    view = view_of(_fed_entry_page="javascript:alert(1)", _fed_dois=['10.1/"><script>?x#y'])
    assert view.origin.entry_page == ""
    assert view.origin.dois[0][1] == "https://doi.org/10.1/%22%3E%3Cscript%3E%3Fx%23y"


def test_where_else_an_entry_is() -> None:
    """The other sites that hold it, by the names that people know; none that may not be shown."""
    copies = ["berlin~abc", "munich~abc", "hidden~abc"]
    assert [(one.id, one.site_title) for one in view_of(_fed_copies=copies).copies] == [
        ("munich~abc", "München")
    ]
    assert view_of(_fed_copies=["berlin~abc"]).copies == ()
    assert view_of().copies == ()
