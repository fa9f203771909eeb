"""Which copy of an entry a federation serves, by the rules of docs/explanation/copies.md.

It shares nothing with the gateway: all copies of all sites in one list, and a sort.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.parse import read_filter
from tests.laws.entries import entry_of
from tests.laws.evaluator import Entry, evaluate, instant

ONE_ID = re.compile(r'id ?= ?"(?P<site>[a-z0-9-]+)~(?P<entry>[A-Za-z0-9_-]+)"')
"""A filter that is an id and nothing else: it is answered for every holder."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One entry as one site holds it."""

    site: str
    upload_id: str
    processed: int
    """When, in milliseconds."""
    entry: Entry

    @property
    def entry_id(self) -> str:
        return str(self.entry["immutable_id"])


def copy_of(document: Mapping[str, Any], archive: Mapping[str, Any], *, site: str) -> Copy:
    """Of what a site says of an entry."""
    processed = int(instant(document["last_processing_time"]))
    entry = entry_of(document, archive, site=site)
    return Copy(site, document["upload_id"], processed, entry)


def served(copies: Iterable[Copy], sites: Sequence[str]) -> dict[str, Copy]:
    """By entry_id, each once: of the site with the most entries of the upload, then the newest
    processing, then the first of `sites`."""
    every = [one for one in copies if one.site in sites]
    sizes = Counter((one.site, one.upload_id) for one in every)
    newest: dict[tuple[str, str], int] = {}
    for one in every:
        key = (one.site, one.upload_id)
        newest[key] = max(one.processed, newest.get(key, 0))

    def rank(one: Copy) -> tuple[int, int, int]:
        key = (one.site, one.upload_id)
        return -sizes[key], -newest[key], sites.index(one.site)

    found: dict[str, Copy] = {}
    for one in sorted(every, key=rank):
        found.setdefault(one.entry_id, one)
    return found


def expected_ids(text: str, copies: Sequence[Copy], served_: Mapping[str, Copy]) -> list[str]:
    """The ids that the federation answers to a filter, in the order of a listing."""
    if (named := ONE_ID.fullmatch(text.strip())) is not None:
        found = [one for one in copies if one.site == named["site"]]
        return [str(one.entry["id"]) for one in found if one.entry_id == named["entry"]]
    tree = read_filter(text)
    found = [one for one in served_.values() if evaluate(tree, one.entry) is True]
    return [str(one.entry["id"]) for one in sorted(found, key=lambda one: one.entry_id)]
