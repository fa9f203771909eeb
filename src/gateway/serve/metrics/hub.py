"""Where workers leave their numbers and find those of the others: memory of the first process.

In: a connection of each worker over the loopback interface. Out: to each the numbers of the others.
Nothing is written to a disk, which may be full or read-only, and nothing is mapped into memory that
could be: prometheus_client's own way does both, and a full disk then kills the worker. A worker
that has ended is known by its connection; what it has counted stays, in one sum for all of them.
"""

import asyncio
import hmac
import secrets
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import Struct

import orjson

from gateway.observe import Family, added, lasting, log

METRICS_HUB = "GATEWAY_METRICS_HUB"
"""The variable in which workers find the hub: host, port and token. Unset: there is none."""
_LENGTH = Struct(">I")
_LONGEST = 32 * 2**20
_CONNECTIONS = 256
_HELLO_S = 5.0
_TOKEN_BYTES = 24


@contextmanager
def metrics_hub() -> Iterator[str | None]:
    """A hub in a thread of its own while the context is open; what `METRICS_HUB` is to say.

    None: it cannot be had; then each worker tells its own numbers alone.
    """
    hub = _Hub()
    thread = threading.Thread(target=hub.run, name="metrics", daemon=True)
    thread.start()
    hub.has_begun.wait()
    try:
        yield hub.address
    finally:
        hub.end()
        thread.join()


async def send_message(writer: StreamWriter, message: bytes) -> None:
    """Send one message; returns when the other side takes it."""
    writer.write(_LENGTH.pack(len(message)) + message)
    await writer.drain()


async def read_message(reader: StreamReader) -> bytes:
    """The next message; IncompleteReadError at the end of the connection."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > _LONGEST:
        raise ValueError(f"a message of {length} bytes")
    return await reader.readexactly(length)


class _Hub:
    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.address: str | None = None
        self._token = secrets.token_hex(_TOKEN_BYTES)
        self._numbers: dict[StreamWriter, bytes] = {}
        """The last numbers of each worker, as JSON."""
        self._ended: list[Family] = []
        self._open = 0
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Serve until `end`."""
        try:
            asyncio.run(self._serve())
        except OSError as error:
            log().warning("the workers' metrics cannot be added up", reason=str(error))
        finally:
            self.has_begun.set()

    def end(self) -> None:
        """Stop serving; called in another thread."""
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve_worker, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}:{self._token}"
        self.has_begun.set()
        await self._stopping.wait()
        server.close()
        for writer in [*self._numbers]:
            writer.close()

    async def _serve_worker(self, reader: StreamReader, writer: StreamWriter) -> None:
        """With one worker, until it ends: its numbers come, those of the others go."""
        self._open += 1
        try:
            if self._open > _CONNECTIONS or not await self._is_ours(reader):
                return
            self._numbers[writer] = b"[]"
            while True:
                self._numbers[writer] = await read_message(reader)
                await send_message(writer, self._of_others(writer))
        except (OSError, EOFError, ValueError):
            pass  # it has ended
        finally:
            self._open -= 1
            self._add_ended(self._numbers.pop(writer, b"[]"))
            writer.close()

    async def _is_ours(self, reader: StreamReader) -> bool:
        """Whether it knows the token: any program of this machine can connect."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HELLO_S):
                token = await reader.readexactly(len(self._token))
                return hmac.compare_digest(token, self._token.encode())
        return False

    def _of_others(self, own: StreamWriter) -> bytes:
        others = [numbers for writer, numbers in self._numbers.items() if writer is not own]
        if self._ended:
            others.append(orjson.dumps(self._ended))
        return b"[" + b",".join(others) + b"]"

    def _add_ended(self, numbers: bytes) -> None:
        with suppress(ValueError):
            families: list[Family] = orjson.loads(numbers)
            self._ended = added((self._ended, lasting(families)))
