"""Documents or archives by entry_id from the sites that hold them, in portions of bounded size.

Each portion is turned into bytes at once, so that what is decoded is held for one portion only; the
bytes of all that is asked for at a time are bounded, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from gateway.errors import AnswerTooLargeError, NativeError, SiteError
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.faults import Fault
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject
from gateway.native.asking import SitesUnavailableError, together

MAX_BYTES = 16 * 1024 * 1024
"""Of the documents or archives that are asked for at a time, unless it is one alone."""
AT_ONCE = 3
"""Portions under way at one site."""

ReadPortion = Callable[[str, Sequence[str], MemoryScope], Awaitable[list[JsonObject]]]
"""Asks a site for some entry_ids: what it gives of them, each with its entry_id."""


class PartTooLargeError(Exception):
    """They take more memory than there is for them: fewer at a time are asked for."""


class Bodies:
    """What is wanted of some entries."""

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        read: ReadPortion,
        portion: int,
        scope: MemoryScope,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._clients = clients
        self._read = read
        self._portion = portion
        self._scope = scope
        self._left = max_bytes
        self._is_one = False
        self.found: dict[str, bytes] = {}

    async def of(self, holders: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
        """The bodies by entry_id; an entry that no holder gives is not among them.

        `holders` are the sites of each entry, in order. Raises NativeError,
        SitesUnavailableError or PartTooLargeError.
        """
        failed: dict[str, SiteError] = {}
        turn = 0
        self._is_one = len(holders) == 1
        while True:
            wanted: dict[str, list[str]] = {}
            for entry_id, sites in holders.items():
                if entry_id not in self.found and turn < len(sites):
                    wanted.setdefault(sites[turn], []).append(entry_id)
            if not wanted:
                break
            await self._ask(wanted, failed)
            turn += 1
        lost = {entry_id: error for entry_id, error in failed.items() if entry_id not in self.found}
        for entry_id, error in lost.items():
            if _is_its_own(error):
                raise NativeError(
                    502, f"{error.site} cannot give entry {entry_id} ({error.happened})."
                )
        if lost:
            raise SitesUnavailableError(
                tuple({error.site: error for error in lost.values()}.values())
            )
        return self.found

    async def _ask(self, wanted: Mapping[str, list[str]], failed: dict[str, SiteError]) -> None:
        parts = []
        for site, ids in wanted.items():
            places = asyncio.Semaphore(AT_ONCE)
            for at in range(0, len(ids), self._portion):
                part = ids[at : at + self._portion]
                parts.append(self._ask_part(site, part, places, failed))
        await together(*parts)

    async def _ask_part(
        self,
        site: str,
        ids: list[str],
        places: asyncio.Semaphore,
        failed: dict[str, SiteError],
    ) -> None:
        rest = [ids]
        async with places:
            while rest:
                part = rest.pop()
                try:
                    await self._take(site, part)
                except SiteError as error:
                    if error.status in (400, 401, 422):
                        raise
                    if _is_its_own(error) and len(part) > 1:
                        half = len(part) // 2
                        rest += [part[half:], part[:half]]
                        continue
                    failed |= dict.fromkeys(part, error)
                    if not _is_its_own(error):  # an unhealthy site: the others would fail, too
                        failed |= {one: error for ids in rest for one in ids}
                        return

    async def _take(self, site: str, ids: Sequence[str]) -> None:
        scope = MemoryScope()
        try:
            documents = await self._read(site, ids, scope)
            for document in documents:
                entry_id = str(document["entry_id"])
                if entry_id in self.found:
                    continue
                self._keep(site, entry_id, orjson.dumps(document))
                if len(self.found) % 20 == 0:
                    await asyncio.sleep(0)
        finally:
            scope.close()

    def _keep(self, site: str, entry_id: str, body: bytes) -> None:
        self._left -= len(body)
        if self._left < 0 and not self._is_one:
            raise PartTooLargeError
        try:
            self._clients[site].hold(self._scope).reserve(len(body))
        except Fault:
            raise PartTooLargeError from None
        self.found[entry_id] = body


def _is_its_own(error: SiteError) -> bool:
    """Whether single entries are at fault: one broken archive makes NOMAD answer 500 for all."""
    return isinstance(error, AnswerTooLargeError) or error.status == 500
