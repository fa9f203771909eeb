"""What a NOMAD answered -> documents, archives, totals and buckets: checked, or a SiteError.

What comes back is not trusted; a wrong shape is an error that says what was wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from gateway.errors import SiteError
from gateway.model import Json, JsonObject

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

Archive: TypeAlias = Mapping[str, Json]
"""The `metadata` section of an archive, as far as it was asked for."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Index documents of one native page and the exact number of all that match."""

    documents: tuple[Mapping[str, Json], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Archives:
    """Archives of one native page by entry_id, in its order, and the exact number of all.

    None: the entry has no archive that could be read.
    """

    archives: Mapping[str, Archive | None]
    total: int


def read_total(site: str, answer: JsonObject, *, doing: str) -> int:
    """The number of all entries that match."""
    pagination = answer.get("pagination")
    total = pagination.get("total") if isinstance(pagination, dict) else None
    if isinstance(total, bool) or not isinstance(total, int) or not 0 <= total < 2**53:
        raise SiteError(site, doing=doing, happened="the answer has no proper total")
    return total


def read_documents(
    site: str, answer: JsonObject, *, doing: str, size: int
) -> tuple[Mapping[str, Json], ...]:
    """At most `size` documents, each of another entry."""
    data = answer.get("data")
    if not isinstance(data, list) or len(data) > size:
        happened = "the answer has no list of entries of the size asked for"
        raise SiteError(site, doing=doing, happened=happened)
    seen: set[str] = set()
    for document in data:
        entry_id = document.get("entry_id") if isinstance(document, dict) else None
        if not isinstance(entry_id, str) or not ENTRY_ID.fullmatch(entry_id):
            happened = "the answer has an entry without a proper entry_id"
            raise SiteError(site, doing=doing, happened=happened)
        if entry_id in seen:
            happened = f"the answer holds entry {entry_id} twice"
            raise SiteError(site, doing=doing, happened=happened)
        seen.add(entry_id)
    return tuple(cast("list[Mapping[str, Json]]", data))


def read_archives(
    site: str, answer: JsonObject, *, doing: str, size: int, sections: tuple[str, ...]
) -> dict[str, Archive | None]:
    """By entry_id; entries without a structure, or without files, have an empty section."""
    found: dict[str, Archive | None] = {}
    for document in read_documents(site, answer, doing=doing, size=size):
        archive = document.get("archive")
        metadata = archive.get("metadata") if isinstance(archive, dict) else None
        held = metadata if isinstance(metadata, dict) else {}
        wanted = {name: held[name] for name in sections if name in held}
        found[cast("str", document["entry_id"])] = wanted or None
    return found


def read_buckets(site: str, given: Json, *, name: str, kind: str, doing: str) -> list[Json]:
    """The buckets of one of the aggregations that were given."""
    one = given.get(name) if isinstance(given, dict) else None
    values = one.get(kind) if isinstance(one, dict) else None
    buckets = values.get("data") if isinstance(values, dict) else None
    if not isinstance(buckets, list):
        raise SiteError(site, doing=doing, happened="the answer has no list of values")
    return buckets
