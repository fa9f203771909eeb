"""The seam for copies: which part of a query a site answers, and who holds an entry.

Without an index of copies each site answers the whole query and an entry's holders are the sites
that have it, in the order of the configuration: the first serves it. Within one answer each
entry_id then stands once; `total` counts an entry for each site that has it, unless all that match
is in the one answer, and a copy with other sort values may come again on another page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from gateway.model import Json, JsonObject, NativeQuery

NOTHING: NativeQuery = {"entry_id": "-"}
"""Matches no entry, in every version: 1.3 takes an empty `:any` for every entry."""


class Copies(Protocol):
    """Who answers for which entries."""

    def exclusion(
        self, site: str, query: NativeQuery, *, owner: str, missing: frozenset[str]
    ) -> NativeQuery | None:
        """What is added to a query for a site, so that each entry comes from its owner alone, with
        these sites missing; None: nothing."""

    def holders(self, entry_id: str, found: Sequence[str]) -> Sequence[str]:
        """The sites that have an entry, in the order in which they are asked for it; `found` are
        those that said so, in the order of the configuration."""

    def can_stand_in(self, missing: frozenset[str]) -> bool:
        """Whether the other sites hold all that these sites hold: nothing is missing then."""


class NoCopies:
    """Each entry belongs to the site that has it."""

    def exclusion(
        self, site: str, query: NativeQuery, *, owner: str, missing: frozenset[str]
    ) -> NativeQuery | None:
        """None is excluded."""
        del site, query, owner, missing
        return None

    def holders(self, entry_id: str, found: Sequence[str]) -> Sequence[str]:
        """Those that have it."""
        del entry_id
        return found

    def can_stand_in(self, missing: frozenset[str]) -> bool:
        """No site can."""
        return not missing


NO_COPIES = NoCopies()


@dataclass(frozen=True, slots=True)
class SiteQuery:
    """The query for one site."""

    query: NativeQuery
    is_wrapped: bool
    """Whether the caller's query is the first member of an `and`."""

    def echo(self, said: Json) -> Json:
        """The caller's query as the site has understood it, from what it says of the whole."""
        if not self.is_wrapped or not isinstance(said, dict):
            return said
        parts = said.get("and", said.get("op"))
        return parts[0] if isinstance(parts, list) and parts else said


def site_query(
    copies: Copies, site: str, query: NativeQuery, *, owner: str, missing: frozenset[str]
) -> SiteQuery:
    """What one site is asked in place of the caller's query: the one place where it is made."""
    exclusion = copies.exclusion(site, query, owner=owner, missing=missing)
    if exclusion is None:
        return SiteQuery(query, is_wrapped=False)
    return SiteQuery({"and": [query, exclusion]}, is_wrapped=True)


def with_more(asked: SiteQuery, *conditions: NativeQuery) -> SiteQuery:
    """The same query with further conditions of ours."""
    if not conditions:
        return asked
    parts: list[Json] = [asked.query, *conditions]
    if asked.is_wrapped:
        parts = [*cast("list[Json]", asked.query["and"]), *conditions]
    return SiteQuery({"and": parts}, is_wrapped=True)


def first_holders(
    found: Mapping[str, Iterable[str]], *, copies: Copies
) -> dict[str, tuple[str, ...]]:
    """The holders of each entry_id, in order, from the entry_ids of each site."""
    by_id: dict[str, list[str]] = {}
    for site, ids in found.items():
        for entry_id in ids:
            by_id.setdefault(entry_id, []).append(site)
    return {entry_id: tuple(copies.holders(entry_id, sites)) for entry_id, sites in by_id.items()}


def object_of(value: Json) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
