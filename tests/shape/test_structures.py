"""Each structure property: what is served for what a site holds, and what is said about it."""

import math
from collections.abc import Callable

import pytest

CELL = [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 9.0]]
POSITIONS = [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [2.0, 2.0, 0.0]]
UNKNOWN = [None, None, None]
ZEROS = [0.0, 0.0, 0.0]
O_TI = [{"elements": "O", "elements_ratios": 0.25}, {"elements": "Ti", "elements_ratios": 0.75}]

FE = {"elements": "Fe", "elements_ratios": 0.0}


def one(name: object = "Ti", symbols: object = None, concentration: object = None, **more: object):
    """One species as stored."""
    return {
        "name": name,
        "chemical_symbols": ["Ti"] if symbols is None else symbols,
        "concentration": [1.0] if concentration is None else concentration,
        **more,
    }


OX, TI1, TI2 = one("O", ["O"]), one("Ti1"), one("Ti2")
MIXED = one("Ti2", ["Ti", "vacancy"], [0.75, 0.25])


@pytest.fixture
def serve(shape, make_entry) -> Callable[..., tuple[object, str | None]]:
    """The value of one property, and the reasons of its notices."""

    def serve_one(name: str, **changes: object) -> tuple[object, str | None]:
        resource, notices = shape(make_entry(**changes), (name,))
        assert all(notice.code == "flawed_property" for notice in notices)
        assert all(f"{name} of berlin~abc is " in notice.detail for notice in notices)
        reasons = [notice.detail.split(": ", 1)[1] for notice in notices]
        return resource.attributes[name], " ".join(reasons) or None

    return serve_one


SOUND = [
    ("elements", ["O", "Ti"]),
    ("nelements", 2),
    ("elements_ratios", [0.5, 0.5]),
    ("chemical_formula_descriptive", "O2Ti2"),
    ("chemical_formula_reduced", "OTi"),
    ("chemical_formula_hill", "O2Ti2"),
    ("chemical_formula_anonymous", "AB"),
    ("dimension_types", [1, 1, 0]),
    ("nperiodic_dimensions", 2),
    ("lattice_vectors", CELL),
    ("cartesian_site_positions", POSITIONS),
    ("nsites", 4),
    ("species_at_sites", ["Ti2", "O", "Ti1", "O"]),
    ("species", [TI2, OX, TI1]),
    ("structure_features", []),
    ("assemblies", None),
    ("space_group_it_number", None),
]


@pytest.mark.parametrize(("name", "value"), SOUND)
def test_sound(serve, name: str, value: object) -> None:
    """A sound structure is served whole, with the species in the order of the sites."""
    assert serve(name) == (value, None)
    assert serve(name, index=None) == (value, None)


INDEXED = [
    ("elements", ["Ti", "X"]),
    ("nelements", 3),
    ("chemical_formula_descriptive", "TiO2, anatase"),
    ("chemical_formula_reduced", "TiX"),
    ("chemical_formula_hill", "O4Ti4"),
    ("chemical_formula_anonymous", "A2B"),
    ("nperiodic_dimensions", 3),
    ("nsites", 8),
    ("structure_features", ["disorder"]),
]


@pytest.mark.parametrize(("name", "value"), INDEXED)
def test_index_wins(serve, name: str, value: object) -> None:
    """Filters compare the index, so its value is served, whatever the archive holds."""
    assert serve(name, index={name: value}) == (value, None)
    assert serve(name, index={name: ...}, archive={name: value})[0] == (
        2 if name == "nperiodic_dimensions" else value  # the archive never holds this one
    )


MISSING = [
    ("elements", None),
    ("nelements", None),
    ("elements_ratios", None),
    ("chemical_formula_descriptive", None),
    ("chemical_formula_hill", None),
    ("dimension_types", None),
    ("lattice_vectors", None),
    ("cartesian_site_positions", None),
    ("nsites", None),
    ("species_at_sites", None),
    ("species", None),
    ("structure_features", []),
]


