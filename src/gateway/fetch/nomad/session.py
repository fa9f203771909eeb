"""One request's conversation with one site: native questions out, checked index documents in.

What comes back is not trusted: a wrong shape is a SiteError that says what was wrong. The session
remembers whether all its answers were fresh.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from gateway.errors import SiteError
from gateway.fetch.cache.answers import BodyKey
from gateway.fetch.http.client import SiteClient
from gateway.model import Json, JsonObject, NativeQuery, State

ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
MAX_OFFSET = 9_998
"""Of `page_offset`, for a page of one: NOMAD wants the two together to stay below 10,000."""


@dataclass(frozen=True, slots=True)
class Call:
    """What all questions of one request share; `deadline` is in the event loop's time."""

    deadline: float
    token: str | None = field(default=None, repr=False)
    fresh: bool = False
    request_id: str = ""

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Documents:
    """Index documents of one native page and the exact number of all that match."""

    documents: tuple[Mapping[str, Json], ...]
    total: int


class SiteSession:
    """The questions one request asks of one site."""

    def __init__(self, client: SiteClient, call: Call) -> None:
        self._client = client
        self._call = call
        self._states: list[State] = []

    @property
    def name(self) -> str:
        """The site's name."""
        return self._client.site.name

    @property
    def state(self) -> State:
        """`stale` if any answer was, `cached` if all came from the cache, `ok` otherwise."""
        if "stale" in self._states:
            return "stale"
        fresh = not self._states or "ok" in self._states
        return "ok" if fresh else "cached"

    def body_key(self, entry_id: str, version: str) -> BodyKey:
        """The key of one of this site's archives in the cache of bodies."""
        return self._client.body_key(entry_id, version)

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
        include = ["entry_id", *fields]
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": _pagination(order_by, descending, size, after, offset),
            "required": {"include": cast("list[Json]", list(dict.fromkeys(include)))},
        }
        doing = "read page of entries"
        answer = await self._ask("/entries/query", body, doing)
        documents = self._entries(answer, doing=doing, size=size)
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
    ) -> Documents:
        """One native page of archives, each with `entry_id` and `archive`; raises SiteError."""
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": _pagination(order_by, descending, size, after, None),
            "required": required,
        }
        doing = "read archives"
        answer = await self._ask("/entries/archive/query", body, doing)
        documents = self._entries(answer, doing=doing, size=size)
        total = self._total(answer, doing)
        if len(documents) > total:
            raise self._wrong(doing, f"{len(documents)} entries came of a total of {total}")
        return Documents(documents, total)

    async def aggregate(self, query: NativeQuery, terms: JsonObject) -> list[Json]:
        """The buckets of one terms aggregation over the entries that match; raises SiteError."""
        body: JsonObject = {
            "owner": self._owner,
            "query": query,
            "pagination": {"page_size": 0},
            "aggregations": {"values": {"terms": terms}},
        }
        doing = "list values"
        answer = await self._ask("/entries/query", body, doing)
        match answer.get("aggregations"):
            case {"values": {"terms": {"data": [*buckets]}}}:
                return buckets
            case _:
                raise self._wrong(doing, "the answer has no list of values")

    @property
    def _owner(self) -> str:
        """`public` unless somebody's token goes along, which may see more."""
        forwarded = self._call.token is not None and self._client.site.forward_token
        return "visible" if forwarded else "public"

    async def _ask(self, path: str, body: JsonObject, doing: str) -> JsonObject:
        answer = await self._client.ask(
            path,
            body,
            doing=doing,
            within_s=self._call.left_s,
            token=self._call.token,
            fresh=self._call.fresh,
            request_id=self._call.request_id,
        )
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
