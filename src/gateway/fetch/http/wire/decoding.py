"""The answer to one request: head and bytes of the wire in, a JSON object out, bounded throughout.

Only gzip is asked for: 16 KiB of other encodings, or of nested ones, can become gigabytes.
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Mapping

import orjson

from gateway.fetch.http.faults import Fault, too_large
from gateway.fetch.http.memory_budget import Reservation
from gateway.fetch.http.wire.weight import Scale, Weight
from gateway.model import JsonObject

ACCEPT_ENCODING = "gzip"
PIECE_BYTES = 256 * 1024
"""So much is unpacked between two turns of the event loop: about a millisecond."""
PACKED_BYTES = 64 * 1024
"""So much is unpacked from at a time: what zlib leaves over is copied at each step."""
FREE_PIECES, LEAST_PIECE = 2_000, 64
"""After so many pieces, an answer whose pieces are smaller than this on average is cut off: each
costs as much time here as a page of entries. TCP segments and gzip blocks are larger."""
MAX_ERROR_BYTES = 64 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+/-]{0,39}")


class AnswerReader:
    """Takes in one answer as the transport reads it; what breaks a bound is a Fault."""

    __slots__ = ("_pieces", "headers", "limit", "raw_bytes", "reservation", "status")

    def __init__(self, reservation: Reservation, *, limit: int) -> None:
        self.reservation = reservation
        self.limit = limit
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.raw_bytes = 0
        self._pieces = 0

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer; names of headers in lower case."""
        self.status = status
        self.headers = headers
        if status != 200:
            self.limit = min(self.limit, MAX_ERROR_BYTES)
            return
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.limit:
            raise too_large(self.limit, health="unknown")

    def feed(self, piece: bytes) -> None:
        """A piece of the body, as it is on the wire."""
        self.raw_bytes += len(piece)
        self._pieces += 1
        if self.raw_bytes > self.limit:
            raise too_large(self.limit, health="bad")
        if self._pieces > FREE_PIECES and self.raw_bytes < self._pieces * LEAST_PIECE:
            raise Fault("the answer comes in needlessly small pieces")
        self.reservation.add(piece)

    def attach(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """It takes in everything, up to its limit: nothing is paused."""

    async def drained(self) -> None:
        """There is always room, up to the limit."""

    async def read_text(self) -> bytes:
        """The body of an error, as far as it can be read."""
        try:
            await self._unpack()
            return self.reservation.whole()
        except Fault:
            return b""

    async def read_object(self) -> tuple[JsonObject, bytes]:
        """The JSON object in the body, and its bytes."""
        await self._unpack()
        weight = await self._weigh()
        raw = self.reservation.whole()
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            what = _named(self.headers.get("content-type", "").partition(";")[0])
            shown = error.msg if "json" in what or not what else what
            raise Fault(f"the answer is not valid JSON ({shown or 'empty'})") from None
        if not isinstance(data, dict):
            raise Fault("the answer is not a JSON object")
        self.reservation.decoded(weight.kept)
        return data, raw

    async def _weigh(self) -> Weight:
        """Reserve what decoding will take, piece by piece: dense answers end early, others have
        their turn, and nothing large is joined in vain."""
        scale, weight, since = Scale(), Weight(0, 0), 0
        for piece in self.reservation.pieces:
            before, weight = weight, scale.add(piece).weight()
            self.reservation.reserve(weight.decoding - before.decoding)
            since += len(piece)
            if since >= PIECE_BYTES:
                since = 0
                await asyncio.sleep(0)
        return weight

    async def _unpack(self) -> None:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in ("", "identity"):
            return
        if encoding not in ("gzip", "x-gzip"):
            shown = _named(encoding)
            how = f"packed as {shown!r}" if shown else "packed in a way"
            raise Fault(f"the answer is {how}{',' if shown else ''} that was not asked for")
        self.reservation.replace(await self._gunzip(self.reservation.whole()))

    async def _gunzip(self, packed: bytes) -> list[bytes]:
        inflate, pieces, unpacked, at = zlib.decompressobj(_GZIP_WINDOW), [], 0, 0
        rest: bytes = b""
        while (rest or at < len(packed)) and not inflate.eof:
            if not rest:
                rest, at = packed[at : at + PACKED_BYTES], at + PACKED_BYTES
            try:
                piece = inflate.decompress(rest, PIECE_BYTES)
            except zlib.error:
                raise Fault("the answer's gzip compression is broken") from None
            rest = inflate.unconsumed_tail
            unpacked += len(piece)
            if unpacked > self.limit:
                raise too_large(self.limit, health="bad")
            if piece:
                self.reservation.reserve(len(piece))
                pieces.append(piece)
            if rest or at < len(packed):
                await asyncio.sleep(0)
        if inflate.unused_data or (inflate.eof and at < len(packed)):
            raise Fault("the answer goes on after its gzip compression")
        if not inflate.eof:
            raise Fault("the connection broke in the middle of the answer", may_pass=True)
        return pieces


def _named(text: str) -> str:
    """A short name of a media type or encoding; empty: it is none, and nothing of it is shown, as a
    part of it could be half of a token."""
    return text.strip() if _NAME.fullmatch(text.strip()) else ""
