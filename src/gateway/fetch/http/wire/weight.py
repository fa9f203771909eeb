"""What a JSON text takes in memory, while it is decoded and afterwards: upper bounds, reckoned from
the signs that values begin and end with. Counting takes half as long as decoding.
"""

from dataclasses import dataclass
from typing import Self

ASCII_TEXT, WIDE_TEXT = 2, 6
"""What a byte of text takes while it is decoded; one wide character makes a whole text wide."""
ASCII_KEPT, WIDE_KEPT = 1, 4
"""What it takes afterwards."""


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes: `decoding` while a text is decoded, `kept` afterwards, as long as it is in use."""

    decoding: int
    kept: int


class Scale:
    """Weighs a text piece by piece."""

    __slots__ = ("_colons", "_commas", "_is_wide", "_lists", "_objects", "_quotes", "_size")

    def __init__(self) -> None:
        self._is_wide = False
        self._size = self._objects = self._lists = 0
        self._commas = self._colons = self._quotes = 0

    def add(self, piece: bytes) -> Self:
        """Put a piece on the scale."""
        self._size += len(piece)
        self._objects += piece.count(b"{")
        self._lists += piece.count(b"[")
        self._commas += piece.count(b",")
        self._colons += piece.count(b":")
        self._quotes += piece.count(b'"')
        self._is_wide = self._is_wide or not piece.isascii() or b"\\u" in piece
        return self

    def weight(self) -> Weight:
        """The weight of all pieces so far."""
        kept = self._kept()
        return Weight(max(self._decoding(), kept), kept)

    def _decoding(self) -> int:
        """Beside the text, as orjson on Python 3.11 takes it: a copy, 16 bytes for each value
        and each key, and what becomes of them. `{},{},..` needs 30 times its length, one long text
        twice it, NOMAD's documents 7 times."""
        return (
            (WIDE_TEXT if self._is_wide else ASCII_TEXT) * self._size
            + 168 * self._objects
            + 96 * self._lists
            + 60 * self._commas
            + 72 * self._colons
            + 16 * self._quotes
        )

    def _kept(self) -> int:
        """Sizes of objects in CPython 3.11. Signs within texts make it more, never less: each costs
        at least as much as the value that it is taken for."""
        texts = self._quotes // 2
        values = self._commas + self._objects + self._lists + 1
        numbers = values - self._objects - self._lists - (texts - self._colons)
        return (
            160 * self._objects  # with a table for five keys
            + 44 * self._colons  # a larger table
            + 72 * self._lists
            + 8 * max(values - self._colons, 0)  # a place in a list
            + (96 if self._is_wide else 64) * texts
            + (WIDE_KEPT if self._is_wide else ASCII_KEPT) * self._size
            + 32 * max(numbers, 0)
        )


def weight(raw: bytes) -> Weight:
    """The weight of a whole text."""
    return Scale().add(raw).weight()
