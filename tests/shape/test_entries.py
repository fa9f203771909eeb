"""The resource of one entry: which attributes it has, where it comes from, what is said of it."""

import orjson
import pytest

from gateway.model import Entry, Site
from gateway.shape import index_fields, shape_structure

DOCUMENT = {
    "entry_id": "abc-_1",
    "upload_id": "up-1",
    "upload_create_time": "2021-03-01T00:00:00.123456+00:00",
    "authors": [{"name": "Ada Lindström"}, {"name": "小林 花子"}],
    "datasets": [
        {"dataset_name": "Perovskites", "doi": "10.17172/NOMAD/2021.06.02-1"},
        {"dataset_name": "Without a DOI"},
        {"dataset_name": "Perovskites"},
    ],
}
ARCHIVE = {
    "upload_id": "up-1",
    "upload_create_time": "2021-03-01T00:00:00.123456+00:00",
    "license": "CC BY 4.0",
    "authors": ["00000000-0000-0000-0000-000000000001"],
    "datasets": ["hCpUGeX52lsI_cEwtaOGZX"],
}
DEFAULT = [
    "immutable_id",
    "last_modified",
    "elements",
    "nelements",
    "elements_ratios",
    "chemical_formula_descriptive",
    "chemical_formula_reduced",
    "chemical_formula_hill",
    "chemical_formula_anonymous",
    "dimension_types",
    "nperiodic_dimensions",
    "lattice_vectors",
    "cartesian_site_positions",
    "nsites",
    "species_at_sites",
    "species",
    "structure_features",
    "_fed_site",
    "_fed_entry_page",
]


def test_identity(shape) -> None:
    """An entry's id says its site; its immutable_id is NOMAD's own."""
    resource, _ = shape(Entry("berlin", "abc-_1", DOCUMENT, ARCHIVE), ("immutable_id",))
    assert (resource.type, resource.id) == ("structures", "berlin~abc-_1")
    assert resource.attributes == {"immutable_id": "abc-_1"}


def test_default_attributes(shape, make_entry) -> None:
    """Without response_fields: what NOMAD can hold, null where unknown, and where it lives."""
    whole, _ = shape(make_entry())
    bare, _ = shape(Entry("berlin", "abc", {}, {"optimade": {}}))
    assert list(whole.attributes) == DEFAULT
    assert list(bare.attributes) == DEFAULT
    known = {name for name, value in bare.attributes.items() if value is not None}
    assert known == {
        *("immutable_id", "structure_features", "nperiodic_dimensions", "lattice_vectors"),
        *("_fed_site", "_fed_entry_page"),
    }


ASKED = [
    ((), ()),
    (("id", "type"), ()),
    (("nsites",), ("nsites",)),
    (("species", "id", "nsites"), ("species", "nsites")),
    (("assemblies", "space_group_it_number"), ("assemblies", "space_group_it_number")),
    (("_other_energy", "_fed_nonsense"), ("_other_energy", "_fed_nonsense")),
    (("last_modified",), ("last_modified",)),
]


@pytest.mark.parametrize(("fields", "attributes"), ASKED)
def test_asked_attributes(shape, make_entry, fields, attributes) -> None:
    """response_fields are obeyed exactly; unknown ones that are asked for are there as null."""
    resource, notices = shape(make_entry(), fields)
    assert tuple(resource.attributes) == attributes
    assert notices == ()


PROVENANCE = [
    ("last_modified", "2021-03-01T00:00:00.123Z"),
    ("_fed_site", "berlin"),
    ("_fed_entry_page", "https://berlin.example.org/nomad-oasis/gui/entry/id/abc-_1"),
    ("_fed_api_url", "https://berlin.example.org/nomad-oasis/api/v1/entries/abc-_1"),
    ("_fed_upload_id", "up-1"),
    ("_fed_license", "CC BY 4.0"),
    ("_fed_authors", ["Ada Lindström", "小林 花子"]),
    ("_fed_datasets", ["Perovskites", "Without a DOI"]),
    ("_fed_dois", ["10.17172/NOMAD/2021.06.02-1"]),
    ("_nmd_entry_page_url", "https://berlin.example.org/nomad-oasis/gui/entry/id/abc-_1"),
    ("_nmd_archive_url", "https://berlin.example.org/nomad-oasis/api/v1/entries/abc-_1/archive"),
    (
        "_nmd_raw_file_download_url",
        "https://berlin.example.org/nomad-oasis/api/v1/entries/abc-_1/raw",
    ),
    ("_fed_entry_page_url", None),
    ("_nmd_viewer_groups", None),
]


@pytest.mark.parametrize(("name", "value"), PROVENANCE)
def test_provenance(shape, name: str, value: object) -> None:
    """Where an entry lives, who made it and what it belongs to."""
    resource, notices = shape(Entry("berlin", "abc-_1", DOCUMENT, ARCHIVE), (name,))
    assert resource.attributes == {name: value}
    assert notices == ()


def test_property_metadata(shape, make_entry) -> None:
    """Who asks for metadata of the properties learns that there are none (section "Metadata
    properties"); it is no attribute."""
    resource, _ = shape(make_entry(), ("property_metadata", "nsites"))
    assert list(resource.attributes) == ["nsites"]
    assert resource.meta == {"property_metadata": {}}
    assert shape(make_entry(), ("nsites",))[0].meta is None
    assert shape(make_entry())[0].meta is None


PAGES = [
    ("https://nomad-lab.eu/prod/v1/api/v1", "https://nomad-lab.eu/prod/v1/gui/entry/id/abc"),
    ("http://127.0.0.1:9001/api/v1", "http://127.0.0.1:9001/gui/entry/id/abc"),
]


