"""What is answered by one site as it is: single entries, uploads, datasets, files, downloads.

Located by a query, then passed through from the holder, piece by piece: neither kept nor changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from gateway.errors import NativeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.passing import PassedAnswer
from gateway.fetch.http.request import Method
from gateway.fetch.nomad.answers import ENTRY_ID
from gateway.model import JsonObject, NativeQuery
from gateway.native.call import Backend, NativeCall, sites_for
from gateway.native.one_site.locating import Holdings, find_holders
from gateway.native.one_site.whole import WholeAtOne
from gateway.native.reading.bounds import check_query, check_required_archive
from gateway.native.reading.pinned import pinned_ids
from gateway.native.reading.request import read_owner
from gateway.native.refusals import NO_ENTRY, missing

DOING = "pass on an answer"
NO_UPLOAD = "The specified upload_id was not found, or has no entry that is visible to you."
NO_DATASET = "The dataset with the given id does not exist."


@dataclass(frozen=True, slots=True)
class Forward:
    """A request as it goes to one site."""

    method: Method
    path: str
    """Below the site's API address, with its query string."""
    content: bytes | None = None
    content_type: str = "application/json"


class Passing:
    """Passes requests on, on behalf of one caller."""

    def __init__(self, *, call: NativeCall, backend: Backend, scope: MemoryScope) -> None:
        self._call = call
        self._backend = backend
        self._copies = backend.entry_copies
        self._scope = scope

    async def entry(self, entry_id: str, forward: Forward) -> PassedAnswer:
        """What is at or below one entry."""
        if not ENTRY_ID.fullmatch(entry_id):
            raise NativeError(404, NO_ENTRY)
        holdings = await self._find({"entry_id": entry_id})
        holders = await self._ranked(holdings)
        return await self._first(holders, forward, holdings, nowhere=NO_ENTRY)

    async def upload(self, upload_id: str, forward: Forward) -> PassedAnswer:
        """What is at or below one upload."""
        if not ENTRY_ID.fullmatch(upload_id):
            raise NativeError(404, NO_UPLOAD)
        holdings = await self._find({"upload_id": upload_id})
        holders = await self._ranked(holdings)
        return await self._first(holders, forward, holdings, nowhere=NO_UPLOAD)

    async def dataset(self, dataset_id: str, forward: Forward) -> PassedAnswer:
        """One dataset: at a site that has entries of it, else at any that knows it."""
        if not ENTRY_ID.fullmatch(dataset_id):
            raise NativeError(404, NO_DATASET)
        holdings = await self._find({"datasets.dataset_id": dataset_id})
        others = tuple(site for site in self._call.sites if site not in holdings.holders)
        sites = (*holdings.holders, *others)
        return await self._first(sites, forward, holdings, nowhere=NO_DATASET)

    async def bulk(self, body: JsonObject, forward: Forward, *, what: str) -> PassedAnswer:
        """Files or archives of all that match a query: only where one site has them all."""
        owner = read_owner(body.get("owner"))
        query = check_query(body.get("query"))
        check_required_archive(body.get("required"))
        clients = self._backend.clients
        sites = sites_for(owner, self._call, clients)
        call = self._call.only(sites)
        whole = WholeAtOne(query, owner=owner, call=call, backend=self._backend, scope=self._scope)
        holdings = await whole.count()
        if holdings.failed and not await self._can_do_without(holdings, query, sites):
            raise missing(holdings.failed, partial_url=self._call.partial_url)
        chosen = await whole.sites(holdings)
        if not chosen and holdings.holders:
            raise self._spread(await whole.served(holdings), what)
        chosen = chosen or tuple(holdings.counts)[:1]
        return await self._first(chosen, forward, holdings, nowhere=NO_ENTRY)

    async def _can_do_without(
        self, holdings: Holdings, query: NativeQuery, sites: Sequence[str]
    ) -> bool:
        """Whether nothing is missing with the sites that did not say."""
        if self._call.is_partial:
            return True
        failed = [one.site for one in holdings.failed]
        uploads = pinned_ids(query, "upload_id")
        return await self._copies.can_stand_in(failed, sites, uploads=uploads)

    async def at(self, site: str, forward: Forward, *, with_token: bool = False) -> PassedAnswer:
        """What one site answers."""
        try:
            return await self._open(site, forward, with_token=with_token)
        except SiteError as error:
            raise missing([error], partial_url=self._call.partial_url) from None

    async def _ranked(self, holdings: Holdings) -> Sequence[str]:
        """The holders of an upload in the order in which they serve it."""
        served = await self._copies.served(self._call.sites)
        if served is None:
            return holdings.holders
        return served.ranked({one: holdings.uploads.get(one, "") for one in holdings.holders})

    async def _find(self, query: NativeQuery) -> Holdings:
        return await find_holders(
            query, owner="visible", call=self._call, backend=self._backend, scope=self._scope
        )

    async def _first(
        self, sites: Sequence[str], forward: Forward, holdings: Holdings, *, nowhere: str
    ) -> PassedAnswer:
        """The answer of the first of these sites that has one."""
        failures: list[SiteError] = []
        refused: PassedAnswer | None = None
        for site in sites:
            try:
                answer = await self._open(site, forward)
            except SiteError as error:
                failures.append(error)
                continue
            if answer.status < 400 or answer.status in (400, 422):
                if refused is not None:
                    await refused.close()
                return answer
            if refused is not None:
                await answer.close()
            else:
                refused = answer
        return await self._no_answer(refused, failures, holdings, nowhere=nowhere)

    async def _no_answer(
        self,
        refused: PassedAnswer | None,
        failures: list[SiteError],
        holdings: Holdings,
        *,
        nowhere: str,
    ) -> PassedAnswer:
        """The error where no site gave an answer."""
        unavailable = [*failures, *holdings.failed]
        is_sure = not unavailable or self._call.is_partial
        if refused is not None:
            if is_sure or refused.status not in (403, 404):
                return refused
            await refused.close()
        if failures:
            raise missing(unavailable, partial_url=self._call.partial_url)
        raise holdings.or_missing(self._call, nowhere=nowhere)

    async def _open(self, site: str, forward: Forward, *, with_token: bool = False) -> PassedAnswer:
        return await self._backend.clients[site].pass_on(
            forward.method,
            forward.path,
            forward.content,
            doing=DOING,
            options=self._call.options(self._scope),
            content_type=forward.content_type,
            with_token=with_token,
        )

    def _spread(self, holdings: Holdings, what: str) -> NativeError:
        clients = self._backend.clients
        where = ", ".join(
            f"{count} at {site} ({clients[site].site.url})"
            for site, count in holdings.counts.items()
            if count
        )
        return NativeError(
            501,
            f"{what} come from one site at a time, and what matches lies at several: {where}. Ask "
            "each of them, or /sites/<name>/api/v1 here.",
        )


def safe_path(parts: Sequence[str]) -> str:
    """A path of these segments, each escaped; raises NativeError for one that would climb."""
    if any(part in (".", "..") or "\\" in part or "\0" in part for part in parts):
        raise NativeError(404, "There is no such path.")
    return "/".join(quote(part, safe="") for part in parts)
