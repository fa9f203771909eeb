"""The body of one answer: bytes of the wire in, a JSON object out, bounded in every step.

httpx would unpack whole chunks in any encoding it knows, nested ones too; 16 KiB of brotli can
become gigabytes. So only gzip is asked for, and unpacked here in small pieces.
"""

import asyncio
import re
import zlib
from collections.abc import Iterator

import httpx
import orjson

from gateway.fetch.http.faults import Fault, plain, too_large
from gateway.fetch.http.memory_budget import Reservation
from gateway.model import JsonObject

ACCEPT_ENCODING = "gzip"
PIECE_BYTES = 256 * 1024
LIGHT_BYTES = 512 * 1024
"""So much of an answer is decoded without being weighed first."""
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


async def read_body(response: httpx.Response, reservation: Reservation, *, limit: int) -> None:
    """Put the decoded bytes of the answer into the parcel; more than `limit` is a fault."""
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large(limit, health="unknown")
    gunzip = _gunzip(response.headers.get("content-encoding", ""))
    raw_bytes = 0
    async for chunk in response.stream:  # type: ignore[union-attr]  # async, as the transport
        raw_bytes += len(chunk)
        for piece in gunzip.pieces(chunk) if gunzip else (chunk,):
            if reservation.size + len(piece) > limit or raw_bytes > limit:
                raise too_large(limit, health="bad")
            reservation.add(piece, weight=weight(piece) if reservation.size > LIGHT_BYTES else 0)
            if len(piece) == PIECE_BYTES:
                await asyncio.sleep(0)  # unpacking may take long; others have their turn
    if gunzip:
        gunzip.finish()


def read_object(reservation: Reservation, *, content_type: str) -> JsonObject:
    """The JSON object in the parcel."""
    reservation.reserve(reservation.weight)
    try:
        return checked_object(orjson.loads(reservation.whole()))
    except orjson.JSONDecodeError as error:
        what = plain(content_type) if "json" not in content_type else plain(error.msg)
        raise Fault(f"the answer is not valid JSON ({what or 'empty'})") from None


def checked_object(data: object) -> JsonObject:
    """`data` if it is an object that can be written again as JSON."""
    if not isinstance(data, dict):
        raise Fault("the answer is not a JSON object")
    try:
        # orjson reads 1,024 levels and writes 254, of which our own document needs some
        orjson.dumps([[[[[[[[[[data]]]]]]]]]])
    except orjson.JSONEncodeError:
        raise Fault("the answer is nested too deeply") from None
    return data


def weight(raw: bytes | bytearray) -> int:
    """An upper bound of the memory that decoding takes, the decoder's own included.

    Fitted to orjson on Python 3.11: `{},{},..` needs 30 times its length, one long text twice it,
    NOMAD's documents 7 times.
    """
    text = 2 if raw.isascii() else 6
    return (
        text * len(raw)
        + 132 * raw.count(b"{")
        + 96 * raw.count(b"[")
        + 60 * raw.count(b",")
        + 72 * raw.count(b":")
        + 16 * raw.count(b'"')
    )


class Gunzip:
    """Unpacks gzip in pieces of bounded size."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What `chunk` unpacks to, piece by piece."""
        rest = chunk
        try:
            while rest:
                yield self._inflate.decompress(rest, PIECE_BYTES)
                rest = self._inflate.unconsumed_tail
        except zlib.error:
            raise Fault("the answer's gzip compression is broken") from None
        if self._inflate.unused_data:
            raise Fault("the answer goes on behind its gzip compression")

    def finish(self) -> None:
        """Nothing more comes; raise a fault if something is missing."""
        if not self._inflate.eof:
            raise Fault("the connection broke in the middle of the answer", may_pass=True)


def _gunzip(encoding: str) -> Gunzip | None:
    """How to unpack; None: not packed."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return Gunzip()
    shown = re.sub(r"[^a-z0-9, -]", "", name)[:40]
    raise Fault(f"the answer is packed as {shown!r}, which was not asked for")
