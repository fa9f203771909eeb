"""The routes of NOMAD's own API: one caller's request read, answered, written; see `native/api.py`.

Searches are answered whole; what one site answers alone goes out piece by piece.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qsl, quote

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import NativeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject
from gateway.native import NativeApi, NativeCall
from gateway.native.api import Forward, PassedAnswer
from gateway.native.get_query import Pairs, read_get
from gateway.native.passing import Passing, safe_path
from gateway.native.request import read_body
from gateway.observe import log
from gateway.serve.admission import LARGE_PAGE
from gateway.serve.info.native_docs import native_docs
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.plain_route import PlainRoute
from gateway.serve.request.context import CUT, RequestContext, context_of
from gateway.serve.request.forms import read_limited
from gateway.serve.request.paths import NATIVE
from gateway.serve.request.query_string import MAX_PARAMETERS
from gateway.serve.response.piecewise import PIECE_BYTES, PiecewiseResponse
from gateway.serve.state import AppState, app_state_of

JSON = "application/json"
MAX_BODY = 4 * 1024 * 1024
"""Of a search: 65,536 entry_ids take 2 MB."""
MAX_FORM = 64 * 1024
READS = ("GET", "HEAD", "OPTIONS")
KEPT_HEADERS = ("content-type", "content-disposition", "last-modified")
"""Of a site's answer that is passed on."""
ELSEWHERE = {
    "graph": "The graph of one site can be asked at that site; entries of all sites by "
    "/entries/query and /entries/archive/query.",
    "groups": "Groups belong to one site; ask it there.",
    "users": "Accounts belong to one site; ask it there.",
    "north": "NORTH runs at one site; use it there.",
    "actions": "Actions run at one site; use them there.",
    "materials": "Materials are not merged; aggregate results.material.material_id by a terms "
    "aggregation with pagination in /entries/query.",
    "systems": "Systems of one entry are made at its site; ask it there.",
    "metainfo": "The metainfo is each site's own; ask it there.",
    "suggestions": "Suggestions are each site's own; ask it there, or use a terms aggregation with "
    "`include` in /entries/query.",
}

Search = Callable[[NativeApi, Request, NativeCall, MemoryScope], Awaitable[bytes]]
Opened = Callable[[Passing, Request], Awaitable[PassedAnswer]]


def native_router() -> APIRouter:
    """All native endpoints; the middleware takes the view off the path."""
    router = APIRouter(prefix=NATIVE, route_class=PlainRoute, tags=["NOMAD"])
    for path, method, search in _SEARCHES:
        docs = native_docs(path, method)
        endpoint = _searching(search, path)
        router.add_api_route(path, endpoint, methods=[method], openapi_extra=docs, name=path)
    router.add_api_route("/info", get_info, openapi_extra=native_docs("/info", "GET"))
    for path, method, opened in _PASSED:
        docs = native_docs(path, method)
        endpoint = _passing(opened, path)
        router.add_api_route(path, endpoint, methods=[method], openapi_extra=docs, name=path)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    router.add_api_route("/{rest:anything}", refuse, methods=every, include_in_schema=False)
    router.add_api_route("", refuse, methods=every, include_in_schema=False)
    return router


async def get_info(request: Request) -> Response:
    """What is served here: the lowest version of the sites, and each site with its own."""
    state, call = app_state_of(request), _call(request)
    assert state.native is not None
    return Response(orjson.dumps(state.native.info(call)), media_type=JSON)


async def refuse(request: Request) -> Response:
    """Whatever is not served: it would write, belongs to one site, or does not exist."""
    endpoint = context_of(request).target.endpoint.removeprefix(NATIVE)
    first = endpoint[1:].partition("/")[0]
    if first == "users" and endpoint == "/users/me":
        raise NativeError(405, "Your account can be read by GET.", allowed="GET")
    if first in ELSEWHERE:
        raise NativeError(501, ELSEWHERE[first])
    known = ("entries", "uploads", "datasets", "auth", "info")
    if request.method not in READS and first in known:
        raise NativeError(
            405,
            "This API reads. Upload, edit and publish at the site that is to hold the data; "
            "searches are POST /entries/query and POST /entries/archive/query.",
            allowed="GET, POST" if first == "entries" else "GET",
        )
    if first == "uploads" and endpoint == "/uploads":
        return await _list_uploads(request)
    raise NativeError(404, f"There is no {endpoint[:200] or '/'} here.")


