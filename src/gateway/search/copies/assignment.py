"""What each site leaves out -> the conditions and queries of requests, made once and used again."""

from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.model import NativeQuery
from gateway.search.copies.exclusion import excluding, exclusion_query
from gateway.search.copies.owners import Exclusion

_QUERIES = 200
"""Of one assignment that are kept: the same objects again need no new digest."""


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


class Assignment:
    """Which site serves what, for one choice of sites; sites that leave out nothing are not named.

    The queries are kept here, so that they end with it: with 30,000 shared uploads each condition
    has as many values.
    """

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self.conditions = conditions
        self.hidden = sum(one.hidden for one in conditions.values())
        self._queries: LRUCache[tuple[int, str], tuple[NativeQuery, NativeQuery]] = LRUCache(
            _QUERIES
        )

    @property
    def size(self) -> int:
        """What it takes, in values."""
        return 1 + sum(one.size for one in self.conditions.values())

    def query(self, site: str, query: NativeQuery) -> tuple[NativeQuery, bool]:
        """The entries of the query that the site serves, and whether it was made just now.

        The site has a condition.
        """
        key = (id(query), site)
        held = self._queries.get(key)
        if held is not None and held[0] is query:
            return held[1], False
        condition = self.conditions[site].query
        assert condition is not None
        made = excluding(query, condition)
        self._queries[key] = (query, made)
        return made, True


def condition_of(exclusion: Exclusion, uploads: Mapping[str, int]) -> Condition:
    """For a site that has these uploads."""
    query = exclusion_query(exclusion, uploads=uploads)
    if query is None:
        return Condition(None, False, 0)
    is_nothing_left = not exclusion.but and uploads.keys() == {*exclusion.uploads}
    size = len(exclusion.uploads) + len(exclusion.but)
    return Condition(query, is_nothing_left, exclusion.count, size)
