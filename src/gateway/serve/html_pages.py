"""Pages for people: where they have landed, and the API's endpoints with their parameters.

No page has a script or loads anything from elsewhere.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from gateway.serve.plain_route import PlainRoute
from gateway.serve.request.context import context_of
from gateway.serve.request.relative_paths import to_assets


def html_router() -> APIRouter:
    """The pages; none of them is part of the API."""
    router = APIRouter(
        route_class=PlainRoute, default_response_class=HTMLResponse, include_in_schema=False
    )
    for path in ("/docs", "/redoc"):
        router.add_api_route(path, get_docs)
    return router


async def get_docs(request: Request) -> Response:
    """The endpoints and their parameters, as the OpenAPI document has them."""
    app = request.app
    assert isinstance(app, FastAPI)
    document = app.openapi()
    address = f"{context_of(request).root}/openapi.json"
    name = document["info"]["title"]
    parts = [
        f"<h1>{escape(name)}</h1><p>The same as an OpenAPI document: "
        f'<a href="{escape(address)}">{escape(address)}</a></p>'
    ]
    for path, methods in document["paths"].items():
        parts += [_endpoint(path, method, one) for method, one in methods.items()]
    return _page(request, f"{name}: API", "".join(parts))


def _endpoint(path: str, method: str, endpoint: Mapping[str, Any]) -> str:
    rows = "".join(_rows(endpoint))
    table = f"<table><tr><th>Parameter<th>Meaning{rows}</table>" if rows else ""
    text = escape(endpoint.get("description") or "")
    return f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{text}</p>{table}"


def _rows(endpoint: Mapping[str, Any]) -> Iterator[str]:
    for parameter in endpoint.get("parameters", ()):
        example = parameter.get("example")
        shown = f"; e.g. <code>{escape(str(example))}</code>" if example else ""
        yield (
            f"<tr><td><code>{escape(parameter['name'])}</code>"
            f"<td>{escape(parameter.get('description', ''))}{shown}"
        )


def _page(request: Request, title: str, body: str) -> HTMLResponse:
    style = f"{to_assets(request)}/static/plain.css"
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        f'content="width=device-width"><title>{escape(title)}</title>'
        f'<link rel=stylesheet href="{escape(style)}">{body}'
    )
