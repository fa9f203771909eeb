"""Which sites have all that matches a query, copies included: they alone can answer a download."""

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import NativeQuery
from gateway.native.call import PERSONAL, Backend, NativeCall
from gateway.native.holders import Served
from gateway.native.one_site.locating import Holdings, find_holders


class WholeAtOne:
    """Counts what matches one query."""

    def __init__(
        self,
        query: NativeQuery,
        *,
        owner: str,
        call: NativeCall,
        backend: Backend,
        scope: MemoryScope,
    ) -> None:
        self._query = query
        self._owner = owner
        self._call = call
        self._backend = backend
        self._scope = scope

    async def count(self, served: Served | None = None) -> Holdings:
        """What each site has of it, or serves of it."""
        return await find_holders(
            self._query,
            owner=self._owner,
            call=self._call,
            backend=self._backend,
            scope=self._scope,
            served=served,
        )

    async def sites(self, holdings: Holdings) -> tuple[str, ...]:
        """Those that have everything: beside such a site, the others have copies alone."""
        if len(holdings.holders) <= 1:
            return holdings.holders
        if self._owner in PERSONAL:
            return ()
        most = max(holdings.counts.values())
        return tuple(
            [
                site
                for site, count in holdings.counts.items()
                if count == most and await self._is_all_at(site, holdings)
            ]
        )

    async def _is_all_at(self, site: str, holdings: Holdings) -> bool:
        answered = [*holdings.counts]
        served = await self._backend.entry_copies.served(answered, first=site)
        if served is None or served.hides_nothing:
            return False
        beside = await self._only(answered).count(served)
        return not beside.failed and beside.holders == (site,)

    async def served(self, holdings: Holdings) -> Holdings:
        """What each site serves of it, each entry once."""
        served = await self._backend.entry_copies.served([*holdings.counts])
        if served is None or served.hides_nothing or self._owner in PERSONAL:
            return holdings
        found = await self._only([*holdings.counts]).count(served)
        return holdings if found.failed else found

    def _only(self, sites: list[str]) -> "WholeAtOne":
        return WholeAtOne(
            self._query,
            owner=self._owner,
            call=self._call.only(sites),
            backend=self._backend,
            scope=self._scope,
        )
