"""What one stub site holds: many entries made of few templates, cut and written ahead.

Documents and archives are those of the demo Oases, cut by the demo's own rules, so that a stub
answers what a NOMAD answers; only the ids are its own. An entry costs no memory but its id.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

import orjson

from gateway.demo.quantities import read_catalogue
from gateway.demo.request.required import project_document, read_required
from gateway.demo.request.required_archive import project_archive, read_required_archive
from gateway.demo.store import Entry, read_entries

VERSION = "2.0.0"
DATA = ("berlin", "munich", "dresden")
TEMPLATES = 250
LARGEST_ARCHIVE = 4_000
"""Bytes; what is left has 1.5 kB on average, as small archives of real Oases have."""
ONLY_IN_ARCHIVES = ("lattice_vectors", "cartesian_site_positions", "species", "species_at_sites")
_ID = "@entry-id@"

Pieces = tuple[bytes, ...]
"""A written template, split where the id goes."""


@lru_cache(1)
def read_templates() -> tuple[Entry, ...]:
    """Structures of the demo, whole and of ordinary size, without their ids."""
    entries = (entry for name in DATA for entry in read_entries(name, version=VERSION))
    small = [entry for entry in entries if _is_whole(entry) and _size(entry) < LARGEST_ARCHIVE]
    return tuple(map(_without_id, small[:: max(1, len(small) // TEMPLATES)][:TEMPLATES]))


class StubEntries:
    """The entries of one site, in the order of their ids."""

    def __init__(self, site: str, count: int) -> None:
        self.ids = sorted(_make_id(site, number) for number in range(count))
        self.upload_id = f"upload-of-{site}"
        self._templates = read_templates()
        self._catalogue = read_catalogue(VERSION)
        self._cut: dict[tuple[str, bytes], list[Pieces]] = {}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The place of each id."""
        return {entry_id: number for number, entry_id in enumerate(self.ids)}

    def newest(self, quantity: str) -> Sequence[int]:
        """The number of an entry that has the latest time in this quantity; some have none."""
        times = [
            str(entry.document.get(quantity, "")) for entry in self._templates[: len(self.ids)]
        ]
        return [max(range(len(times)), key=times.__getitem__)] if times else []

    def documents(self, numbers: Sequence[int], required: object) -> bytes:
        """Index documents as members of a JSON list."""
        return self._written("documents", numbers, required)

    def archives(self, numbers: Sequence[int], required: object) -> bytes:
        """Archives as members of a JSON list."""
        return self._written("archives", numbers, required)

    def _written(self, kind: str, numbers: Sequence[int], required: object) -> bytes:
        key = (kind, orjson.dumps(required))
        cut = self._cut.get(key)
        if cut is None:
            cut = self._cut[key] = self._cut_all(kind, required)
        ids, count = self.ids, len(cut)
        return b",".join([ids[one].encode().join(cut[one % count]) for one in numbers])

    def _cut_all(self, kind: str, required: object) -> list[Pieces]:
        cut = self._document if kind == "documents" else self._archive
        own = orjson.dumps(self.upload_id)
        written = [
            orjson.dumps(cut(entry, required)).replace(
                orjson.dumps(entry.document["upload_id"]), own
            )
            for entry in self._templates
        ]
        return [tuple(one.split(_ID.encode())) for one in written]

    def _document(self, entry: Entry, required: object) -> object:
        patterns = read_required(required, order_by="entry_id", catalogue=self._catalogue)
        return project_document(entry.document, patterns)

    def _archive(self, entry: Entry, required: object) -> object:
        names = ("entry_id", "upload_id", "parser_name")
        wanted = read_required_archive(required)
        item = {name: entry.document[name] for name in names}
        return {**item, "archive": project_archive(entry.archive, wanted)}


def _make_id(site: str, number: int) -> str:
    digest = hashlib.sha224(f"{site} {number}".encode()).digest()[:21]
    return urlsafe_b64encode(digest).decode()


def _is_whole(entry: Entry) -> bool:
    """Whether it has all that only archives hold, so that an unread archive is seen."""
    return all(name in _optimade(entry) for name in ONLY_IN_ARCHIVES)


def _size(entry: Entry) -> int:
    return len(orjson.dumps(_optimade(entry)))


def _optimade(entry: Entry) -> Mapping[str, object]:
    metadata = entry.archive.get("metadata")
    optimade = metadata.get("optimade") if isinstance(metadata, dict) else None
    return optimade if isinstance(optimade, dict) else {}


def _without_id(entry: Entry) -> Entry:
    old = orjson.dumps(entry.entry_id)
    new = orjson.dumps(_ID)
    parts = (entry.document, entry.archive)
    document, archive = (orjson.loads(orjson.dumps(part).replace(old, new)) for part in parts)
    return Entry(document, archive)
