"""How much one filter may be turned into: counted while it is made, refused when it is too much.

The length of a filter does not bound this: one item of zipped lists can stand for thousands of
native conditions, and a nested filter is rewritten to be shallow.
"""

from gateway.errors import FilterLimitError

NATIVE_BYTES = 1_000_000
"""Of the native queries of all leaves of one filter. An ordinary condition has 50 bytes and takes
about 4 µs to make, so this is about 40 ms, and 30 times the longest filter."""

SPAN_BYTES = 50
"""What a span of values, or a set of them, counts for before it is written."""


class WorkBudget:
    """What is left for one filter."""

    __slots__ = ("_left", "_limit")

    def __init__(self, limit: int = NATIVE_BYTES) -> None:
        self._limit = self._left = limit

    @property
    def spent(self) -> int:
        """Bytes made so far."""
        return self._limit - self._left

    def spend(self, size: int) -> None:
        """Count bytes that are about to be made; FilterLimitError when they are too many."""
        self._left -= size
        if self._left < 0:
            raise FilterLimitError(
                f"Rewritten for NOMAD's index, the filter has more than {self._limit} bytes, which "
                "is the limit. Most of them come from !=, NOT and operators inside lists, from HAS "
                "ONLY and from deep nesting: use fewer of them, or ask in several requests."
            )
