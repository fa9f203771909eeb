"""The payload of a cursor <-> URL-safe text: JSON, compressed where it is long, with a checksum.

A text that is longer than any that is given out is not looked at; what it unpacks to is bounded.
"""

import base64
import binascii
import hashlib
import zlib
from typing import cast

import orjson

from gateway.model import Json

MAX_CURSOR = 131_072
"""Characters of a cursor. A position has up to 44,000 among structures (four texts to sort by of
2,048 characters that do not compress) and up to 100,000 among references (texts of 8,191 characters
and an id and an address that hold the same once more). What is left is for sites that lag."""
PLAIN_BYTES = 1_500
"""Longer payloads are compressed."""
MAX_PAYLOAD = 512 * 1024
"""Bytes that a text may unpack to. More takes too long to compress, and would still be too long."""
_CHECK_BYTES = 6


class DamagedTextError(ValueError):
    """The text is no cursor; the argument says why."""


def write_text(payload: Json) -> str:
    """The text of a payload; it may be longer than `MAX_CURSOR`."""
    packed = orjson.dumps(payload)
    if PLAIN_BYTES < len(packed) <= MAX_PAYLOAD:
        packed = zlib.compress(packed)
    return base64.urlsafe_b64encode(_checksum(packed) + packed).rstrip(b"=").decode()


def read_text(text: str) -> Json:
    """The payload of a text; DamagedTextError if there is none."""
    if len(text) > MAX_CURSOR:
        raise DamagedTextError("it is too long")
    try:
        raw = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
        check, packed = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check != _checksum(packed):
            raise DamagedTextError("a part of it is missing or changed")
        return cast(Json, orjson.loads(packed if packed[:1] == b"[" else _unpacked(packed)))
    except (binascii.Error, zlib.error, UnicodeEncodeError, orjson.JSONDecodeError) as error:
        raise DamagedTextError("it is no cursor") from error


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    payload = unpacker.decompress(packed, MAX_PAYLOAD)
    if not unpacker.eof or unpacker.unused_data:
        raise DamagedTextError("it is too long or not whole")
    return payload


def _checksum(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_CHECK_BYTES]
