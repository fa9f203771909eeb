"""What is known of the sites apart from any one request: versions, sizes, the last counts.

Refreshed in the background; no answer waits for a site only to count it.
"""

import asyncio
import hashlib
import logging
import random
from collections.abc import Iterable, Mapping

import orjson
from cachetools import LRUCache

from gateway.errors import SiteError
from gateway.fetch.http.client import SiteClient
from gateway.fetch.nomad.session import Call, SiteSession
from gateway.model import NativeQuery, SiteInfo
from gateway.properties import STRUCTURE

logger = logging.getLogger(__name__)

REFRESH_S = 60.0
RETRY_S = 10.0
VERSION_EVERY = 10
"""How many refreshes of the total come to one of the version: `/info` is up to 240 kB."""

_COUNTS = 10_000


class SiteStats:
    """Sizes and versions of the sites, and the last exact count of each filter at each site."""

    def __init__(self, clients: Mapping[str, SiteClient]) -> None:
        self._clients = clients
        self._infos = dict.fromkeys(clients, SiteInfo())
        self._counts: LRUCache[tuple[str, bytes], int] = LRUCache(_COUNTS)
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

    def available(self, sites: Iterable[str], query: NativeQuery = STRUCTURE) -> int:
        """How many entries the sites hold, as far as known."""
        return sum(self.last_count(site, query) or 0 for site in sites)

    def last_count(self, site: str, query: NativeQuery) -> int | None:
        """The last exact count of a query at a site; None: never counted."""
        return self._counts.get((site, _digest(query)))

    def remember(self, site: str, query: NativeQuery, count: int) -> None:
        """Keep an exact count."""
        self._counts[site, _digest(query)] = count
        if query == STRUCTURE:
            known = self._infos[site]
            self._infos[site] = SiteInfo(known.version, count)

    async def look(self, client: SiteClient, *, version: bool = True) -> None:
        """Ask one site for its size and, if wanted, its version; raises SiteError."""
        loop = asyncio.get_running_loop()
        name, wait_s = client.site.name, client.site.total_s
        session = SiteSession(client, Call(loop.time() + wait_s, fresh=True))
        self.remember(name, STRUCTURE, await session.count(STRUCTURE))
        if version:
            answer = await client.get("/info", doing="read version", within_s=wait_s)
            found = answer.data.get("version")
            logged = found if isinstance(found, str) else None
            self._infos[name] = SiteInfo(logged, self._infos[name].total)

    async def _watch(self, client: SiteClient) -> None:
        turn = 0
        while True:
            try:
                await self.look(client, version=turn % VERSION_EVERY == 0)
                turn, pause_s = turn + 1, REFRESH_S
            except SiteError as error:
                logger.info("site %s cannot be counted: %s", client.site.name, error.happened)
                turn, pause_s = 0, RETRY_S
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311  # no secret


def _digest(query: NativeQuery) -> bytes:
    return hashlib.sha256(orjson.dumps(query)).digest()
