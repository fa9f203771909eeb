"""The archives of some entries at one site, read in portions until a deadline.

Each portion is cached as it comes, so that a request for the same page gets further. A broken
archive makes NOMAD answer 500 for its whole portion, which is then asked for in ever smaller parts
until the broken one stands alone, as is a portion that is too large; an upload whose files are gone
shortens a portion silently.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Literal, TypeAlias, cast

import orjson

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.cache.answers import AnswerCache, ArchiveKey
from gateway.fetch.nomad.answers import Archive
from gateway.fetch.nomad.pace import SitePace
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Json, JsonObject, NativeQuery

PARTS = 8
"""Into so many parts a portion with a broken archive is split: to find one among 20 takes 10 more
requests, among 500 it takes 24."""

MOST_REQUESTS = 200
"""On top of one for each portion of a page at one site, however many archives are broken or too
large; what is left unread then is served from the index, too."""

BROKEN = 500
"""NOMAD's status for a page that holds a broken archive."""

Why: TypeAlias = Literal["broken", "late"]


class PortionedReading:
    """The reading of one page's archives at one site, until its deadline."""

    def __init__(
        self,
        session: SiteSession,
        required: JsonObject,
        *,
        pace: SitePace,
        keys: Mapping[str, ArchiveKey],
        cache: AnswerCache | None,
    ) -> None:
        self._clock = asyncio.get_running_loop().time
        self._deadline = session.deadline
        self._session = session
        self._required = required
        self._pace = pace
        self._keys = keys
        self._cache = cache
        self._portions: deque[Sequence[str]] = deque()
        self._requests = 0
        self._most = MOST_REQUESTS
        self._under_way = 0
        self._broken: set[str] = set()
        self._failure: SiteError | None = None
        self.found: dict[str, Archive] = {}

    async def read(self, entry_ids: Sequence[str]) -> None:
        """Read these archives; SiteError when the site failed before any of them came."""
        if not entry_ids:
            return
        size = self._pace.portion
        self._portions.extend(entry_ids[i : i + size] for i in range(0, len(entry_ids), size))
        self._most += len(self._portions)
        workers = min(len(self._portions), self._pace.at_once)
        if workers == 1:
            await self._work()
        else:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        if self._failure is not None and not self.found:
            try:
                raise self._failure
            finally:
                self._failure = None  # it would keep all this until garbage collection

    def why(self, entry_id: str) -> Why:
        """Why an archive is missing."""
        return "broken" if entry_id in self._broken else "late"

    async def _work(self) -> None:
        """Read portions until none is left, the site fails or the time is over."""
        while self._portions and self._failure is None and not self._is_over():
            await self._read(self._portions.popleft())

    def _is_over(self) -> bool:
        return self._deadline is not None and self._clock() >= self._deadline

    async def _read(self, entry_ids: Sequence[str]) -> None:
        self._requests += 1
        if self._requests > self._most:
            self._broken.update(entry_ids)
            return
        size, begun = len(entry_ids), time.perf_counter()
        self._under_way += 1
        at_once = self._under_way
        try:
            page = await self._session.archives(
                query_of_ids(entry_ids), required=self._required, size=size, keep=self._keep
            )
        except SiteError as error:
            self._failed(error, entry_ids, spent_s=time.perf_counter() - begun)
            return
        finally:
            self._under_way -= 1
        if self._session.state == "ok":
            self._pace.archives_came(size, time.perf_counter() - begun, at_once=at_once)
        read = {id_: one for id_, one in page.archives.items() if one is not None}
        self.found |= read
        self._broken.update(id_ for id_ in entry_ids if id_ not in read)

    def _failed(self, error: SiteError, entry_ids: Sequence[str], *, spent_s: float) -> None:
        """Split the portion where a smaller one may do; else there is nothing more to be had."""
        size = len(entry_ids)
        if error.is_timeout:
            self._pace.archives_late(size, spent_s)
            if self._deadline is None and size > 1:  # a stream has patience, for smaller portions
                self._split(entry_ids, 2)
            return
        is_too_large = isinstance(error, AnswerTooLargeError)
        if error.status != BROKEN and not is_too_large:
            self._failure = error
        elif size == 1:
            self._broken.update(entry_ids)
        else:
            self._split(entry_ids, 2 if is_too_large else PARTS)

    def _split(self, entry_ids: Sequence[str], parts: int) -> None:
        size = ceil(len(entry_ids) / parts)
        self._portions.extendleft(
            entry_ids[i : i + size] for i in reversed(range(0, len(entry_ids), size))
        )

    def _keep(self, archives: Mapping[str, Archive | None]) -> None:
        """Cache a portion, whenever it comes."""
        if self._cache is None:
            return
        with suppress(orjson.JSONEncodeError):  # nested too deeply: it can be read, not written
            self._cache.put_archives(
                [
                    (self._keys[id_], orjson.dumps(one))
                    for id_, one in archives.items()
                    if one is not None and id_ in self._keys
                ]
            )


def query_of_ids(entry_ids: Sequence[str]) -> NativeQuery:
    """Holds for these entries."""
    # A query for one `entry_id` alone goes round the index on NOMAD 2.0; a terms clause does not.
    return {"and": [{"entry_id:any": cast("list[Json]", list(entry_ids))}]}
