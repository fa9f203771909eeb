"""Hot reload: a changed configuration takes over, and no request is dropped.

On SIGHUP, or when the file (or a token or certificate it names) changes, the app of the new
configuration is opened beside the old one, which ends with its last request, or once the time for
that is up.
"""

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from fastapi import FastAPI
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.config import Config, load_config, path_from_environment
from gateway.errors import ConfigError
from gateway.observe import Observer, log, set_up_logging
from gateway.serve.app import create_app, opened
from gateway.serve.graceful_shutdown import ShutdownState, graceful_shutdown
from gateway.serve.health import tell_sites
from gateway.serve.metrics import loop_delay_measured, published
from gateway.serve.request.context import cut_off, show_observer
from gateway.serve.state import AppState

LOOK_S = 2.0
READY_S = 3.0
"""How long a new configuration's sites have to answer for the first time, before requests come."""
GRACE_S = 2.0
"""How much longer than one request, and than `server.drain_s`, an old configuration lives."""
_WAIT_S = 0.05

Stamps: TypeAlias = Mapping[Path, tuple[int, int] | None]
"""What changes when a file does; None: there is no such file."""


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
        self._seen: Stamps = _stamps(_files(path, config))
        self._asked = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()
        self._lifespan = Router(lifespan=self._living)

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

    def _generation(self, config: Config) -> "_Generation":
        app = self._make_app(config, observer=self._observer, shutdown=self._shutdown)
        return _Generation(app)

    def _read(self) -> Config:
        """The configuration, read after the look at its files: no later change is overlooked."""
        files = _files(self._path, self._current.config)
        while True:
            stamps = self._seen = _stamps(files)
            config = load_config(self._path)
            files = _files(self._path, config)
            if files <= stamps.keys():
                return config

    async def _tell_sites(self) -> None:
        await tell_sites(self._current.state)

    async def _retire(self, old: "_Generation") -> None:
        await old.close_when_unused()
        for name in old.site_names - self._current.site_names:
            self._observer.gone(name)

    @asynccontextmanager
    async def _living(self, _: object) -> AsyncIterator[None]:
        await self._current.open()
        _calm_garbage_collector()
        publishing = AsyncExitStack()
        await publishing.enter_async_context(published(self._observer, self._tell_sites))
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
            if self._asked.is_set() or _stamps(frozenset(self._seen)) != self._seen:
                self._asked.clear()
                await self.reload()


class _Generation:
    """The app of one configuration, and the requests that it is answering."""

    def __init__(self, app: FastAPI) -> None:
        self._app: ASGIApp = app
        self.state: AppState = app.state.served
        self.config = self.state.config
        self._under_way: set[asyncio.Timeout] = set()
        self._opened = AsyncExitStack()

    @property
    def site_names(self) -> frozenset[str]:
        """The sites it asks."""
        return frozenset(site.name for site in self.config.site_list)

    async def open(self) -> None:
        await self._opened.enter_async_context(opened(self.state))

    async def close(self) -> None:
        await self._opened.aclose()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; it is cut off when this configuration has to end."""
        limit = asyncio.timeout(None)
        self._under_way.add(limit)
        try:
            async with limit:
                await self._app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            log().info("request cut off: its configuration has ended")
            cut_off(scope, "the configuration of this request has ended")
        finally:
            self._under_way.discard(limit)

    async def until_ready(self, seconds: float) -> None:
        """Wait a little for the sites' first answers, so that versions, sizes and copies are
        known."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not await self._is_known():
                    await asyncio.sleep(_WAIT_S)

    async def _is_known(self) -> bool:
        federation = self.state.federation
        copies = await federation.copies()
        is_compared = copies is None or None not in copies.oldest().values()
        return is_compared and all(state.version for state in federation.site_states())

    async def close_when_unused(self) -> None:
        """Let requests end, streams at their next page; what then still goes on is cut off."""
        self.state.is_replaced = True
        loop = asyncio.get_running_loop()
        until = loop.time() + self._grace_s()
        try:
            while self._under_way and loop.time() < until:
                await asyncio.sleep(_WAIT_S)
            for limit in self._under_way:
                limit.reschedule(loop.time())
            while self._under_way and loop.time() < until + GRACE_S:
                await asyncio.sleep(_WAIT_S)
        finally:
            await self.close()

    def _grace_s(self) -> float:
        longest_s: float = max(self.config.timeouts.budget_s, self.config.server.drain_s)
        return longest_s + GRACE_S


def _files(path: Path | None, config: Config) -> frozenset[Path]:
    """The files that make a configuration."""
    if path is None:
        return frozenset()
    named = (name for site in config.site_list for name in (site.token_file, site.ca_file) if name)
    return frozenset((path, *map(Path, named)))


def _stamps(files: frozenset[Path]) -> Stamps:
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _calm_garbage_collector() -> None:
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
    if hasattr(signal, "pthread_sigmask"):  # the command line blocks it while a worker starts
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    config = load_config()
    set_up_logging(config.logging.level, as_json=config.logging.as_json)
    return HotReload(config, path=path_from_environment())
