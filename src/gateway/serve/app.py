"""The ASGI app of a configuration: made by `create_app`, opened and closed by its lifespan."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI
from starlette_compress import CompressMiddleware

from gateway import __version__
from gateway.config import Config
from gateway.model import JsonObject
from gateway.native import NativeApi
from gateway.observe import Observer
from gateway.page.rendering import warm_up
from gateway.search import Federation
from gateway.serve.admission import Admission
from gateway.serve.graceful_shutdown import ShutdownState, graceful_shutdown
from gateway.serve.info.about import entry_info
from gateway.serve.info.openapi import DESCRIPTION
from gateway.serve.metrics import loop_delay_measured
from gateway.serve.middleware.access import AccessMiddleware
from gateway.serve.middleware.errors import HANDLED, ErrorMiddleware, ErrorResponses
from gateway.serve.middleware.versioned_paths import VersionedPathsMiddleware
from gateway.serve.request.paths import ENTRY_TYPES
from gateway.serve.routes.health import service_router
from gateway.serve.routes.html.api_docs import api_docs_router
from gateway.serve.routes.html.assets import assets_router
from gateway.serve.routes.html.entry_page import entry_page_router
from gateway.serve.routes.html.search_pages import pages_router
from gateway.serve.routes.native import native_router
from gateway.serve.routes.optimade import optimade_router
from gateway.serve.state import AppState, Detail, SearchService

_COMPRESSED_FROM = 4_096
"""Bytes; below it compressing costs more than it saves."""


def create_app(
    config: Config,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    observer: Observer | None = None,
    shutdown: ShutdownState | None = None,
) -> FastAPI:
    """The gateway over the configured sites; `transports` reach sites by name, in process."""
    observer = observer or Observer()
    federation = Federation(
        config, transports=transports, observer=observer, has_native=config.native.enabled
    )
    native = NativeApi(config, federation) if config.native.enabled else None
    return build_app(
        config, federation=federation, observer=observer, shutdown=shutdown, native=native
    )


def build_app(
    config: Config,
    *,
    federation: SearchService,
    observer: Observer,
    shutdown: ShutdownState | None = None,
    native: NativeApi | None = None,
) -> FastAPI:
    """The HTTP side over any federation."""
    app_state = AppState(
        config,
        federation,
        observer,
        _admission(config, observer),
        entry_info=_entry_info(config),
        shutdown=shutdown or ShutdownState(),
        native=native,
    )
    app = FastAPI(
        title=config.provider.name,
        version=__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.served = app_state
    for router in _routers(app_state):
        app.include_router(router)
    for kind in HANDLED:
        app.add_exception_handler(
            kind, ErrorResponses(config, delay_s=app_state.admission.delay_s).respond
        )
    _add_middleware(app, config, observer)
    return app


def _routers(app_state: AppState) -> Iterator[APIRouter]:
    yield optimade_router(app_state.config.provider.prefix)
    yield service_router()
    yield pages_router()
    yield api_docs_router()
    yield entry_page_router()
    yield assets_router()
    if app_state.native is not None:
        yield native_router()


def _add_middleware(app: FastAPI, config: Config, observer: Observer) -> None:
    """From the innermost to the outermost."""
    app.add_middleware(ErrorMiddleware, config=config)
    app.add_middleware(VersionedPathsMiddleware, config=config)
    app.add_middleware(
        CompressMiddleware,
        minimum_size=_COMPRESSED_FROM,
        zstd_level=1,
        brotli_quality=1,
        gzip_level=1,
    )
    app.add_middleware(AccessMiddleware, observer=observer)


def _admission(config: Config, observer: Observer) -> Admission:
    keys = config.admission
    return Admission(
        slots=keys.max_requests,
        large_slots=keys.max_large,
        streams=keys.max_streams,
        queue_s=keys.queue_s,
        patient_s=config.timeouts.budget_s,
        waiting=observer.waiting,
        refused=observer.refused,
    )


def _entry_info(config: Config) -> Callable[[str, Detail], JsonObject]:
    @functools.cache
    def info(entry_type: str, detail: Detail) -> JsonObject:
        return entry_info(entry_type, prefix=config.provider.prefix, detail=detail)

    return info


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app_state: AppState = app.state.served
    async with opened(app_state):
        with (
            graceful_shutdown(app_state.shutdown, lambda: app_state.config.server.drain_s),
            loop_delay_measured(app_state.observer),
        ):
            yield


@asynccontextmanager
async def opened(app_state: AppState) -> AsyncIterator[None]:
    """What the endpoints need is open while the context is."""
    for entry_type in ENTRY_TYPES:
        app_state.entry_info(entry_type, "plain")  # it would delay the first request
    warm_up()
    await app_state.federation.open()
    try:
        with app_state.observer.watch(app_state.usage):
            yield
    finally:
        await app_state.federation.close()
