"""What is not served in NOMAD's own API, and what to use instead."""

from fastapi import Request, Response

from gateway.errors import NativeError
from gateway.serve.request.context import context_of
from gateway.serve.request.paths import NATIVE
from gateway.serve.routes.native.reading import (
    read_call,
)

READS = ("GET", "HEAD", "OPTIONS")
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


async def _list_uploads(request: Request) -> Response:
    raise NativeError(
        501 if read_call(request).token else 401,
        "Lists of uploads are each user's own, at one site; ask it there. Uploads by id are at "
        "/uploads/<upload_id>, and the ids of all by a terms aggregation of upload_id."
        if read_call(request).token
        else "Authentication required.",
    )
