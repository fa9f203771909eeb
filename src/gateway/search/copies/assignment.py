"""What each site leaves out -> the conditions and queries of requests, made once and used again."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter

import orjson
from cachetools import LRUCache

from gateway.model import NativeQuery
from gateway.search.copies.exclusion import excluding, exclusion_query
from gateway.search.copies.owners import Exclusion

_QUERY_BYTES = 64 * 1024
"""Of queries of one assignment that are kept, as JSON: the same objects again need no new digest.
Everyday ones have some hundred bytes, the largest, which are not kept, a million."""
_QUERY_VALUES = 12_000
"""As many values of a condition take what these queries do."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds for the entries that one site serves; `query` None: all, as too many would have to
    be left out."""

    query: NativeQuery | None
    is_nothing_left: bool
    hidden: int
    """How many entries the site does not serve."""
    size: int = 0
    """Values in the query."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A query of a caller and what it has become at one site."""

    query: NativeQuery
    made: NativeQuery
    size: int


class Assignment:
    """Which site serves what, for one choice of sites; sites that leave out nothing are not named.

    The queries are kept here, so that they end with it: with 30,000 shared uploads each condition
    has as many values.
    """

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self.conditions = conditions
        self.hidden = sum(one.hidden for one in conditions.values())
        self._queries: LRUCache[tuple[int, str], _Made] = LRUCache(
            _QUERY_BYTES, getsizeof=attrgetter("size")
        )

    @property
    def size(self) -> int:
        """What it takes, in values."""
        return _QUERY_VALUES + sum(one.size for one in self.conditions.values())

    def query(self, site: str, query: NativeQuery) -> tuple[NativeQuery, bool]:
        """The entries of the query that the site serves, and whether it was made just now.

        The site has a condition.
        """
        key = (id(query), site)
        held = self._queries.get(key)
        if held is not None and held.query is query:
            return held.made, False
        condition = self.conditions[site].query
        assert condition is not None
        made = excluding(query, condition)
        with suppress(ValueError):  # it is too large
            self._queries[key] = _Made(query, made, len(orjson.dumps(query)))
        return made, True


def condition_of(exclusion: Exclusion, uploads: Mapping[str, int]) -> Condition:
    """For a site that has these uploads."""
    query = exclusion_query(exclusion, uploads=uploads)
    if query is None:
        return Condition(None, False, 0)
    is_nothing_left = not exclusion.but and uploads.keys() == {*exclusion.uploads}
    size = len(exclusion.uploads) + len(exclusion.but)
    return Condition(query, is_nothing_left, exclusion.count, size)
