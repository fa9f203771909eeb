"""What references each site has: read from all sites at once, and cached for a short time.

A site gives the distinct values of two quantities among its public structures, with an example of
an entry for each DOI, which names the dataset.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from sys import getsizeof
from typing import TypeAlias

import orjson
from cachetools import LRUCache

from gateway.errors import NotImplementedFilterError
from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.gather import gather
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.aggregations import Term, read_some_terms, read_terms
from gateway.fetch.nomad.session import SiteSession
from gateway.model import NativeQuery, SearchRequest, SiteFailure, SiteState
from gateway.properties import STRUCTURE
from gateway.references import QUANTITIES, Kind, Reference
from gateway.search.listing.page_state import options_of
from gateway.search.references.slices import are_same, in_slices
from gateway.shape.references import RELATED_FIELDS, Cited, read_cited

MOST = 10_000
"""References of one site, of each kind, that are listed; with more, only named ones are found."""
VARIANTS = 4
"""Tables of one site that are cached: which structures count there depends on the other sites that
are asked, as a structure that several sites hold counts once."""
MOST_CHARACTERS = 8 * 2**20
"""Of the ids of one site's references and of their titles, about 400 for each of the most that are
listed: a site with longer ones must not fill the memory."""
CACHED_BYTES = 32 * 2**20
"""Of all tables that are cached, of all sites; what was used longest ago leaves first."""
REFERENCE_BYTES = 320
"""What a reference takes beside its texts."""

_DOING = "list references"
_FIELDS: Mapping[Kind, tuple[str, ...]] = {"doi": RELATED_FIELDS[1:], "ref": ()}


_Key: TypeAlias = tuple[str, bytes]
"""A site, and which of its structures count."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The references of one site."""

    cited: tuple[Cited, ...]
    """The same object as long as the site's references are the same."""
    state: SiteState = "ok"
    is_too_long: bool = False
    """It has more than are listed; `cited` is empty."""
    is_private: bool = False
    """It is for one caller alone, whose token the site saw."""
    milliseconds: float = 0.0
    size: int = 0
    """Bytes that it takes, or more."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The references of all sites that were asked, or why a site did not answer; by site."""

    answers: Mapping[str, Table] = field(default_factory=dict)
    failures: Mapping[str, SiteFailure] = field(default_factory=dict)


@dataclass(slots=True)
class _Cached:
    """When the latest complete and public table of one site was read."""

    read_at: float | None = None
    """The event loop's time; None: it is not to be used again while the site answers."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the table is read, so that equal requests wait for one reading."""


class ReferenceTables:
    """Reads the tables of the sites; public ones are used again for `reuse_s` seconds.

    What a caller's token showed is never kept. The latest table of a site stays for the time in
    which the site does not answer.
    """

    def __init__(self, clients: Mapping[str, SiteClient], *, reuse_s: float) -> None:
        self._clients = clients
        self._reuse_s = reuse_s
        self._cached: dict[str, LRUCache[bytes, _Cached]] = {
            site: LRUCache(VARIANTS) for site in clients
        }
        self._tables: LRUCache[_Key, Table] = LRUCache(CACHED_BYTES, getsizeof=attrgetter("size"))
        self._latest: dict[str, _Key] = {}
        self._available: dict[tuple[str, ...], int] = {}

    def last(self, site: str) -> tuple[Cited, ...] | None:
        """All references of a site when they were last read; None: they never were, or have made
        room for others."""
        table = self._tables.get(self._latest.get(site, (site, b"")))
        return None if table is None or table.is_too_long else table.cited

    def available(self, sites: Iterable[str]) -> int:
        """How many distinct references these sites have, as far as known."""
        key = tuple(sites)
        if key not in self._available:
            known = [one.reference for site in key for one in self.last(site) or ()]
            texts = {one.value for one in known if one.kind == "ref"}
            dois = {one.value for one in known if one.kind == "doi"}
            self._available[key] = len(texts) + len(dois)
        return self._available[key]

    async def read(
        self,
        request: SearchRequest,
        *,
        sites: Iterable[str],
        pinned: frozenset[Reference] | None,
        deadline: float | None,
        served: Mapping[str, NativeQuery],
    ) -> Tables:
        """The references of the sites, or those of them that are pinned.

        `served` are the structures that count at a site, where not all of them do.
        """
        scope = MemoryScope()
        options = options_of(request, scope=scope, deadline=deadline)
        reads = {
            site: self._read_site(
                SiteSession(self._clients[site], options), request, pinned, served.get(site)
            )
            for site in sites
        }
        try:
            answers = await ask_all(reads, doing=_DOING)
        finally:
            scope.close()
        tables: dict[str, Table] = {}
        for site, answer in answers.items():
            if isinstance(answer, SiteAnswer):
                table = replace(answer.value, milliseconds=answer.milliseconds)
                tables[site] = _checked(table, site)
        failures = {s: one for s, one in answers.items() if isinstance(one, SiteFailure)}
        return Tables(tables, failures)

    async def _read_site(
        self,
        session: SiteSession,
        request: SearchRequest,
        pinned: frozenset[Reference] | None,
        served: NativeQuery | None,
    ) -> Table:
        if pinned is not None or session.is_private:
            return await _read_table(session, pinned, served)
        variants, variant = self._cached[session.name], orjson.dumps(served)
        cached, key = variants.setdefault(variant, _Cached()), (session.name, variant)
        async with cached.lock:
            table = None if request.fresh else self._reusable(cached, key)
            if table is not None:
                return replace(table, state="cached")
            began = asyncio.get_running_loop().time()
            return await self._keep(key, cached, await _read_table(session, None, served), began)

    def _reusable(self, cached: _Cached, key: _Key) -> Table | None:
        now = asyncio.get_running_loop().time()
        if cached.read_at is None or now - cached.read_at >= self._reuse_s:
            return None
        return self._tables.get(key)

    async def _keep(self, key: _Key, cached: _Cached, table: Table, began: float) -> Table:
        """The table, with the references of the one before it if they are the same."""
        before = self._tables.get(key)
        if before is not None and await are_same(before.cited, table.cited):
            table = replace(table, cited=before.cited)
        else:
            self._available.clear()
        self._latest[key[0]] = key
        self._tables.pop(key, None)
        with suppress(ValueError):  # it takes more than all may
            self._tables[key] = table
        # what came from the cache of answers may already be as old as it may get
        cached.read_at = began if table.state == "ok" else None
        return table


