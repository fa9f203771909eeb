"""The whole result of a listing as a stream of JSON Lines (`response_format=_<prefix>_jsonl`).

The first line is a header with `meta`; then one resource a line; the last line says whether that
was everything, or which sites are missing and where to resume. A stream without it was broken.
"""

from collections.abc import Sequence

import orjson

from gateway.errors import GatewayError, SitesMissingError
from gateway.model import Json, JsonObject, PageLink, Resource, SearchAnswer
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import API_VERSION
from gateway.serve.response.envelope import resource_object
from gateway.serve.response.meta import Meta, meta_of, report_object
from gateway.serve.response.page_links import address_of
from gateway.serve.state import AppState

REMEMBERED = 10_000
"""Included resources that are not sent a second time; of longer streams the latest ones."""


class JsonLines:
    """One stream while it goes out."""

    def __init__(self, *, context: RequestContext, app_state: AppState) -> None:
        self._context = context
        self._app_state = app_state
        self._own = f"_{app_state.config.provider.prefix}_"
        self._count = 0
        self._included: dict[tuple[str, str], None] = {}

    def check(self, answer: SearchAnswer) -> None:
        """Every page can go out: the last line tells what is missing."""

    async def begin(self, first: SearchAnswer) -> Sequence[bytes]:
        """The header."""
        return [_line(self._header(first))]

    async def page(self, answer: SearchAnswer) -> Sequence[bytes]:
        """One line a resource; an included one the first time only."""
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
            f"{self._own}resume": address_of(link, self._context),
        }
        return [_line(self._last(end))]

    def _not_yet_sent(self, included: Sequence[Resource]) -> list[Resource]:
        new = [one for one in included if (one.type, one.id) not in self._included]
        self._included |= dict.fromkeys((one.type, one.id) for one in new)
        for key in [*self._included][: max(0, len(self._included) - REMEMBERED)]:
            del self._included[key]
        return new

    def _header(self, first: SearchAnswer) -> dict[str, object]:
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
        return {"x-optimade": {"meta": {"api_version": API_VERSION}}, "meta": meta}

    def _last(self, end: JsonObject) -> JsonObject:
        return {"meta": {**end, f"{self._own}count": self._count, "more_data_available": False}}


def _resource_line(resource: Resource) -> bytes:
    return _line(resource_object(resource))


def _line(value: JsonObject | dict[str, object]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
