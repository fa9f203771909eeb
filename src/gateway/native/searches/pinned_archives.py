"""Archives whose entries the query names: one round trip, as each is only at its holders.

This is how `nomad.client.ArchiveQuery` downloads, and it pairs answers with ids by position.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import orjson

from gateway.errors import SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.asking import NativeAnswer, adapted, ask_sites, post, try_sites
from gateway.native.holders import Served, object_of
from gateway.native.reading.pinned import split_ids
from gateway.native.reading.request import ENTRY_ID, NativeSearch
from gateway.native.searches.batches import Ask, BatchAnswer, Batches
from gateway.native.searches.documents import (
    by_ids,
    read_documents,
    read_total,
    written_pagination,
)
from gateway.native.searches.lately_served import LatelyServed
from gateway.native.searches.site_queries import SiteQueries

MOST = 100
"""Entries that are read so: all in one answer of a site."""
ARCHIVES = "/entries/archive/query"
DOING, LOOKING = "read archives", "look for entries"
KEYS = (ENTRY_ID, "upload_id")


@dataclass(frozen=True, slots=True)
class _Part:
    documents: list[JsonObject]
    total: int
    query: Json


class PinnedArchives:
    """Reads one page of named entries."""

    def __init__(
        self, queries: SiteQueries, ids: Sequence[str], *, batches: Batches, served: LatelyServed
    ) -> None:
        self._queries = queries
        self._batches = batches
        self._served = served
        self._ids = ids

    @staticmethod
    def can_read(search: NativeSearch, ids: Sequence[str]) -> bool:
        """Whether the page holds all that can match, in the order of ids."""
        page = search.pagination
        is_plain = page.order_by == ENTRY_ID and not page.skip and page.after is None
        return is_plain and len(ids) <= min(page.size, MOST)

    async def read(self) -> tuple[JsonObject, list[bytes]] | None:
        """Head and bodies; None: some site has no archive of an entry, so others are asked."""
        queries = self._queries
        answers = await self._answers()
        parts = {site: one.value for site, one in answers.items()}
        if any(len(part.documents) < part.total for part in parts.values()):
            return None
        found: dict[str, JsonObject] = {}
        served = queries.served
        for site in parts if served is None else served.preferred(parts):
            for document in parts[site].documents:
                found.setdefault(str(document[ENTRY_ID]), document)
        absent = [one for one in self._ids if one not in found]
        if absent and served is not None and not served.hides_nothing:
            found |= await self._from_others(absent, served)
        queries.attempt.check_found(len(found))
        search = queries.search
        ids = sorted(found, reverse=search.pagination.is_descending)
        echo = min(answers.values(), key=lambda one: len(one.lacking)).value.query
        head: JsonObject = {
            "owner": search.owner,
            "query": echo,
            "pagination": written_pagination(search.pagination, total=len(ids)),
            "required": search.archive,
        }
        return head, [orjson.dumps(found[one]) for one in ids]

    async def _answers(self) -> dict[str, NativeAnswer[_Part]]:
        """What the sites that lately served the ids have of them, if that is all; else what all
        sites have. Requests of several callers go together, unless that has just failed."""
        queries, split = self._queries, split_ids(self._queries.search.query)
        if split is None or queries.call.token or queries.call.fresh:
            return await self._from_all()
        rest, ids = split
        by_site = self._served.by_site(ids)
        if by_site is None or not by_site.keys() <= {*queries.sites}:
            requests = {site: self._shared(site, rest, ids) for site in queries.sites}
            return await ask_sites(requests, doing=DOING)
        listed = {site: self._batch(site, rest, by_site[site]) for site in by_site}
        results = await try_sites(listed, doing=DOING)
        answers = {site: one for site, one in results.items() if not isinstance(one, SiteError)}
        if sum(len(one.value.documents) for one in answers.values()) == len({*ids}):
            return {site: NativeAnswer(_whole(one.value), {}) for site, one in answers.items()}
        return await self._from_all()

    async def _from_all(self) -> dict[str, NativeAnswer[_Part]]:
        queries = self._queries
        asks = {site: partial(self._ask_part, site, None) for site in queries.sites}
        return await queries.ask_all(asks, doing=DOING)

    async def _from_others(self, ids: Sequence[str], served: Served) -> dict[str, JsonObject]:
        """What holders have of entries that none gave which serves them: it may have lost them
        since the index of copies was read, and answers are paired with ids by position."""
        by_site: dict[str, list[str]] = {}
        for entry_id, holders in (await self._holders(ids, served)).items():
            if served.condition(holders[0]) is not None:  # else it was asked, and none matched
                by_site.setdefault(holders[0], []).append(entry_id)
        requests = {site: self._part(site, of=by_site[site]) for site in by_site}
        answers = await ask_sites(requests, doing=DOING) if requests else {}
        return {
            str(document[ENTRY_ID]): document
            for one in answers.values()
            for document in one.value.documents
        }

    async def _holders(self, ids: Sequence[str], served: Served) -> dict[str, Sequence[str]]:
        """The sites that have these entries now, in the order in which they serve them."""
        queries = self._queries

        async def ask(site: str) -> NativeAnswer[list[JsonObject]]:
            body: JsonObject = {
                **by_ids(queries.owner_of(site), ids),
                "required": {"include": [*KEYS]},
            }
            answer = await queries.post(site, body, doing=LOOKING)
            return NativeAnswer(read_documents(site, answer, most=len(ids), only=ids), {})

        answers = await ask_sites({site: ask(site) for site in queries.call.sites}, doing=LOOKING)
        claims: dict[str, dict[str, str]] = {}
        for site, one in answers.items():
            for document in one.value:
                upload_id = str(document.get("upload_id"))
                claims.setdefault(str(document[ENTRY_ID]), {})[site] = upload_id
        return {one: served.ranked(sites) for one, sites in claims.items()}

    async def _shared(
        self, site: str, rest: NativeQuery, ids: Sequence[str]
    ) -> NativeAnswer[_Part]:
        """What a site serves of the ids, asked for together with those of other requests."""
        try:
            answer = await self._batch(site, rest, ids)
        except SiteError:
            return await self._part(site)  # whatever it is, it need not be ours
        if len(answer.value.documents) < answer.value.total:
            return await self._part(site)  # one of somebody has no archive
        return answer

    async def _batch(self, site: str, rest: NativeQuery, ids: Sequence[str]) -> NativeAnswer[_Part]:
        """The same of some ids, as far as an answer to several requests says it; raises SiteError.

        Where the site has no archive of an entry of theirs, the total is larger than what is here.
        """
        queries = self._queries
        kind = [
            queries.owner_of(site),
            queries.asked(site, (), of=rest).query,
            queries.search.archive,
        ]
        key = (site, hashlib.blake2b(orjson.dumps(kind), digest_size=16).digest())
        answer = await self._batches.read(key, ids, self._ask_batch(site, rest))
        wanted = {*ids}
        own = [one for one in answer.documents if one[ENTRY_ID] in wanted]
        lost = answer.total - len(answer.documents)
        return NativeAnswer(_Part(own, len(own) + lost, self._own_echo(answer.echo)), {})

    def _ask_batch(self, site: str, rest: NativeQuery) -> Ask:
        queries = self._queries

        async def ask(ids: Collection[str]) -> BatchAnswer:
            scope = MemoryScope()
            listed: list[Json] = [*ids]
            asked = queries.asked(site, (), of={"and": [rest, {"entry_id:any": listed}]})
            body: JsonObject = {
                "owner": queries.owner_of(site),
                "query": asked.query,
                "pagination": {"page_size": len(ids)},
                "required": queries.search.archive,
            }
            client = queries.clients[site]
            try:
                answer = await post(
                    client, ARCHIVES, body, call=queries.call, scope=scope, doing=DOING
                )
                echo = object_of(asked.echo(answer.get("query")))
                documents = read_documents(site, answer, most=len(ids), only=ids)
                return BatchAnswer(documents, read_total(site, answer), echo)
            finally:
                scope.close()

        return ask

    async def _part(self, site: str, *, of: Sequence[str] | None = None) -> NativeAnswer[_Part]:
        """What a site serves of the ids; with `of`, all that it has of these."""
        return await adapted(partial(self._ask_part, site, of))

    async def _ask_part(
        self, site: str, of: Sequence[str] | None, lacking: Collection[str]
    ) -> _Part:
        queries = self._queries
        page = queries.search.pagination
        if of is None:
            asked = queries.asked(site, lacking)
        else:
            asked = queries.plainly_asked(site, lacking, {"entry_id:any": [*of]})
        body: JsonObject = {
            "owner": queries.owner_of(site),
            "query": asked.query,
            "pagination": {"page_size": page.size, "order": page.order},
            "required": queries.search.archive,
        }
        answer = await queries.post(site, body, path=ARCHIVES, doing=DOING)
        total = read_total(site, answer)
        only = self._ids if of is None else of
        documents = read_documents(site, answer, most=page.size, only=only)
        return _Part(documents, total, asked.echo(answer.get("query")))

    def _own_echo(self, echo: JsonObject) -> JsonObject:
        """The echo of a batch's query as that of this request: with its own ids."""
        _, ids = split_ids(self._queries.search.query) or ({}, ())
        for operator, parts in echo.items():
            if isinstance(parts, list) and len(parts) == 2:
                name = object_of(parts[1])
                value: JsonObject = {key: [*ids] for key in object_of(name.get("value"))}
                return {operator: [parts[0], {**name, "value": value}]}
        return echo


def _whole(part: _Part) -> _Part:
    """A part that has all that was asked for, whatever others of its batch lack."""
    return replace(part, total=len(part.documents))