def _searching(search: Search, path: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state, call = app_state_of(request), _call(request)
        body = await read_limited(request, most=MAX_BODY) if request.method == "POST" else b""
        request.state.body = body
        return await cancel_on_disconnect(request, _answered(search, request, call, state))

    endpoint.__doc__ = DESCRIPTIONS.get(path, "")
    return endpoint


async def _answered(
    search: Search, request: Request, call: NativeCall, state: AppState
) -> Response:
    assert state.native is not None
    scope = MemoryScope()
    try:
        large = _is_large(request)
        async with state.admission.slot(deadline=call.deadline, is_large=large):
            written = await search(state.native, request, call, scope)
    finally:
        scope.close()
    headers = {"Cache-Control": "private, no-store" if call.token else "no-store"}
    if len(written) > PIECE_BYTES:
        hold = context_of(request).hold
        return PiecewiseResponse(written, headers=headers, media_type=JSON, hold=hold)
    return Response(written, headers=headers, media_type=JSON)


def _is_large(request: Request) -> bool:
    """Whether the page may be a large one, as far as can be seen before it is read."""
    if request.method == "GET":
        sizes = [value for name, value in _pairs(request) if name == "page_size"]
        return bool(sizes) and sizes[-1].isdecimal() and int(sizes[-1][:9]) > LARGE_PAGE
    body = request.state.body[:MAX_BODY]
    pagination = read_body(body).get("pagination")
    size = pagination.get("page_size") if isinstance(pagination, dict) else None
    return isinstance(size, int) and size > LARGE_PAGE


def _passing(opened: Opened, path: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state, call = app_state_of(request), _call(request)
        body = await read_limited(request, most=MAX_BODY) if request.method == "POST" else b""
        request.state.body = body
        return await cancel_on_disconnect(request, _passed(opened, request, call, state))

    endpoint.__doc__ = DESCRIPTIONS.get(path, "")
    return endpoint


async def _passed(opened: Opened, request: Request, call: NativeCall, state: AppState) -> Response:
    assert state.native is not None
    scope = MemoryScope()
    try:
        async with state.admission.slot(deadline=call.deadline):
            answer = await opened(state.native.passing(call, scope), request)
    finally:
        scope.close()
    return _PassedResponse(answer, context=context_of(request), state=state)


class _PassedResponse(StreamingResponse):
    """A site's answer on its way to the client, in one of the slots for streams."""

    def __init__(self, answer: PassedAnswer, *, context: RequestContext, state: AppState) -> None:
        kept = {name: value for name in KEPT_HEADERS if (value := answer.headers.get(name))}
        kept |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(self._pieces(), status_code=answer.status, headers=kept)
        self._answer = answer
        self._context = context
        self._admission = state.admission
        self._cut: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a site that breaks off ends the connection, as its own would."""
        self._cut = scope.get("extensions", {}).get(CUT)
        try:
            async with self._admission.stream():
                await super().__call__(scope, receive, send)
        finally:
            await self._answer.close()

    async def _pieces(self) -> AsyncIterator[bytes]:
        if self._context.is_head:
            return
        try:
            async for piece in self._answer.pieces():
                yield piece
                await asyncio.sleep(0)
        except SiteError as error:
            log().warning("an answer broke off", site=error.site, reason=error.happened)
            if self._cut is None:
                raise
            self._cut()


async def _list_uploads(request: Request) -> Response:
    raise NativeError(
        501 if _call(request).token else 401,
        "Lists of uploads are each user's own, at one site; ask it there. Uploads by id are at "
        "/uploads/<upload_id>, and the ids of all by a terms aggregation of upload_id."
        if _call(request).token
        else "Authentication required.",
    )


def _call(request: Request) -> NativeCall:
    state, context = app_state_of(request), context_of(request)
    assert state.native is not None
    target = context.target
    address = ""
    if request.method == "GET":
        address = context.root + target.base + quote(target.endpoint, safe="/:@!$&'()*+,;=~-._")
        address += f"?{context.query}" if context.query else ""
    return NativeCall(
        tuple(state.native.sites(target.site)),
        context.deadline(state.config.timeouts.longest_s),
        is_partial=target.is_partial,
        token=context.caller.token,
        request_id=context.caller.request_id,
        fresh=context.caller.fresh,
        address=address,
        root=context.root,
    )


def _pairs(request: Request) -> Pairs:
    """The query string; names may stand several times."""
    query = request.scope["query_string"]
    if query.count(b"&") >= 10 * MAX_PARAMETERS:
        raise NativeError(422, "The request has too many parameters.")
    return parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)


def _query(request: Request) -> str:
    """The query string as it is passed on."""
    query = request.scope["query_string"].decode("latin-1")
    return f"?{quote(query, safe='%&=+,:;@!$()*~-._[]/?')}" if query else ""


async def _post_entries(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> bytes:
    return await api.entries(request.state.body, call=call, scope=scope)


async def _get_entries(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> bytes:
    return await api.get_entries(_pairs(request), call=call, scope=scope)


async def _post_archives(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> bytes:
    return await api.archives(request.state.body, call=call, scope=scope)


async def _get_archives(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> bytes:
    return await api.get_archives(_pairs(request), call=call, scope=scope)


async def _get_datasets(
    api: NativeApi, request: Request, call: NativeCall, scope: MemoryScope
) -> bytes:
    return await api.datasets(_pairs(request), call=call, scope=scope)


def _below(request: Request) -> str:
    """The path below the API's address, escaped, and the query string."""
    endpoint = context_of(request).target.endpoint.removeprefix(NATIVE)
    return f"/{safe_path(endpoint[1:].split('/'))}{_query(request)}"


def _getting(request: Request) -> Forward:
    return Forward("GET", _below(request))


async def _entry(passing: Passing, request: Request) -> PassedAnswer:
    content = request.state.body if request.method == "POST" else None
    if content is not None:
        read_body(content)
    forward = Forward("GET" if content is None else "POST", _below(request), content)
    return await passing.entry(request.path_params["entry_id"], forward)


async def _upload(passing: Passing, request: Request) -> PassedAnswer:
    forward = _getting(request)
    return await passing.upload(request.path_params["upload_id"], forward)


async def _dataset(passing: Passing, request: Request) -> PassedAnswer:
    forward = _getting(request)
    return await passing.dataset(request.path_params["dataset_id"], forward)


async def _bulk(passing: Passing, request: Request) -> PassedAnswer:
    if request.method == "POST":
        body: JsonObject = read_body(request.state.body)
        forward = Forward("POST", _below(request), request.state.body)
    else:
        body, forward = read_get(_pairs(request), with_required=False), _getting(request)
    return await passing.bulk(body, forward, what="Files and archives for download")


async def _auth(passing: Passing, request: Request) -> PassedAnswer:
    api = app_state_of(request).native
    assert api is not None
    if api.auth_site is None:
        raise NativeError(
            501,
            "Accounts belong to the sites, and this gateway has none that answers for them "
            "(native.auth_site); get a token at the site and send it here as a bearer token.",
        )
    content = request.state.body if request.method == "POST" else None
    if content is not None and len(content) > MAX_FORM:
        raise NativeError(413, f"The body is larger than {MAX_FORM} bytes.")
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded")
    forward = Forward(
        "GET" if content is None else "POST",
        _below(request),
        content,
        kind if kind.isascii() and kind.isprintable() else "application/x-www-form-urlencoded",
    )
    return await passing.at(api.auth_site, forward)


DESCRIPTIONS = {
    "/entries/query": "One page of entries that match a query, from all sites, in NOMAD's order.",
    "/entries": "The same as POST, for queries that fit into a URL.",
    "/entries/archive/query": "The archives of one page of entries: exactly one item per entry.",
    "/entries/archive": "The same as POST, for whole archives.",
    "/datasets": "The datasets of all sites, each once.",
}
_SEARCHES: tuple[tuple[str, str, Search], ...] = (
    ("/entries/query", "POST", _post_entries),
    ("/entries", "GET", _get_entries),
    ("/entries/archive/query", "POST", _post_archives),
    ("/entries/archive", "GET", _get_archives),
    ("/datasets", "GET", _get_datasets),
)
_PASSED: tuple[tuple[str, str, Opened], ...] = (
    ("/entries/raw/query", "POST", _bulk),
    ("/entries/raw", "GET", _bulk),
    ("/entries/rawdir/query", "POST", _bulk),
    ("/entries/rawdir", "GET", _bulk),
    ("/entries/archive/download/query", "POST", _bulk),
    ("/entries/archive/download", "GET", _bulk),
    ("/entries/export", "GET", _bulk),
    ("/entries/{entry_id}/archive/query", "POST", _entry),
    ("/entries/{entry_id}/archive/download", "GET", _entry),
    ("/entries/{entry_id}/archive", "GET", _entry),
    ("/entries/{entry_id}/rawdir", "GET", _entry),
    ("/entries/{entry_id}/raw/{path:anything}", "GET", _entry),
    ("/entries/{entry_id}/raw", "GET", _entry),
    ("/entries/{entry_id}", "GET", _entry),
    ("/uploads/{upload_id}/{path:anything}", "GET", _upload),
    ("/uploads/{upload_id}", "GET", _upload),
    ("/datasets/{dataset_id}", "GET", _dataset),
    ("/auth/token", "POST", _auth),
    ("/auth/token", "GET", _auth),
    ("/users/me", "GET", _auth),
)
