"""The properties of `references` (OPTIMADE 1.3, section "References Entries") that NOMAD knows.

All of them are compared here: the gateway has the references of all sites in memory.
"""

from functools import lru_cache

from gateway.properties.native_query import Exists, NativeNode
from gateway.properties.property import Catalogue, Property

_SOMETIMES = Exists("metadata.references")
"""The value need not be known. No site is asked: the gateway has the references in memory."""
_BEFORE_NOTE = ("address", "annote", "booktitle", "chapter", "crossref", "edition", "howpublished",
                "institution", "journal", "key", "month")  # fmt: skip
_AFTER_NOTE = ("number", "organization", "pages", "publisher", "school", "series")
_PERSON_KEYS = ("name", "firstname", "lastname")


@lru_cache(maxsize=8)
def references_catalogue(prefix: str) -> Catalogue:
    """All properties of `references`: the standard's, then the gateway's own.

    Sortable is what the id alone decides, so that a walk has one order whichever sites answer.
    """
    every = (
        _text("id", sortable=True),
        _text("type"),
        _text("immutable_id", sortable=True),
        Property("last_modified", "timestamp", "local"),
        _absent_people("authors"),
        _absent_people("editors"),
        _text("doi", sortable=True, known=_SOMETIMES),
        _text("url", sortable=True, known=_SOMETIMES),
        *map(_absent, _BEFORE_NOTE),
        _text("note", sortable=True, known=_SOMETIMES),
        *map(_absent, _AFTER_NOTE),
        _text("title"),
        _absent("volume"),
        _absent("year"),
        _absent("bib_type"),
        Property(f"_{prefix}_sites", "list", "local", items="string", by_default=False),
        Property(f"_{prefix}_structures", "integer", "local", by_default=False),
    )
    return {one.name: one for one in every}


def _text(name: str, *, sortable: bool = False, known: NativeNode | bool = True) -> Property:
    quantity = name if sortable else None
    return Property(name, "string", "local", quantity=quantity, known=known, sortable=sortable)


def _absent(name: str) -> Property:
    return Property(name, "string", "absent", known=False)


def _absent_people(name: str) -> Property:
    return Property(name, "list", "absent", items="dictionary", known=False, keys=_PERSON_KEYS)
