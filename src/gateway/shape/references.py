"""References: read from index documents, joined over sites, and made into resources."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from gateway.model import PROPERTY_METADATA, REFERENCES, Json, JsonObject, Resource
from gateway.properties import Catalogue
from gateway.references import REMEMBERED_LENGTH, Kind, Reference, is_indexed
from gateway.shape.checks import is_list, is_object, is_text
from gateway.shape.needs import default_fields
from gateway.times import read_nomad_milliseconds, read_nomad_time

RELATED_FIELDS = (
    "references",
    "datasets.doi",
    "datasets.dataset_name",
    "datasets.dataset_modified_time",
)
"""The parts of an index document that name the references of an entry."""

ReferenceValues: TypeAlias = dict[str, str | int | float | bool | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cited:
    """A reference and what is known of it; what is None or empty is not known."""

    reference: Reference
    title: str | None = None
    last_modified: int | None = None
    """Milliseconds since 1970."""
    structures: int | None = None
    """How many structures have it, at all these sites."""
    sites: tuple[str, ...] = ()

    def values(self, prefix: str) -> ReferenceValues:
        """The values by property, as they are compared; what is not known is left out."""
        reference = self.reference
        id_, url = reference.id, reference.url
        known = {
            "id": id_,
            "type": REFERENCES,
            "immutable_id": id_,
            "last_modified": self.last_modified,
            "doi": reference.doi,
            "url": url,
            "note": None if url else reference.note,
            "title": self.title,
            f"_{prefix}_sites": self.sites or None,
            f"_{prefix}_structures": self.structures,
        }
        return {name: value for name, value in known.items() if value is not None}


def wants_references(fields: tuple[str, ...] | None) -> bool:
    """Whether an answer with these `response_fields` has relationships: JSON:API counts them
    among the fields (section "Sparse Fieldsets" there)."""
    return fields is None or REFERENCES in fields


def related_fields(fields: tuple[str, ...] | None) -> tuple[str, ...]:
    """The parts of index documents that are needed for the relationships in such an answer."""
    return RELATED_FIELDS if wants_references(fields) else ()


def references_in(document: Mapping[str, Json]) -> tuple[Cited, ...]:
    """The references of one entry: its datasets' DOIs, then its own `references`, each once."""
    if not document.get("datasets") and not document.get("references"):
        return ()
    found: dict[Reference, Cited] = {}
    for one in (*_datasets(document), *_texts(document)):
        found.setdefault(one.reference, one)
    return tuple(found.values())


def read_cited(
    kind: Kind, value: str, document: Mapping[str, Json], *, site: str, structures: int
) -> Cited | None:
    """A reference from a value in a site's index and an entry that has it; None: it is none."""
    if not is_indexed(value):
        return None
    wanted = Reference(kind, value)
    found = next((one for one in references_in(document) if one.reference == wanted), Cited(wanted))
    return Cited(wanted, found.title, found.last_modified, structures, (site,))


def joined(parts: Iterable[Cited]) -> Cited:
    """One reference of several sites; where they differ, the first title and the last change."""
    every = tuple(parts)
    if len(every) == 1:
        return every[0]
    moments = [one.last_modified for one in every if one.last_modified is not None]
    return Cited(
        every[0].reference,
        next((one.title for one in every if one.title is not None), None),
        max(moments, default=None),
        sum(one.structures or 0 for one in every),
        tuple(dict.fromkeys(site for one in every for site in one.sites)),
    )


def relationships_of(cited: Iterable[Cited]) -> JsonObject | None:
    """The `relationships` of an entry with these references; None: it has none."""
    data: list[Json] = [{"type": REFERENCES, "id": one.reference.id} for one in cited]
    return {REFERENCES: {"data": data}} if data else None


def metadata_of(fields: tuple[str, ...] | None) -> JsonObject | None:
    """The `meta` of each resource, where metadata of its properties is asked for: none has any."""
    return {PROPERTY_METADATA: {}} if fields is not None and PROPERTY_METADATA in fields else None


def shape_reference(
    cited: Cited, *, fields: tuple[str, ...] | None, catalogue: Catalogue, prefix: str
) -> Resource:
    """The resource of a reference with exactly these attributes (None: the default ones)."""
    names = default_fields(catalogue) if fields is None else fields
    values = cited.values(prefix)
    attributes: JsonObject = {
        name: _served(values.get(name), is_time=name == "last_modified")
        for name in names
        if name not in ("id", "type", PROPERTY_METADATA)
    }
    return Resource(REFERENCES, cited.reference.id, attributes, meta=metadata_of(fields))


def _served(value: "str | float | bool | tuple[str, ...] | None", *, is_time: bool) -> Json:
    if isinstance(value, tuple):
        return list(value)
    return read_nomad_time(value) if is_time else value


def _datasets(document: Mapping[str, Json]) -> Iterator[Cited]:
    datasets = document.get("datasets")
    for one in datasets if is_list(datasets) else ():
        doi = one.get("doi") if is_object(one) else None
        if is_object(one) and is_text(doi) and is_indexed(doi):
            name, modified = one.get("dataset_name"), one.get("dataset_modified_time")
            title = name if is_text(name) else None
            yield _cited("doi", doi, title, read_nomad_milliseconds(modified))


def _texts(document: Mapping[str, Json]) -> Iterator[Cited]:
    texts = document.get("references")
    for text in texts if is_list(texts) else (texts,):
        if is_text(text) and is_indexed(text):
            yield _cited("ref", text)


def _cited(kind: Kind, value: str, title: str | None = None, moment: int | None = None) -> Cited:
    is_short = len(value) + len(title or "") <= REMEMBERED_LENGTH
    return (_remembered if is_short else _made)(kind, value, title, moment)


def _made(kind: Kind, value: str, title: str | None, moment: int | None) -> Cited:
    return Cited(Reference(kind, value), title, moment)


_remembered = lru_cache(maxsize=4096)(_made)
"""The entries of a dataset refer to the same few things."""
