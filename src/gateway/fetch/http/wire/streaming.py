"""An answer passed on as it comes: files and archives of any size through a bounded buffer.

The head is waited for within the caller's deadline; after it, the site has `answer_s` for each next
piece, however long the whole takes. A buffer that is full keeps the connection from being read.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Protocol

from gateway.fetch.http.faults import Fault, seconds

FULL_BYTES = 256 * 1024
"""No more is read ahead of the client than this and what one read gives."""
PIECE_BYTES = 128 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Reader(Protocol):
    """Takes in one answer as a transport reads it."""

    status: int
    raw_bytes: int

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The head; names of headers in lower case."""

    def feed(self, piece: bytes) -> None:
        """A piece of the body."""

    def attach(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """How the connection is kept from being read, for readers that cannot take everything."""

    async def drained(self) -> None:
        """Wait until more can be taken."""


class StreamReader:
    """Hands one answer on, piece by piece."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.raw_bytes = 0
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._changed = asyncio.Event()
        self._pause: Callable[[], None] = _nothing
        self._resume: Callable[[], None] = _nothing
        self._is_paused = False
        self._has_room = asyncio.Event()
        self._has_room.set()

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer."""
        self.status = status
        self.headers = headers
        self._changed.set()

    def feed(self, piece: bytes) -> None:
        """A piece of the body; a full buffer stops the reading."""
        self.raw_bytes += len(piece)
        self._pieces.append(piece)
        self._held += len(piece)
        self._changed.set()
        if self._held > FULL_BYTES and not self._is_paused:
            self._is_paused = True
            self._has_room.clear()
            self._pause()

    def attach(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """How the connection is kept from being read."""
        self._pause, self._resume = pause, resume

    async def drained(self) -> None:
        """Wait until the buffer has room."""
        await self._has_room.wait()

    async def has_begun(self, sending: "asyncio.Task[None]", *, deadline: float) -> None:
        """Wait for the head; raises what sending raised, or TimeoutError."""
        async with asyncio.timeout_at(deadline):
            await self._next_change(sending, lambda: self.status != 0)

    async def pieces(
        self, sending: "asyncio.Task[None]", *, answer_s: float
    ) -> AsyncIterator[bytes]:
        """The body as it was before it was packed; a Fault where it breaks off or stops coming."""
        unpack = _unpacking(self.headers.get("content-encoding", ""))
        while True:
            try:
                async with asyncio.timeout(answer_s):
                    await self._next_change(sending, lambda: bool(self._pieces))
            except TimeoutError:
                happened = f"sent nothing for {seconds(answer_s)} in the middle of the answer"
                raise Fault(happened, kind="timeout") from None
            if not self._pieces:
                unpack.check_whole()
                return
            for piece in unpack(self._taken()):
                yield piece

    def _taken(self) -> bytes:
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if self._is_paused and self._held <= FULL_BYTES // 2:
            self._is_paused = False
            self._has_room.set()
            self._resume()
        return piece

    async def _next_change(
        self, sending: "asyncio.Task[None]", is_there: Callable[[], bool]
    ) -> None:
        """Wait until something is there or sending has ended; its error is raised."""
        while not is_there():
            if sending.done():
                sending.result()
                return
            self._changed.clear()
            waiting = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait((waiting, sending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()


class _Plain:
    """Gives pieces as they are."""

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        return iter((piece,))

    def check_whole(self) -> None:
        """The connection says where it ends."""


class _Gzip:
    """Unpacks pieces, into small ones."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)
        self._has_begun = False

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        rest, self._has_begun = piece, True
        while rest:
            if self._inflate.eof:  # gzip may go on with a further member
                self._inflate = zlib.decompressobj(_GZIP_WINDOW)
            try:
                unpacked = self._inflate.decompress(rest, PIECE_BYTES)
            except zlib.error:
                raise Fault("the answer's gzip compression is broken") from None
            rest = self._inflate.unconsumed_tail or self._inflate.unused_data
            if unpacked:
                yield unpacked

    def check_whole(self) -> None:
        """A Fault where the end is missing: a part must not pass for the whole."""
        if self._has_begun and not self._inflate.eof:
            raise Fault("the answer ends in the middle of its gzip compression")


def _unpacking(encoding: str) -> _Plain | _Gzip:
    """How a piece is unpacked."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Plain()
    if name not in ("gzip", "x-gzip"):
        raise Fault("the answer is packed in a way that was not asked for")
    return _Gzip()


def _nothing() -> None:
    """There is no connection to pause."""
