"""The index of copies, read in the background: no request waits for it, and no error ends it.

Each site has a task: a cheap look each minute, its uploads anew when the look shows a change, and
everything anew each hour. Then the uploads that several sites have are compared entry by entry, and
what was found becomes a generation, which does not change any more.
"""

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gateway.errors import SiteError
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.fetch.nomad.session import SiteSession
from gateway.model import NativeQuery
from gateway.search.copies.index import (
    MOST_UPLOADS,
    Mark,
    read_mark,
    read_processed,
    read_uploads,
    too_many_uploads,
)
from gateway.search.copies.owners import Generation, generation_of
from gateway.search.copies.shared import Comparison, holders_by_upload

logger = logging.getLogger(__name__)

WHOLE_S = 3600.0
"""Until all of a site is read anew, whatever the looks found."""
RETRY_S = 10.0
"""Until a site that did not answer is looked at again."""
LEAST_PAUSE_S = 30.0
"""Between two looks at a site that a caller's answer has caused."""
READ_S = 60.0
"""How long a step of the reading may take: longer than any caller waits, as nobody does."""
MOST_KEPT = 400_000
"""Uploads of all sites together: 55 MB. Half of it is kept for all sites alike."""
KEPT = 8
"""Generations that walks may still refer to; they differ only when shared uploads do."""


@dataclass(slots=True)
class _SiteIndex:
    """What is known of one site's public uploads."""

    mark: Mark
    uploads: Mapping[str, int]
    """How many entries each has."""
    read_at: float
    """When all of it was read, in the event loop's time."""


