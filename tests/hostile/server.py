"""The gateway over canned answers behind uvicorn, as `gateway serve` runs it, and raw clients."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from gateway.cli.serving import address_of, open_socket, server_options
from gateway.config import Config
from gateway.model import Resource
from gateway.observe import Observer
from gateway.serve.app import build_app
from gateway.serve.connections.registry import Connections
from tests.serve.conftest import FakeFederation, make_config

MIB = 1024 * 1024


@dataclass
class Served:
    """A running gateway."""

    app: FastAPI
    federation: FakeFederation
    client: httpx.AsyncClient
    port: int
    protocols: Any
    clients: list["RawClient"] = field(default_factory=list)

    async def raw_client(self) -> "RawClient":
        """A connection that is closed at the end."""
        self.clients.append(await raw_client(self.port))
        return self.clients[-1]

    async def slow_reader(self, path: str) -> "RawClient":
        """Asks for something and reads nothing of it."""
        reader = await raw_client(self.port, receive_bytes=4096)
        reader.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        reader.writer.transport.pause_reading()
        self.clients.append(reader)
        return reader

    @property
    def connections(self) -> Connections:
        """What it knows of its connections."""
        known = self.protocols._connections
        assert isinstance(known, Connections)
        return known


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(
    federation: FakeFederation | None = None, **sections: object
) -> AsyncIterator[Served]:
    """A gateway that answers while the context is open."""
    federation = federation or FakeFederation()
    config = make_config(**sections)
    app = build_app(config, federation=federation, observer=Observer())
    async with serving(app, config) as (port, protocols):
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
            gateway = Served(app, federation, client, port, protocols)
            try:
                yield gateway
            finally:
                for raw in gateway.clients:
                    raw.close()


@asynccontextmanager
async def serving(app: Any, config: Config) -> AsyncIterator[tuple[int, Any]]:
    """Any app behind uvicorn with the gateway's own options."""
    bound = open_socket("127.0.0.1", 0)
    settings = uvicorn.Config(app, **server_options(config))
    server = _Server(settings)
    running = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        assert address_of(bound)
        yield bound.getsockname()[1], settings.http
    finally:
        server.should_exit = True
        await running


@dataclass
class RawClient:
    """A client that sends what it likes and reads when it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_all(self, timeout_s: float = 20) -> bytes:
        """Everything until the server closes the connection."""
        async with asyncio.timeout(timeout_s):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def close(self) -> None:
        self.writer.close()
        self.writer.transport.abort()


async def raw_client(port: int, *, receive_bytes: int | None = None) -> RawClient:
    """A connection; with a small window the server cannot send much ahead."""
    connecting = socket.socket()
    connecting.setblocking(False)
    if receive_bytes:
        connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connecting, limit=2048)
    return RawClient(reader, writer)


def heavy_structure(number: int, *, atoms: int) -> Resource:
    """A structure of many atoms."""
    positions = [[0.123456789 * one, 1.0 / (one + 1), number / 7] for one in range(atoms)]
    return Resource(
        "structures",
        f"berlin~entry_{number}",
        {
            "nsites": atoms,
            "cartesian_site_positions": positions,  # type: ignore[dict-item]
            "species_at_sites": ["Si"] * atoms,
            "last_modified": "2024-05-06T07:08:09Z",
        },
    )


async def eventually(holds: Callable[[], bool], timeout_s: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.02)
