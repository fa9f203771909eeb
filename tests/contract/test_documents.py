"""What answers hold: index documents cut by patterns, archives cut by `required`."""

from typing import Any

import pytest

from tests.contract.asking import STRUCTURE, Document, Json, Known, one, values


def documents(
    known: Known, query: Json, include: list[str], **pagination: object
) -> list[Document]:
    """Index documents of the known entries."""
    body = {
        "query": {"and": [known.scope, query]},
        "pagination": {"page_size": 20, **pagination},
        "required": {"include": include},
    }
    answer = known.oasis.post(body)
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


def shape(value: Any) -> Any:
    """Names without values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return (
        [shape(value[0])]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else None
    )


DATASETS: Json = {"datasets.doi": {"gt": " "}}
INCLUDED: dict[str, tuple[list[str], Json]] = {
    "one name": (["upload_id"], {"entry_id": None, "upload_id": None}),
    "nothing": ([], {"entry_id": None}),
    "a section is no name": (["optimade.nsites"], {"entry_id": None, "optimade": {"nsites": None}}),
    "person": (["main_author"], {"entry_id": None, "main_author": {"user_id": None, "name": None}}),
    "person's name": (["main_author.name"], {"entry_id": None, "main_author": {"name": None}}),
    "doi": (["datasets.doi"], {"entry_id": None, "datasets": [{"doi": None}]}),
    "datasets alone are empty": (["datasets"], {"entry_id": None, "datasets": [{}]}),
    "doi empties persons": (
        ["datasets.doi", "main_author", "authors"],
        {"entry_id": None, "datasets": [{"doi": None}], "main_author": {}, "authors": [{}]},
    ),
    "doi with stars": (
        ["datasets.doi", "main_author.*", "optimade.nsites"],
        {
            "entry_id": None,
            "datasets": [{"doi": None}],
            "main_author": {"user_id": None, "name": None},
            "optimade": {"nsites": None},
        },
    ),
    "star for no entry": (["x*"], {"entry_id": None}),
    "subfields are not answered": (["entry_name.prefix", "mainfile.path"], {"entry_id": None}),
}


@pytest.mark.parametrize("row", INCLUDED)
def test_include(known: Known, row: str) -> None:
    """Names and patterns cut a document; with one that begins with `data`, NOMAD cuts twice."""
    include, expected = INCLUDED[row]
    found = documents(known, {"and": [STRUCTURE, DATASETS]}, include)
    known.need(found, "datasets with a DOI")
    assert all(shape(document) == expected for document in found)


def test_optimade_section_of_the_index(known: Known) -> None:
    """The index holds no sites; `nperiodic_dimensions` is only there; ratios repeat per element."""
    found = documents(known, STRUCTURE, ["optimade.*"])
    for document in found:
        section = document["optimade"]
        pairs = section["elements_ratios"]
        assert {"elements", "nelements", "nsites", "nperiodic_dimensions"} <= section.keys()
        assert not {"species", "lattice_vectors", "dimension_types"} & section.keys()
        if "elements" in section:
            assert len(pairs) == len(section["elements"])
            assert all(pair == pairs[0] for pair in pairs)
            assert [p["elements"] for p in pairs[0]] == section["elements"]


REFUSED = (
    "optimade",
    "results.material",
    "license",
    "authors.user_id",
    "optimade.species",
    "nosuch",
)


@pytest.mark.parametrize("name", REFUSED)
def test_include_of_no_quantity(known: Known, name: str) -> None:
    """Sections and names that are not indexed are 422."""
    body = {"pagination": {"page_size": 1}, "required": {"include": [name]}}
    assert known.oasis.post(body).status == 422


def test_sort_key_is_included(known: Known) -> None:
    """What orders the page always comes, and so does the id."""
    found = documents(known, STRUCTURE, ["upload_id"], order_by="optimade.nsites")
    assert all(d.keys() == {"entry_id", "upload_id", "optimade"} for d in found)


def test_exclude(known: Known) -> None:
    """`exclude` leaves the rest, and the id."""
    body = {
        "query": STRUCTURE,
        "pagination": {"page_size": 3},
        "required": {"exclude": ["results*", "quantities", "entry_id"]},
    }
    for document in known.oasis.post(body).body["data"]:
        assert {"entry_id", "optimade", "upload_id", "license"} <= document.keys()
        assert not {"results", "quantities"} & document.keys()


def test_whole_document(known: Known) -> None:
    """Without `required` everything comes; what is not set is absent."""
    answer = known.oasis.post({"query": STRUCTURE, "pagination": {"page_size": 2}})
    always = [
        "entry_id",
        "upload_id",
        "upload_name",
        "upload_create_time",
        "last_processing_time",
        "entry_create_time",
        "mainfile",
        "parser_name",
        "nomad_version",
        "published",
        "with_embargo",
        "processed",
        "license",
        "main_author",
        "authors",
        "datasets",
        "references",
        "quantities",
        "optimade",
        "results",
        "calc_id",
        "files",
    ]
    for document in answer.body["data"]:
        assert set(always) <= document.keys()
        assert ("process_status" in document) is known.version.startswith("2.")


ASKED = (
    "optimade",
    "entry_id",
    "upload_id",
    "upload_create_time",
    "last_processing_time",
    "entry_create_time",
    "datasets",
    "references",
    "main_author",
    "coauthors",
    "license",
    "nomad_version",
    "authors",
    "external_db",
)
METADATA = dict.fromkeys(ASKED, "*")


def archives(known: Known, query: Json, required: object, **pagination: object) -> list[Json]:
    """Archives of the known entries."""
    answer = known.oasis.archives(
        {"and": [known.scope, query]}, required, page_size=20, **pagination
    )
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


def test_archive_of_a_structure(known: Known) -> None:
    """An archive adds sites, species, cell; people and datasets are ids; times as in the index."""
    found = archives(known, {"and": [STRUCTURE, DATASETS]}, {"metadata": METADATA})
    known.need(found, "datasets with a DOI")
    index = {d["entry_id"]: d for d in known.documents}
    for item in found:
        assert item.keys() == {"entry_id", "upload_id", "parser_name", "archive"}
        assert item["archive"].keys() == {"metadata", "m_ref_archives"}
        metadata, document = item["archive"]["metadata"], index[item["entry_id"]]
        for name in ("upload_id", "upload_create_time", "last_processing_time"):
            assert metadata[name] == document[name]
        assert all(
            isinstance(each, str) for each in (*metadata["datasets"], metadata["main_author"])
        )
        assert "authors" not in metadata
        assert metadata["optimade"].get("elements") == document["optimade"].get("elements")
        assert "nperiodic_dimensions" not in metadata["optimade"]


def test_archives_agree_with_quantities(known: Known) -> None:
    """An archive holds exactly the fields that `quantities` names."""
    index = {d["entry_id"]: d for d in known.documents}
    prefix = "metadata.optimade."
    for item in archives(known, STRUCTURE, {"metadata": {"optimade": "*"}}):
        named = {
            q[len(prefix) :] for q in index[item["entry_id"]]["quantities"] if q.startswith(prefix)
        }
        held = item["archive"]["metadata"]["optimade"]
        assert {name for name in named if "." not in name} == set(held)


def test_archive_without_structure(known: Known) -> None:
    """Entries without a structure come as empty metadata."""
    found = archives(known, {"not": STRUCTURE}, {"metadata": {"optimade": "*"}})
    known.need(found, "entries without a structure")
    assert all(item["archive"] == {"metadata": {}, "m_ref_archives": {}} for item in found)


REQUIRED: dict[str, tuple[object, object]] = {
    "one field": ({"metadata": {"optimade": {"nsites": "*"}}}, {"optimade": {"nsites": None}}),
    "field of a list": (
        {"metadata": {"optimade": {"species": {"name": "*"}}}},
        {"optimade": {"species": [{"name": None}]}},
    ),
    "unknown name": ({"metadata": {"nosuch": "*"}}, {}),
    "unknown field": ({"metadata": {"optimade": {"nosuch": "*"}}}, {"optimade": {}}),
    "nothing": ({"metadata": {}}, {}),
}


@pytest.mark.parametrize("row", REQUIRED)
def test_required_cuts_archives(known: Known, row: str) -> None:
    """`required` is a tree of names; unknown ones are left out without a word."""
    required, expected = REQUIRED[row]
    query = {"and": [STRUCTURE, {"quantities": "metadata.optimade.species"}]}
    for item in archives(known, query, required):
        assert shape(item["archive"]["metadata"]) == expected


WRONG: dict[str, tuple[object, int]] = {
    "directive": ({"metadata": {"optimade": "some"}}, 400),
    "number": (5, 422),
    "list": ([], 422),
    "number inside": ({"metadata": 5}, 500),
}


@pytest.mark.parametrize("row", WRONG)
def test_required_is_checked(known: Known, row: str) -> None:
    """Wrong kinds of `required`."""
    required, status = WRONG[row]
    assert known.oasis.archives(STRUCTURE, required, page_size=1).status == status


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_archives_are_ordered_and_paged_like_documents(known: Known, order: str) -> None:
    """The same order, positions and total as with `entries/query`."""
    query = {"and": [known.scope, STRUCTURE]}
    pagination: Json = {"page_size": 4, "order_by": "optimade.nsites", "order": order}
    first = known.oasis.find(query, size=4, order_by="optimade.nsites", order=order)
    archive = known.oasis.archives(query, {"metadata": {"entry_id": "*"}}, **pagination)
    assert (archive.ids, archive.next, archive.total) == (first.ids, first.next, first.total)
    after = pagination | {"page_after_value": first.next}
    second = known.oasis.archives(query, {"metadata": {"entry_id": "*"}}, **after)
    whole = known.oasis.find(query, size=8, order_by="optimade.nsites", order=order).ids
    assert second.ids == whole[4:]


def test_unknown_atoms_keep_their_place(known: Known) -> None:
    """Unknown atoms are `X` among the elements, `X` or `x` in a species."""
    found = [d for d in known.structures if "X" in values(d, "optimade.elements")]
    if known.is_old:
        return
    known.need(found, "unknown atoms")
    query = {"entry_id:any": [d["entry_id"] for d in found]}
    for item in archives(known, query, {"metadata": {"optimade": "*"}}):
        optimade = item["archive"]["metadata"]["optimade"]
        symbols = {s for one_ in optimade.get("species", ()) for s in one_["chemical_symbols"]}
        assert symbols & {"X", "x"} or "species" not in optimade


def test_disorder(known: Known) -> None:
    """Mixed species have several symbols, vacancies among them, and a feature says so."""
    found = archives(
        known, {"optimade.structure_features": "disorder"}, {"metadata": {"optimade": "*"}}
    )
    known.need(found, "disordered structures")
    for item in found:
        species = item["archive"]["metadata"]["optimade"].get("species", [])
        assert not species or any(len(each["chemical_symbols"]) > 1 for each in species)


def test_order_of_species_is_its_own(known: Known) -> None:
    """Species do not come in the order of the sites."""
    found = archives(known, {"optimade.nelements": {"gte": 2}}, {"metadata": {"optimade": "*"}})
    orders = [
        ([s["name"] for s in o["species"]], list(dict.fromkeys(o["species_at_sites"])))
        for o in (item["archive"]["metadata"]["optimade"] for item in found)
        if "species" in o and "species_at_sites" in o
    ]
    assert all(sorted(a) == sorted(b) for a, b in orders)
    assert any(a != b for a, b in orders)


def test_single_entries(known: Known) -> None:
    """`GET entries/<id>` and its archive; unknown ones are 404."""
    document = known.structures[0]
    entry_id = document["entry_id"]
    entry = known.oasis.send("GET", f"entries/{entry_id}?include=entry_id&include=optimade.nsites")
    assert entry.body["data"] == {
        "entry_id": entry_id,
        "optimade": {"nsites": one(document, "optimade.nsites")},
    }
    archive = known.oasis.send("GET", f"entries/{entry_id}/archive")
    assert archive.body["data"]["archive"]["metadata"]["entry_id"] == entry_id
    for path in ("entries/nosuch", "entries/nosuch/archive"):
        assert known.oasis.send("GET", path).status == 404
