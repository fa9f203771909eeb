"""NOMAD's API over all sites: a request in, the JSON text of an answer or a site's own answer out.

The way of a search: `request` (or `get_query`) reads and `bounds` checks it; `entries` asks all
sites for keys, `merge` makes one page of them, `bodies` reads what is wanted of its entries;
`aggregations` counts beside it. `passing` is for everything that one site answers alone.
"""

from collections.abc import Sequence

from gateway.config import Config
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.passing import PassedAnswer
from gateway.model import JsonObject
from gateway.native.call import Backend, NativeCall
from gateway.native.info import written_info
from gateway.native.one_site.passing import Forward, Passing
from gateway.native.reading.get_query import Pairs, read_get
from gateway.native.reading.request import read_body, read_search
from gateway.native.searches.batches import Batches
from gateway.native.searches.datasets import Datasets
from gateway.native.searches.lately_served import LatelyServed
from gateway.native.searches.searching import Answered, Searching
from gateway.native.searches.streamed import BrokenStreamError, StreamedAnswer


class NativeApi:
    """All native endpoints."""

    def __init__(self, config: Config, backend: Backend) -> None:
        self._config = config
        self._backend = backend
        self._batches = Batches()
        self._served = LatelyServed()

    @property
    def auth_site(self) -> str | None:
        """The site that knows the users; None: there is none."""
        return self._config.native.auth_site

    def sites(self, only: str | None) -> Sequence[str]:
        """The sites of a view."""
        return tuple(site for site in self._backend.clients if only in (None, site))

    async def entries(self, raw: bytes, *, call: NativeCall, scope: MemoryScope) -> Answered:
        """`POST /entries/query`."""
        search = read_search(read_body(raw))
        return await self._searching(call, scope).entries(search)

    async def get_entries(self, pairs: Pairs, *, call: NativeCall, scope: MemoryScope) -> Answered:
        """`GET /entries`."""
        search = read_search(read_get(pairs, with_required=True))
        return await self._searching(call, scope).entries(search)

    async def archives(self, raw: bytes, *, call: NativeCall, scope: MemoryScope) -> Answered:
        """`POST /entries/archive/query`."""
        search = read_search(read_body(raw), archives=True)
        return await self._searching(call, scope).archives(search)

    async def get_archives(self, pairs: Pairs, *, call: NativeCall, scope: MemoryScope) -> Answered:
        """`GET /entries/archive`."""
        search = read_search(read_get(pairs, with_required=False), archives=True)
        return await self._searching(call, scope).archives(search)

    async def datasets(self, pairs: Pairs, *, call: NativeCall, scope: MemoryScope) -> bytes:
        """`GET /datasets`."""
        return await Datasets(call=call, backend=self._backend, scope=scope).read(pairs)

    def info(self, call: NativeCall) -> JsonObject:
        """`GET /info`."""
        return written_info(self._config, call, self._backend.versions())

    def passing(self, call: NativeCall, scope: MemoryScope) -> Passing:
        """What one site answers alone."""
        return Passing(call=call, backend=self._backend, scope=scope)

    def _searching(self, call: NativeCall, scope: MemoryScope) -> Searching:
        return Searching(
            call=call,
            backend=self._backend,
            scope=scope,
            batches=self._batches,
            served=self._served,
        )


__all__ = [
    "Answered",
    "BrokenStreamError",
    "Forward",
    "NativeApi",
    "PassedAnswer",
    "StreamedAnswer",
]
