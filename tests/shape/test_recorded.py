"""Real entries, recorded by record.py, against the models and adapters of the optimade package."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from optimade.adapters import Structure
from optimade.adapters.exceptions import ConversionError
from optimade.models import StructureResource
from optimade.models.utils import anonymize_formula, reduce_formula
from optimade.warnings import MissingExpectedField
from pydantic import ValidationError

from gateway.model import Entry, Notice, Resource

RECORDED = {
    f"{file.stem}/{entry['document']['entry_id'][:6]}": entry
    for file in sorted((Path(__file__).parent / "recorded").glob("*.json"))
    for entry in json.loads(file.read_text(encoding="utf-8"))
}
EVERY = sorted(RECORDED)
KINDS = {name.split("/")[0] for name in EVERY}
FORMULAS = ("chemical_formula_reduced", "chemical_formula_hill")


def having(*properties: str, of: list[str]) -> list[str]:
    """The names of recorded entries that have all these properties."""
    sections = {name: RECORDED[name]["archive"]["optimade"] for name in of}
    return [name for name, section in sections.items() if section.keys() >= set(properties)]


UNKNOWN_ATOMS = [name for name in EVERY if name.startswith("unknown-atoms")]
KNOWN_ATOMS = [name for name in EVERY if name not in UNKNOWN_ATOMS]
WITH_SITES = having("species_at_sites", "cartesian_site_positions", of=KNOWN_ATOMS)
WITH_CELL = having("species", "lattice_vectors", of=WITH_SITES)
DISORDERED = [name for name in EVERY if name.startswith("disorder")]


def entry_of(name: str, *, document: bool = True, archive: bool = True) -> Entry:
    stored = RECORDED[name]
    return Entry(
        "berlin",
        stored["document"]["entry_id"],
        stored["document"] if document else {},
        stored["archive"] if archive else None,
    )


def as_json(resource: Resource) -> dict[str, object]:
    """The resource object as it is sent."""
    members = {"type": resource.type, "id": resource.id, "attributes": resource.attributes}
    return json.loads(json.dumps(members))


def adapted(resource: Resource) -> Structure:
    """Read as a client reads it; what NOMAD left out is missing there too, and said so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingExpectedField)
        return Structure(as_json(resource))


def test_recorded_kinds() -> None:
    """There is a real entry of each kind that we treat in a way of its own."""
    thinned = {kind for kind in KINDS if kind.startswith("without-")}
    assert KINDS - thinned == {
        *("molecule", "chain", "slab", "crystal"),
        *("unknown-atoms", "numbered-species", "disorder", "dataset"),
    }
    assert len(thinned) == 8


@pytest.mark.parametrize("name", EVERY)
def test_served_without_notice(shape, name: str) -> None:
    """What NOMAD writes is served as it is: nothing is broken or contradicts the index."""
    assert shape(entry_of(name))[1] == ()


def without_relationships(
    shaped: tuple[Resource, tuple[Notice, ...]],
) -> tuple[Resource, tuple[Notice, ...]]:
    """Those are in index documents alone."""
    resource, notices = shaped
    return replace(resource, relationships=None), notices


@pytest.mark.parametrize("name", EVERY)
def test_archive_alone_is_enough(shape, name: str) -> None:
    """Index and archive come from one processing: one phase serves what two phases serve."""
    assert shape(entry_of(name, document=False)) == without_relationships(shape(entry_of(name)))


@pytest.mark.parametrize("name", EVERY)
def test_as_the_index_compares(shape, name: str) -> None:
    """Every value that filters compare is the value that is served."""
    attributes = shape(entry_of(name))[0].attributes
    for quantity, value in RECORDED[name]["document"]["optimade"].items():
        if quantity != "elements_ratios":
            assert attributes[quantity] == value
    pairs = RECORDED[name]["document"]["optimade"]["elements_ratios"][0]
    ratios = {pair["elements"]: pair["elements_ratios"] for pair in pairs}
    assert dict(zip(attributes["elements"], attributes["elements_ratios"], strict=True)) == ratios


@pytest.mark.parametrize("name", KNOWN_ATOMS)
def test_model(shape, name: str) -> None:
    """The default answer is valid against optimade's models."""
    for fields in (None, ("structure_features", "last_modified", "species", "assemblies")):
        resource, _ = shape(entry_of(name), fields)
        assert adapted(resource).entry.attributes.structure_features is not None


