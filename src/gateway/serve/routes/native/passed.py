"""What one site answers alone, on its way through: piece by piece, in a slot for streams."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import NativeError, SiteError
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.model import JsonObject
from gateway.native import NativeCall
from gateway.native.api import Forward, PassedAnswer
from gateway.native.one_site.passing import Passing
from gateway.native.reading.bounds import check_required_archive
from gateway.native.reading.get_query import read_get
from gateway.native.reading.request import read_body
from gateway.observe import log
from gateway.serve.middleware.disconnect import cancel_on_disconnect
from gateway.serve.request.context import CUT, RequestContext, context_of
from gateway.serve.routes.native.reading import (
    path_below,
    read_body_of,
    read_call,
    read_parameters,
)
from gateway.serve.state import AppState, app_state_of

MAX_FORM = 64 * 1024
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content-Security-Policy of whatever a site sends: raw files are anybody's, and a page among them
must run no script as if it were the gateway's, not even one that is a raw file as well."""
KEPT_HEADERS = ("content-type", "content-disposition", "last-modified")
"""Of a site's answer that is passed on."""
_NO_PAGE = "application/pdf"
"""What browsers show in a viewer of their own, which no policy may forbid."""
Opened = Callable[[Passing, Request], Awaitable[PassedAnswer]]


def passing_endpoint(opened: Opened, path: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of what one site answers."""

    async def endpoint(request: Request) -> Response:
        state, call = app_state_of(request), read_call(request)
        await read_body_of(request)
        return await cancel_on_disconnect(request, _passed(opened, request, call, state))

    endpoint.__doc__ = f"What the site that has it answers at `{path.replace(':anything', '')}`."
    return endpoint


async def _passed(opened: Opened, request: Request, call: NativeCall, state: AppState) -> Response:
    assert state.native is not None
    scope, context = MemoryScope(), context_of(request)
    try:
        sent_bytes = len(request.state.body) * len(call.sites)
        async with state.admission.slot(
            context.client, deadline=call.deadline, sent_bytes=sent_bytes
        ):
            answer = await opened(state.native.passing(call, scope), request)
    finally:
        scope.close()
    return _PassedResponse(answer, context=context, state=state)


class _PassedResponse(StreamingResponse):
    """A site's answer on its way to the client, in one of the slots for streams."""

    def __init__(self, answer: PassedAnswer, *, context: RequestContext, state: AppState) -> None:
        kept = {name: value for name in KEPT_HEADERS if (value := answer.headers.get(name))}
        kept |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if kept.get("content-type", "").strip().lower() != _NO_PAGE:
            kept["Content-Security-Policy"] = SANDBOX
        super().__init__(self._pieces(), status_code=answer.status, headers=kept)
        self._answer = answer
        self._context = context
        self._admission = state.admission
        self._cut: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a site that breaks off ends the connection, as its own would."""
        self._cut = scope.get("extensions", {}).get(CUT)
        try:
            async with self._admission.stream(self._context.client):
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


def _getting(request: Request) -> Forward:
    return Forward("GET", path_below(request))


async def _entry(passing: Passing, request: Request) -> PassedAnswer:
    content = request.state.body if request.method == "POST" else None
    if content is not None:
        check_required_archive(read_body(content).get("required"))
    forward = Forward("GET" if content is None else "POST", path_below(request), content)
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
        forward = Forward("POST", path_below(request), request.state.body)
    else:
        body, forward = read_get(read_parameters(request), with_required=False), _getting(request)
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
        path_below(request),
        content,
        kind if kind.isascii() and kind.isprintable() else "application/x-www-form-urlencoded",
    )
    return await passing.at(api.auth_site, forward)


PASSED: tuple[tuple[str, str, Opened], ...] = (
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
