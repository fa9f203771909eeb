"""An index of copies over sites with very many uploads, which are made up as they are asked for."""

import time
from asyncio import AbstractEventLoop, Handle, get_running_loop, sleep
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.memory_budget import MemoryBudget, MemoryScope, Reservation
from gateway.fetch.nomad.answers import Documents
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Json, JsonObject, NativeQuery, Site
from gateway.properties import STRUCTURE
from gateway.search.copies import CopyIndex

TIME = "2024-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class ManyUploads:
    """A session with a site that has uploads of two entries each."""

    name: str
    uploads: tuple[str, ...]
    """Rising."""

    def hold(self) -> Reservation:
        return MemoryBudget().reserve(self.name)

    def apart(self, scope: MemoryScope) -> "ManyUploads":
        return self

    async def page(self, query: NativeQuery, **_: Any) -> Documents:
        await sleep(0)
        times: dict[str, Json] = {"publish_time": TIME, "last_processing_time": TIME}
        return Documents(({"entry_id": "x", **times},), 2 * len(self.uploads))

    async def aggregate(
        self, query: NativeQuery, aggregations: Mapping[str, JsonObject]
    ) -> list[list[Json]]:
        terms = cast("dict[str, Any]", aggregations["values"]["terms"])
        await sleep(0)
        if terms["quantity"] == "entry_id":
            upload_id = cast("Any", query)["and"][1]["upload_id"]
            return [[{"value": f"{upload_id}-{i}", "count": 1} for i in "ab"]]
        pagination = terms["pagination"]
        after, size = pagination.get("page_after_value", ""), pagination["page_size"]
        at = self.uploads.index(after) + 1 if after else 0
        found = self.uploads[at : at + size]
        # as they come out of JSON: each text is an object of its own
        buckets: list[Json] = [{"value": "".join(list(one)), "count": 2} for one in found]
        await sleep(0)  # a real one is decoded in a thread
        return [buckets]


class IndexOfMany(CopyIndex):
    """Reads made-up sites."""

    def __init__(self, sites: Mapping[str, Iterable[str]]) -> None:
        self.held = {name: ManyUploads(name, tuple(sorted(ids))) for name, ids in sites.items()}
        clients = {name: cast("SiteClient", _Named(Site(name, f"http://{name}", name)))
                   for name in sites}  # fmt: skip
        super().__init__(clients, base=STRUCTURE, refresh_s=3600)

    def _session(self, client: SiteClient, scope: MemoryScope) -> SiteSession:
        return cast("SiteSession", self.held[client.site.name])


@dataclass(frozen=True, slots=True)
class _Named:
    site: Site


def upload_ids(count: int) -> list[str]:
    """As long as NOMAD's."""
    return [f"upload-{number:015}" for number in range(count)]


class LoopHolds:
    """How long the event loop works in one piece: processor time of its thread between two turns,
    which other processes do not lengthen."""

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._loop: AbstractEventLoop = get_running_loop()
        self._last = time.thread_time()
        self._next: Handle | None = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        now = time.thread_time()
        self.longest_ms = max(self.longest_ms, 1000 * (now - self._last))
        self._last = now
        self._next = self._loop.call_soon(self._turn)

    def stop(self) -> float:
        """The longest piece, in milliseconds."""
        assert self._next is not None
        self._next.cancel()
        return self.longest_ms
