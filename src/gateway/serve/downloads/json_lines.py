"""The whole result of a listing as a stream of JSON Lines (`response_format=_<prefix>_jsonl`, or
`_<prefix>_exchange` in the form of OPTIMADE's "JSON Lines Format for Database Exchange").

The first line is a header with `meta`; then one resource a line; the last line says whether that
was everything, or which sites are missing and where to resume. A stream without it was broken. For
exchange, `meta` has a line of its own, and the info of the server and its entry types follows it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import orjson

from gateway.errors import GatewayError, SitesMissingError
from gateway.model import Json, JsonObject, Notice, PageLink, Resource, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import API_VERSION
from gateway.serve.response.envelope import resource_object
from gateway.serve.response.meta import MAX_NOTICES, Meta, meta_of, report_object, warnings_of
from gateway.serve.response.page_links import address_of
from gateway.serve.state import AppState

REMEMBERED = 10_000
"""Included resources that are not sent a second time; of longer streams the latest ones."""


class JsonLines:
    """One stream while it goes out.

    `infos` are what a file for exchange says of the database first; None: it is none.
    """

    def __init__(
        self,
        *,
        context: RequestContext,
        app_state: AppState,
        infos: Sequence[JsonObject] | None = None,
    ) -> None:
        self._infos = infos
        self._context = context
        self._app_state = app_state
        self._own = f"_{app_state.config.provider.prefix}_"
        self._count = 0
        self._included: dict[bytes, None] = {}
        self._in_header: frozenset[Notice] | None = None
        """What the header warns of; None: it has not been written."""
        self._notices: dict[Notice, None] = {}

    def check(self, answer: SearchAnswer) -> None:
        """Every page can go out: the last line tells what is missing."""

    async def begin(self, first: SearchAnswer) -> Sequence[bytes]:
        """The header, and for exchange the infos."""
        return [*self._head(first)]

    async def page(self, answer: SearchAnswer) -> Sequence[bytes]:
        """One line a resource; an included one the first time only."""
        self._remember_notices(answer)
        self._count += len(answer.resources)
        resources = (*answer.resources, *self._not_yet_sent(answer.included))
        return await self._app_state.slices.map(_resource_line, resources)

    async def end(self) -> Sequence[bytes]:
        """The last line of a whole result."""
        return [_line(self._last({f"{self._own}complete": True}))]

    async def broken_off(self, error: GatewayError, link: PageLink) -> Sequence[bytes]:
        """The last line of one that is not."""
        sites: list[Json] = [*error.sites] if isinstance(error, SitesMissingError) else []
        end: JsonObject = {
            f"{self._own}complete": False,
            f"{self._own}missing": sites,
            f"{self._own}reason": str(error),
            f"{self._own}cursor": link.cursor,
            f"{self._own}resume": address_of(
                link, self._context, prefix=self._app_state.config.provider.prefix
            ),
        }
        return [_line(self._last(end))]

    def _not_yet_sent(self, included: Sequence[Resource]) -> list[Resource]:
        keys = {_digest(one): one for one in included}
        new = {key: one for key, one in keys.items() if key not in self._included}
        self._included |= dict.fromkeys(new)
        for key in [*self._included][: max(0, len(self._included) - REMEMBERED)]:
            del self._included[key]
        return [*new.values()]

    def _remember_notices(self, answer: SearchAnswer) -> None:
        """What later pages warn of, for the last line, up to as many as it shows.

        A site that misses a page catches up, or the last line names it.
        """
        if self._in_header is None:
            self._in_header = frozenset(answer.notices[:MAX_NOTICES])
            return
        for notice in answer.notices:
            is_new = notice.code != "site_failed" and notice not in self._in_header
            if is_new and len(self._notices) <= MAX_NOTICES:
                self._notices[notice] = None

    def _head(self, first: SearchAnswer) -> Iterator[bytes]:
        meta = self._meta(first)
        if self._infos is None:
            yield _line({"x-optimade": {"meta": {"api_version": API_VERSION}}, "meta": meta})
            return
        yield _line({"x-optimade": {"api_version": API_VERSION}})
        yield _line({"meta": meta})
        for info in self._infos:
            yield _line(info)

    def _meta(self, first: SearchAnswer) -> Meta:
        counts: JsonObject = {
            "data_returned": first.data_returned,
            "data_available": first.data_available,
            "more_data_available": True,
        }
        notices = (*self._context.notices, *first.notices)
        meta: Meta = meta_of(
            self._context, config=self._app_state.config, counts=counts, notices=notices
        )
        meta[f"{self._own}sites"] = [report_object(report) for report in first.reports]
        return meta

    def _last(self, end: JsonObject) -> JsonObject:
        meta: JsonObject = {**end, f"{self._own}count": self._count, "more_data_available": False}
        warnings = warnings_of(self._notices, self._app_state.config.provider.prefix)
        return {"meta": {**meta, "warnings": warnings} if warnings else meta}


def _digest(resource: Resource) -> bytes:
    """What is remembered of a resource: ids can be long."""
    return hashlib.blake2b(f"{resource.type} {resource.id}".encode(), digest_size=16).digest()


def _resource_line(resource: Resource) -> bytes:
    return _line(resource_object(resource))


def _line(value: Mapping[str, object]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
