"""What native requests need of the index of copies: which part of a query a site answers, and who
else holds an entry.

Without an index of copies each site answers the whole query, and the first site that gives an entry
serves it. Within one answer each entry_id then stands once; `total` counts an entry for each site
that has it, unless all that match is in the one answer, and a copy with other sort values may come
again on another page.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from gateway.merge import Pin
from gateway.model import Json, JsonObject, NativeQuery

NOTHING: NativeQuery = {"entry_id": "-"}
"""Matches no entry, in every version: 1.3 takes an empty `:any` for every entry."""


class Served(Protocol):
    """Which of some sites serves which entries."""

    @property
    def pin(self) -> Pin:
        """What a position keeps, so that a walk goes on with the same."""

    @property
    def hides_nothing(self) -> bool:
        """Whether each site serves all that it has."""

    def condition(self, site: str) -> NativeQuery | None:
        """What is added to a query for a site, so that it gives only what it serves; None: nothing
        is."""

    def serves_nothing(self, site: str) -> bool:
        """Whether others serve copies of all that a site has."""

    def preferred(self, sites: Iterable[str]) -> Sequence[str]:
        """Sites in the order in which they serve what is not known to be shared."""

    def ranked(self, claims: Mapping[str, str]) -> Sequence[str]:
        """Sites in the order in which they serve an entry or upload; `claims` are the upload_ids
        that they have named."""

    def holders(self, upload_id: str, entry_id: str) -> Sequence[str]:
        """The sites that have a shared entry, as far as known, in that order."""

    def split(self) -> Sequence[str]:
        """The uploads of which several sites may serve a part."""


class Copies(Protocol):
    """What is known of copies."""

    async def served(
        self,
        sites: Collection[str],
        *,
        pin: Pin | None = None,
        away: Collection[str] = (),
        first: str | None = None,
    ) -> Served | None:
        """Who serves what. `pin` is that of a walk; without one, sites that are away serve only
        what no other has, and `first` serves all that it has. None: it is not known (yet)."""

    async def can_stand_in(
        self,
        missing: Collection[str],
        sites: Collection[str],
        *,
        uploads: Collection[str] | None = None,
    ) -> bool:
        """Whether the others of these sites have all public entries that the missing ones have, or
        all those of some uploads."""

    def suspect(self, sites: Iterable[str]) -> None:
        """An entry came from two of these sites: what is known of them is too old."""


@dataclass(frozen=True, slots=True)
class SiteQuery:
    """The query for one site."""

    query: NativeQuery
    is_wrapped: bool
    """Whether the caller's query is the first member of an `and`."""

    def echo(self, query: Json) -> Json:
        """The caller's query as the site has understood it, from its echo of the whole."""
        if not self.is_wrapped or not isinstance(query, dict):
            return query
        parts = query.get("and", query.get("op"))
        return parts[0] if isinstance(parts, list) and parts else query


def site_query(
    served: Served | None, site: str, query: NativeQuery, *, without: Sequence[str] = ()
) -> SiteQuery:
    """What one site is asked in place of the caller's query: the one place where it is made.

    `without` are entries that another site has given.
    """
    conditions: list[NativeQuery] = []
    condition = None if served is None else served.condition(site)
    if condition is not None:
        conditions.append(condition)
    if without:
        conditions.append({"not": {"entry_id:any": cast("list[Json]", list(without))}})
    return with_more(SiteQuery(query, is_wrapped=False), *conditions)


def with_more(asked: SiteQuery, *conditions: NativeQuery) -> SiteQuery:
    """The same query with further conditions of ours."""
    if not conditions:
        return asked
    parts: list[Json] = [asked.query, *conditions]
    if asked.is_wrapped:
        parts = [*cast("list[Json]", asked.query["and"]), *conditions]
    return SiteQuery({"and": parts}, is_wrapped=True)


def object_of(value: Json) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
