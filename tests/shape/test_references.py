"""References: read from whatever an index document holds, joined over sites, valid resources."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimade.models import ReferenceResource

from gateway.model import Entry, Json, JsonObject
from gateway.properties import references_catalogue
from gateway.references import LONGEST, Reference
from gateway.shape import (
    Cited,
    joined,
    read_cited,
    references_in,
    related_fields,
    relationships_of,
    shape_reference,
)

CATALOGUE = references_catalogue("fed")
NAMED = {"doi": "10.1/x", "dataset_name": "Set", "dataset_modified_time": "2021-01-02T00:00:00"}
MOMENT = 1_609_545_600_000

DOCUMENTS: list[tuple[JsonObject, list[Cited]]] = [
    ({}, []),
    ({"datasets": [], "references": []}, []),
    ({"references": ["a"]}, [Cited(Reference("ref", "a"))]),
    ({"references": "a"}, [Cited(Reference("ref", "a"))]),
    ({"datasets": [NAMED]}, [Cited(Reference("doi", "10.1/x"), "Set", MOMENT)]),
    (
        {"references": ["b", "a"], "datasets": [NAMED]},
        [
            Cited(Reference("doi", "10.1/x"), "Set", MOMENT),
            Cited(Reference("ref", "b")),
            Cited(Reference("ref", "a")),
        ],
    ),
    ({"references": ["a", "a"]}, [Cited(Reference("ref", "a"))]),
    (
        {"datasets": [NAMED, {**NAMED, "dataset_name": "Other"}]},
        [Cited(Reference("doi", "10.1/x"), "Set", MOMENT)],
    ),
    ({"datasets": [{"dataset_name": "without"}]}, []),
    ({"datasets": [{"doi": "d"}]}, [Cited(Reference("doi", "d"))]),
    ({"references": ["d"], "datasets": [{"doi": "d"}]},
     [Cited(Reference("doi", "d")), Cited(Reference("ref", "d"))]),
    ({"references": ["", "x" * (LONGEST + 1)], "datasets": [{"doi": ""}]}, []),
    ({"references": [1, None, {}, ["a"], True], "datasets": [None, 1, "d", [], {"doi": 5}]}, []),
    ({"references": {"a": 1}, "datasets": "d"}, []),
    ({"references": None, "datasets": None}, []),
    (
        {"datasets": [{"doi": "d", "dataset_name": 5, "dataset_modified_time": "yesterday"}]},
        [Cited(Reference("doi", "d"))],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("document", "cited"), DOCUMENTS, ids=lambda one: str(one)[:40])
def test_references_of_an_entry(document: JsonObject, cited: list[Cited]) -> None:
    """Datasets' DOIs first, then the entry's own texts, each once; what is no text is none."""
    assert list(references_in(document)) == cited


JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
DATASET = st.dictionaries(st.sampled_from(sorted(NAMED)), JSON)


PARTS = {"references": st.lists(JSON) | JSON, "datasets": st.lists(DATASET | JSON) | JSON}


@given(st.fixed_dictionaries({}, optional=PARTS))
def test_whatever_a_site_sends(document: JsonObject) -> None:
    """Nothing raises, and what comes out can be written and is valid."""
    for one in references_in(document):
        resource = shape_reference(one, fields=None, catalogue=CATALOGUE, prefix="fed")
        assert json.dumps(resource.attributes)
        assert read_cited(one.reference.kind, one.reference.value, document, site="s", structures=1)
        ReferenceResource.model_validate(
            {"type": resource.type, "id": resource.id, "attributes": resource.attributes}
        )


def test_relationships() -> None:
    """An entry names its references; one that has none has no relationships."""
    cited = (Cited(Reference("doi", "10.1/x")), Cited(Reference("ref", "a")))
    data = [
        {"type": "references", "id": "doi.10.1_2Fx"},
        {"type": "references", "id": "ref.a"},
    ]
    assert relationships_of(cited) == {"references": {"data": data}}
    assert relationships_of(()) is None


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [(None, True), ((), False), (("nsites",), False), (("nsites", "references"), True)],
)
def test_when_relationships_are_told(shape, fields: tuple[str, ...] | None, wanted: bool) -> None:
    """Full answers tell them; with response_fields they are a field like others."""
    assert bool(related_fields(fields)) is wanted
    document: JsonObject = {"entry_id": "e", "references": ["a"], "optimade": {"nsites": 1}}
    resource, _ = shape(Entry("berlin", "e", document), fields)
    assert (resource.relationships is not None) is wanted
    assert "references" not in resource.attributes


def test_joined() -> None:
    """One reference of several sites: the first title, the last change, all structures."""
    x = Reference("doi", "10.1/x")
    parts = [
        Cited(x, None, 5, 2, ("a",)),
        Cited(x, "B", None, 3, ("b",)),
        Cited(x, "C", 9, 1, ("c",)),
    ]
    assert joined(parts) == Cited(x, "B", 9, 6, ("a", "b", "c"))
    assert joined(parts[:1]) == parts[0]
    assert joined([Cited(x)]) == Cited(x)


def test_cited_of_a_term() -> None:
    """The example tells of the very value; a value that NOMAD must not have indexed is none."""
    document: JsonObject = {"datasets": [{"doi": "other", "dataset_name": "Other"}, NAMED]}
    found = read_cited("doi", "10.1/x", document, site="s", structures=4)
    assert found == Cited(Reference("doi", "10.1/x"), "Set", MOMENT, 4, ("s",))
    assert read_cited("doi", "y", document, site="s", structures=1) == Cited(
        Reference("doi", "y"), None, None, 1, ("s",)
    )
    assert read_cited("ref", "", {}, site="s", structures=1) is None


FULL = Cited(Reference("doi", "10.1/x"), "Set", MOMENT, 7, ("a", "b"))
ATTRIBUTES: list[tuple[Cited, tuple[str, ...] | None, JsonObject]] = [
    (
        FULL,
        None,
        {
            "immutable_id": "doi.10.1_2Fx",
            "last_modified": "2021-01-02T00:00:00.000Z",
            "doi": "10.1/x",
            "url": "https://doi.org/10.1/x",
            "note": None,
            "title": "Set",
        },
    ),
    (
        Cited(Reference("ref", "see above")),
        None,
        {
            "immutable_id": "ref.see_20above",
            "last_modified": None,
            "doi": None,
            "url": None,
            "note": "see above",
            "title": None,
        },
    ),
    (FULL, (), {}),
    (FULL, ("id", "type"), {}),
    (FULL, ("_fed_sites", "_fed_structures"), {"_fed_sites": ["a", "b"], "_fed_structures": 7}),
    (FULL, ("year", "authors", "_exmpl_x"), {"year": None, "authors": None, "_exmpl_x": None}),
]


@pytest.mark.parametrize(("cited", "fields", "attributes"), ATTRIBUTES)
def test_attributes(cited: Cited, fields: tuple[str, ...] | None, attributes: JsonObject) -> None:
    """Exactly the attributes asked for; what is unknown is there as null."""
    resource = shape_reference(cited, fields=fields, catalogue=CATALOGUE, prefix="fed")
    assert resource.attributes == attributes
    assert (resource.type, resource.id) == ("references", cited.reference.id)


@pytest.mark.parametrize("name", ["10.1/x", "https://example.org/?a=b", "note", "doi:10.1/ä b"])
def test_model(name: str) -> None:
    """Resources are valid against optimade's model, and say something (section "References")."""
    for fields in (None, tuple(CATALOGUE)):
        cited = Cited(Reference("ref", name), structures=1, sites=("a",))
        resource = shape_reference(cited, fields=fields, catalogue=CATALOGUE, prefix="fed")
        reported = {key: resource.attributes[key] for key in ("doi", "url", "note", "title")}
        assert any(reported.values())
        ReferenceResource.model_validate(
            {"type": resource.type, "id": resource.id, "attributes": resource.attributes}
        )


def test_recorded_entries() -> None:
    """Real index documents tell their references."""
    found = set()
    for file in (Path(__file__).parent / "recorded").glob("*.json"):
        for entry in json.loads(file.read_text(encoding="utf-8")):
            found |= {one.reference.id for one in references_in(entry["document"])}
    assert any(id_.startswith("doi.10.17172_2FNOMAD") for id_ in found)
