"""The ASGI app of a configuration: made by `create_app`, opened and closed by its lifespan."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette_compress import CompressMiddleware

from gateway import __version__
from gateway.config import Config
from gateway.errors import GatewayError, RequestError
from gateway.observe import Observer
from gateway.search import Federation
from gateway.serve.admission import Admission
from gateway.serve.graceful_shutdown import is_shutting_down
from gateway.serve.health import service_router
from gateway.serve.info.openapi import DESCRIPTION
from gateway.serve.middleware.access import AccessMiddleware
from gateway.serve.middleware.versioned_paths import (
    VersionedPathsMiddleware,
    error_of,
    refusal_response,
)
from gateway.serve.routes import optimade_router
from gateway.serve.state import AppState, SearchService


def create_app(
    config: Config,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    observer: Observer | None = None,
) -> FastAPI:
    """The gateway over the configured sites; `transports` reach sites by name, in process."""
    observer = observer or Observer()
    federation = Federation(config, transports=transports, observer=observer)
    return build_app(config, federation=federation, observer=observer)


def build_app(config: Config, *, federation: SearchService, observer: Observer) -> FastAPI:
    """The HTTP side over any federation."""
    admission = Admission(
        places=config.admission.max_requests,
        queue_s=config.admission.queue_s,
        waiting=observer.waiting,
    )
    app_state = AppState(config, federation, observer, admission)
    app = FastAPI(
        title=config.provider.name,
        version=__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.served = app_state
    app.include_router(optimade_router(config.provider.prefix))
    app.include_router(service_router())
    _handle_errors(app, config)
    app.add_middleware(VersionedPathsMiddleware, config=config)
    app.add_middleware(CompressMiddleware)
    app.add_middleware(AccessMiddleware, observer=observer)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app_state: AppState = app.state.served
    async with opened(app_state):
        with is_shutting_down(app_state, app_state.config.server.drain_s):
            yield


@asynccontextmanager
async def opened(app_state: AppState) -> AsyncIterator[None]:
    """What the endpoints need is open while the context is."""
    app_state.warm_up()
    await app_state.federation.open()
    try:
        yield
    finally:
        app_state.is_shutting_down = True
        await app_state.federation.close()


def _handle_errors(app: FastAPI, config: Config) -> None:
    async def refuse(request: Request, exception: Exception) -> Response:
        match exception:
            case GatewayError():
                error: GatewayError = exception
            case HTTPException():
                error = error_of(exception, request)
            case _:
                error = RequestError("The request cannot be understood.")
        return refusal_response(error, request=request, config=config)

    for kind in (GatewayError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refuse)
