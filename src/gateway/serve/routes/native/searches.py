"""Searches over all sites: answered whole, within a slot of the admission."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from gateway.fetch.http.memory_budget import MemoryScope
from gateway.native import NativeApi, NativeCall
from gateway.native.api import Answered, StreamedAnswer
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.request.context import context_of
from gateway.serve.response.piecewise import PIECE_BYTES, PiecewiseResponse
from gateway.serve.routes.native.reading import read_body_of, read_call, read_parameters
from gateway.serve.routes.native.sizes import size_of
from gateway.serve.routes.native.stream import SearchStream
from gateway.serve.state import AppState, app_state_of

JSON = "application/json"
Search = Callable[[NativeApi, Request, NativeCall, MemoryScope], Awaitable[Answered]]


def search_endpoint(search: Search, path: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of one search."""

    async def endpoint(request: Request) -> Response:
        state, call = app_state_of(request), read_call(request)
        await read_body_of(request)
        return await cancel_on_disconnect(request, _answered(search, request, call, state))

    endpoint.__doc__ = DESCRIPTIONS.get(path, "")
    return endpoint


async def _answered(
    search: Search, request: Request, call: NativeCall, state: AppState
) -> Response:
    assert state.native is not None
    size = size_of(request, call)
    scope = MemoryScope(is_large=size.is_large)
    try:
        async with state.admission.slot(
            context_of(request).client,
            deadline=call.deadline,
            is_large=size.is_large,
            sent_bytes=size.sent_bytes,
        ):
            written = await search(state.native, request, call, scope)
    finally:
        scope.close()
    headers = {"Cache-Control": "private, no-store" if call.token else "no-store"}
    if isinstance(written, StreamedAnswer):
        return SearchStream(written, context=context_of(request), state=state, headers=headers)
    if len(written) > PIECE_BYTES:
        hold = context_of(request).hold
        return PiecewiseResponse(written, headers=headers, media_type=JSON, hold=hold)
    return Response(written, headers=headers, media_type=JSON)


async def _post_entries(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> Answered:
    return await api.entries(request.state.body, call=call, scope=scope)


async def _get_entries(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> Answered:
    return await api.get_entries(read_parameters(request), call=call, scope=scope)


async def _post_archives(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> Answered:
    return await api.archives(request.state.body, call=call, scope=scope)


async def _get_archives(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> Answered:
    return await api.get_archives(read_parameters(request), call=call, scope=scope)


async def _get_datasets(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> Answered:
    return await api.datasets(read_parameters(request), call=call, scope=scope)


DESCRIPTIONS = {
    "/entries/query": "One page of entries that match a query, from all sites, in NOMAD's order.",
    "/entries": "The same as POST, for queries that fit into a URL.",
    "/entries/archive/query": "The archives of one page of entries: exactly one item per entry.",
    "/entries/archive": "The same as POST, for whole archives.",
    "/datasets": "The datasets of all sites, each once.",
}

SEARCHES: tuple[tuple[str, str, Search], ...] = (
    ("/entries/query", "POST", _post_entries),
    ("/entries", "GET", _get_entries),
    ("/entries/archive/query", "POST", _post_archives),
    ("/entries/archive", "GET", _get_archives),
    ("/datasets", "GET", _get_datasets),
)