@pytest.mark.parametrize("absent", [..., None])
@pytest.mark.parametrize(("name", "value"), MISSING)
def test_missing(serve, name: str, value: object, absent: object) -> None:
    """What is not stored is unknown without a word; structure_features alone is never null."""
    assert serve(name, index={name: absent}, archive={name: absent}) == (value, None)


COMPOSITION = [
    ("elements", ["Ti", "O"], ["O", "Ti"], None),
    ("elements", ["O", "O"], None, "distinct elements"),
    ("elements", ["O", "Unobtainium"], None, "distinct elements"),
    ("elements", ["O", 8], None, "distinct elements"),
    ("elements", "OTi", None, "distinct elements"),
    ("nelements", -1, None, "a count"),
    ("nelements", 2.0, None, "a count"),
    ("nelements", True, None, "a count"),
    ("nsites", 2**31, None, "a count"),
    ("nsites", 10**400, None, "a count"),
    ("chemical_formula_reduced", 7, None, "a text"),
    ("chemical_formula_hill", ["O2"], None, "a text"),
    ("chemical_formula_hill", "", "", None),
    ("elements_ratios", [0.25, 0.75], [0.25, 0.75], None),
    ("elements_ratios", [1], None, "one ratio per element"),
    ("elements_ratios", [0.5, 0.6], None, "one ratio per element"),
    ("elements_ratios", [1.5, -0.5], None, "one ratio per element"),
    ("elements_ratios", [0.5, math.nan], None, "one ratio per element"),
    ("elements_ratios", [0.5, None], None, "one ratio per element"),
    ("elements_ratios", [], None, "one ratio per element"),
    ("elements_ratios", {"O": 1.0}, None, "one ratio per element"),
    ("elements_ratios", [O_TI], [0.25, 0.75], None),
    ("elements_ratios", [O_TI, O_TI], [0.25, 0.75], None),
    ("elements_ratios", O_TI, [0.25, 0.75], None),
    ("elements_ratios", [O_TI[::-1]], [0.25, 0.75], None),
    ("elements_ratios", [O_TI[:1]], None, "one ratio per element"),
    ("elements_ratios", [[*O_TI, FE]], None, "one ratio per element"),
    ("elements_ratios", [[{"elements": ["O"], "elements_ratios": 1}]], None, "one ratio per"),
]


@pytest.mark.parametrize(("name", "stored", "value", "reason"), COMPOSITION)
def test_composition(serve, name: str, stored: object, value: object, reason: str | None) -> None:
    """Values of the index that break a rule are unknown, with a notice that says which rule."""
    found, answer = serve(name, index={name: stored}, archive={name: ...})
    assert found == value
    assert (answer is None) if reason is None else (reason in (answer or ""))


def test_ratios_without_elements(serve) -> None:
    """Pairs name their elements themselves; plain numbers belong to the elements beside them."""
    pairs = {"elements": ..., "elements_ratios": [O_TI[::-1]]}
    assert serve("elements_ratios", index=pairs, archive=None)[0] == [0.25, 0.75]
    unsorted = {"elements": ["Ti", "O"], "elements_ratios": [0.75, 0.25]}
    assert serve("elements_ratios", index=None, archive=unsorted)[0] == [0.25, 0.75]


def test_sound_archive_behind_broken_index(serve) -> None:
    """A broken value of the index gives way to the archive's."""
    assert serve("elements_ratios", index={"elements_ratios": [[]]}) == ([0.5, 0.5], None)
    assert serve("nelements", index={"nelements": "two"}) == (2, None)


