"""The app that reads its configuration again, and answers each request by that of the moment.

On SIGHUP, or when the file (or a token or certificate it names) changes, the app of the new
configuration is opened beside the old one, which ends with its last request, or once the time for
that is up.
"""

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from gateway.config import Config, load_config, path_from_environment
from gateway.errors import ConfigError
from gateway.observe import Observer, log, set_up_logging
from gateway.serve.app import create_app
from gateway.serve.graceful_shutdown import ShutdownState, graceful_shutdown
from gateway.serve.hot_reload.config_files import Stamps, files_of, stamps_of
from gateway.serve.hot_reload.generation import Generation
from gateway.serve.metrics import loop_delay_measured, published
from gateway.serve.request.context import show_observer
from gateway.serve.routes.health import report_sites

LOOK_S = 2.0
READY_S = 3.0
"""How long a new configuration's sites have to answer for the first time, before requests come."""


class AppFactory(Protocol):
    """Makes the app of a configuration."""

    def __call__(self, config: Config, *, observer: Observer, shutdown: ShutdownState) -> FastAPI:
        """The app, not yet opened."""


class HotReload:
    """ASGI app: the gateway over the configuration as it is in `path` now."""

    def __init__(
        self,
        config: Config,
        *,
        path: Path | None = None,
        make_app: AppFactory = create_app,
        look_s: float = LOOK_S,
        ready_s: float = READY_S,
    ) -> None:
        self._path = path
        self._make_app = make_app
        self._look_s = look_s
        self._ready_s = ready_s
        self._observer = Observer()
        self._shutdown = ShutdownState()
        self._current = self._generation(config)
        self._seen: Stamps = stamps_of(files_of(path, config))
        self._asked = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()
        self._lifespan = Router(lifespan=self._while_open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the app of the moment at which it came."""
        if scope["type"] == "lifespan":
            show_observer(scope, self._observer)
            await self._lifespan(scope, receive, send)
            return
        await self._current.answer(scope, receive, send)

    async def reload(self) -> None:
        """Read the configuration again; when that fails, the log says why and the old one stays."""
        try:
            await self._replace()
        except ConfigError as error:
            self._observer.worker.config_read(is_good=False)
            log().error("the new configuration is wrong, the old one stays", reason=str(error))
        except Exception:  # noqa: BLE001 - one fault must not end the watch for the next change
            self._observer.worker.config_read(is_good=False)
            log().exception("the configuration could not be read again, the old one stays")

    async def _replace(self) -> None:
        config = self._read()
        new = self._generation(config)
        try:
            await new.open()
            await new.until_ready(self._ready_s)
        except BaseException:
            await new.close()
            raise
        set_up_logging(config.logging.level, as_json=config.logging.as_json)
        old, self._current = self._current, new
        retiring = asyncio.create_task(self._retire(old))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        self._observer.worker.config_read(is_good=True)
        log().info("configuration read again", sites=[site.name for site in config.sites])

    def _generation(self, config: Config) -> Generation:
        app = self._make_app(config, observer=self._observer, shutdown=self._shutdown)
        return Generation(app)

    def _read(self) -> Config:
        """The configuration, read after the look at its files: no later change is overlooked."""
        files = files_of(self._path, self._current.config)
        while True:
            stamps = self._seen = stamps_of(files)
            config = load_config(self._path)
            files = files_of(self._path, config)
            if files <= stamps.keys():
                return config

    async def _report_sites(self) -> None:
        await report_sites(self._current.state)

    async def _retire(self, old: Generation) -> None:
        await old.close_when_unused()
        for name in old.site_names - self._current.site_names:
            self._observer.gone(name)

    @asynccontextmanager
    async def _while_open(self, _: object) -> AsyncIterator[None]:
        await self._current.open()
        tune_garbage_collector()
        publishing = AsyncExitStack()
        await publishing.enter_async_context(published(self._observer, self._report_sites))
        watching = asyncio.create_task(self._watch())
        try:
            with (
                _calling_on_hangup(self._asked),
                loop_delay_measured(self._observer),
                graceful_shutdown(self._shutdown, lambda: self._current.config.server.drain_s),
            ):
                yield
        finally:
            watching.cancel()
            await publishing.aclose()
            for retiring in self._retiring:
                retiring.cancel()  # closes at once
            await asyncio.gather(watching, *self._retiring, return_exceptions=True)
            await self._current.close()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._asked.wait()
            if self._shutdown.is_stopping:
                return
            if self._asked.is_set() or stamps_of(frozenset(self._seen)) != self._seen:
                self._asked.clear()
                await self.reload()


def tune_garbage_collector() -> None:
    """Look for cycles in what requests leave, and seldom.

    Modules stay, and the answers of sites, ten thousands of objects at a time, are trees. Looking
    through them took an eighth of the processor time, up to 95 ms in one piece.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@contextmanager
def _calling_on_hangup(event: asyncio.Event) -> Iterator[None]:
    """SIGHUP sets the event; signals reach the main thread alone, and Windows has none such."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "SIGHUP"):
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, event.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def create_hot_reload() -> HotReload:
    """What each worker process of `gateway serve` runs; `$GATEWAY_CONFIG` names the file."""
    config = load_config()
    set_up_logging(config.logging.level, as_json=config.logging.as_json)
    return HotReload(config, path=path_from_environment())
