"""The routes of NOMAD's own API; see `native/api.py` for what they answer."""

import orjson
from fastapi import APIRouter, Request, Response

from gateway.serve.info.native_docs import native_docs
from gateway.serve.request.paths import NATIVE
from gateway.serve.routes.native.passed import PASSED, passing_endpoint
from gateway.serve.routes.native.reading import read_call
from gateway.serve.routes.native.refused import refuse
from gateway.serve.routes.native.searches import JSON, SEARCHES, search_endpoint
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import app_state_of


def native_router() -> APIRouter:
    """All native endpoints; the middleware takes the view off the path."""
    router = APIRouter(prefix=NATIVE, route_class=PlainRoute, tags=["NOMAD"])
    for path, method, search in SEARCHES:
        docs = native_docs(path, method)
        endpoint = search_endpoint(search, path)
        router.add_api_route(path, endpoint, methods=[method], openapi_extra=docs, name=path)
    router.add_api_route("/info", get_info, openapi_extra=native_docs("/info", "GET"))
    for path, method, opened in PASSED:
        docs = native_docs(path, method)
        endpoint = passing_endpoint(opened, path)
        router.add_api_route(path, endpoint, methods=[method], openapi_extra=docs, name=path)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    router.add_api_route("/{rest:anything}", refuse, methods=every, include_in_schema=False)
    router.add_api_route("", refuse, methods=every, include_in_schema=False)
    return router


async def get_info(request: Request) -> Response:
    """What is served here: the lowest version of the sites, and each site with its own."""
    state, call = app_state_of(request), read_call(request)
    assert state.native is not None
    return Response(orjson.dumps(state.native.info(call)), media_type=JSON)