NOT_PERIODIC = {"dimension_types": [0, 0, 0]}
CELLS = [
    ("dimension_types", {"dimension_types": [1, 1, 1]}, [1, 1, 1], None),
    ("dimension_types", {"dimension_types": 2}, [1, 1, 0], None),
    ("dimension_types", {"dimension_types": 0}, [0, 0, 0], None),
    ("dimension_types", {"dimension_types": 4}, None, "0 or 1"),
    ("dimension_types", {"dimension_types": True}, None, "0 or 1"),
    ("dimension_types", {"dimension_types": [True, True, True]}, None, "0 or 1"),
    ("dimension_types", {"dimension_types": [1, 1]}, None, "0 or 1"),
    ("dimension_types", {"dimension_types": [1, 1, 2]}, None, "0 or 1"),
    ("nperiodic_dimensions", {"dimension_types": [0, 1, 0]}, 1, None),
    ("nperiodic_dimensions", {"dimension_types": 3}, 3, None),
    ("nperiodic_dimensions", {"dimension_types": ...}, 0, None),
    ("nperiodic_dimensions", {"dimension_types": [1, 1]}, None, "are broken"),
    ("lattice_vectors", {"lattice_vectors": [[4, 0, 0], [0, 4, 0], [0, 0, 9]]}, CELL, None),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], UNKNOWN]}, [*CELL[:2], UNKNOWN], None),
    ("lattice_vectors", {"lattice_vectors": [UNKNOWN] * 3} | NOT_PERIODIC, [UNKNOWN] * 3, None),
    ("lattice_vectors", {"lattice_vectors": ...} | NOT_PERIODIC, [UNKNOWN] * 3, None),
    ("lattice_vectors", {"lattice_vectors": ..., "dimension_types": ...}, [UNKNOWN] * 3, None),
    ("lattice_vectors", {"lattice_vectors": ...}, None, None),
    ("lattice_vectors", {"lattice_vectors": ..., "dimension_types": [1, 1]}, None, None),
    ("lattice_vectors", {"lattice_vectors": "abc"} | NOT_PERIODIC, [UNKNOWN] * 3, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], ZEROS]}, [*CELL[:2], UNKNOWN], None),
    ("lattice_vectors", {"lattice_vectors": [[0, 0, 0]] * 3} | NOT_PERIODIC, [UNKNOWN] * 3, None),
    ("lattice_vectors", {"lattice_vectors": [ZEROS, *CELL[1:]]}, [ZEROS, *CELL[1:]], None),
    ("lattice_vectors", {"lattice_vectors": [UNKNOWN, *CELL[1:]]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], [None, 0.0, 1.0]]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": CELL[:2]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": [*CELL, CELL[0]]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], [0.0, 0.0]]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], [0.0, 0.0, math.inf]]}, None, "finite"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], [0.0, 0.0, 10**400]]}, None, "finite"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], [0.0, 0.0, True]]}, None, "finite"),
    ("lattice_vectors", {"lattice_vectors": [*CELL[:2], "abc"]}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": "abc"}, None, "three vectors"),
    ("lattice_vectors", {"lattice_vectors": []}, None, "three vectors"),
]


@pytest.mark.parametrize(("name", "stored", "value", "reason"), CELLS)
def test_cell(
    serve, name: str, stored: dict[str, object], value: object, reason: str | None
) -> None:
    """A lattice is three vectors, wholly unknown only where not periodic; periodicity is 0 or 1."""
    found, answer = serve(name, index=None, archive=stored)
    assert found == value
    assert (answer is None) if reason is None else (reason in (answer or ""))


def test_contradicted_dimension_types(serve) -> None:
    """Dimension types that contradict the index's count of them are unknown; the count stays."""
    changes = {"index": {"nperiodic_dimensions": 3}}
    value, answer = serve("dimension_types", **changes)
    assert value is None
    assert "contradicts nperiodic_dimensions" in answer
    assert serve("nperiodic_dimensions", **changes) == (3, None)


@pytest.mark.parametrize("stored", [4, -1, 1.5, "3", True, [3]])
def test_bad_count_of_dimensions(serve, stored: object) -> None:
    """A count of periodic dimensions is one of 0, 1, 2 and 3."""
    value, answer = serve("nperiodic_dimensions", index={"nperiodic_dimensions": stored})
    assert value is None
    assert answer is not None


