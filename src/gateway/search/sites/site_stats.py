"""What is known of the sites apart from any one request: versions, sizes, last counts, pace.

Refreshed in the background; no answer waits for a site only to count it. The same look keeps a
connection to each site warm.
"""

import asyncio
import hashlib
import logging
import random
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import orjson
from cachetools import LRUCache, TTLCache

from gateway.errors import SiteError
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.http.resilience.retry import Sleep
from gateway.fetch.nomad.pace import SitePace
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Json, JsonObject, NativeQuery, SiteInfo
from gateway.properties import STRUCTURE
from gateway.search.sites.same_sites import SAMPLE_SIZE, SiteSample, sites_same_as

logger = logging.getLogger(__name__)

REFRESH_S = 60.0
RETRY_S = 10.0
VERSION_EVERY = 10
"""How many refreshes of the total come to one of the version: `/info` is up to 240 kB."""
LOOK_S = 10.0
"""How long a look may take: longer than any caller waits, as nobody does."""
SAMPLE = 2
"""Archives that are read to see how long one takes, before the first caller wants to know."""
PROBE: tuple[str, JsonObject] = (
    "/entries/query",
    {"owner": "public", "query": STRUCTURE, "pagination": {"page_size": 0}},
)
"""What every healthy site answers within some milliseconds."""

SAMPLE_EVERY = 20
"""One page in so many is read with keys first though that seems dearer: how many archives are
cached is seen only then, and only these pages' archives get into the cache."""
NEW_PART = 0.1

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}")
_COUNTS = 10_000
_DIGESTS, _LONGEST_DIGESTED = 256, 4_096
"""Queries whose digest is remembered, and their length as JSON: one request needs that of each
several times. Larger ones would be kept alive for it, up to ten megabytes each."""


PageKey: TypeAlias = tuple[str, str | None, int, int, tuple[str, ...] | None]
"""A page of a listing: filter and order, cursor, offset, size and properties."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one site is asked for of a page: so many keys, or so many archives at once."""

    limit: int
    is_whole: bool
    """Whether archives come at once, without keys first."""


class ArchiveHits:
    """How often the archives of a page were all cached, so that its keys were all it took."""

    def __init__(self) -> None:
        self.chance = 0.0
        self._pages = 0

    def note(self, *, are_cached: bool) -> None:
        """A page whose keys came first has been read."""
        self.chance += NEW_PART * (are_cached - self.chance)

    def is_sample(self) -> bool:
        """Whether this page is read with keys first to see whether its archives are cached."""
        self._pages += 1
        return self._pages % SAMPLE_EVERY == 0


