"""The files that pages load, under `/assets/<digest>/`: kept by browsers for ever."""

import asyncio
import functools
import gzip

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from gateway.page.assets import Asset, assets, assets_digest
from gateway.serve.routes.plain_route import PlainRoute

_FOR_EVER = "public, max-age=31536000, immutable"
_COMPRESSED_FROM = 1_024


def assets_router() -> APIRouter:
    """The one route of the files; no part of the API."""
    router = APIRouter(route_class=PlainRoute, include_in_schema=False)
    router.add_api_route("/assets/{digest}/{path:path}", get_asset)
    return router


async def get_asset(request: Request) -> Response:
    """One file. While a new version is rolled out, a page of the old one gets what is here now."""
    asset = assets().get(request.path_params["path"])
    if asset is None:
        return PlainTextResponse("There is no such file.\n", 404, {"Cache-Control": "no-store"})
    is_current = request.path_params["digest"] == assets_digest()
    headers = {
        "Cache-Control": _FOR_EVER if is_current else "no-cache",
        "Content-Type": asset.media_type,
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = await asyncio.to_thread(_compressed, asset)
        return Response(body, headers={**headers, "Content-Encoding": "gzip"})
    return Response(await asyncio.to_thread(asset.read), headers=headers)


@functools.cache
def _compressed(asset: Asset) -> bytes:
    """As small as can be, once for all: the middleware would do it hastily each time."""
    return gzip.compress(asset.read(), compresslevel=9, mtime=0)