SITES = [
    ("cartesian_site_positions", {"cartesian_site_positions": POSITIONS[:3]}, None, "3 positions"),
    ("cartesian_site_positions", {"nsites": 5}, None, "4 positions for 5 sites"),
    (
        "cartesian_site_positions",
        {"nsites": ..., "cartesian_site_positions": POSITIONS[:3]},
        None,
        "3 positions for 4 sites",
    ),
    ("cartesian_site_positions", {"nsites": ..., "species_at_sites": ...}, POSITIONS, None),
    (
        "cartesian_site_positions",
        {"cartesian_site_positions": [*POSITIONS[:3], [0.0, None, 0.0]]},
        None,
        "finite numbers",
    ),
    (
        "cartesian_site_positions",
        {"cartesian_site_positions": [*POSITIONS[:3], [0.0, math.nan, 0.0]]},
        None,
        "finite numbers",
    ),
    (
        "cartesian_site_positions",
        {"cartesian_site_positions": [*POSITIONS[:3], [0.0, 2**53 + 1, 0.0]]},
        None,
        "finite numbers",
    ),
    (
        "cartesian_site_positions",
        {"cartesian_site_positions": [0.0] * 4},
        None,
        "finite numbers",
    ),
    ("cartesian_site_positions", {"cartesian_site_positions": {}}, None, "finite numbers"),
    ("cartesian_site_positions", {"nsites": 0, "cartesian_site_positions": []}, [], None),
    ("species_at_sites", {"species_at_sites": ["O"]}, None, "1 names for 4 sites"),
    ("species_at_sites", {"nsites": 2}, None, "4 names for 2 sites"),
    ("species_at_sites", {"species_at_sites": ["O", "O", "O", "Fe"]}, None, "no species"),
    ("species_at_sites", {"species": []}, None, "no species"),
    ("species_at_sites", {"species": ...}, ["Ti2", "O", "Ti1", "O"], None),
    ("species_at_sites", {"species": "broken"}, ["Ti2", "O", "Ti1", "O"], None),
    ("species_at_sites", {"species_at_sites": ["O", "O", "O", 1]}, None, "list of names"),
    ("species_at_sites", {"species_at_sites": [["O"], ["O"], ["O"], ["O"]]}, None, "list of names"),
    ("species_at_sites", {"species_at_sites": "OOOO"}, None, "list of names"),
    ("structure_features", {"structure_features": ["disorder"]}, ["disorder"], None),
    (
        "structure_features",
        {"structure_features": ["disorder", "assemblies", "disorder"]},
        ["assemblies", "disorder"],
        None,
    ),
    ("structure_features", {"structure_features": ["unknown_positions"]}, [], None),
    ("structure_features", {"structure_features": "disorder"}, [], "list of texts"),
    ("structure_features", {"structure_features": [["disorder"]]}, [], "list of texts"),
    ("structure_features", {"species": [OX, TI1, MIXED]}, ["disorder"], "disorder is added"),
    (
        "structure_features",
        {"species": [OX, TI1, MIXED], "structure_features": ["disorder"]},
        ["disorder"],
        None,
    ),
    (
        "structure_features",
        {"species": [OX, TI1, MIXED], "structure_features": 7},
        ["disorder"],
        "disorder is added",
    ),
]


@pytest.mark.parametrize(("name", "stored", "value", "reason"), SITES)
def test_sites(
    serve, name: str, stored: dict[str, object], value: object, reason: str | None
) -> None:
    """Lists of sites have nsites members and hold what OPTIMADE says; else they are unknown."""
    found, answer = serve(name, index=None, archive=stored)
    assert found == value
    assert (answer is None) if reason is None else (reason in (answer or ""))


def test_contradicting_the_index(serve) -> None:
    """Where index and archive count sites differently, the index is right and the lists are not."""
    changes = {"index": {"nsites": 5}}
    assert serve("nsites", **changes) == (5, None)
    assert serve("species_at_sites", **changes)[0] is None
    assert serve("cartesian_site_positions", **changes)[0] is None
    assert serve("species", **changes) == ([OX, TI1, TI2], None)