@pytest.mark.parametrize(("url", "page"), PAGES)
def test_entry_page(catalogue, url: str, page: str) -> None:
    """The page of NOMAD's interface lies beside the API, whatever the path before them."""
    site = Site("nomad", url=url, title="NOMAD")
    fields = ("_fed_entry_page",)
    entry = Entry("nomad", "abc", {})
    found, _ = shape_structure(entry, fields=fields, catalogue=catalogue, prefix="fed", site=site)
    assert found.attributes == {"_fed_entry_page": page}


@pytest.mark.parametrize("broken", [None, 5, "text", [], {}, [None], ["id"], [{"name": 5}], [[]]])
def test_broken_lists_of_provenance(shape, broken: object) -> None:
    """People and datasets without a name are left out; none is an empty list."""
    names = ("_fed_authors", "_fed_datasets", "_fed_dois")
    entry = Entry("berlin", "abc", {"authors": broken, "datasets": broken}, ARCHIVE)
    assert shape(entry, names)[0].attributes == {name: [] for name in names}


@pytest.mark.parametrize("broken", [None, 5, True, ["up-1"], {"id": "up-1"}])
def test_broken_texts_of_provenance(shape, broken: object) -> None:
    """What is no text is unknown."""
    names = ("_fed_upload_id", "_fed_license")
    entry = Entry("berlin", "abc", {"upload_id": broken}, {"license": broken})
    assert shape(entry, names)[0].attributes == dict.fromkeys(names)


@pytest.mark.parametrize("broken", ["yesterday", True, [2021], {}])
def test_broken_last_modified(shape, broken: object) -> None:
    """A time that cannot be read is unknown, with a notice."""
    entry = Entry("berlin", "abc", {"upload_create_time": broken}, ARCHIVE)
    resource, (notice,) = shape(entry, ("last_modified",))
    assert resource.attributes == {"last_modified": None}
    assert notice.detail.startswith("last_modified of berlin~abc is served as unknown: ")


def test_site_values_are_data(shape) -> None:
    """Whatever text a site sends is a JSON text in the answer, and nothing else."""
    nasty = "</script><script>alert(1)</script>\u2028\x00'\"\\"
    document = DOCUMENT | {
        "authors": [{"name": nasty}],
        "optimade": {"chemical_formula_hill": nasty},
    }
    fields = ("_fed_authors", "chemical_formula_hill")
    resource, _ = shape(Entry("berlin", "abc", document, ARCHIVE), fields)
    assert orjson.loads(orjson.dumps(resource))["attributes"] == {
        "_fed_authors": [nasty],
        "chemical_formula_hill": nasty,
    }


def test_archive_cannot_be_read(shape, make_entry) -> None:
    """Without its archive an entry keeps what the index holds, with one notice naming it."""
    resource, (notice,) = shape(make_entry(archive=None))
    assert notice.code == "archive_missing"
    assert notice.detail.startswith("The archive of berlin~abc cannot be read; it is served with")
    assert list(resource.attributes) == DEFAULT
    assert resource.attributes["chemical_formula_hill"] == "O2Ti2"
    assert resource.attributes["nperiodic_dimensions"] == 2
    assert resource.attributes["elements_ratios"] == [0.5, 0.5]
    for name in ("species", "lattice_vectors", "dimension_types", "cartesian_site_positions"):
        assert resource.attributes[name] is None


def test_archive_is_not_needed(shape, make_entry) -> None:
    """Nothing is said about an archive that nobody asked for."""
    fields = ("nsites", "structure_features", "assemblies", "_fed_site", "_fed_authors")
    assert shape(make_entry(archive=None), fields)[1] == ()
    assert shape(Entry("berlin", "abc", {}), ())[1] == ()
    assert shape(Entry("berlin", "abc", {}, {}), ("_fed_site", "immutable_id"))[1] == ()


@pytest.mark.parametrize(
    "archive", [{}, {"optimade": None}, {"optimade": "text"}, {"optimade": []}]
)
def test_archive_without_structure(shape, catalogue, archive: dict[str, object]) -> None:
    """An archive without the section is told, and the index serves what it holds."""
    document = {"optimade": {"nsites": 2, "nperiodic_dimensions": 1}}
    entry = Entry("berlin", "abc", document, archive)
    resource, (notice,) = shape(entry, ("species", "nsites", "nperiodic_dimensions"))
    assert resource.attributes == {"species": None, "nsites": 2, "nperiodic_dimensions": 1}
    assert "holds no structure" in notice.detail
    resource, (notice,) = shape(Entry("berlin", "abc", {}, archive), ("nperiodic_dimensions",))
    assert resource.attributes == {"nperiodic_dimensions": None}
    assert shape(entry, ("_fed_license", "last_modified"))[1] == ()


def test_one_notice_per_broken_property(shape, make_entry) -> None:
    """Each broken property that is served is named, with its entry; others are not."""
    entry = make_entry(archive={"species": "x", "lattice_vectors": "y", "dimension_types": "z"})
    _, notices = shape(entry)
    assert [notice.detail.split(" is ", 1)[0] for notice in notices] == [
        "dimension_types of berlin~abc",
        "lattice_vectors of berlin~abc",
        "species of berlin~abc",
    ]
    assert shape(entry, ("nsites",))[1] == ()


def test_index_fields_are_read(shape, catalogue) -> None:
    """Every member that is asked of the index is one that is read from it."""
    names = tuple(name for name, one in catalogue.items() if one.path is None)
    asked = {one.split(".")[0] for one in index_fields(names, catalogue)}
    assert asked - {"entry_id"} == {
        *("upload_id", "upload_create_time", "optimade", "authors", "datasets"),
    }
