"""What each site is asked for one search: which sites, with which query, for which owner."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

import orjson

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject, NativeQuery
from gateway.native.asking import Ask, NativeAnswer, ask_adapted, post
from gateway.native.call import Backend, NativeCall, owner_at
from gateway.native.dialect import for_version
from gateway.native.holders import Served, SiteQuery, site_query, with_more
from gateway.native.merge import MergedPage, NativeHit
from gateway.native.names import without_names
from gateway.native.order import NativeOrder, Start, read_order, read_start
from gateway.native.reading.request import NativeSearch
from gateway.native.searches.attempts import FIRST, Attempt
from gateway.native.searches.documents import DOING, QUERY

T = TypeVar("T")


class SiteQueries:
    """One attempt at a search on behalf of one caller."""

    def __init__(
        self,
        search: NativeSearch,
        *,
        call: NativeCall,
        backend: Backend,
        scope: MemoryScope,
        served: Served | None = None,
        attempt: Attempt = FIRST,
    ) -> None:
        self.search = search
        self.call = call
        self.served = served
        self.scope = scope
        self.clients = backend.clients
        self.versions = backend.versions()
        self.order: NativeOrder = read_order(search.pagination)
        self.start: Start = read_start(self.order, search.pagination.after)
        self.attempt = attempt
        self._bytes: int | None = None
        """Of the caller's query, once it has been written."""

    @property
    def sites(self) -> tuple[str, ...]:
        """Those that are asked: not the ones of which others serve everything."""
        served = self.served
        if served is None:
            return self.call.sites
        return tuple(site for site in self.call.sites if not served.serves_nothing(site))

    def asked(
        self, site: str, lacking: Collection[str], *, of: NativeQuery | None = None
    ) -> SiteQuery:
        """The caller's query, or another one, for one site, of what it serves."""
        query = without_names(self.search.query if of is None else of, lacking)
        without = self.attempt.without.get(site, ())
        asked = site_query(self.served, site, query, without=without)
        return replace(asked, query=for_version(asked.query, self.versions.get(site)))

    def plainly_asked(
        self, site: str, lacking: Collection[str], *conditions: NativeQuery
    ) -> SiteQuery:
        """The caller's query for one site, of all that it has, with conditions of ours."""
        query = without_names(self.search.query, lacking)
        asked = with_more(SiteQuery(query, is_wrapped=False), *conditions)
        return replace(asked, query=for_version(asked.query, self.versions.get(site)))

    def owner_of(self, site: str) -> str:
        """The owner that the site is asked for."""
        return owner_at(self.search.owner, self.clients[site], self.call.options(self.scope))

    def holders(self, page: MergedPage) -> dict[str, tuple[str, ...]]:
        """The sites that have each entry of a page: the one that serves it, then the others, as far
        as they are known."""
        return {hit.key.entry_id: self._holders_of(hit, page) for hit in page.hits}

    async def ask_all(
        self, asks: Mapping[str, Ask[T]], *, doing: str
    ) -> dict[str, NativeAnswer[T]]:
        """What several sites answer, each without the names that it lacks; as `ask_sites`."""
        if self._bytes is None:
            self._bytes = len(orjson.dumps(self.search.query))
        return await ask_adapted(asks, doing=doing, size=self._bytes)

    async def post(
        self, site: str, body: JsonObject, *, path: str = QUERY, doing: str = DOING
    ) -> JsonObject:
        """The site's answer, decoded within this search's memory; raises SiteError."""
        client = self.clients[site]
        return await post(client, path, body, call=self.call, scope=self.scope, doing=doing)

    def _holders_of(self, hit: NativeHit, page: MergedPage) -> tuple[str, ...]:
        given = page.holders[hit.key.entry_id]
        upload_id = hit.document.get("upload_id")
        if self.served is None or not isinstance(upload_id, str):
            return given
        known = self.served.holders(upload_id, hit.key.entry_id)
        return (*given, *(one for one in known if one not in given and one in self.call.sites))
