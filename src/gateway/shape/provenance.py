"""Where an entry lives and who made it: what the gateway says of entries under its own prefix."""

from gateway.model import Entry, Json, Site
from gateway.shape.checks import is_list, is_object, is_text


def read_provenance(name: str, *, entry: Entry, site: Site) -> Json:
    """The value of one of our own properties, named without prefix; None when it is unknown."""
    match name:
        case "site":
            return site.name
        case "entry_page":
            return entry_page(site, entry.entry_id)
        case "api_url":
            return f"{site.url}/entries/{entry.entry_id}"
        case "upload_id" | "license":
            return _text(entry, name)
        case "authors":
            return _members(entry, "authors", "name")
        case "datasets":
            return _members(entry, "datasets", "dataset_name")
        case "dois":
            return _members(entry, "datasets", "doi")
        case _:
            return None


def read_link(name: str, *, entry: Entry, site: Site) -> str:
    """The value of one of the links that NOMAD's own OPTIMADE endpoint names."""
    if name == "_nmd_entry_page_url":
        return entry_page(site, entry.entry_id)
    part = "archive" if name == "_nmd_archive_url" else "raw"
    return f"{site.url}/entries/{entry.entry_id}/{part}"


def entry_page(site: Site, entry_id: str) -> str:
    """The entry's page in NOMAD's user interface.

    NOMAD's own links put the upload_id before the entry_id; its pages have not known that form
    since 1.3, at the latest, and show that no such entry exists.
    """
    return f"{site.url.removesuffix('/api/v1')}/gui/entry/id/{entry_id}"


def _text(entry: Entry, quantity: str) -> str | None:
    for source in (entry.document, entry.archive or {}):
        if is_text(value := source.get(quantity)):
            return value
    return None


def _members(entry: Entry, quantity: str, member: str) -> list[Json]:
    """Texts from the index only: the archive has ids of people and datasets."""
    value = entry.document.get(quantity)
    members = [one.get(member) for one in value if is_object(one)] if is_list(value) else []
    return list(dict.fromkeys(filter(is_text, members)))
