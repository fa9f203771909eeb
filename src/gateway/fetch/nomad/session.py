"""One caller's session with one site: native requests out, checked documents in.

Of what comes back, only what was asked for is kept. The session remembers whether all its answers
were fresh.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import cast

from gateway.errors import SiteError
from gateway.fetch.cache.answers import ArchiveKey
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope, Reservation
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.answers import (
    Archive,
    Archives,
    Documents,
    read_archives,
    read_buckets,
    read_documents,
    read_total,
)
from gateway.model import Json, JsonObject, NativeQuery, SiteState

MAX_OFFSET = 9_998
"""Of `page_offset`, for a page of one: NOMAD wants the two together to stay below 10,000."""
MANY_PATTERNS = 60
"""More patterns of `include` than this cost a NOMAD more than the whole document: 230 of them took
2.3 s for 60 entries where `*` took 0.9 s."""


class SiteSession:
    """The requests that are sent to one site on behalf of one caller."""

    def __init__(self, client: SiteClient, options: RequestOptions) -> None:
        self._client = client
        self._options = options
        self._states: list[SiteState] = []

    def until(self, deadline: float | None) -> "SiteSession":
        """The same session under another deadline."""
        session = SiteSession(self._client, replace(self._options, deadline=deadline))
        session._states = self._states
        return session

    def apart(self, scope: MemoryScope) -> "SiteSession":
        """The same session, whose answers are held in a scope of their own."""
        session = SiteSession(self._client, replace(self._options, scope=scope))
        session._states = self._states
        return session

    @property
    def name(self) -> str:
        """The site's name."""
        return self._client.site.name

    @property
    def deadline(self) -> float | None:
        """When its caller gives up, in the event loop's time; None: a stream, which does not."""
        return self._options.deadline

    @property
    def is_private(self) -> bool:
        """Whether its answers are for its caller alone."""
        return self._client.is_private(self._options)

    @property
    def was_asked(self) -> bool:
        """Whether any request was needed."""
        return bool(self._states)

    @property
    def state(self) -> SiteState:
        """`stale` if any answer was, `cached` if all came from the cache, `ok` otherwise."""
        if "stale" in self._states:
            return "stale"
        fresh = not self._states or "ok" in self._states
        return "ok" if fresh else "cached"

    def hold(self) -> Reservation:
        """Memory for what is decoded on behalf of the caller, until its request ends."""
        return self._client.hold(self._options.scope)

    def count_archives(self, *, hits: int, misses: int) -> None:
        """So many archives were in the cache, so many were not."""
        self._client.count_archives(hits=hits, misses=misses)

    def archive_key(self, entry_id: str, version: str) -> ArchiveKey:
        """The key of one of this site's archives in the cache."""
        return self._client.archive_key(entry_id, version)

    async def page(
        self,
        query: NativeQuery,
        *,
        order_by: str,
        descending: bool,
        size: int,
        after: str | None = None,
        offset: int | None = None,
        fields: Iterable[str] = (),
    ) -> Documents:
        """One native page of index documents; raises SiteError."""
        wanted = dict.fromkeys(("entry_id", *fields))
        include = ["*"] if len(wanted) > MANY_PATTERNS else list(wanted)
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": _pagination(order_by, descending, size, after, offset),
            "required": {"include": cast("list[Json]", include)},
        }
        doing = "read page of entries"
        answer = await self._ask("/entries/query", body, doing)
        documents = read_documents(self.name, answer, doing=doing, size=size)
        sections = dict.fromkeys(name.partition(".")[0] for name in wanted)
        documents = tuple(
            {name: one[name] for name in sections if name in one} for one in documents
        )
        total = read_total(self.name, answer, doing=doing)
        whole = after is None and not offset
        if len(documents) > total or (whole and len(documents) < min(size, total)):
            raise self._too_many(len(documents), total, doing=doing)
        return Documents(documents, total)

    async def count(self, query: NativeQuery) -> int:
        """How many entries match; raises SiteError."""
        body: JsonObject = {"owner": self._owner, "query": query, "pagination": {"page_size": 0}}
        doing = "count entries"
        answer = await self._ask("/entries/query", body, doing)
        return read_total(self.name, answer, doing=doing)

    async def archives(
        self,
        query: NativeQuery,
        *,
        required: JsonObject,
        size: int,
        order_by: str = "entry_id",
        descending: bool = False,
        after: str | None = None,
        keep: Callable[[Mapping[str, Archive | None]], None] | None = None,
    ) -> Archives:
        """One native page of archives; raises SiteError.

        `keep` takes them in also when they come after the caller has given up.
        """
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": _pagination(order_by, descending, size, after, None),
            "required": required,
        }
        doing = "read archives"
        sections = tuple(cast("JsonObject", required["metadata"]))

        def read(answer: JsonObject) -> dict[str, Archive | None]:
            return read_archives(self.name, answer, doing=doing, size=size, sections=sections)

        def keep_late(answer: JsonObject) -> None:
            if keep is None:
                return
            with suppress(SiteError):  # who still waits gets it
                keep(read(answer))

        answer = await self._ask("/entries/archive/query", body, doing, keep=keep_late)
        archives = read(answer)
        if keep is not None:
            keep(archives)
        total = read_total(self.name, answer, doing=doing)
        if len(archives) > total:
            raise self._too_many(len(archives), total, doing=doing)
        return Archives(archives, total)

    async def aggregate(
        self, query: NativeQuery, aggregations: Mapping[str, JsonObject]
    ) -> list[list[Json]]:
        """The buckets of each aggregation over the entries that match; raises SiteError.

        Each is a kind with its settings: `{"terms": {"quantity": .., "size": ..}}`.
        """
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": {"page_size": 0},
            "aggregations": dict(aggregations),
        }
        doing = "list values"
        answer = await self._ask("/entries/query", body, doing)
        given = answer.get("aggregations")
        return [
            read_buckets(self.name, given, name=name, kind=one, doing=doing)
            for name, settings in aggregations.items()
            for one in settings
        ]

    @property
    def _owner(self) -> str:
        """`public` unless somebody's token goes along, which may see more."""
        return "visible" if self.is_private else "public"

    async def _ask(
        self,
        path: str,
        body: JsonObject,
        doing: str,
        *,
        keep: Callable[[JsonObject], None] | None = None,
    ) -> JsonObject:
        answer = await self._client.ask(path, body, doing=doing, options=self._options, keep=keep)
        self._states.append(answer.state)
        return answer.data

    def _too_many(self, came: int, total: int, *, doing: str) -> SiteError:
        happened = f"{came} entries came of a total of {total}"
        return SiteError(self.name, doing=doing, happened=happened)


def both(query: NativeQuery, *conditions: NativeQuery) -> NativeQuery:
    """The query and further conditions, on the same level where there is one."""
    held = query["and"] if len(query) == 1 and isinstance(query.get("and"), list) else [query]
    return {"and": [*cast("list[Json]", held), *conditions]}


def _pagination(
    order_by: str, descending: bool, size: int, after: str | None, offset: int | None
) -> JsonObject:
    pagination: JsonObject = {
        "page_size": size,
        "order_by": order_by,
        "order": "desc" if descending else "asc",
    }
    if after is not None:
        pagination["page_after_value"] = after
    if offset:
        pagination["page_offset"] = offset
    return pagination
