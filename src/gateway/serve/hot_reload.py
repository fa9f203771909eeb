"""One app after another: a changed configuration takes over, and no request is dropped.

On SIGHUP, or when the file (or a token or certificate it names) changes, the app of the new
configuration is opened beside the old one, which ends with its last request.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.config import Config, load_config, path_from_environment
from gateway.errors import ConfigError
from gateway.observe import Observer, log, set_up_logging
from gateway.serve.app import create_app, opened
from gateway.serve.graceful_shutdown import is_shutting_down
from gateway.serve.state import AppState

LOOK_S = 2.0
READY_S = 3.0
"""How long a new configuration's sites have to answer for the first time, before requests come."""
_WAIT_S = 0.05


class Reloading:
    """ASGI app: the gateway over the configuration as it is in `path` now."""

    def __init__(self, config: Config, *, path: Path | None = None) -> None:
        self._path = path
        self._observer = Observer()
        self._current = _Generation(config, self._observer)
        self._asked = asyncio.Event()
        self._retiring: set[asyncio.Task[None]] = set()
        self._lifespan = Router(lifespan=self._living)

    @property
    def is_shutting_down(self) -> bool:
        """Whether the server is stopping."""
        return self._current.served.is_shutting_down

    @is_shutting_down.setter
    def is_shutting_down(self, is_draining: bool) -> None:
        self._current.served.is_shutting_down = is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the app of the moment at which it came."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        generation = self._current
        generation.under_way += 1
        try:
            await generation.app(scope, receive, send)
        finally:
            generation.under_way -= 1

    async def reload(self) -> None:
        """Read the configuration again; one that is wrong is told of, and the old one stays."""
        try:
            config = load_config(self._path)
            new = _Generation(config, self._observer)
            await new.open()
        except ConfigError as error:
            log().error("the new configuration is wrong, the old one stays", reason=str(error))
            return
        await new.until_ready()
        set_up_logging(config.logging.level, as_json=config.logging.as_json)
        old, self._current = self._current, new
        retiring = asyncio.create_task(self._retire(old))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        log().info("configuration read again", sites=[site.name for site in config.sites])

    async def _retire(self, old: "_Generation") -> None:
        await old.close_when_unused()
        for name in old.site_names - self._current.site_names:
            self._observer.gone(name)

    @asynccontextmanager
    async def _living(self, _: object) -> AsyncIterator[None]:
        await self._current.open()
        watching = asyncio.create_task(self._watch())
        try:
            with (
                _calling_on_hangup(self._asked),
                is_shutting_down(self, self._current.served.config.server.drain_s),
            ):
                yield
        finally:
            watching.cancel()
            for retiring in self._retiring:
                retiring.cancel()  # closes at once
            await asyncio.gather(watching, *self._retiring, return_exceptions=True)
            await self._current.close()

    async def _watch(self) -> None:
        seen = self._stamps()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._asked.wait()
            now = self._stamps()
            if (self._asked.is_set() or now != seen) and not self.is_shutting_down:
                self._asked.clear()
                await self.reload()
                now = self._stamps()
            seen = now

    def _stamps(self) -> tuple[tuple[Path, int, int], ...]:
        """What changes when one of the files does."""
        stamps = []
        for path in self._files():
            with suppress(OSError):
                status = path.stat()
                stamps.append((path, status.st_mtime_ns, status.st_ino))
        return tuple(stamps)

    def _files(self) -> Iterator[Path]:
        if self._path is None:
            return
        yield self._path
        for site in self._current.served.config.site_list:
            yield from (Path(name) for name in (site.token_file, site.ca_file) if name)


class _Generation:
    """The app of one configuration, and how many requests it is answering."""

    def __init__(self, config: Config, observer: Observer) -> None:
        app = create_app(config, observer=observer)
        self.app: ASGIApp = app
        self.served: AppState = app.state.served
        self.under_way = 0
        self._opened = AsyncExitStack()

    @property
    def site_names(self) -> frozenset[str]:
        """The sites it asks."""
        return frozenset(site.name for site in self.served.config.site_list)

    async def open(self) -> None:
        await self._opened.enter_async_context(opened(self.served))

    async def close(self) -> None:
        await self._opened.aclose()

    async def until_ready(self) -> None:
        """Wait a little for the sites' first answers, so that versions and sizes are known."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while not all(state.version for state in self.served.federation.site_states()):
                    await asyncio.sleep(_WAIT_S)

    async def close_when_unused(self) -> None:
        try:
            while self.under_way:
                await asyncio.sleep(_WAIT_S)
        finally:
            await self.close()


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


def create_reloading_app() -> Reloading:
    """What each worker process of `gateway serve` runs; `$GATEWAY_CONFIG` names the file."""
    if hasattr(signal, "pthread_sigmask"):  # the command line blocks it while a worker starts
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    config = load_config()
    set_up_logging(config.logging.level, as_json=config.logging.as_json)
    return Reloading(config, path=path_from_environment())
