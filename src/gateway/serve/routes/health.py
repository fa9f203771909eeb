"""Endpoints of the server, not of OPTIMADE: liveness, readiness, health, metrics."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from gateway import __version__
from gateway.model import Json, JsonObject
from gateway.observe import EXPOSITION_TYPE
from gateway.search import CopiesState, SiteStatus
from gateway.serve.metrics import metrics_text
from gateway.serve.routes.plain_route import PlainRoute
from gateway.serve.state import AppState, app_state_of

_FRESH = {"Cache-Control": "no-store"}


def service_router() -> APIRouter:
    """The server's own endpoints."""
    router = APIRouter(tags=["service"], route_class=PlainRoute)
    router.add_api_route("/live", get_live, response_class=PlainTextResponse)
    router.add_api_route("/health", get_health)
    router.add_api_route("/ready", get_ready)
    router.add_api_route("/metrics", get_metrics, response_class=Response)
    return router


async def get_live(request: Request) -> Response:  # noqa: ARG001 - it is called so
    """That the event loop runs: nothing else is looked at, and nothing is waited for."""
    return PlainTextResponse("ok\n", headers=_FRESH)


async def get_health(request: Request) -> Response:
    """That the server runs, and how each site is doing; 200 also when sites are down."""
    federation = app_state_of(request).federation
    sites: list[Json] = [_status(state) for state in federation.site_states()]
    copies = _copies(await federation.copies())
    body = {"status": "ok", "version": __version__, "sites": sites, "copies": copies}
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
    await report_sites(app_state)
    headers = {**_FRESH, "Content-Type": EXPOSITION_TYPE}
    return Response(await metrics_text(app_state.observer), headers=headers)


async def report_sites(app_state: AppState) -> None:
    """Have the metrics say how the sites and the index of copies stand now."""
    for state in app_state.federation.site_states():
        app_state.observer.breaker(state.name, state.breaker)
        if state.total is not None:
            app_state.observer.entries(state.name, state.total)
    if (copies := await app_state.federation.copies()) is not None:
        app_state.observer.copies(copies.shared_uploads, copies.hidden, ages_s=copies.oldest())


def _copies(state: CopiesState | None) -> Json:
    """How the index of copies stands; None: copies are not looked for."""
    if state is None:
        return None
    ages: dict[str, Json] = {
        site: None if age_s is None else round(age_s, 1) for site, age_s in state.sites.items()
    }
    written: JsonObject = {
        "generation": state.generation,
        "shared_uploads": state.shared_uploads,
        "hidden": state.hidden,
        "age_s": ages,
    }
    if state.all_entries is not None:
        written["all_entries"] = _copies(state.all_entries)
    return written


def _status(state: SiteStatus) -> Json:
    return {
        "name": state.name,
        "version": state.version,
        "breaker": state.breaker,
        "total": state.total,
        "same_as": [*state.same_as],
    }


def _why_not(app_state: AppState) -> str | None:
    if app_state.shutdown.is_stopping:
        return "stopping"
    states = app_state.federation.site_states()
    return None if any(state.version for state in states) else "no site has answered yet"
