"""The API's endpoints for people, `/docs`: Swagger UI, and a table where there is no script."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.page.rendering import render
from gateway.serve.request.relative_paths import to_root
from gateway.serve.response.html import frame_of
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import app_state_of

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""As everywhere, but for Trusted Types: Swagger UI writes HTML, which DOMPurify has cleaned."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint."""

    name: str
    text: str
    example: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method at one path."""

    method: str
    path: str
    text: str
    parameters: tuple[Parameter, ...]


def api_docs_router() -> APIRouter:
    """The page, and the address under which it was before."""
    router = APIRouter(route_class=PlainRoute, include_in_schema=False)
    router.add_api_route("/docs", get_docs)
    router.add_api_route("/redoc", get_redoc)
    return router


async def get_docs(request: Request) -> Response:
    """The endpoints and their parameters, as the OpenAPI document has them."""
    app = request.app
    assert isinstance(app, FastAPI)
    text = render(
        "docs.html",
        frame_of(request, app_state_of(request).config),
        endpoints=tuple(_endpoints(app)),
    )
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    return HTMLResponse(text, headers=headers)


async def get_redoc(request: Request) -> Response:
    """Where the endpoints are now."""
    return RedirectResponse(f"{to_root(request)}docs", status_code=308)


def _endpoints(app: FastAPI) -> Iterator[Endpoint]:
    for path, methods in app.openapi()["paths"].items():
        for method, endpoint in methods.items():
            parameters = tuple(
                Parameter(one["name"], one.get("description", ""), str(one.get("example") or ""))
                for one in endpoint.get("parameters", ())
            )
            yield Endpoint(method.upper(), path, endpoint.get("description") or "", parameters)
