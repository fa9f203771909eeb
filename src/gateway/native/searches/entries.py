"""Pages of index documents, merged: `entries/query` and GET `entries`.

Small pages come in one round trip. Where documents may be large, keys come first, then only the
page's documents, from the sites that serve them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.merge import Pin
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.asking import NativeAnswer, adapted, ask_sites, post
from gateway.native.call import Backend, NativeCall, owner_at
from gateway.native.dialect import for_version
from gateway.native.holders import Served, SiteQuery, object_of, site_query, with_more
from gateway.native.merge import MergedPage, NativeHit, merge_hits
from gateway.native.names import required_without, without_names
from gateway.native.order import Key, NativeOrder, Start, position, read_key, read_order, read_start
from gateway.native.reading.request import ENTRY_ID, WINDOW, NativeSearch, Required
from gateway.native.searches.attempts import FIRST, MOST_ROUNDS, Attempt
from gateway.native.searches.documents import (
    DOING,
    QUERY,
    read_documents,
    read_total,
    written_pagination,
    written_required,
)

SMALL_PAGE = 50
"""A page of whole documents up to this size comes at once from each site."""
FEW_NAMES, LIGHT_PAGE = 30, 1_000
"""So do pages of so many entries of which only so many named quantities are wanted."""


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
    sites: Mapping[str, NativeAnswer[SitePage]]
    has_documents: bool


class SeenTwiceError(Exception):
    """Entries that two sites gave, as what is known of copies is too old: asked again without the
    second ones; `again` are these by the site that is to leave them out."""

    def __init__(self, again: Mapping[str, tuple[str, ...]], holders: frozenset[str]) -> None:
        super().__init__()
        self.again = again
        self.holders = holders


class EntryPages:
    """Reads merged pages on behalf of one caller."""

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

    @property
    def sites(self) -> tuple[str, ...]:
        """Those that are asked: not the ones of which others serve everything."""
        served = self.served
        if served is None:
            return self.call.sites
        return tuple(site for site in self.call.sites if not served.serves_nothing(site))

    @property
    def can_come_whole(self) -> bool:
        """Whether documents come with the keys."""
        size, required = self.search.pagination.size, self.search.required
        if self.search.pagination.skip or (required is not None and required.exclude):
            return False
        if size <= SMALL_PAGE:
            return True
        include = None if required is None else required.include
        is_light = include is not None and len(include) <= FEW_NAMES
        is_named = is_light and not any("*" in name or name == "data" for name in include or ())
        return size <= LIGHT_PAGE and is_named

    async def read(self, *, fields: Sequence[str] | None = None) -> KeyPage:
        """The page; with `fields`, only these of each entry, else documents where they are small.

        Raises NativeError or SitesGoneError.
        """
        whole = fields is None and self.can_come_whole
        wanted = self.search.required if whole else Required((*(fields or ()), ENTRY_ID))
        pages = await ask_sites(
            {site: self._site_page(site, wanted) for site in self.sites},
            doing=DOING,
        )
        if self.served is not None and self.attempt.rounds < MOST_ROUNDS:
            self._check_once(pages)
        pagination = self.search.pagination
        page = merge_hits(
            {site: answer.value.hits for site, answer in pages.items()},
            self.order,
            skip=pagination.skip,
            size=pagination.size,
        )
        total = self._total(page, pages)
        self.attempt.check_found(total)
        return KeyPage(page, self._head(page, pages, total), pages, whole)

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

    def holders(self, page: MergedPage) -> dict[str, tuple[str, ...]]:
        """The sites that have each entry of a page: the one that serves it, then the others, as far
        as they are known."""
        found: dict[str, tuple[str, ...]] = {}
        for hit in page.hits:
            first = page.holders[hit.key.entry_id]
            upload_id = hit.document.get("upload_id")
            if self.served is not None and isinstance(upload_id, str):
                more = self.served.holders(upload_id, hit.key.entry_id)
                first = (
                    *first,
                    *(one for one in more if one not in first and one in self.call.sites),
                )
            found[hit.key.entry_id] = first
        return found

    def owner_of(self, site: str) -> str:
        """The owner that the site is asked for."""
        return owner_at(self.search.owner, self.clients[site], self.call.options(self.scope))

    def _check_once(self, pages: Mapping[str, NativeAnswer[SitePage]]) -> None:
        """Raise if an entry was given twice."""
        first: dict[str, str] = {}
        again: dict[str, tuple[str, ...]] = {}
        holders: set[str] = set()
        for site, answer in pages.items():
            for hit in answer.value.hits:
                holder = first.setdefault(hit.key.entry_id, site)
                if holder != site:
                    again[site] = (*again.get(site, ()), hit.key.entry_id)
                    holders |= {holder, site}
        if again:
            raise SeenTwiceError(again, frozenset(holders))

    async def _site_page(self, site: str, wanted: Required | None) -> NativeAnswer[SitePage]:
        async def ask(lacking: Collection[str]) -> SitePage:
            return await self._ask_page(site, wanted, lacking)

        return await adapted(ask)

    async def _ask_page(
        self, site: str, wanted: Required | None, lacking: Collection[str]
    ) -> SitePage:
        order, asked = self.order, self.asked(site, lacking)
        lacks_order = order.quantity in lacking
        after, total = self._after(lacks_order), None
        parts: list[NativeQuery] = []
        if self.start.missing_after is not None:
            known = order.known if not lacks_order else None
            if known is not None:
                parts.append({"not": known})
                total = await self._count(site, asked)
            order = replace(order, quantity=ENTRY_ID)
        elif lacks_order:
            order = replace(order, quantity=ENTRY_ID)
        query = with_more(asked, *parts)
        required = required_without(wanted, lacking)
        answer = await self._post(site, query.query, order=order, after=after, required=required)
        return self._read_page(site, answer, query, total=total, as_missing=order != self.order)

    def _after(self, lacks_order: bool) -> str | None:
        if self.start.missing_after is not None:
            return self.start.missing_after
        return None if lacks_order else self.start.after

    async def _count(self, site: str, asked: SiteQuery) -> int:
        body: JsonObject = {
            "owner": self.owner_of(site),
            "query": asked.query,
            "pagination": {"page_size": 0},
        }
        answer = await post(
            self.clients[site], QUERY, body, call=self.call, scope=self.scope, doing="count entries"
        )
        return read_total(site, answer)

    async def _post(
        self,
        site: str,
        query: NativeQuery,
        *,
        order: NativeOrder,
        after: str | None,
        required: Required | None,
    ) -> JsonObject:
        pagination = self.search.pagination
        asked: JsonObject = {"page_size": min(pagination.skip + pagination.size, WINDOW)}
        if pagination.size == 0:
            asked = {"page_size": 0}
        asked |= {"order_by": order.quantity, "order": order.direction}
        if after is not None:
            asked["page_after_value"] = after
        body: JsonObject = {"owner": self.owner_of(site), "query": query, "pagination": asked}
        if required is not None:
            body["required"] = written_required(required)
        return await post(
            self.clients[site], QUERY, body, call=self.call, scope=self.scope, doing=DOING
        )

    def _read_page(
        self,
        site: str,
        answer: JsonObject,
        asked: SiteQuery,
        *,
        total: int | None,
        as_missing: bool,
    ) -> SitePage:
        documents = read_documents(site, answer)
        hits = tuple(
            NativeHit(
                site,
                Key(None, str(one[ENTRY_ID])) if as_missing else read_key(one, self.order),
                one,
            )
            for one in documents
        )
        return SitePage(
            hits,
            read_total(site, answer) if total is None else total,
            asked.echo(answer.get("query")),
            object_of(answer.get("aggregations")),
            len(documents),
        )

    def _head(
        self, page: MergedPage, pages: Mapping[str, NativeAnswer[SitePage]], total: int
    ) -> JsonObject:
        pagination = self.search.pagination
        head: JsonObject = {
            "owner": self.search.owner,
            "query": echoed(pages),
            "pagination": written_pagination(pagination, total=total),
        }
        if 0 < len(page.hits) < total and len(page.hits) >= pagination.size:
            last = position(page.hits[-1].key, self.order, self._pin)
            object_of(head["pagination"])["next_page_after_value"] = last
        return head

    @property
    def _pin(self) -> Pin | None:
        """What a position of this walk keeps; None: no entry has copies that are left out."""
        served = self.served
        if served is None or (served.hides_nothing and not served.pin.away):
            return None
        return served.pin

    def _total(self, page: MergedPage, pages: Mapping[str, NativeAnswer[SitePage]]) -> int:
        """The exact sum; entries seen twice count once where all that match has been seen."""
        total = sum(answer.value.total for answer in pages.values())
        given = sum(answer.value.given for answer in pages.values())
        return total - page.twice if given == total else total


def echoed(pages: Mapping[str, NativeAnswer[SitePage]]) -> Json:
    """The caller's query as NOMAD repeats it: by a site that knows all its names, if any does."""
    ranked = sorted(pages.values(), key=lambda answer: len(answer.lacking))
    return ranked[0].value.query if ranked else {}
