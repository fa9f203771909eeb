"""One search answered: keys, bodies and head put together as NOMAD writes its answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import orjson

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject, NativeQuery
from gateway.native.aggregations.merged import aggregate
from gateway.native.asking import SitesUnavailableError, both_of
from gateway.native.call import PERSONAL, Backend, NativeCall, sites_for
from gateway.native.echo import plain_echo
from gateway.native.holders import Served
from gateway.native.links import page_links
from gateway.native.order import read_order, read_start
from gateway.native.reading.pinned import pinned_ids
from gateway.native.reading.request import NativeSearch
from gateway.native.refusals import passed_on
from gateway.native.searches.attempts import Attempt, standing_in
from gateway.native.searches.batches import Batches
from gateway.native.searches.entries import SeenTwiceError, can_come_whole, read_page
from gateway.native.searches.lately_served import LatelyServed
from gateway.native.searches.part_reading import archives, index_documents, part_reader
from gateway.native.searches.pinned_archives import PinnedArchives
from gateway.native.searches.site_queries import SiteQueries
from gateway.native.searches.streamed import ReadPart, StreamedAnswer

Answered: TypeAlias = "bytes | StreamedAnswer"
"""The JSON text, whole or in pieces."""
Answer: TypeAlias = Callable[[SiteQueries], Awaitable[Answered]]


class Searching:
    """Searches on behalf of one caller; each gives the JSON text of the answer."""

    def __init__(
        self,
        *,
        call: NativeCall,
        backend: Backend,
        scope: MemoryScope,
        batches: Batches,
        served: LatelyServed,
    ) -> None:
        self._call = call
        self._served = served
        self._batches = batches
        self._backend = backend
        self._copies = backend.entry_copies
        self._scope = scope

    async def entries(self, search: NativeSearch) -> Answered:
        """A page of index documents, and what is aggregated over all that match."""
        return await self._answered(search, self._entries)

    async def archives(self, search: NativeSearch) -> Answered:
        """A page of archives."""
        return await self._answered(search, self._archives)

    async def _answered(self, search: NativeSearch, answer: Answer) -> Answered:
        """The answer; again without a site that fails, where others stand in for it, and again
        without copies that were not known."""
        call = replace(self._call, sites=sites_for(search.owner, self._call, self._backend.clients))
        attempt = Attempt()
        while True:
            queries = await self._queries(search, call, attempt)
            try:
                return await answer(queries)
            except SeenTwiceError as error:
                attempt = self._without(queries, error)
            except SitesUnavailableError as error:
                attempt = await standing_in(
                    attempt, error, search=search, call=call, copies=self._copies
                )
            except SiteError as error:
                raise passed_on(error, alone=False) from None

    async def _queries(
        self, search: NativeSearch, call: NativeCall, attempt: Attempt
    ) -> SiteQueries:
        served = None
        if search.owner not in PERSONAL:  # whose entries those are differs between sites
            pin = read_start(read_order(search.pagination), search.pagination.after).pin
            served = await self._copies.served(call.sites, pin=pin, away=attempt.missing)
        if attempt.without and attempt.conditions != conditions_of(served, call):
            attempt = replace(attempt, without={})  # other sites may serve these entries now
        return SiteQueries(
            search,
            call=call.without(attempt.missing),
            backend=self._backend,
            scope=self._scope,
            served=served,
            attempt=attempt,
        )

    def _without(self, queries: SiteQueries, error: SeenTwiceError) -> Attempt:
        attempt = queries.attempt
        if self._call.token is None:  # who sees more sees other copies
            self._copies.suspect(error.holders)
        again = dict(attempt.without)
        for site, ids in error.again.items():
            again[site] = (*again.get(site, ()), *ids)
        conditions = conditions_of(queries.served, self._call)
        return replace(attempt, without=again, conditions=conditions, rounds=attempt.rounds + 1)

    async def _entries(self, queries: SiteQueries) -> Answered:
        keys = (queries.search.pagination.order_by, "upload_id")
        fields = None if can_come_whole(queries.search) else keys
        page, counted = await both_of(read_page(queries, fields=fields), aggregate(queries))
        required = queries.search.required
        if self._call.token is None:  # others may not see what its user sees
            self._served.remember(page.page)
        head = dict(page.head)
        if required is not None:
            head["required"] = required.echo(queries.search.pagination.order_by)
        if queries.search.aggregations:
            head["aggregations"] = counted
        if page.has_documents:
            return self._written(head, [orjson.dumps(hit.document) for hit in page.page.hits])
        read = part_reader(queries, await index_documents(queries))
        return await self._streamed(head, queries.holders(page.page), read=read)

    async def _archives(self, queries: SiteQueries) -> Answered:
        search = queries.search
        ids = pinned_ids(search.query)
        if ids is not None and PinnedArchives.can_read(search, ids):
            try:
                found = await PinnedArchives(
                    queries, ids, batches=self._batches, served=self._served
                ).read()
            except AnswerTooLargeError:
                found = None
            if found is not None:
                return self._written(*found)
        page = await read_page(queries, fields=(search.pagination.order_by, "upload_id"))
        head = {**page.head, "query": plain_echo(page.head["query"]), "required": search.archive}
        read = part_reader(queries, archives(queries))
        return await self._streamed(head, queries.holders(page.page), read=read)

    async def _streamed(
        self, head: JsonObject, holders: Mapping[str, Sequence[str]], *, read: ReadPart
    ) -> Answered:
        """The items in the order of `holders`, read part by part; an entry that no holder gives has
        none."""
        begun = orjson.dumps(self._whole_head(head))[:-1]
        answer = StreamedAnswer(begun + b',"data":[', holders, read=read)
        whole = await answer.begin()
        return answer if whole is None else whole

    def _written(self, head: JsonObject, data: Sequence[bytes]) -> bytes:
        """The whole answer."""
        fragments = [orjson.Fragment(one) for one in data]
        return orjson.dumps({**self._whole_head(head), "data": fragments})

    def _whole_head(self, head: JsonObject) -> JsonObject:
        """What stands before the items, its members in NOMAD's order."""
        pagination = head["pagination"]
        if self._call.address and isinstance(pagination, dict):
            head = {**head, "pagination": {**pagination, **page_links(self._call, pagination)}}
        ordered = ("owner", "query", "pagination", "required", "aggregations")
        return {name: head[name] for name in ordered if name in head}


def conditions_of(served: Served | None, call: NativeCall) -> tuple[NativeQuery | None, ...]:
    """What holds for the entries that each site serves."""
    return () if served is None else tuple(served.condition(site) for site in call.sites)
