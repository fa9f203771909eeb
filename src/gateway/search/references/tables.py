"""What references each site has: asked of all sites at once, and the last answer of each kept.

A site tells the distinct values of two quantities among its public structures, with an example of
an entry for each DOI, which names the dataset.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.errors import NotImplementedFilterError
from gateway.fetch.fanout import SiteAnswer, ask_all
from gateway.fetch.http.client import SiteClient
from gateway.fetch.http.gather import gather
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.nomad.aggregations import Term, read_some_terms, read_terms
from gateway.fetch.nomad.session import SiteSession
from gateway.model import SearchRequest, SiteFailure, SiteState
from gateway.properties import STRUCTURE
from gateway.references import QUANTITIES, Kind, Reference
from gateway.search.page_state import options_of
from gateway.shape.references import RELATED_FIELDS, Cited, read_cited

MOST = 10_000
"""References of one site, of each kind, that are listed; with more, only named ones are found."""

_DOING = "list references"
_FIELDS: Mapping[Kind, tuple[str, ...]] = {"doi": RELATED_FIELDS[1:], "ref": ()}


@dataclass(frozen=True, slots=True)
class Table:
    """The references of one site."""

    cited: tuple[Cited, ...]
    state: SiteState = "ok"
    is_too_long: bool = False
    """It has more than are listed, so these are not all."""
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Tables:
    """What all sites that were asked say, by site."""

    answers: Mapping[str, Table] = field(default_factory=dict)
    failures: Mapping[str, SiteFailure] = field(default_factory=dict)


class ReferenceTables:
    """Asks the sites, and remembers what each said last."""

    def __init__(self, clients: Mapping[str, SiteClient]) -> None:
        self._clients = clients
        self._last: dict[str, tuple[Cited, ...]] = {}

    def last(self, site: str) -> tuple[Cited, ...] | None:
        """All references of a site when it was last asked for them; None: it never was."""
        return self._last.get(site)

    def available(self, sites: Iterable[str]) -> int:
        """How many distinct references these sites have, as far as known."""
        return len({one.reference for site in sites for one in self._last.get(site, ())})

    async def read(
        self,
        request: SearchRequest,
        *,
        sites: Iterable[str],
        pinned: frozenset[Reference] | None,
        deadline: float | None,
    ) -> Tables:
        """The references of the sites, or those of them that are pinned."""
        scope = MemoryScope()
        options = options_of(request, scope=scope, deadline=deadline)
        asked = {site: _table(SiteSession(self._clients[site], options), pinned) for site in sites}
        try:
            answers = await ask_all(asked, doing=_DOING, deadline=deadline)
        finally:
            scope.close()
        tables: dict[str, Table] = {}
        for site, answer in answers.items():
            if isinstance(answer, SiteAnswer):
                table = replace(answer.value, milliseconds=answer.milliseconds)
                tables[site] = _checked(table, site)
                if pinned is None and request.token is None:
                    self._last[site] = table.cited
        failures = {s: one for s, one in answers.items() if isinstance(one, SiteFailure)}
        return Tables(tables, failures)


def _checked(table: Table, site: str) -> Table:
    if not table.is_too_long:
        return table
    raise NotImplementedFilterError(
        f"{site} has more than {MOST} references, too many to be listed. Ask for the ones you "
        'want, with id = ".." or doi = "..", or for the references of other sites.'
    )


async def _table(session: SiteSession, pinned: frozenset[Reference] | None) -> Table:
    kinds: tuple[Kind, ...] = ("doi", "ref")
    terms = await gather({kind: _terms(session, kind, pinned) for kind in kinds})
    cited = (
        read_cited(kind, term.value, term.document, site=session.name, structures=term.count)
        for kind, found in terms.items()
        for term in found
    )
    is_too_long = any(len(found) > MOST for found in terms.values())
    return Table(tuple(one for one in cited if one is not None), session.state, is_too_long)


async def _terms(
    session: SiteSession, kind: Kind, pinned: frozenset[Reference] | None
) -> tuple[Term, ...]:
    quantity, fields = QUANTITIES[kind], _FIELDS[kind]
    if pinned is not None:
        values = sorted(one.value for one in pinned if one.kind == kind)
        return await read_some_terms(session, quantity, values, query=STRUCTURE, fields=fields)
    return await read_terms(session, quantity, query=STRUCTURE, most=MOST, fields=fields)
