"""The whole result of a listing as a stream of JSON Lines (`response_format=_<prefix>_jsonl`, or
`_<prefix>_exchange` in the form of OPTIMADE's "JSON Lines Format for Database Exchange").

The first line is a header with `meta`; then one resource a line; the last line says whether that
was everything, or which sites are missing and where to resume. A stream without it was broken. For
exchange, `meta` has a line of its own, and the info of the server and its entry types follows it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import GatewayError, SitesMissingError
from gateway.model import Json, JsonObject, Notice, PageLink, Resource, SearchAnswer, SearchRequest
from gateway.serve.request.context import RequestContext
from gateway.serve.request.negotiation import JSON_LINES
from gateway.serve.request.paths import API_VERSION
from gateway.serve.response.envelope import resource_object
from gateway.serve.response.meta import MAX_NOTICES, Meta, meta_of, report_object, warnings_of
from gateway.serve.response.page_links import address_of
from gateway.serve.response.piecewise import PIECE_BYTES
from gateway.serve.state import AppState

PAGE = 200
"""Entries asked for at a time; the next ones only once the client has taken these."""
REMEMBERED = 10_000
"""Included resources that are not sent a second time; of longer streams the latest ones."""


async def stream_response(
    search: SearchRequest,
    *,
    context: RequestContext,
    app_state: AppState,
    infos: Sequence[JsonObject] | None,
) -> StreamingResponse:
    """The stream; what is wrong with the request itself is raised before it begins.

    `infos` are what a file for exchange says of the database first; None: it is none.
    """
    page = replace(search, page_limit=min(PAGE, app_state.config.paging.max_limit), patient=True)
    async with app_state.admission.slot():
        first = await app_state.federation.search(page)
    lines = _Lines(page, context=context, app_state=app_state, infos=infos)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _CountedStream(lines.all(first), headers=headers, app_state=app_state)


class _CountedStream(StreamingResponse):
    """A stream that takes one of the slots for streams while it goes out."""

    def __init__(
        self, content: AsyncIterator[bytes], *, headers: dict[str, str], app_state: AppState
    ) -> None:
        super().__init__(content, media_type=JSON_LINES, headers=headers)
        self._admission = app_state.admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._admission.stream():
            await super().__call__(scope, receive, send)


class _Lines:
    """One stream while it goes out; it holds the lines of one page at a time."""

    def __init__(
        self,
        page: SearchRequest,
        *,
        context: RequestContext,
        app_state: AppState,
        infos: Sequence[JsonObject] | None,
    ) -> None:
        self._page = page
        self._infos = infos
        self._context = context
        self._app_state = app_state
        self._own = f"_{app_state.config.provider.prefix}_"
        self._count = 0
        self._included: dict[bytes, None] = {}
        self._said: frozenset[Notice] = frozenset()
        self._notices: dict[Notice, None] = {}

    async def all(self, first: SearchAnswer) -> AsyncIterator[bytes]:
        """Header, resources, last line; nothing for HEAD, which is not worth a walk."""
        if self._context.is_head:
            return
        for line in self._head(first):
            yield line
        self._said = frozenset(first.notices[:MAX_NOTICES])
        lines, link = await self._lines_of(first), first.next
        del first  # its entries would be held as long as the stream goes on
        while True:
            async for piece in self._pieces(lines):
                yield piece
            if link is None:
                yield _line(self._last({f"{self._own}complete": True}))
                return
            position = link
            try:
                lines, link = await self._following(position)
            except GatewayError as error:
                yield _line(self._last(self._broken_off(error, position)))
                return

    async def _following(self, link: PageLink) -> tuple[list[bytes], PageLink | None]:
        self._check_end()
        async with self._app_state.admission.slot():
            answer = await self._app_state.federation.search(
                replace(self._page, cursor=link.cursor, offset=0)
            )
            self._remember_notices(answer)
            return await self._lines_of(answer), answer.next

    def _check_end(self) -> None:
        """A stream can take hours; it ends at a page when its configuration or the server does."""
        if self._app_state.is_replaced:
            raise GatewayError("The gateway's configuration has changed.")
        if self._app_state.shutdown.is_stopping:
            raise GatewayError("The gateway is shutting down.")

    async def _lines_of(self, answer: SearchAnswer) -> list[bytes]:
        self._count += len(answer.resources)
        resources = (*answer.resources, *self._not_yet_sent(answer.included))
        return await self._app_state.slices.map(_resource_line, resources)

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
        for notice in answer.notices:
            is_new = notice.code != "site_failed" and notice not in self._said
            if is_new and len(self._notices) <= MAX_NOTICES:
                self._notices[notice] = None

    async def _pieces(self, lines: list[bytes]) -> AsyncIterator[bytes]:
        """The lines, many at a time; the connection knows what is still to come."""
        unsent, start, size = sum(map(len, lines)), 0, 0
        try:
            for end, line in enumerate(lines, 1):
                size += len(line)
                if size >= PIECE_BYTES or end == len(lines):
                    self._context.hold(unsent)
                    yield b"".join(lines[start:end])
                    unsent, start, size = unsent - size, end, 0
                    await asyncio.sleep(0)  # sending waits for nobody while the client is fast
        finally:
            self._context.hold(0)

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

    def _broken_off(self, error: GatewayError, link: PageLink) -> JsonObject:
        sites: list[Json] = [*error.sites] if isinstance(error, SitesMissingError) else []
        return {
            f"{self._own}complete": False,
            f"{self._own}missing": sites,
            f"{self._own}reason": str(error),
            f"{self._own}cursor": link.cursor,
            f"{self._own}resume": address_of(
                link, self._context, prefix=self._app_state.config.provider.prefix
            ),
        }


def _digest(resource: Resource) -> bytes:
    """What is remembered of a resource: ids can be long."""
    return hashlib.blake2b(f"{resource.type} {resource.id}".encode(), digest_size=16).digest()


def _resource_line(resource: Resource) -> bytes:
    return _line(resource_object(resource))


def _line(value: Mapping[str, object]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