SPECIES = [
    (one("Ti2", ["x"]), one("Ti2", ["X"])),
    (one("Ti2", ["X"]), one("Ti2", ["X"])),
    (MIXED, MIXED),
    (one("Ti2", ["Ti", "vacancy"], [1, 0]), one("Ti2", ["Ti", "vacancy"], [1.0, 0.0])),
    (one("Ti2", mass=47.867), one("Ti2", mass=[47.867])),
    (one("Ti2", mass=[48]), one("Ti2", mass=[48.0])),
    (one("Ti2", mass=None), TI2),
    (one("Ti2", mass="heavy"), TI2),
    (one("Ti2", mass=math.nan), TI2),
    (one("Ti2", mass=[47.0, 1.0]), TI2),
    (MIXED | {"mass": 47.867}, MIXED),
    (MIXED | {"mass": [47.867, 0]}, MIXED | {"mass": [47.867, 0.0]}),
    (MIXED | {"mass": [47.867, 1.0]}, MIXED),
    (one("Ti2", original_name="Ti (up)"), one("Ti2", original_name="Ti (up)")),
    (one("Ti2", original_name=5), TI2),
    (one("Ti2", m_def="nomad.datamodel.optimade.Species"), TI2),
]


@pytest.mark.parametrize(("stored", "value"), SPECIES)
def test_one_species(serve, stored: object, value: object) -> None:
    """Unknown atoms are X, concentrations floats; masses are kept where they are right."""
    found, answer = serve("species", archive={"species": [OX, TI1, stored]})
    assert (found, answer) == ([value, OX, TI1], None)
    assert all(type(each) is float for each in found[0]["concentration"])


BROKEN_SPECIES = [
    None,
    "Ti2",
    {},
    one(None),
    one("O"),
    one("Ti2", []),
    one("Ti2", ["Ti", "Vacancy"], [0.5, 0.5]),
    one("Ti2", ["Unobtainium"]),
    one("Ti2", [22]),
    one("Ti2", "Ti"),
    one("Ti2", ["Ti"], []),
    one("Ti2", ["Ti"], [0.5, 0.5]),
    one("Ti2", ["Ti"], [None]),
    one("Ti2", ["Ti"], [math.inf]),
    one("Ti2", ["Ti"], 1.0),
]


@pytest.mark.parametrize("stored", BROKEN_SPECIES)
def test_broken_species(serve, stored: object) -> None:
    """One broken species makes the list unknown; which sites there are stays known."""
    changes = {"archive": {"species": [OX, TI1, stored]}}
    value, answer = serve("species", **changes)
    assert value is None
    assert "valid species" in answer
    assert serve("species_at_sites", **changes) == (["Ti2", "O", "Ti1", "O"], None)


def test_species_without_a_site(serve) -> None:
    """A species without a site is left out, unless some atoms are said to have no site."""
    stored = {"species": [one("H", ["H"]), OX, TI1, TI2]}
    value, answer = serve("species", archive=stored)
    assert value == [TI2, OX, TI1]
    assert "1 in number" in answer
    features = {"index": {"structure_features": ["implicit_atoms"]}}
    assert serve("species", archive=stored, **features) == ([TI2, OX, TI1, one("H", ["H"])], None)
    unknown = {"species_at_sites": ...}
    assert serve("species", archive=stored | unknown) == ([one("H", ["H"]), OX, TI1, TI2], None)


def test_stored_values_are_not_changed(shape, make_entry) -> None:
    """Shaping leaves what it was given as it was: it may stand in a cache."""
    archive = {"species": [one("O", ["x"]), TI1, MIXED], "elements": ["Ti", "O"]}
    entry, twin = make_entry(archive=archive), make_entry(archive=archive)
    shape(entry)
    assert entry == twin