def _checked(table: Table, site: str) -> Table:
    if not table.is_too_long:
        return table
    raise NotImplementedFilterError(
        f"{site} has more than {MOST} references, too many to be listed. Ask for the ones you "
        'want, with id = ".." or doi = "..", or for the references of other sites.'
    )


async def _read_table(
    session: SiteSession, pinned: frozenset[Reference] | None, served: NativeQuery | None
) -> Table:
    kinds: tuple[Kind, ...] = ("doi", "ref")
    terms = await gather({kind: _terms(session, kind, pinned) for kind in kinds})
    counts: Mapping[Kind, Mapping[str, int]] = {}
    if served is not None:
        counts = await gather({kind: _counts(session, kind, pinned, served) for kind in kinds})
    if any(len(found) > MOST for found in terms.values()):
        return Table((), session.state, is_too_long=True)
    cited: list[Cited] = []
    characters = size = 0
    async for slice_ in in_slices((kind, term) for kind in kinds for term in terms[kind]):
        for kind, term in slice_:
            count = counts[kind].get(term.value, 0) if counts else term.count
            one = read_cited(kind, term.value, term.document, site=session.name, structures=count)
            if one is not None:
                characters += len(one.reference.id) + len(one.title or "")
                size += size_of(one)
                cited.append(one)
        if characters > MOST_CHARACTERS:
            return Table((), session.state, is_too_long=True)
    return Table(tuple(cited), session.state, is_private=session.is_private, size=size)


def size_of(one: Cited) -> int:
    """Bytes that a reference takes, or more."""
    return REFERENCE_BYTES + getsizeof(one.reference.value) + getsizeof(one.title)


async def _terms(
    session: SiteSession, kind: Kind, pinned: frozenset[Reference] | None
) -> tuple[Term, ...]:
    return await _values(session, kind, pinned, query=STRUCTURE, fields=_FIELDS[kind])


async def _counts(
    session: SiteSession, kind: Kind, pinned: frozenset[Reference] | None, served: NativeQuery
) -> dict[str, int]:
    """How many structures have each, of those that no other site serves. A reference itself is a
    site's own, whoever serves its structures: it must not vanish with another site."""
    terms = await _values(session, kind, pinned, query=served, fields=())
    return {term.value: term.count for term in terms}


async def _values(
    session: SiteSession,
    kind: Kind,
    pinned: frozenset[Reference] | None,
    *,
    query: NativeQuery,
    fields: tuple[str, ...],
) -> tuple[Term, ...]:
    if pinned is not None:
        values = sorted(one.value for one in pinned if one.kind == kind)
        return await read_some_terms(session, QUANTITIES[kind], values, query=query, fields=fields)
    return await read_terms(session, QUANTITIES[kind], query=query, most=MOST, fields=fields)
