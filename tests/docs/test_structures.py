"""docs/reference/structures.md tells every property but NOMAD's own, and names that exist."""

import re

import pytest

from gateway.properties import Property, references_catalogue, structures_catalogue
from tests.docs.pages import PAGES, ROOT, code_of, only_code, read_page

PAGE = read_page("reference/structures.md")
CATALOGUE = structures_catalogue("fed")
FROM = {"local": "gateway", "indexed": "index", "ratios": "index", "derived": "archive"}
DEAD = {"_nmd_dft_spacegroup"}
"""Names of former versions, as examples of what is refused."""


def written(one: Property) -> tuple[str, ...]:
    by_default = "yes" if one.by_default and one.reach != "absent" else "no"
    return (
        f"list of {one.items}" if one.type == "list" else one.type,
        FROM.get(one.reach, one.reach),
        "yes" if one.sortable else "no",
        "always" if one.name in ("id", "type") else by_default,
    )


@pytest.mark.parametrize(
    ("headings", "own"),
    [(["Standard properties"], False), (["Where an entry lives", "Band gaps"], True)],
)
def test_properties(headings: list[str], own: bool) -> None:
    """Each property has its row: type, where it comes from, sortable, in default answers."""
    documented = {
        only_code(row[0]).replace("<prefix>", "fed"): row.cells[1:5]
        for heading in headings
        for row in PAGE.under(heading)
    }
    known = {
        name: written(one)
        for name, one in CATALOGUE.items()
        if name.startswith("_fed_") == own and not name.startswith("_nmd_")
    }
    assert documented == known


def test_references() -> None:
    """Each property that references have has its row, too."""
    documented = {
        only_code(row[0]).replace("<prefix>", "fed"): row.cells[1:4]
        for row in PAGE.under("References")
    }
    held = {name: one for name, one in references_catalogue("fed").items() if one.reach == "local"}
    assert documented == {name: written(one)[:1] + written(one)[2:] for name, one in held.items()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names(path: str) -> None:
    """A name under NOMAD's prefix that a page holds is the name of a property."""
    page = read_page(path)
    text = "\n".join([page.prose, *(block.text for block in page.blocks)])
    for name in re.findall(r"\b_nmd_\w+[a-z]\b", text):
        assert name in CATALOGUE or name in DEAD, name


def test_how_many() -> None:
    """There are over 300 of NOMAD's."""
    assert "over 300" in PAGE.prose
    assert sum(name.startswith("_nmd_") for name in CATALOGUE) > 300


def test_filters() -> None:
    """docs/reference/filters.md names properties that exist, and each that can be compared."""
    documented = set()
    for row in read_page("reference/filters.md").under("Operators by property"):
        for word in code_of(row[0]):
            short = word.startswith("_") and not word.startswith(("_<prefix>", "_nmd"))
            documented |= {f"chemical_formula{word}"} if short else set(word.split(":"))
    standard = {
        name
        for name, one in CATALOGUE.items()
        if not name.startswith("_") and one.reach in ("local", "indexed", "ratios")
    }
    plain = {name for name in documented if not name.startswith(("_", "references."))}
    assert {name for name in plain if not name.endswith("*")} <= set(CATALOGUE)
    assert {name for name in standard - documented if "space_group" not in name} == set()
