"""The data of one entry -> the resource that is served, and notices of flawed values."""

from collections.abc import Iterator
from typing import cast

from gateway.model import REFERENCES, STRUCTURES, Entry, Json, JsonObject, Notice, Resource, Site
from gateway.properties import Catalogue
from gateway.shape.indexed import read_indexed
from gateway.shape.needs import default_fields, index_suffices
from gateway.shape.provenance import read_provenance
from gateway.shape.references import references_in, relationships_of, wants_references
from gateway.shape.stored import Flaw, PropertyValue, Stored, section
from gateway.shape.structures import STRUCTURAL, read_structure
from gateway.shape.times import read_time


def shape_structure(
    entry: Entry, *, fields: tuple[str, ...] | None, catalogue: Catalogue, prefix: str, site: Site
) -> tuple[Resource, tuple[Notice, ...]]:
    """The resource of a structure with exactly these attributes (None: the default ones).

    Whatever the site sent, there is a resource; the notices say what of it could not be used.
    """
    names = default_fields(catalogue) if fields is None else fields
    notices = [*_archive_notices(entry, names, catalogue)]
    attributes: JsonObject = {}
    for name, value in _values(entry, names, catalogue, own=f"_{prefix}_", site=site):
        if isinstance(value, Flaw):
            notices.append(_flaw_notice(entry, name, value))
        attributes[name] = cast("Json", value.served if isinstance(value, Flaw) else value)
    related = references_in(entry.document) if wants_references(fields) else ()
    relationships = relationships_of(related)
    return Resource(STRUCTURES, resource_id(entry), attributes, relationships), tuple(notices)


def resource_id(entry: Entry) -> str:
    """The `id` that an entry has here."""
    return f"{entry.site}~{entry.entry_id}"


def _values(
    entry: Entry, names: tuple[str, ...], catalogue: Catalogue, *, own: str, site: Site
) -> Iterator[tuple[str, PropertyValue]]:
    structure = read_structure(_stored(entry), names)
    for name in names:
        found = catalogue.get(name)
        if name in structure:
            yield name, structure[name]
        elif found is not None and found.path is not None:
            yield name, read_indexed(entry.document, found)
        elif name.startswith(own):
            yield name, read_provenance(name.removeprefix(own), entry=entry, site=site)
        elif name == "immutable_id":
            yield name, entry.entry_id
        elif name == "last_modified":
            yield name, _last_modified(entry)
        elif name not in ("id", "type", REFERENCES):  # these stand beside the attributes
            yield name, None


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
            return read_time(value) or Flaw("what the site holds is not a date and time")
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
