"""The whole result of a listing as a stream of JSON Lines (`response_format=_<prefix>_jsonl`).

The first line is a header with `meta`; then one resource a line; the last line says whether that
was everything, or which sites are missing and where to resume. A stream without it was broken.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
from starlette.responses import StreamingResponse

from gateway.errors import GatewayError, SitesMissingError
from gateway.model import Json, JsonObject, PageLink, SearchAnswer, SearchRequest
from gateway.serve.request.context import RequestContext
from gateway.serve.request.negotiation import JSON_LINES
from gateway.serve.request.paths import API_VERSION
from gateway.serve.response.envelope import resource_object
from gateway.serve.response.meta import meta_of, report_object
from gateway.serve.response.page_links import address_of
from gateway.serve.state import AppState

PAGE = 200
"""Entries asked for at a time; the next ones only once the client has taken these."""


async def stream_response(
    wanted: SearchRequest, *, context: RequestContext, app_state: AppState
) -> StreamingResponse:
    """The stream; what is wrong with the request itself is raised before it begins."""
    asked = replace(wanted, page_limit=min(PAGE, app_state.config.paging.max_limit))
    async with app_state.admission.target():
        first = await app_state.federation.search(asked)
    lines = _Lines(asked, first, context=context, app_state=app_state)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines.all(), media_type=JSON_LINES, headers=headers)


class _Lines:
    """One stream while it goes out."""

    def __init__(
        self,
        asked: SearchRequest,
        first: SearchAnswer,
        *,
        context: RequestContext,
        app_state: AppState,
    ) -> None:
        self._asked = asked
        self._first = first
        self._context = context
        self._app_state = app_state
        self._own = f"_{app_state.config.provider.prefix}_"
        self._count = 0
        self._included: set[tuple[str, str]] = set()

    async def all(self) -> AsyncIterator[bytes]:
        """Header, resources, last line; nothing for HEAD, which is not worth a walk."""
        if self._context.is_head:
            return
        yield _line(self._header())
        answer, link = self._first, PageLink(self._asked.cursor, 0)
        while True:
            for line in self._page(answer):
                yield line
            if answer.next is None:
                yield _line(self._last({f"{self._own}complete": True}))
                return
            link = answer.next
            try:
                answer = await self._following(link)
            except SitesMissingError as error:
                yield _line(self._last(self._broken_off(error, link, sites=error.sites)))
                return
            except GatewayError as error:
                yield _line(self._last(self._broken_off(error, link, sites=())))
                return

    async def _following(self, link: PageLink) -> SearchAnswer:
        async with self._app_state.admission.target():
            return await self._app_state.federation.search(
                replace(self._asked, cursor=link.cursor, offset=0)
            )

    def _page(self, answer: SearchAnswer) -> list[bytes]:
        self._count += len(answer.resources)
        lines = [_line(resource_object(resource)) for resource in answer.resources]
        for resource in answer.included:
            if (resource.type, resource.id) not in self._included:
                self._included.add((resource.type, resource.id))
                lines.append(_line(resource_object(resource)))
        return lines

    def _header(self) -> JsonObject:
        counts: JsonObject = {
            "data_returned": self._first.data_returned,
            "data_available": self._first.data_available,
            "more_data_available": True,
        }
        notices = (*self._context.notices, *self._first.notices)
        meta = meta_of(self._context, config=self._app_state.config, counts=counts, notices=notices)
        meta[f"{self._own}sites"] = [report_object(report) for report in self._first.reports]
        return {"x-optimade": {"meta": {"api_version": API_VERSION}}, "meta": meta}

    def _last(self, end: JsonObject) -> JsonObject:
        return {"meta": {**end, f"{self._own}count": self._count, "more_data_available": False}}

    def _broken_off(
        self, error: GatewayError, link: PageLink, *, sites: tuple[str, ...]
    ) -> JsonObject:
        missing: list[Json] = list(sites)
        return {
            f"{self._own}complete": False,
            f"{self._own}missing": missing,
            f"{self._own}reason": str(error),
            f"{self._own}cursor": link.cursor,
            f"{self._own}resume": address_of(link, self._context),
        }


def _line(value: JsonObject) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
