"""The page for people who have landed at the base URL.

No page has a script or loads anything from elsewhere.
"""

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gateway.serve.plain_route import PlainRoute
from gateway.serve.request.context import context_of
from gateway.serve.request.relative_paths import to_assets
from gateway.serve.state import app_state_of


def html_router() -> APIRouter:
    """The pages; none of them is part of the API."""
    router = APIRouter(
        route_class=PlainRoute, default_response_class=HTMLResponse, include_in_schema=False
    )
    for path in ("/", "/index"):
        router.add_api_route(path, get_landing)
    return router


async def get_landing(request: Request) -> Response:
    """What a person sees who opens the base URL in a browser."""
    context, provider = context_of(request), app_state_of(request).config.provider
    base = escape(context.base_url)
    examples = ("/v1/info", "/v1/links") if context.target.is_index else (
        "/v1/info", "/v1/info/structures", "/v1/structures?filter=nelements=2", "/v1/links"
    )  # fmt: skip
    items = "".join(f'<li><a href="{base}{path}">{base}{path}</a></li>' for path in examples)
    return _page(
        request,
        f"{provider.name}: OPTIMADE API",
        f"<h1>{escape(provider.name)}</h1><p>{escape(provider.description)}</p>"
        "<p>This is the base URL of an <a href=https://www.optimade.org>OPTIMADE</a> API, meant "
        f"for OPTIMADE clients. Addresses to try:</p><ul>{items}</ul>"
        f'<p>All endpoints: <a href="{escape(context.root)}/docs">{escape(context.root)}/docs</a>.',
    )


def _page(request: Request, title: str, body: str) -> HTMLResponse:
    style = f"{to_assets(request)}/static/plain.css"
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        f'content="width=device-width"><title>{escape(title)}</title>'
        f'<link rel=stylesheet href="{escape(style)}">{body}'
    )
