"""A listing request -> what is asked of which site, in which order, from where."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.config import Config
from gateway.errors import ParameterError, unknown_site
from gateway.merge import Cursor, fingerprint_of, order_of, read_cursor
from gateway.model import REFERENCES, STRUCTURES, NativeQuery, Notice, Order, SearchRequest
from gateway.parse import FilterLimits, read_filter
from gateway.parse.tree import Node
from gateway.plan import Plan, Scope, plan_sites
from gateway.properties import Catalogue, nearest_names

RELATIONSHIPS = (REFERENCES,)
"""Entry types that structures are related to."""

_PLANS = 256
_LONGEST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One listing request, understood; sites without a query are skipped for a reason."""

    request: SearchRequest
    catalogue: Catalogue
    order: Order
    cursor: Cursor
    fingerprint: str
    queries: dict[str, NativeQuery]
    pruned: dict[str, str]
    excluded: tuple[str, ...]
    notices: tuple[Notice, ...]


class RequestPlanner:
    """Understands listing requests; plans of everyday filters are kept."""

    def __init__(self, config: Config) -> None:
        self._config = config
        keys = config.filters
        self._limits = FilterLimits(
            length=keys.length, depth=keys.depth, terms=keys.terms, values=keys.values
        )
        self._names = tuple(site.name for site in config.sites)
        self._plans: LRUCache[tuple[str | None, ...], Plan] = LRUCache(_PLANS)

    def read(
        self,
        request: SearchRequest,
        catalogue: Catalogue,
        *,
        versions: Mapping[str, str | None],
    ) -> PlannedRequest:
        """The question behind a request; RequestError when it cannot be asked.

        `versions` are those of the sites, as far as they are known.
        """
        foreign = check_fields(
            request.response_fields,
            catalogue,
            self._config.provider.prefix,
            relationships=RELATIONSHIPS,
        )
        chosen = self.chosen(request.sites)
        plan = self._plan(request, catalogue, versions)
        order = order_of(request.sort, catalogue)
        fingerprint = fingerprint_of_request(request)
        asked = [one for one in plan.sites if one.site in chosen]
        return PlannedRequest(
            request=request,
            catalogue=catalogue,
            order=order,
            cursor=cursor_of(request, order=order, fingerprint=fingerprint),
            fingerprint=fingerprint,
            queries={one.site: one.query for one in asked if one.query is not None},
            pruned={one.site: one.reason or "" for one in asked if one.query is None},
            excluded=tuple(name for name in self._names if name not in chosen),
            notices=(*plan.notices, *foreign),
        )

    def warm_up(self, catalogue: Catalogue) -> None:
        """Build the parser now, so that no request waits for it."""
        self.read(SearchRequest(STRUCTURES, filter="nelements = 2"), catalogue, versions={})

    def chosen(self, sites: Sequence[str] | None) -> Sequence[str]:
        """The sites to ask: all, or those named; ParameterError for names of none."""
        if sites is None:
            return self._names
        prefix = self._config.provider.prefix
        for name in sites:
            if name not in self._names:
                raise ParameterError(
                    unknown_site(name, sites=self._names),
                    parameter=f"_{prefix}_sites",
                )
        return sites

    def tree(self, text: str | None) -> Node | None:
        """The filter as it was read; None: there is none."""
        if text is None or not text.strip(" \t\n\r\v\f"):
            return None
        return read_filter(text, self._limits)

    def _plan(
        self, request: SearchRequest, catalogue: Catalogue, versions: Mapping[str, str | None]
    ) -> Plan:
        text = request.filter or ""
        key = (request.entry_type, text, *(versions.get(name) for name in self._names))
        if key in self._plans:
            return self._plans[key]
        tree = self.tree(text)
        scope = Scope(request.entry_type, catalogue, self._config.provider.prefix)
        plan = plan_sites(tree, sites=self._names, scope=scope, versions=versions)
        if len(text) <= _LONGEST_KEPT:
            self._plans[key] = plan
        return plan


def fingerprint_of_request(request: SearchRequest) -> str:
    """What a cursor of this request is good for."""
    return fingerprint_of(
        (
            request.entry_type,
            request.filter,
            *(f"{'-' if falling else ''}{name}" for name, falling in request.sort),
            "sites",
            *(request.sites or ()),
        )
    )


def cursor_of(request: SearchRequest, *, order: Order, fingerprint: str) -> Cursor:
    """Where the request's page begins; ParameterError for a cursor that is not its own."""
    if request.cursor is None:
        return Cursor(offset=request.offset)
    are_shared = request.entry_type == REFERENCES
    return read_cursor(request.cursor, fingerprint=fingerprint, order=order, are_shared=are_shared)


def check_fields(
    fields: Sequence[str] | None,
    catalogue: Catalogue,
    prefix: str,
    *,
    relationships: Collection[str] = (),
) -> tuple[Notice, ...]:
    """Notices for other providers' properties; ParameterError for names that do not exist.

    To JSON:API relationships are fields, too (section "Sparse Fieldsets").
    """
    notices = []
    for name in fields or ():
        if name in catalogue or name in relationships:
            continue
        if name.startswith("_") and not name.startswith((f"_{prefix}_", "_nmd_")):
            notices.append(
                Notice(
                    title="Unknown property of another provider",
                    detail=f"{name} is not a property of this provider; it is given as null.",
                    code="unknown_provider_property",
                )
            )
            continue
        near = nearest_names(name, catalogue, most=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ParameterError(
            f"There is no property {name!r} that could be given.{hint}",
            parameter="response_fields",
        )
    return tuple(notices)
