"""What sites give of a page before its documents are read, and the merged keys of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import Json, JsonObject
from gateway.native.asking import Said
from gateway.native.merge import MergedPage, NativeHit


@dataclass(frozen=True, slots=True)
class SitePage:
    """One site's part of a page."""

    hits: tuple[NativeHit, ...]
    total: int
    query: Json
    """The echo of the caller's query."""
    aggregations: JsonObject
    given: int
    """How many it gave."""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """The merged keys of a page and what NOMAD's answer says around them."""

    page: MergedPage
    head: JsonObject
    sites: Mapping[str, Said[SitePage]]
    has_documents: bool


class SeenTwiceError(Exception):
    """Entries that two sites gave, as what is known of copies is too old: asked again without the
    second ones; `again` are these by the site that is to leave them out."""

    def __init__(self, again: Mapping[str, tuple[str, ...]], holders: frozenset[str]) -> None:
        super().__init__()
        self.again = again
        self.holders = holders


def echoed(pages: Mapping[str, Said[SitePage]]) -> Json:
    """The caller's query as NOMAD repeats it: by a site that knows all its names, if any does."""
    ranked = sorted(pages.values(), key=lambda said: len(said.lacking))
    return ranked[0].value.query if ranked else {}
