"""Endpoints of the server, not of OPTIMADE: health, readiness, metrics, a page for people."""

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from gateway import __version__
from gateway.model import Json
from gateway.observe import EXPOSITION_TYPE
from gateway.search import SiteStatus
from gateway.serve.middleware.versioned_paths import context_of
from gateway.serve.state import AppState, app_state_of

_FRESH = {"Cache-Control": "no-store"}


def service_router() -> APIRouter:
    """The server's own endpoints."""
    router = APIRouter(tags=["service"])
    router.add_api_route("/health", get_health)
    router.add_api_route("/ready", get_ready)
    router.add_api_route("/metrics", get_metrics, response_class=Response)
    for view in ("/", "/index"):
        router.add_api_route(
            view, get_landing, response_class=HTMLResponse, include_in_schema=False
        )
    return router


async def get_health(request: Request) -> Response:
    """That the server runs, and how each site is doing; 200 also when sites are down."""
    states = app_state_of(request).federation.site_states()
    sites: list[Json] = [_status(state) for state in states]
    body = {"status": "ok", "version": __version__, "sites": sites}
    return JSONResponse(body, headers=_FRESH)


async def get_ready(request: Request) -> Response:
    """200 when requests can be answered: some site has answered, and the server is not stopping."""
    app_state = app_state_of(request)
    reason = _why_not(app_state)
    body = {"ready": reason is None, "reason": reason}
    return JSONResponse(body, 200 if reason is None else 503, _FRESH)


async def get_metrics(request: Request) -> Response:
    """Counters and timings for Prometheus."""
    app_state = app_state_of(request)
    for state in app_state.federation.site_states():
        app_state.observer.breaker(state.name, state.breaker)
        if state.total is not None:
            app_state.observer.entries(state.name, state.total)
    headers = {**_FRESH, "Content-Type": EXPOSITION_TYPE}
    return Response(app_state.observer.exposition(), headers=headers)


async def get_landing(request: Request) -> Response:
    """What a person sees who opens the base URL in a browser."""
    context, provider = context_of(request), app_state_of(request).config.provider
    name, base = escape(provider.name), escape(context.base_url)
    examples = ("/v1/info", "/v1/links") if context.target.is_index else (
        "/v1/info", "/v1/info/structures", "/v1/structures?filter=nelements=2", "/v1/links"
    )  # fmt: skip
    items = "".join(f'<li><a href="{base}{path}">{base}{path}</a></li>' for path in examples)
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f"<title>{name}: OPTIMADE API</title><h1>{name}</h1><p>{escape(provider.description)}</p>"
        "<p>This is the base URL of an <a href=https://www.optimade.org>OPTIMADE</a> API, meant "
        f"for OPTIMADE clients. Addresses to try:</p><ul>{items}</ul>"
    )


def _status(state: SiteStatus) -> Json:
    return {
        "name": state.name,
        "version": state.version,
        "breaker": state.breaker,
        "total": state.total,
    }


def _why_not(app_state: AppState) -> str | None:
    if app_state.is_shutting_down:
        return "stopping"
    states = app_state.federation.site_states()
    return None if any(state.version for state in states) else "no site has answered yet"
