"""`gateway properties`: found by name and description; near names where nothing is found."""

import json

import pytest

from tests.cli.conftest import Run, Switch
from tests.cli.plain_server import Plain


def names(run: Run, *arguments: str) -> list[str]:
    return [one["name"] for one in json.loads(run("properties", *arguments, "--json").stdout)]


def test_search(run: Run) -> None:
    """In names and in descriptions, in any case; a space is as good as an underscore."""
    assert names(run, "band gap")[:2] == ["_demo_band_gap", "_demo_band_gap_direct"]
    assert "_nmd_results_material_symmetry_crystal_system" in names(run, "Crystal System")
    assert len(names(run)) > 300


def test_table(run: Run) -> None:
    """Unit, where it can be filtered and sorted; names whole; one whole name shows all of it."""
    head, line, *rest = run("properties", "_demo_band_gap").stdout.splitlines()
    assert head.split() == ["property", "type", "unit", "filter", "sort", "description"]
    assert line.split()[:5] == ["_demo_band_gap", "float", "eV", "yes", "no"]
    assert rest[0] == ""
    text = run("properties", "electronic_band_structure_electronic_band_gap").stdout
    assert "_nmd_results_properties_electronic_band_structure_electronic_band_gap_value " in text
    assert text.endswith(" properties\n")


@pytest.mark.parametrize(
    ("word", "near"),
    [("spacegroup", "space_group_it_number"), ("chrystal", "crystal"), ("nsits", "nsites")],
)
def test_near(word: str, near: str, run: Run) -> None:
    """Nothing found is 1, with what may have been meant."""
    result = run("properties", word)
    assert (result.exit_code, result.stdout) == (1, "")
    assert near in result.stderr


def test_of_a_configuration(run: Run, federation: dict[str, Switch]) -> None:
    """The gateway's own properties have its prefix; no site is asked."""
    for one in federation.values():
        one.left = 0
    assert "_fed_site" in names(run, "_fed_")


def test_of_another_server(run: Run, plain: tuple[Plain, str]) -> None:
    """Those that it lists; what it does not say is unknown."""
    (reported,) = json.loads(run("properties", "--url", plain[1], "--json").stdout)
    assert (reported["name"], reported["unit"], reported["filter"], reported["sort"]) == (
        "_exmpl_number", "Ao", "unknown", None,
    )  # fmt: skip
    assert run("properties", "--url", plain[1]).stdout.splitlines()[1].endswith("The number.")
