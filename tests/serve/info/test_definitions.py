"""Property definitions: complete as OPTIMADE 1.2 wants them, and true to the catalogue."""

import re
from collections.abc import Iterator

import pytest
from optimade.models import StructureResource

from gateway.properties import structures_catalogue
from gateway.serve.info.definitions import DATA_FILE, read_definitions, simplify, widen
from tests.making.definitions.units import symbols_of
from tests.making.make_definitions import written_definitions

CATALOGUE = structures_catalogue("fed")
EXACT = read_definitions("structures", prefix="fed")
PLAIN = simplify(EXACT, prefix="fed")
WIDE = widen(EXACT)
STRUCTURES = "optimade/structures"
TYPES = {"string": "string", "integer": "integer", "float": "number", "boolean": "boolean",
         "timestamp": "string", "list": "array", "dictionary": "object"}  # fmt: skip


def levels(definition: dict[str, object]) -> Iterator[dict[str, object]]:
    yield definition
    if "items" in definition:
        yield from levels(definition["items"])
    for inner in (definition.get("properties") or {}).values():
        yield from levels(inner)


def test_data_file_is_current() -> None:
    """The data file is what its script makes of today's catalogue and `optimade` package; if not,
    run `PYTHONPATH=src python -m tests.making.make_definitions`."""
    assert DATA_FILE.read_text("utf-8") == written_definitions()


def test_prefix_stands_in_for_the_placeholder() -> None:
    """No trace of the placeholder is served; each gateway's own names have its own prefix."""
    for entry_type in ("structures", "references"):
        definitions = read_definitions(entry_type, prefix="xyz")
        assert "providerprefix" not in repr(definitions)
        assert "_xyz_site" in definitions or "_xyz_sites" in definitions


def test_outermost() -> None:
    """The outermost level has all that is required there (section "Property Definitions")."""
    for name, definition in EXACT.items():
        assert definition["$schema"] == (
            "https://schemas.optimade.org/meta/v1.2/optimade/property_definition.json"
        )
        assert re.match(r"https://schemas\.optimade\.org/|urn:uuid:", definition["$id"])
        assert definition["title"], name
        assert "_" not in definition["title"]
        assert "\n" not in definition["title"]
        assert definition["description"], name
        about = definition["x-optimade-definition"]
        assert (about["kind"], about["format"], about["name"]) == ("property", "1.2", name)
        assert about["label"].startswith(name)


def test_levels() -> None:
    """Each level has type, OPTIMADE type and unit that belong together; lists say their axes."""
    for level in (level for definition in EXACT.values() for level in levels(definition)):
        kind = level["x-optimade-type"]
        assert level["type"] in ([TYPES[kind]], [TYPES[kind], "null"])
        assert isinstance(level["x-optimade-unit"], str)
        assert ("items" in level) == (kind == "list")
        assert not {"minItems", "maxItems"} & set(level)
        if kind == "list":
            axes = level["x-optimade-dimensions"]
            assert len(axes["names"]) == len(axes["sizes"]) > 0
        if kind == "timestamp":
            assert level["format"] == "date-time"


def test_units_are_defined() -> None:
    """Every unit that is used at any level is defined at the outermost one."""
    for name, definition in EXACT.items():
        units = [level["x-optimade-unit"] for level in levels(definition)]
        definitions = definition.get("x-optimade-unit-definitions", [])
        used = {symbol for unit in units for symbol in symbols_of(unit)}
        assert {unit["symbol"] for unit in definitions} == used, name
        for unit in definitions:
            assert {"$schema", "$id", "title", "description", "x-optimade-definition"} < set(unit)


def test_nomad_properties() -> None:
    """NOMAD's quantities come with their units and axes, for those who ask for 1.2 or later."""
    names = [name for name in EXACT if name.startswith("_nmd_")]
    assert len(names) > 100
    assert not set(names) & set(PLAIN)
    leaves = {list(levels(EXACT[name]))[-1]["x-optimade-unit"] for name in names}
    assert {"J", "m^3", "inapplicable", "dimensionless"} <= leaves
    for name in names:
        for axis in EXACT[name].get("x-optimade-dimensions", {"names": []})["names"]:
            assert axis.startswith("_nmd_dim_")