class SiteStats:
    """Sizes, versions and pace of the sites, and the last exact count of each filter at each."""

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        answers_s: float = 0.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clients = clients
        self._sleep = sleep
        self._infos = dict.fromkeys(clients, SiteInfo())
        self._paces = {name: SitePace() for name in clients}
        self.archive_hits = ArchiveHits()
        self.searches = 0
        """Requests of callers that are under way."""
        self._samples: dict[str, SiteSample] = {}
        self._pairs: set[tuple[str, str]] = set()
        """Of sites that hold the same entries."""
        """Pairs of sites that are one; each pair in the order of its names."""
        self._counts: LRUCache[tuple[str, bytes], int] = LRUCache(_COUNTS)
        self._shares: TTLCache[bytes, dict[str, Share]] = TTLCache(1024, ttl=max(answers_s, 1e-9))
        self._digests: dict[int, tuple[NativeQuery, bytes]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to look at the sites."""
        self._tasks = [
            asyncio.create_task(self._watch(client)) for client in self._clients.values()
        ]

    async def close(self) -> None:
        """Stop looking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def info(self, site: str) -> SiteInfo:
        """What is known of one site."""
        return self._infos[site]

    def pace(self, site: str) -> SitePace:
        """How fast one site is."""
        return self._paces[site]

    def available(self, sites: Iterable[str], query: NativeQuery = STRUCTURE) -> int:
        """How many entries the sites hold, as far as known."""
        return sum(self.last_count(site, query) or 0 for site in sites)

    def last_count(self, site: str, query: NativeQuery) -> int | None:
        """The last exact public count of a query at a site; None: never counted."""
        return self._counts.get((site, self._digest(query)))

    def remember(self, site: str, query: NativeQuery, count: int) -> None:
        """Keep an exact count of public entries."""
        self._counts[site, self._digest(query)] = count
        if query == STRUCTURE:
            known = self._infos[site]
            self._infos[site] = SiteInfo(known.version, count)

    def shares(self, page: PageKey) -> dict[str, Share] | None:
        """What was asked of each site for the same page before, while its answers are cached: only
        the same requests find them again."""
        return self._shares.get(_page_digest(page))

    def remember_shares(self, page: PageKey, shares: dict[str, Share]) -> None:
        """Keep what was asked of each site for a page."""
        self._shares[_page_digest(page)] = shares

    async def look(self, client: SiteClient, *, version: bool = True) -> None:
        """Ask one site for its size and, if wanted, its version and pace; raises SiteError."""
        scope = MemoryScope()
        name = client.site.name
        options = RequestOptions(asyncio.get_running_loop().time() + LOOK_S, scope, fresh=True)
        session = SiteSession(client, options)
        try:
            self.remember(name, STRUCTURE, await session.count(STRUCTURE))
            if not version:
                return
            with suppress(SiteError):  # its archives may be broken where its index is not
                await self._measure(session)
            answer = await client.get("/info", doing="read version", options=options)
            reported = _version(answer.data.get("version"))
            self._infos[name] = SiteInfo(reported, self._infos[name].total)
            await self._compare(session, _version(answer.data.get("deployment")))
        finally:
            scope.close()

    def same_as(self, site: str) -> tuple[str, ...]:
        """The other sites that are this one under another address, as far as known."""
        return tuple(
            sorted(one for pair in self._pairs if site in pair for one in {*pair} - {site})
        )

    async def _compare(self, session: SiteSession, deployment: str | None) -> None:
        """Read what tells this site from others; warn of those that are the same."""
        page = await session.page(
            STRUCTURE, order_by="entry_id", descending=False, size=SAMPLE_SIZE
        )
        ids = tuple(str(one["entry_id"]) for one in page.documents)
        name = session.name
        self._samples[name] = SiteSample(ids, deployment)
        pairs = {(min(name, one), max(name, one)) for one in sites_same_as(name, self._samples)}
        for one, other in sorted(pairs - self._pairs):
            logger.warning(
                "sites %s and %s hold the same entries: if they are one Oasis under two addresses, "
                "remove one of them",
                one,
                other,
            )
        self._pairs = pairs | {pair for pair in self._pairs if name not in pair}

    async def _measure(self, session: SiteSession) -> None:
        """Read a few keys and archives, to know how long that takes before a caller asks."""
        clock, pace = time.perf_counter, self._paces[session.name]
        begun = clock()
        await session.page(STRUCTURE, order_by="entry_id", descending=False, size=SAMPLE)
        pace.keys_came(clock() - begun)
        begun = clock()
        page = await session.archives(
            STRUCTURE, required={"metadata": {"entry_id": "*", "optimade": "*"}}, size=SAMPLE
        )
        if page.archives:
            pace.archives_came(len(page.archives), clock() - begun, at_once=1)

    async def _watch(self, client: SiteClient) -> None:
        turn = 0
        while True:
            try:
                await self.look(client, version=turn % VERSION_EVERY == 0)
                turn, pause_s = turn + 1, REFRESH_S
            except SiteError as error:
                logger.info("site %s cannot be counted: %s", client.site.name, error.happened)
                turn, pause_s = 0, RETRY_S
            except Exception:
                logger.exception("unexpected error while counting site %s", client.site.name)
                turn, pause_s = 0, REFRESH_S
            await self._sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311  # no secret

    def _digest(self, query: NativeQuery) -> bytes:
        held = self._digests.get(id(query))
        if held is not None and held[0] is query:
            return held[1]
        if len(self._digests) >= _DIGESTS:
            self._digests.clear()
        written = orjson.dumps(query)
        digest = hashlib.blake2b(written, digest_size=16).digest()
        if len(written) <= _LONGEST_DIGESTED:
            self._digests[id(query)] = (query, digest)
        return digest


def _page_digest(page: PageKey) -> bytes:
    """A page in few bytes: a cursor alone may have 128 kB."""
    return hashlib.blake2b(orjson.dumps(page), digest_size=16).digest()


def _version(found: Json) -> str | None:
    """What a site says of its version, or name, which everybody is shown; None: it is none."""
    return found if isinstance(found, str) and _VERSION.fullmatch(found) else None