class CopyIndex:
    """Which uploads several sites have, as of the last look; for the entries of one kind.

    `base` says which entries: structures for OPTIMADE, all for NOMAD's own API. The two have an
    index each, as what is a structure at one holder need not be one at another, older one.
    """

    def __init__(
        self,
        clients: Mapping[str, SiteClient],
        *,
        base: NativeQuery,
        refresh_s: float,
        whole_s: float = WHOLE_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clients = clients
        self._base = base
        self._refresh_s = refresh_s
        self._whole_s = whole_s
        self._sleep = sleep
        self._sites: dict[str, _SiteIndex] = {}
        self._comparison = Comparison(base)
        self._generations: OrderedDict[str, Generation] = OrderedDict()
        self._settling = asyncio.Lock()
        self._urgent = {name: asyncio.Event() for name in clients}
        self._tasks: list[asyncio.Task[None]] = []
        self._looked_at: dict[str, float] = {}
        self.ready = asyncio.Event()
        """Set once each site has been looked at, or has not answered."""
        self._tried: set[str] = set()
        self.revision = 0
        """Grows with everything that is read."""
        self.first_holders: dict[str, tuple[str, ...]] = {}
        """Of uploads that have become shared since the start: the sites that had them before."""
        self._known: frozenset[str] = frozenset()
        self._compared: Mapping[str, Mapping[str, int]] = {}
        self._is_settled = False
        """Whether all that is known has been compared."""

    def open(self) -> None:
        """Begin to read."""
        watches = (self._watch(client) for client in self._clients.values())
        self._tasks = [asyncio.create_task(watch) for watch in watches]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def latest(self) -> Generation | None:
        """The newest generation; None: no site has been read yet."""
        return next(reversed(self._generations.values()), None)

    def find(self, id_: str) -> Generation | None:
        """A generation that is still kept; None: it was never here, or is too old."""
        return self._generations.get(id_)

    @property
    def known(self) -> frozenset[str]:
        """The sites whose uploads have been compared with those of the others."""
        return self._known

    def uploads(self, site: str) -> Mapping[str, int]:
        """How many entries each upload of a site has, as far as known."""
        held = self._sites.get(site)
        return {} if held is None else held.uploads

    def age_s(self, site: str) -> float | None:
        """How long ago a site was last looked at with the result in the index; None: never."""
        seen = self._looked_at.get(site)
        return None if seen is None else asyncio.get_running_loop().time() - seen

    def suspect(self, sites: Iterable[str]) -> None:
        """An entry was seen twice: read the uploads of these sites now, if that was not just done;
        a caller must not have the sites asked all the time."""
        for site in sites:
            age_s = self.age_s(site)
            if age_s is not None and age_s >= LEAST_PAUSE_S:
                self._urgent[site].set()

    async def refresh(self) -> None:
        """Look at all sites now; what one does not answer is logged."""
        await asyncio.gather(*(self._look_safely(one) for one in self._clients.values()))

    async def _watch(self, client: SiteClient) -> None:
        while True:
            pause_s = await self._look_safely(client)
            await self._pause(client.site.name, pause_s * random.uniform(0.8, 1.2))  # noqa: S311

    async def _pause(self, site: str, pause_s: float) -> None:
        urgent = asyncio.create_task(self._urgent[site].wait())
        sleep = asyncio.ensure_future(self._sleep(pause_s))
        try:
            await asyncio.wait((urgent, sleep), return_when=asyncio.FIRST_COMPLETED)
        finally:
            urgent.cancel()
            sleep.cancel()

    async def _look_safely(self, client: SiteClient) -> float:
        """Until when the next look can wait; `except Exception` stands here, at the edge."""
        name = client.site.name
        try:
            await self._look(client)
        except SiteError as error:
            logger.info("copies at site %s cannot be looked for: %s", name, error.happened)
            return RETRY_S
        except Exception:
            logger.exception("unexpected error while looking for copies at site %s", name)
        finally:
            self._tried.add(name)
            if len(self._tried) == len(self._clients):
                self.ready.set()
        return self._refresh_s

    async def _look(self, client: SiteClient) -> None:
        name, now = client.site.name, asyncio.get_running_loop().time()
        is_urgent = self._urgent[name].is_set()
        self._urgent[name].clear()
        scope = MemoryScope()
        try:
            session = self._session(client, scope)
            mark = await read_mark(session, self._base)
            held = self._sites.get(name)
            is_due = held is None or now - held.read_at >= self._whole_s
            if held is None or is_due or is_urgent or mark != held.mark:
                await self._read(session, mark, now=now, is_whole=is_due)
        finally:
            scope.close()
        await self._settle()
        self._looked_at[name] = now

    async def _read(self, session: SiteSession, mark: Mark, *, now: float, is_whole: bool) -> None:
        """All uploads of a site; those that have changed are compared anew."""
        held = self._sites.get(session.name)
        most = self._most_uploads(session.name)
        uploads = await read_uploads(session, self._base, most=most)
        if len(uploads) > (most := self._most_uploads(session.name)):  # others were quicker
            raise too_many_uploads(session.name, most)
        changed: AbstractSet[str] = uploads.keys()
        if held is not None and not is_whole:
            changed = set()
            if mark.processed != held.mark.processed:
                since = held.mark.processed
                changed = await read_processed(session, self._base, since=since, most=most)
        await self._comparison.suspect(session.name, changed)
        self._is_settled = False
        read_at = now if held is None or is_whole else held.read_at
        self._sites[session.name] = _SiteIndex(mark, uploads, read_at)
        self.revision += 1

    def _most_uploads(self, site: str) -> int:
        """How many may be read of a site: what others have, or a part kept for each, is not its."""
        kept = MOST_KEPT // (2 * len(self._clients))
        others = (len(self.uploads(one)) for one in self._clients if one != site)
        left = MOST_KEPT - sum(max(count, kept) for count in others)
        return min(MOST_UPLOADS, max(left, kept))

    async def _settle(self) -> None:
        """Compare what has not been compared, and make generations of what is known."""
        while await self._has_more_to_compare():
            pass

    async def _has_more_to_compare(self) -> bool:
        """After one round: whether the next one would get further at once."""
        async with self._settling:
            if self._is_settled:
                return False
            known = 0 if self.latest is None else len(self.latest.uploads)
            self._is_settled = True  # unless something comes in meanwhile
            uploads = {site: one.uploads for site, one in self._sites.items()}
            holders = await asyncio.to_thread(holders_by_upload, uploads)
            try:
                shared = await self._comparison.compare(
                    holders,
                    uploads,
                    open_session=lambda site, scope: self._session(self._clients[site], scope),
                )
            except BaseException:
                self._is_settled = False
                raise
            if len(shared) < len(holders) or self._comparison.lacks_copies:
                self._is_settled = False
            self.first_holders = await asyncio.to_thread(self._first_holders, holders)
            self._publish(await asyncio.to_thread(generation_of, shared, self.latest))
            self._known, self._compared = frozenset(uploads), uploads
            return self._comparison.is_cut_short and len(shared) > known

    def _first_holders(self, holders: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Walks that have begun go on with these sites."""
        before = {} if self.latest is None else self.latest.uploads
        new = holders.keys() - before.keys() if self._compared else ()
        first = {one: known for one, known in self.first_holders.items() if one in holders}
        for upload_id in new:
            known = [site for site in holders[upload_id] if site in self._compared]
            had = tuple(site for site in known if upload_id in self._compared[site])
            if upload_id not in first and 0 < len(had) < len(known):
                first[upload_id] = had
        return first

    def _publish(self, generation: Generation) -> None:
        self.revision += 1
        held = self._generations.pop(generation.id, generation)
        self._generations[generation.id] = held
        if len(self._generations) > KEPT:
            self._generations.popitem(last=False)

    def _session(self, client: SiteClient, scope: MemoryScope) -> SiteSession:
        deadline = asyncio.get_running_loop().time() + READ_S
        return SiteSession(client, RequestOptions(deadline, scope, fresh=True))
