"""One caller's session with one site: native requests out, checked documents in.

What comes back is not trusted: a wrong shape is a SiteError that says what was wrong, and only what
was asked for is kept. The session remembers whether all its answers were fresh.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from gateway.errors import SiteError
from gateway.fetch.cache.answers import ArchiveKey
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope, Reservation
from gateway.fetch.http.request import RequestOptions
from gateway.model import Json, JsonObject, NativeQuery, SiteState

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
MAX_OFFSET = 9_998
"""Of `page_offset`, for a page of one: NOMAD wants the two together to stay below 10,000."""
MANY_PATTERNS = 60
"""More patterns of `include` than this cost a NOMAD more than the whole document: 230 of them took
2.3 s for 60 entries where `*` took 0.9 s."""

Archive: TypeAlias = Mapping[str, Json]
"""The `metadata` section of an archive, as far as it was asked for."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Index documents of one native page and the exact number of all that match."""

    documents: tuple[Mapping[str, Json], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Archives:
    """Archives of one native page by entry_id, in its order, and the exact number of all.

    None: the entry has no archive that could be read.
    """

    archives: Mapping[str, Archive | None]
    total: int


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
        documents = self._entries(answer, doing=doing, size=size)
        sections = dict.fromkeys(name.partition(".")[0] for name in wanted)
        documents = tuple(
            {name: one[name] for name in sections if name in one} for one in documents
        )
        total = self._total(answer, doing)
        whole = after is None and not offset
        if len(documents) > total or (whole and len(documents) < min(size, total)):
            raise self._wrong(doing, f"{len(documents)} entries came of a total of {total}")
        return Documents(documents, total)

    async def count(self, query: NativeQuery) -> int:
        """How many entries match; raises SiteError."""
        body: JsonObject = {"owner": self._owner, "query": query, "pagination": {"page_size": 0}}
        doing = "count entries"
        return self._total(await self._ask("/entries/query", body, doing), doing)

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

        def keep_late(answer: JsonObject) -> None:
            if keep is None:
                return
            with suppress(SiteError):  # who still waits gets it
                keep(self._read_archives(answer, size=size, sections=sections))

        answer = await self._ask("/entries/archive/query", body, doing, keep=keep_late)
        archives = self._read_archives(answer, size=size, sections=sections)
        if keep is not None:
            keep(archives)
        total = self._total(answer, doing)
        if len(archives) > total:
            raise self._wrong(doing, f"{len(archives)} entries came of a total of {total}")
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
        return [self._buckets(given, name, *kind) for name, kind in aggregations.items()]

    def _buckets(self, given: Json, name: str, kind: str) -> list[Json]:
        one = given.get(name) if isinstance(given, dict) else None
        values = one.get(kind) if isinstance(one, dict) else None
        buckets = values.get("data") if isinstance(values, dict) else None
        if not isinstance(buckets, list):
            raise self._wrong("list values", "the answer has no list of values")
        return buckets

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

    def _entries(
        self, answer: JsonObject, *, doing: str, size: int
    ) -> tuple[Mapping[str, Json], ...]:
        data = answer.get("data")
        if not isinstance(data, list) or len(data) > size:
            raise self._wrong(doing, "the answer has no list of entries of the size asked for")
        seen: set[str] = set()
        for document in data:
            entry_id = document.get("entry_id") if isinstance(document, dict) else None
            if not isinstance(entry_id, str) or not ENTRY_ID.fullmatch(entry_id):
                raise self._wrong(doing, "the answer has an entry without a proper entry_id")
            if entry_id in seen:
                raise self._wrong(doing, f"the answer holds entry {entry_id} twice")
            seen.add(entry_id)
        return tuple(cast("list[Mapping[str, Json]]", data))

    def _read_archives(
        self, answer: JsonObject, *, size: int, sections: tuple[str, ...]
    ) -> dict[str, Archive | None]:
        """By entry_id; entries without a structure, or without files, have an empty section."""
        found: dict[str, Archive | None] = {}
        for document in self._entries(answer, doing="read archives", size=size):
            archive = document.get("archive")
            metadata = archive.get("metadata") if isinstance(archive, dict) else None
            held = metadata if isinstance(metadata, dict) else {}
            wanted = {name: held[name] for name in sections if name in held}
            found[cast("str", document["entry_id"])] = wanted or None
        return found

    def _total(self, answer: JsonObject, doing: str) -> int:
        pagination = answer.get("pagination")
        total = pagination.get("total") if isinstance(pagination, dict) else None
        if isinstance(total, bool) or not isinstance(total, int) or not 0 <= total < 2**53:
            raise self._wrong(doing, "the answer has no proper total")
        return total

    def _wrong(self, doing: str, happened: str) -> SiteError:
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
