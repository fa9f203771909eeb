"""The data that a site has of a structure -> the values of OPTIMADE's structure properties.

A value that breaks a rule of OPTIMADE, or contradicts the index, becomes a Flaw; nothing raises.
"""

from collections.abc import Callable

import orjson
from cachetools import LRUCache

from gateway.shape.cell import CELL, read_cell
from gateway.shape.composition import COMPOSITION, read_composition
from gateway.shape.sites import SITES, read_sites
from gateway.shape.stored import PropertyValues, Stored

_GROUPS: tuple[tuple[frozenset[str], Callable[[Stored], PropertyValues]], ...] = (
    (COMPOSITION, read_composition),
    (CELL, read_cell),
    (SITES, read_sites),
)
STRUCTURAL = COMPOSITION | CELL | SITES
"""All properties that are read from the `optimade` sections."""


MEMO_BYTES = 2 * 2**20
"""With the caches of answers (16 MiB) and plans (4), a worker stays below 150 MB under load."""
_LONGEST = 4_096
"""Bytes of an `optimade` section whose values are remembered: larger ones are rare, and dear to
keep."""
_WEIGHT = 8
"""Memory that the values take, for each byte of the section that they were read from."""

_MEMO: LRUCache[tuple[bytes, frozenset[str]], tuple[int, PropertyValues]] = LRUCache(
    MEMO_BYTES, getsizeof=lambda weighed: weighed[0]
)


def read_structure(stored: Stored, names: frozenset[str]) -> PropertyValues:
    """The values of at least these properties, as far as they are structural.

    The same entries are asked for again and again, with other filters and by other callers: to know
    a section again takes a tenth of the time of reading it. What is remembered is never changed.
    """
    if stored.index or stored.archive is None:
        return _read(stored, names)
    try:
        written = orjson.dumps(stored.archive)
    except orjson.JSONEncodeError:  # nested too deeply
        return _read(stored, names)
    if len(written) > _LONGEST:
        return _read(stored, names)
    weighed = _MEMO.get((written, names))
    if weighed is None:
        weighed = (_WEIGHT * len(written), _read(stored, names))
        _MEMO[written, names] = weighed
    return dict(weighed[1])


def _read(stored: Stored, names: frozenset[str]) -> PropertyValues:
    values: PropertyValues = {}
    for group, read in _GROUPS:
        if not group.isdisjoint(names):
            values |= read(stored)
    return values
