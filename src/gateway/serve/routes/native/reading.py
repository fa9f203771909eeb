"""One native request as it came: who asks which sites, its parameters, its path below the API."""

from urllib.parse import parse_qsl, quote

from fastapi import Request

from gateway.errors import NativeError
from gateway.fetch.http.wire.weight import weight
from gateway.native import NativeCall
from gateway.native.one_site.passing import safe_path
from gateway.native.reading.get_query import Pairs
from gateway.serve.request.context import context_of
from gateway.serve.request.forms import read_limited
from gateway.serve.request.paths import NATIVE
from gateway.serve.request.query_string import MAX_PARAMETERS
from gateway.serve.state import app_state_of

MAX_BODY = 4 * 1024 * 1024
"""Of a search: 65,536 entry_ids take 2 MB."""
_COPIES = 2
"""Of a body, beside what it is decoded to: as it came, and as it is written for the sites."""


def read_call(request: Request) -> NativeCall:
    """Who asks, and which sites."""
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
        client=context.client,
        fresh=context.caller.fresh,
        address=address,
        root=context.root,
    )


def read_parameters(request: Request) -> Pairs:
    """The query string; names may stand several times."""
    query = request.scope["query_string"]
    if query.count(b"&") >= 10 * MAX_PARAMETERS:
        raise NativeError(422, "The request has too many parameters.")
    return parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)


def _query(request: Request) -> str:
    """The query string as it is passed on."""
    query = request.scope["query_string"].decode("latin-1")
    return f"?{quote(query, safe='%&=+,:;@!$()*~-._[]/?')}" if query else ""


def path_below(request: Request) -> str:
    """The path below the API's address, escaped, and the query string."""
    endpoint = context_of(request).target.endpoint.removeprefix(NATIVE)
    return f"/{safe_path(endpoint[1:].split('/'))}{_query(request)}"


async def read_body_of(request: Request) -> bytes:
    """The body, kept with the request. What comes of it counts as held for its client until there
    is an answer, so that many large ones do not take more memory than is allowed."""
    body = await read_limited(request, most=MAX_BODY) if request.method == "POST" else b""
    if body:
        context_of(request).hold(_COPIES * len(body) + weight(body).kept)
    request.state.body = body
    return body
