"""The documents or archives of a page, read part by part at the sites that serve its entries.

In: the entries of a part, each with its holders. Out: the JSON text of each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject
from gateway.native.asking import adapted, post
from gateway.native.call import NativeCall
from gateway.native.names import required_without
from gateway.native.reading.request import ENTRY_ID, Required
from gateway.native.searches.bodies import Bodies
from gateway.native.searches.documents import DOING, QUERY, by_ids, read_documents, written_required
from gateway.native.searches.site_queries import SiteQueries
from gateway.native.searches.streamed import ReadPart

ARCHIVE_QUERY = "/entries/archive/query"
DOCUMENTS_AT_ONCE, ARCHIVES_AT_ONCE = 100, 20
"""Of one request to a site: whole documents take 25 kB, archives far more."""
LEAST_PART_S = 5.0
"""For each part of an answer, however little time was left when it began."""

ReadItems: TypeAlias = Callable[
    [str, Sequence[str], NativeCall, MemoryScope], Awaitable[list[JsonObject]]
]


@dataclass(frozen=True, slots=True)
class ItemSource:
    """Reads some entries at a site, at most `at_once` by one request."""

    read: ReadItems
    at_once: int


async def index_documents(queries: SiteQueries) -> ItemSource:
    """Reads index documents; raises NativeError if all sites lack a name of `required`."""
    required = queries.search.required
    if required is not None and required.include is not None:
        include = (*required.include, queries.search.pagination.order_by, ENTRY_ID)
        required = replace(required, include=tuple(dict.fromkeys(include)))
    lacking = {} if required is None else await _lacking(queries, required)

    async def read(
        site: str, ids: Sequence[str], call: NativeCall, scope: MemoryScope
    ) -> list[JsonObject]:
        async def ask(more: Collection[str]) -> list[JsonObject]:
            body = by_ids(queries.owner_of(site), ids)
            wanted = required_without(required, {*lacking.get(site, ()), *more})
            if wanted is not None:
                body["required"] = written_required(wanted)
            client = queries.clients[site]
            answer = await post(client, QUERY, body, call=call, scope=scope, doing=DOING)
            return read_documents(site, answer, most=len(ids), only=ids)

        return (await adapted(ask)).value

    return ItemSource(read, DOCUMENTS_AT_ONCE)


def archives(queries: SiteQueries) -> ItemSource:
    """Reads archives, of each what the search requires."""

    async def read(
        site: str, ids: Sequence[str], call: NativeCall, scope: MemoryScope
    ) -> list[JsonObject]:
        body = {**by_ids(queries.owner_of(site), ids), "required": queries.search.archive}
        client, doing = queries.clients[site], "read archives"
        answer = await post(client, ARCHIVE_QUERY, body, call=call, scope=scope, doing=doing)
        return read_documents(site, answer, most=len(ids), only=ids)

    return ItemSource(read, ARCHIVES_AT_ONCE)


def part_reader(queries: SiteQueries, source: ItemSource) -> ReadPart:
    """Reads parts of the page's entries, each with a deadline and memory of its own."""
    loop = asyncio.get_running_loop()
    deadline = queries.call.deadline
    part_s = None if deadline is None else max(deadline - loop.time(), LEAST_PART_S)

    async def read_part(holders: Mapping[str, Sequence[str]]) -> Mapping[str, bytes]:
        until = None if part_s is None else loop.time() + part_s
        call = replace(queries.call, deadline=until)

        async def read(site: str, ids: Sequence[str], scope: MemoryScope) -> list[JsonObject]:
            return await source.read(site, ids, call, scope)

        scope = MemoryScope()
        try:
            bodies = Bodies(queries.clients, read=read, portion=source.at_once, scope=scope)
            return await bodies.of(holders)
        finally:
            scope.close()

    return read_part


async def _lacking(queries: SiteQueries, required: Required) -> Mapping[str, Collection[str]]:
    """The names of `required` that each site lacks; raises NativeError if all lack one."""

    async def check(site: str, lacking: Collection[str]) -> None:
        wanted = required_without(required, lacking)
        assert wanted is not None
        body: JsonObject = {
            "owner": "public",
            "pagination": {"page_size": 0},
            "required": written_required(wanted),
        }
        await queries.post(site, body)

    answers = await queries.ask_all(
        {site: partial(check, site) for site in queries.sites}, doing=DOING
    )
    return {site: one.lacking for site, one in answers.items()}
