"""The data of one entry -> the resource that is served, and notices of flawed values."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, cast

from gateway.model import SEPARATOR, STRUCTURES, Entry, JsonObject, Notice, Resource, Site
from gateway.properties import LINKS, Catalogue
from gateway.shape.indexed import read_indexed
from gateway.shape.needs import default_fields, index_suffices
from gateway.shape.provenance import read_link, read_provenance
from gateway.shape.references import (
    Cited,
    metadata_of,
    references_in,
    relationships_of,
    wants_references,
)
from gateway.shape.stored import Flaw, PropertyValue, Stored, section
from gateway.shape.structures import STRUCTURAL, read_structure
from gateway.times import read_nomad_time

Reader: TypeAlias = Callable[[Entry, Site], PropertyValue]


class StructureShaper:
    """Shapes the entries of one request: what depends on its fields alone is looked up once."""

    def __init__(
        self, fields: tuple[str, ...] | None, *, catalogue: Catalogue, prefix: str
    ) -> None:
        self._names = default_fields(catalogue) if fields is None else fields
        self._catalogue = catalogue
        self._wants_references = wants_references(fields)
        self._meta = metadata_of(fields)
        self._structural = STRUCTURAL.intersection(self._names)
        own = f"_{prefix}_"
        self._readers = tuple(
            (name, read)
            for name in self._names
            if name not in self._structural
            if (read := _reader(name, catalogue, own=own)) is not None
        )
        readable = self._structural.union(name for name, _ in self._readers)
        self._served = tuple(name for name in self._names if name in readable)

    def shape(
        self, entry: Entry, site: Site
    ) -> tuple[Resource, tuple[Notice, ...], tuple[Cited, ...]]:
        """The resource with exactly the request's fields, what of the entry could not be used, and
        the references it has. Whatever the site sent, there is a resource."""
        notices: list[Notice] = []
        if entry.archive is None or section(entry.archive, "optimade") is None:
            notices += _archive_notices(entry, self._names, self._catalogue)
        values = read_structure(_stored(entry), self._structural)
        for name, read in self._readers:
            values[name] = read(entry, site)
        for name in self._served:
            value = values[name]
            if type(value) is Flaw:
                notices.append(_flaw_notice(entry, name, value))
                values[name] = value.served
        attributes = cast("JsonObject", {name: values[name] for name in self._served})
        cited = references_in(entry.document)
        relationships = relationships_of(cited) if self._wants_references else None
        resource = Resource(
            STRUCTURES,
            resource_id(entry),
            attributes,
            relationships,
            meta=self._meta,
            missing=entry.missing,
        )
        return resource, tuple(notices), cited


def shape_structure(
    entry: Entry, *, fields: tuple[str, ...] | None, catalogue: Catalogue, prefix: str, site: Site
) -> tuple[Resource, tuple[Notice, ...]]:
    """The resource of a structure with exactly these attributes (None: the default ones), and
    notices of what of it could not be used."""
    shaper = StructureShaper(fields, catalogue=catalogue, prefix=prefix)
    resource, notices, _ = shaper.shape(entry, site)
    return resource, notices


def resource_id(entry: Entry) -> str:
    """The `id` that an entry has here."""
    return f"{entry.site}{SEPARATOR}{entry.entry_id}"


def _reader(name: str, catalogue: Catalogue, *, own: str) -> Reader | None:
    """How to read a property that is not structural; None: it is no attribute."""
    found = catalogue.get(name)
    if found is not None and found.path is not None:
        indexed = found
        return lambda entry, _: read_indexed(entry.document, indexed)
    if name in LINKS:
        return lambda entry, site: read_link(name, entry=entry, site=site)
    if name.startswith(own):
        bare = name.removeprefix(own)
        return lambda entry, site: read_provenance(bare, entry=entry, site=site)
    match name:
        case "immutable_id":
            return lambda entry, _: entry.entry_id
        case "last_modified":
            return lambda entry, _: _last_modified(entry)
        case "id" | "type" | "references" | "property_metadata":  # beside the attributes
            return None
        case _:
            return lambda _, __: None


def _stored(entry: Entry) -> Stored:
    archive = entry.archive
    return Stored(
        index=section(entry.document, "optimade") or {},
        archive=None if archive is None else section(archive, "optimade"),
    )


def _last_modified(entry: Entry) -> PropertyValue:
    """`upload_create_time`, as the index compares it."""
    for source in (entry.document, entry.archive or {}):
        if (value := source.get("upload_create_time")) is not None:
            return read_nomad_time(value) or Flaw("what the site holds is not a date and time")
    return None


def _archive_notices(
    entry: Entry, names: tuple[str, ...], catalogue: Catalogue
) -> Iterator[Notice]:
    if entry.archive is None:
        happened = "cannot be read"
    elif section(entry.archive, "optimade") is None and not STRUCTURAL.isdisjoint(names):
        happened = "holds no structure"
    else:
        return
    has_index = section(entry.document, "optimade") is not None or entry.archive is None
    if not (has_index and index_suffices(names, catalogue)):
        yield Notice(
            title="Archive not available",
            detail=f"The archive of {resource_id(entry)} {happened}; "
            "it is served with what the index holds.",
            code="archive_missing",
        )


def _flaw_notice(entry: Entry, name: str, flaw: Flaw) -> Notice:
    served = "is served as unknown" if flaw.served is None else "is not served as it is stored"
    return Notice(
        title="Flawed property",
        detail=f"{name} of {resource_id(entry)} {served}: {flaw.reason}.",
        code="flawed_property",
    )
