"""One site's part of a page: its keys or documents in NOMAD's order, checked.

A site that lacks the quantity of the order gives its entries as those without a value, by entry_id.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.errors import SiteError
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.holders import SiteQuery, with_more
from gateway.native.merge import NativeHit
from gateway.native.names import required_without
from gateway.native.order import Key, Start, comes_after, read_key
from gateway.native.reading.request import ENTRY_ID, WINDOW, Required
from gateway.native.searches.documents import DOING, read_documents, read_total, written_required
from gateway.native.searches.site_queries import SiteQueries


@dataclass(frozen=True, slots=True)
class SitePage:
    """One site's part of a page."""

    hits: tuple[NativeHit, ...]
    total: int
    query: Json
    """The echo of the caller's query."""


async def read_site_page(
    queries: SiteQueries, site: str, wanted: Required | None, lacking: Collection[str]
) -> SitePage:
    """The first entries of a page at a site that lacks some names; raises SiteError."""
    return await _SitePageReader(queries, site, lacking).read(wanted)


class _SitePageReader:
    """Reads the page of a site that lacks some names."""

    def __init__(self, queries: SiteQueries, site: str, lacking: Collection[str]) -> None:
        self._queries = queries
        self._site = site
        self._lacking = lacking
        self._lacks_order = queries.order.quantity in lacking
        self._is_past_values = queries.start.missing_after is not None

    async def read(self, wanted: Required | None) -> SitePage:
        """The page, in one request, or two where its total needs one of its own."""
        asked = self._queries.asked(self._site, self._lacking)
        query, total = asked, None
        known = None if self._lacks_order else self._queries.order.known
        if self._is_past_values and known is not None:
            query = with_more(asked, {"not": known})
            total = await self._count(asked)
        answer = await self._post(query.query, required_without(wanted, self._lacking))
        documents = self._documents(answer, is_counted=total is None)
        return SitePage(
            self._hits(documents),
            read_total(self._site, answer) if total is None else total,
            query.echo(answer.get("query")),
        )

    @property
    def _size(self) -> int:
        """How many entries the site is asked for."""
        pagination = self._queries.search.pagination
        return min(pagination.skip + pagination.size, WINDOW) if pagination.size else 0

    @property
    def _gives_no_values(self) -> bool:
        """Whether the entries of this page have no value to be ordered by."""
        return self._is_past_values or self._lacks_order

    async def _count(self, asked: SiteQuery) -> int:
        body: JsonObject = {
            "owner": self._queries.owner_of(self._site),
            "query": asked.query,
            "pagination": {"page_size": 0},
        }
        return read_total(
            self._site, await self._queries.post(self._site, body, doing="count entries")
        )

    async def _post(self, query: NativeQuery, required: Required | None) -> JsonObject:
        body: JsonObject = {
            "owner": self._queries.owner_of(self._site),
            "query": query,
            "pagination": self._pagination(),
        }
        if required is not None:
            body["required"] = written_required(required)
        return await self._queries.post(self._site, body)

    def _pagination(self) -> JsonObject:
        order, start = self._queries.order, self._queries.start
        if self._gives_no_values:
            order = replace(order, quantity=ENTRY_ID)
        asked: JsonObject = {
            "page_size": self._size,
            "order_by": order.quantity,
            "order": order.direction,
        }
        after = start.missing_after if self._gives_no_values else start.after
        if after is not None:
            asked["page_after_value"] = after
        return asked

    def _documents(self, answer: JsonObject, *, is_counted: bool) -> list[JsonObject]:
        """The documents, of which there are as many as the total says."""
        documents = read_documents(self._site, answer, most=self._size)
        total = read_total(self._site, answer)
        is_first = is_counted and self._queries.start == Start()
        if len(documents) > total or (is_first and len(documents) < min(self._size, total)):
            happened = f"{len(documents)} entries came of a total of {total}"
            raise SiteError(self._site, doing=DOING, happened=happened)
        return documents

    def _hits(self, documents: list[JsonObject]) -> tuple[NativeHit, ...]:
        hits = tuple(map(self._hit, documents))
        order, start = self._queries.order, self._queries.start
        if not all(comes_after(hit.key, order, start) for hit in hits):
            happened = "the answer is not in the order asked"
            raise SiteError(self._site, doing=DOING, happened=happened)
        return hits

    def _hit(self, document: JsonObject) -> NativeHit:
        if self._gives_no_values:
            key = Key(None, str(document[ENTRY_ID]))
        else:
            key = read_key(document, self._queries.order)
        return NativeHit(self._site, key, document)
