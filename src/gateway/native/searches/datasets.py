"""`GET /datasets`: the lists of all sites as one, each dataset once."""

from collections.abc import Awaitable, Mapping
from itertools import chain
from urllib.parse import urlencode

import orjson

from gateway.errors import NativeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import Json, JsonObject
from gateway.native.asking import NativeAnswer, SitesUnavailableError, ask_sites, unavailable_error
from gateway.native.call import Backend, NativeCall
from gateway.native.links import page_links
from gateway.native.reading.get_query import PAGING, Pairs
from gateway.native.reading.request import WINDOW, read_pagination
from gateway.native.searches.documents import read_total

DOING = "list datasets"
FILTERS = ("dataset_id", "dataset_name", "user_id", "dataset_type", "doi", "prefix")
ID = "dataset_id"


class Datasets:
    """Reads one page of the merged list."""

    def __init__(self, *, call: NativeCall, backend: Backend, scope: MemoryScope) -> None:
        self._call = call
        self._clients = backend.clients
        self._scope = scope

    async def read(self, pairs: Pairs) -> bytes:
        """The JSON text of the answer."""
        given: JsonObject = {name: value for name, value in pairs if name in PAGING}
        after = given.pop("page_after_value", None)
        order_by = str(given.pop("order_by", "") or "")
        pagination = read_pagination(given)
        start = _start(after, skip=pagination.skip)
        if start + pagination.size > WINDOW:
            raise NativeError(400, f"Only the first {WINDOW} datasets can be listed.")
        held = await self._all([(name, value) for name, value in pairs if name in FILTERS])
        ordered = _ordered(held, order_by=order_by, is_descending=pagination.is_descending)
        written = self._pagination(pagination.size, pagination.order, start, len(ordered))
        if order_by:
            written = {"page_size": written.pop("page_size"), "order_by": order_by, **written}
        page = ordered[start : start + pagination.size]
        return orjson.dumps({"pagination": written, "data": page})

    def _pagination(self, size: int, order: str, start: int, total: int) -> JsonObject:
        written: JsonObject = {"page_size": size, "order": order}
        if size:
            written["page"] = start // size + 1
            if start:
                written["page_after_value"] = str(start - 1)
        written["total"] = total
        if size and start + size < total:
            written["next_page_after_value"] = str(start + size - 1)
        return {**written, **page_links(self._call, written)}

    async def _all(self, filters: list[tuple[str, str]]) -> dict[str, list[JsonObject]]:
        """What each site lists, all of it: it is short, and in an order of the site's own."""
        requests = {site: self._one(site, filters) for site in self._call.sites}
        try:
            answers = await ask_sites(requests, doing=DOING)
        except SitesUnavailableError as error:
            rest = self._call.without(error.sites)
            if not self._call.is_partial or not rest.sites:
                raise unavailable_error(error, self._call) from None
            self._call = rest
            return await self._all(filters)
        return {site: one.value for site, one in answers.items()}

    def _one(
        self, site: str, filters: list[tuple[str, str]]
    ) -> Awaitable[NativeAnswer[list[JsonObject]]]:
        async def ask() -> NativeAnswer[list[JsonObject]]:
            query = urlencode([*filters, ("page_size", str(WINDOW - 1))])
            answer = await self._clients[site].get(
                f"/datasets?{query}", doing=DOING, options=self._call.options(self._scope)
            )
            data: Json = answer.data.get("data")
            if not isinstance(data, list) or len(data) >= WINDOW:
                raise SiteError(site, doing=DOING, happened="the answer has no list of datasets")
            if len(data) < read_total(site, answer.data):
                raise NativeError(501, f"{site} has too many datasets to list; ask for fewer.")
            return NativeAnswer([one for one in data if isinstance(one, dict)], {})

        return ask()


def _start(after: Json, *, skip: int) -> int:
    """How many datasets stand before the page."""
    if not isinstance(after, str):
        return skip
    if not after.isdecimal() or len(after) > 9:
        raise NativeError(400, "page_after_value is not one of this list's.")
    return int(after) + 1


def _ordered(
    held: Mapping[str, list[JsonObject]], *, order_by: str, is_descending: bool
) -> list[JsonObject]:
    """Each dataset once, as the first site that has it lists it."""
    unique: dict[str, JsonObject] = {}
    for dataset in chain.from_iterable(held.values()):
        unique.setdefault(str(dataset.get(ID)), dataset)
    key = order_by or "dataset_create_time"
    return sorted(
        unique.values(),
        key=lambda one: (str(one.get(key) or ""), str(one.get(ID))),
        reverse=is_descending,
    )
