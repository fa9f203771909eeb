"""What is asked of sites for a choice of properties."""

from collections.abc import Mapping
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Entry, Site
from gateway.properties import structures_catalogue
from gateway.shape import (
    archive_fields,
    archive_suffices,
    default_fields,
    index_fields,
    index_suffices,
    shape_structure,
)

CATALOGUE = structures_catalogue("fed")

CHOICES = [
    (None, False, True),
    ((), True, True),
    (("id", "type", "immutable_id"), True, True),
    (("nelements", "chemical_formula_reduced", "last_modified"), True, True),
    (("nperiodic_dimensions", "structure_features", "elements_ratios"), True, True),
    (("assemblies", "_other_thing"), True, True),
    (("nsites", "species"), False, True),
    (("lattice_vectors",), False, True),
    (("_fed_site", "_fed_entry_page", "_fed_api_url", "_fed_upload_id"), True, True),
    (("_fed_license",), False, True),
    (("_fed_authors",), True, False),
    (("_fed_datasets", "_fed_dois"), True, False),
    (("_fed_dois", "species"), False, False),
]


@pytest.mark.parametrize(("fields", "index", "archive"), CHOICES)
def test_suffices(fields, index: bool, archive: bool) -> None:
    """One phase will do where one place holds all; names of people and sets are not in archives."""
    assert index_suffices(fields, CATALOGUE) is index
    assert archive_suffices(fields, CATALOGUE) is archive


INCLUDED = [
    ((), ("entry_id",)),
    (("id", "type", "_fed_site"), ("entry_id",)),
    (("nsites", "species", "assemblies"), ("entry_id", "optimade.nsites")),
    (("_fed_license",), ("entry_id",)),
    (("_fed_dois",), ("entry_id", "datasets.doi")),
    (("nsites", "nsites"), ("entry_id", "optimade.nsites")),
]


@pytest.mark.parametrize(("fields", "patterns"), INCLUDED)
def test_index_fields(fields, patterns) -> None:
    """Only what the index holds of these properties, each once, and always the entry_id."""
    assert index_fields(fields, CATALOGUE) == patterns


def test_nothing_unindexed_is_included() -> None:
    """NOMAD refuses a whole request that includes a quantity it does not index."""
    patterns = index_fields(tuple(CATALOGUE), CATALOGUE)
    assert "license" not in patterns
    assert not any(pattern.startswith("optimade.elements_ratios.e") for pattern in patterns)
    assert "datasets" not in patterns  # answered with [{}]


REQUIRED = [
    ((), {"entry_id": "*"}),
    (("immutable_id", "_fed_site", "_fed_authors"), {"entry_id": "*"}),
    (("last_modified",), {"entry_id": "*", "upload_create_time": "*"}),
    (("_fed_license", "_fed_upload_id"), {"entry_id": "*", "license": "*", "upload_id": "*"}),
    (("nsites",), {"entry_id": "*", "optimade": {"nsites": "*"}}),
    (
        ("lattice_vectors", "nperiodic_dimensions"),
        {"entry_id": "*", "optimade": {"lattice_vectors": "*", "dimension_types": "*"}},
    ),
    (("cartesian_site_positions", "nsites"), {"entry_id": "*", "optimade": "*"}),
    (None, {"entry_id": "*", "upload_create_time": "*", "optimade": "*"}),
]


@pytest.mark.parametrize(("fields", "metadata"), REQUIRED)
def test_archive_fields(fields, metadata) -> None:
    """Only what these properties are read from; all of a structure where positions are needed."""
    assert archive_fields(fields, CATALOGUE) == {"metadata": metadata}


def test_default_fields() -> None:
    """The default attributes leave out what no NOMAD entry has, and what costs to read along."""
    names = default_fields(CATALOGUE)
    assert "species" in names
    assert not {"id", "type", "assemblies", "_fed_authors"} & set(names)


def cut(section: Mapping[str, object], required: object) -> object:
    """What NOMAD leaves of a section when only `required` is asked of it."""
    if required == "*":
        return section
    kept = {name: each for name, each in section.items() if name in required}
    return {name: cut(each, required[name]) for name, each in kept.items()}


SPOILT = [
    {},
    {"nsites": 7},
    {"nsites": None, "species_at_sites": ["O"]},
    {"species": [{"name": "O", "chemical_symbols": ["O", "vacancy"], "concentration": [0.5, 0.5]}]},
    {"species": None},
    {"structure_features": ["implicit_atoms"], "species_at_sites": ["O", "O", "O", "O"]},
    {"dimension_types": [1, 1]},
    {"dimension_types": None, "lattice_vectors": [[None, None, None]] * 3},
    {"dimension_types": [1, 1, 1], "lattice_vectors": [[None, None, None]] * 3},
    {"elements": ["Ti", "O"], "elements_ratios": [0.25, 0.75]},
    {"elements": None},
]


def assert_less_is_the_same(whole: Entry, fields: tuple[str, ...], *, site: Site) -> None:
    """The archive cut down to what is asked of it serves the same as the whole one."""
    part = cut({"metadata": deepcopy(whole.archive)}, archive_fields(fields, CATALOGUE))
    served = [
        shape_structure(
            Entry("berlin", "abc", whole.document, archive),
            fields=fields,
            catalogue=CATALOGUE,
            prefix="fed",
            site=site,
        )
        for archive in (whole.archive, part["metadata"])
    ]
    assert served[0] == served[1]


@pytest.mark.parametrize("changes", SPOILT)
def test_one_alone(make_entry, berlin, changes) -> None:
    """A property that is asked for alone is the same as within the default answer."""
    whole = make_entry(index=None, archive=changes)
    for name in CATALOGUE:
        assert_less_is_the_same(whole, (name,), site=berlin)


@given(
    st.sampled_from(SPOILT),
    st.lists(st.sampled_from(sorted(CATALOGUE)), max_size=6, unique=True).map(tuple),
)
def test_some_together(make_entry, berlin, changes, fields) -> None:
    """A property is the same whatever is asked for beside it."""
    assert_less_is_the_same(make_entry(index=None, archive=changes), fields, site=berlin)