@pytest.mark.parametrize("definitions", [EXACT, WIDE, PLAIN], ids=["exact", "wide", "plain"])
def test_catalogue_agrees(definitions: dict[str, dict[str, object]]) -> None:
    """Types and what can be sorted are those that the gateway works with."""
    for name, definition in definitions.items():
        one = CATALOGUE[name]
        assert definition["x-optimade-type"] == one.type
        assert definition["sortable"] is one.sortable
        implementation = definition["x-optimade-implementation"]
        assert implementation["sortable"] is one.sortable
        assert implementation["response-default"] is one.by_default
        partial = implementation["query-support"] == "partial"
        assert partial == ("query-support-operators" in implementation)
        assert partial or one.reach not in ("archive", "absent")


OPERATORS = [
    ("nsites", None),
    ("elements", None),
    ("id", None),
    ("space_group_symbol_hermann_mauguin", None),
    ("space_group_it_number", None),
    ("species", "IS KNOWN, IS UNKNOWN"),
    ("_nmd_comment", "IS KNOWN, IS UNKNOWN"),
    ("_nmd_upload_name", None),
    ("_nmd_published", None),
    ("_nmd_publish_time", None),
    ("_nmd_results_material_chemical_formula_hill", None),
    ("_nmd_main_author_name", "=, !=, <, <=, >, >=, STARTS WITH, IS KNOWN, IS UNKNOWN"),
    ("_nmd_references", "HAS, HAS ALL, HAS ANY, HAS ONLY, IS KNOWN, IS UNKNOWN"),
    ("_fed_authors", "HAS, HAS ALL, HAS ANY, HAS ONLY, IS KNOWN, IS UNKNOWN"),
    ("_fed_band_gap", None),
    ("_fed_band_gap_direct", None),
    ("_fed_band_gaps", "HAS, HAS ALL, HAS ANY, HAS ONLY, IS KNOWN, IS UNKNOWN"),
    ("_nmd_entry_page_url", "IS KNOWN, IS UNKNOWN"),
    ("_nmd_viewer_groups", "IS KNOWN, IS UNKNOWN"),
]


@pytest.mark.parametrize(("name", "operators"), OPERATORS)
def test_query_support_is_told(name: str, operators: str | None) -> None:
    """What is less than all that is mandatory for a type is listed; the lengths of most lists and
    parts of some texts cannot be asked for."""
    reported = EXACT[name]["x-optimade-implementation"]
    assert reported["query-support"] == ("partial" if operators else "all mandatory")
    assert reported.get("query-support-operators") == (operators.split(", ") if operators else None)


def test_lists_of_sections_have_empty_places() -> None:
    """A member without a value has a null in the list; other lists have none."""
    assert EXACT["_nmd_results_properties_electronic_band_gap_type"]["items"]["type"] == [
        "string",
        "null",
    ]
    assert EXACT["_nmd_references"]["items"]["type"] == ["string"]


def test_lists_of_one_section_share_their_axis() -> None:
    """Lists that can be zipped run along one and the same axis."""
    names = ("_nmd_results_properties_electronic_band_gap_" + part for part in ("value", "type"))
    axes = [EXACT[name]["x-optimade-dimensions"]["names"] for name in names]
    assert axes == [["_nmd_dim_results_properties_electronic_band_gap"]] * 2


def test_versions_are_told() -> None:
    """The description of what older NOMADs do not have says so."""
    assert EXACT["_nmd_description"]["description"].endswith("(NOMAD 1.4.1 and later.)")


def test_identifiers_differ() -> None:
    """No two properties share an identifier."""
    assert len({definition["$id"] for definition in EXACT.values()}) == len(EXACT)


def test_own_identifiers_do_not_depend_on_the_prefix() -> None:
    """The same property of two gateways is the same definition."""
    other = read_definitions("structures", prefix="xyz")
    assert other["_xyz_site"]["$id"] == EXACT["_fed_site"]["$id"]


