"""Bytes of a connection -> the same with what is not ASCII in a first line percent-encoded.

The parser refuses such bytes, but people and scripts send filters as they are written. Only a
request line is changed, which has no length announced anywhere, so that where requests begin and
end stays the same; of requests sent ahead of their answers, only lines that begin a packet are.
"""

import re
from urllib.parse import quote_from_bytes

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")


class FirstLines:
    """Follows one connection: what comes next may be the first line of a request, or its rest."""

    __slots__ = ("_is_in_line", "_may_begin")

    def __init__(self) -> None:
        self._may_begin = True
        self._is_in_line = False

    def begun(self) -> None:
        """The parser has met a request."""
        self._may_begin = False

    def complete(self) -> None:
        """The parser has met the end of one."""
        self._may_begin = True

    def encoded(self, data: bytes) -> bytes:
        """The bytes as the parser is to read them."""
        if self._may_begin:
            self._is_in_line = bool(data.lstrip(b"\r\n"))
        if not self._is_in_line:
            return data
        start = len(data) - len(data.lstrip(b"\r\n")) if self._may_begin else 0
        end = data.find(b"\n", start)
        self._is_in_line = end < 0
        line, rest = (data[start:], b"") if end < 0 else (data[start:end], data[end:])
        if line.isascii():
            return data
        return data[:start] + _BEYOND_ASCII.sub(_quoted, line) + rest


def _quoted(found: re.Match[bytes]) -> bytes:
    return quote_from_bytes(found[0]).encode()