@pytest.mark.parametrize("name", UNKNOWN_ATOMS)
def test_model_of_unknown_atoms(shape, name: str) -> None:
    """`X` stays in formulas, since filters compare it; optimade's models object to that alone."""
    resource, _ = shape(entry_of(name))
    with pytest.raises(ValidationError) as caught:
        StructureResource(**as_json(resource))
    assert {error["loc"] for error in caught.value.errors()} == {
        ("attributes", formula) for formula in FORMULAS
    }
    for formula in FORMULAS:
        assert "X" in resource.attributes.pop(formula)
    symbols = {
        symbol for one in resource.attributes["species"] for symbol in one["chemical_symbols"]
    }
    assert symbols == set(resource.attributes["elements"])
    assert "X" in symbols
    StructureResource(**as_json(resource))


@pytest.mark.parametrize("name", KNOWN_ATOMS)
def test_formulas_agree(shape, name: str) -> None:
    """The formulas and lists of one structure tell the same composition."""
    attributes = shape(entry_of(name))[0].attributes
    reduced = attributes["chemical_formula_reduced"]
    assert anonymize_formula(reduced) == attributes["chemical_formula_anonymous"]
    if (hill := attributes["chemical_formula_hill"]) is not None:
        assert reduce_formula(hill) == reduced
    assert attributes["elements"] == sorted(attributes["elements"])
    assert attributes["nelements"] == len(attributes["elements"])


@pytest.mark.parametrize("name", EVERY)
def test_species_in_order_of_sites(shape, name: str) -> None:
    """Clients that pair sites with species by order get the right atoms."""
    attributes = shape(entry_of(name))[0].attributes
    if attributes["species"] is not None and attributes["species_at_sites"] is not None:
        first = list(dict.fromkeys(attributes["species_at_sites"]))
        assert [one["name"] for one in attributes["species"]] == first


@pytest.mark.parametrize("name", sorted({*WITH_SITES} - {*DISORDERED}))
def test_ase(shape, name: str) -> None:
    """ASE gets each atom at its place, with the cell and its periodicity."""
    stored = RECORDED[name]["archive"]["optimade"]
    atoms = adapted(shape(entry_of(name))[0]).as_ase
    assert [f"{one.symbol}" for one in atoms] == [
        label.rstrip("0123456789") for label in stored["species_at_sites"]
    ]
    assert atoms.positions.tolist() == stored["cartesian_site_positions"]
    assert [int(one) for one in atoms.pbc] == stored.get("dimension_types", [0, 0, 0])
    if "lattice_vectors" in stored:
        assert atoms.cell.tolist() == stored["lattice_vectors"]


@pytest.mark.parametrize("name", DISORDERED)
def test_disorder(shape, name: str) -> None:
    """Mixed species are flagged, with fractions of elements and vacancies, so that ASE refuses."""
    structure = adapted(shape(entry_of(name))[0])
    attributes = structure.entry.attributes
    assert [one.value for one in attributes.structure_features] == ["disorder"]
    mixed = [one for one in attributes.species if len(one.chemical_symbols) > 1]
    assert any("vacancy" in one.chemical_symbols for one in mixed)
    assert all(sum(one.concentration) == pytest.approx(1) for one in mixed)
    with pytest.raises(ConversionError, match="partial occupancies"):
        _ = structure.as_ase


def atoms_at(structure: Structure) -> list[set[str]]:
    """The symbols at each site, without vacancies."""
    attributes = structure.entry.attributes
    kinds = {one.name: set(one.chemical_symbols) - {"vacancy"} for one in attributes.species}
    return [kinds[site] for site in attributes.species_at_sites]


@pytest.mark.parametrize("name", WITH_CELL)
def test_cif_and_pdb(shape, name: str) -> None:
    """CIF and PDB files hold a line for each kind of atom at a site."""
    structure = adapted(shape(entry_of(name))[0])
    atoms = sum(map(len, atoms_at(structure)))
    assert structure.as_cif.count("Biso") == atoms
    assert structure.as_pdb.count("\nATOM") == atoms


def test_pymatgen(shape) -> None:
    """Pymatgen, which may read sites from the list of species, gets the right atom at each site."""
    pytest.importorskip("pymatgen.core")
    for name in having("dimension_types", of=WITH_CELL):  # its adapter fails on unknown ones
        structure = adapted(shape(entry_of(name))[0])
        found = [{each.symbol for each in site.species} for site in structure.as_pymatgen]
        assert found == atoms_at(structure)
