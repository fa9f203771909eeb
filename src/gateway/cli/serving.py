"""Running ASGI apps with uvicorn: the gateway alone, or several apps in one event loop."""

import asyncio
import errno
import os
import platform
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Literal, TypedDict, cast

import uvicorn
from starlette.types import ASGIApp

from gateway import __version__
from gateway.cli.freed_memory import give_back_freed_memory
from gateway.cli.interrupts import catch_interrupts, keep_interrupts_from_children
from gateway.config import CONFIG_VARIABLE, Config
from gateway.observe import log, set_up_logging
from gateway.serve.connections import BoundedProtocols, limits_of, raise_descriptor_limit
from gateway.serve.metrics import METRICS_HUB, metrics_hub

FACTORY = "gateway.serve.hot_reload:create_hot_reload"
_LOOK_S = 0.02
_SPARE_S = 2
_WORKER_STARTS_S = 60
"""uvicorn kills a worker that does not answer it for so long, one that still starts as well."""


class _Options(TypedDict):
    log_config: None
    access_log: bool
    proxy_headers: bool
    server_header: bool
    timeout_graceful_shutdown: int
    http: type[asyncio.Protocol]
    ws: Literal["none"]
    timeout_keep_alive: int


class PortTakenError(OSError):
    """Another program listens at the port."""


def run_server(config: Config, *, path: Path | None, host: str, port: int, workers: int) -> None:
    """Serve until a signal comes; each of several workers reads the configuration for itself."""
    set_up_logging(config.logging.level, as_json=config.logging.as_json)
    raise_descriptor_limit()
    give_back_freed_memory()
    bound = open_socket(host, port)
    log().info(
        "serving",
        version=__version__,
        python=platform.python_version(),
        config=None if path is None else str(path),
        sites=[site.name for site in config.sites],
        address=address_of(bound),
        workers=workers,
    )
    with suppress(KeyboardInterrupt):  # at any moment of the start
        if workers == 1:
            _serve_here(config, path, bound)
        else:
            _serve_by_workers(config, path, bound, workers=workers)


def _serve_here(config: Config, path: Path | None, bound: socket.socket) -> None:
    from gateway.serve.hot_reload import HotReload  # workers import it, their parent need not

    catch_interrupts()
    settings = uvicorn.Config(HotReload(config, path=path), **server_options(config))
    uvicorn.Server(settings).run(sockets=[bound])


def _serve_by_workers(
    config: Config, path: Path | None, bound: socket.socket, *, workers: int
) -> None:
    catch_interrupts()
    host, port = bound.getsockname()[:2]
    bound.close()  # it was opened to see that it can be had; uvicorn shares one of its own
    if path is not None:
        os.environ[CONFIG_VARIABLE] = str(path.resolve())
    with metrics_hub() as hub:
        os.environ.pop(METRICS_HUB, None)
        if hub is not None:
            os.environ[METRICS_HUB] = hub
        keep_interrupts_from_children()
        uvicorn.run(
            FACTORY,
            factory=True,
            host=host,
            port=port,
            workers=workers,
            timeout_worker_healthcheck=_WORKER_STARTS_S,
            **server_options(config),
        )


KEEP_ALIVE_S = 75
"""How long an idle connection is kept: longer than clients keep theirs, which would send a request
just when it is closed (httpx keeps them 5 s, and ArchiveQuery is busy for longer with what it has
got). Idle ones make way when there are too many."""


def server_options(config: Config) -> _Options:
    """How uvicorn serves the gateway."""
    return {
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,  # server.trusted_proxies names those that are believed
        "server_header": False,
        "timeout_graceful_shutdown": int(config.timeouts.budget_s) + _SPARE_S,
        "http": cast(type[asyncio.Protocol], BoundedProtocols(limits_of(config))),  # called alike
        "ws": "none",
        "timeout_keep_alive": KEEP_ALIVE_S,
    }


def open_socket(host: str, port: int) -> socket.socket:
    """A bound socket; an OSError says in words why it cannot be had."""
    with ExitStack() as undo:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, kind, protocol, _, address = found[0]
            bound = undo.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":  # elsewhere it would share the port with whoever has it
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            kind_of = PortTakenError if error.errno == errno.EADDRINUSE else OSError
            raise kind_of(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
        undo.pop_all()
    return bound


def open_first_free(host: str, ports: Sequence[int]) -> socket.socket:
    """A socket bound to the first of the ports that nobody listens at."""
    for port in ports[:-1]:
        with suppress(PortTakenError):
            return open_socket(host, port)
    return open_socket(host, ports[-1])


def address_of(bound: socket.socket, path: str = "") -> str:
    """The web address of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"


@asynccontextmanager
async def serving(
    apps: Sequence[tuple[ASGIApp, socket.socket]], *, config: Config | None = None
) -> AsyncIterator[None]:
    """All apps answer while the context is open. With a `config`, connections are as `serve` has
    them."""
    servers = [_Server(_quiet(app, config)) for app, _ in apps]
    tasks = [
        asyncio.create_task(server.serve(sockets=[bound]))
        for server, (_, bound) in zip(servers, apps, strict=True)
    ]
    try:
        while not all(server.started for server in servers):
            _raise_failure(tasks)
            await asyncio.sleep(_LOOK_S)
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


async def until_stopped() -> None:
    """Return on SIGINT (Ctrl-C) or SIGTERM; Windows' loops know neither, there Ctrl-C cancels."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _quiet(app: ASGIApp, config: Config | None) -> uvicorn.Config:
    level: Literal["warning"] = "warning"
    if config is not None:
        return uvicorn.Config(app, log_level=level, **server_options(config))
    return uvicorn.Config(
        app, log_config=None, log_level=level, proxy_headers=False, server_header=False
    )


def _raise_failure(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        if task.done():
            task.result()
            raise OSError("a server stopped before it had begun")