@pytest.mark.parametrize(
    ("name", "set_", "type_", "unit", "support", "level"),
    [
        ("id", "core", ["string"], "inapplicable", "must", "always"),
        ("type", "core", ["string"], "inapplicable", "must", "always"),
        ("last_modified", "core", ["string", "null"], "inapplicable", "should", "must"),
        ("nelements", STRUCTURES, ["integer", "null"], "dimensionless", "should", "may"),
        ("species", STRUCTURES, ["array", "null"], "inapplicable", "should", "may"),
        ("structure_features", STRUCTURES, ["array"], "inapplicable", "must", "may"),
        ("assemblies", STRUCTURES, ["array", "null"], "inapplicable", "may", "may"),
    ],
)
def test_standard_definitions(
    name: str, set_: str, type_: list[str], unit: str, support: str, level: str
) -> None:
    """Standard properties are identified and required as the standard has them."""
    definition = EXACT[name]
    assert definition["$id"] == f"https://schemas.optimade.org/defs/v1.2/properties/{set_}/{name}"
    assert definition["type"] == type_
    assert definition["x-optimade-unit"] == unit
    assert definition["x-optimade-requirements"]["support"] == support
    assert definition["x-optimade-requirements"]["response-default-level"] == level


def test_lattice_vectors() -> None:
    """Nested lists: three vectors of three lengths in ångström."""
    definition = EXACT["lattice_vectors"]
    axes = definition["x-optimade-dimensions"]
    assert axes == {"names": ["dim_lattice", "dim_spatial"], "sizes": [3, 3]}
    number = definition["items"]["items"]
    assert (number["x-optimade-type"], number["x-optimade-unit"]) == ("float", "angstrom")
    assert definition["items"]["x-optimade-dimensions"]["names"] == ["dim_spatial"]


def test_species() -> None:
    """Dictionaries: their keys, which are required, and masses in dalton."""
    species = EXACT["species"]["items"]
    assert species["required"] == ["name", "chemical_symbols", "concentration"]
    assert set(species["required"]) < set(species["properties"])
    mass = species["properties"]["mass"]
    assert mass["type"] == ["array", "null"]
    assert mass["items"]["x-optimade-unit"] == "dalton"
    assert mass["x-optimade-dimensions"]["names"] == ["dim_species_chemical_symbols"]


def test_exact_has_all() -> None:
    """Every property of the catalogue is defined; for older readers, all that they know."""
    assert list(EXACT) == [name for name, one in CATALOGUE.items() if one.is_listed]
    assert all(re.fullmatch("[a-z_][a-z0-9_]*", name) for name in EXACT)
    left_out = set(EXACT) - set(PLAIN)
    assert all(name.startswith("_nmd_") or CATALOGUE[name].reach == "absent" for name in left_out)
    standard = StructureResource.model_json_schema()["$defs"]["StructureResourceAttributes"]
    assert set(standard["properties"]) <= set(PLAIN)
    assert not left_out & set(standard["properties"])


def test_wide_has_all() -> None:
    """Who looks for properties sees every one, and what the plain ones are is the same."""
    assert list(WIDE) == list(EXACT)
    assert {name: WIDE[name] for name in PLAIN} == PLAIN


UNITS = [
    ("_fed_band_gap", "eV"),
    ("_fed_band_gaps", "eV"),
    ("_nmd_results_properties_electronic_band_gap_value", "J"),
    ("_nmd_results_material_topology_cell_mass_density", "kg.m-3"),
    ("cartesian_site_positions", "Ao"),
    ("lattice_vectors", "Ao"),
    ("nsites", None),
    ("elements", None),
    ("species", None),
]


@pytest.mark.parametrize(("name", "unit"), UNITS)
def test_plain_units(name: str, unit: str | None) -> None:
    """For older readers the unit is written by the rules of UCUM, as OPTIMADE 1.1 had it."""
    assert WIDE[name].get("unit") == unit


def test_band_gaps() -> None:
    """In the field's unit, under our own prefix, told to the validator's readers, too."""
    for name in ("_fed_band_gap", "_fed_band_gap_direct", "_fed_band_gap_indirect"):
        one = PLAIN[name]
        assert (one["x-optimade-type"], one["x-optimade-unit"]) == ("float", "eV")
        assert "cannot be sorted by" in str(one["description"])
    number = EXACT["_fed_band_gaps"]["items"]
    assert (number["type"], number["x-optimade-unit"]) == (["number", "null"], "eV")


def test_plain_types() -> None:
    """For older readers `type` is the one word of OPTIMADE 1.1."""
    assert {name: one["type"] for name, one in PLAIN.items()} == {
        name: CATALOGUE[name].type for name in PLAIN
    }
