"""A listing request -> what is asked of which site, in which order, from where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.config import Config
from gateway.errors import ParameterError
from gateway.merge import Cursor, fingerprint_of, order_of, read_cursor
from gateway.model import STRUCTURES, NativeQuery, Notice, Order, SearchRequest
from gateway.parse import FilterLimits, read_filter
from gateway.plan import Plan, Scope, plan_sites
from gateway.properties import Catalogue, nearest_names

_PLANS = 256
_LONGEST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Question:
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


class Reader:
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
    ) -> Question:
        """The question behind a request; RequestError when it cannot be asked.

        `versions` are those of the sites, as far as they are known.
        """
        foreign = check_fields(request.response_fields, catalogue, self._config.provider.prefix)
        chosen = self._chosen(request.sites)
        plan = self._plan(request, catalogue, versions)
        order = order_of(request.sort, catalogue)
        fingerprint = fingerprint_of(
            (
                request.entry_type,
                request.filter,
                *(f"{'-' if falling else ''}{name}" for name, falling in request.sort),
                "sites",
                *(request.sites or ()),
            )
        )
        cursor = Cursor(offset=request.offset)
        if request.cursor is not None:
            cursor = read_cursor(request.cursor, fingerprint=fingerprint, order=order)
        asked = [one for one in plan.sites if one.site in chosen]
        return Question(
            request=request,
            catalogue=catalogue,
            order=order,
            cursor=cursor,
            fingerprint=fingerprint,
            queries={one.site: one.query for one in asked if one.query is not None},
            pruned={one.site: one.reason or "" for one in asked if one.query is None},
            excluded=tuple(name for name in self._names if name not in chosen),
            notices=(*plan.notices, *foreign),
        )

    def warm_up(self, catalogue: Catalogue) -> None:
        """Build the parser now, so that no request waits for it."""
        self.read(SearchRequest(STRUCTURES, filter="nelements = 2"), catalogue, versions={})

    def _chosen(self, sites: Sequence[str] | None) -> Sequence[str]:
        if sites is None:
            return self._names
        prefix = self._config.provider.prefix
        for name in sites:
            if name not in self._names:
                raise ParameterError(
                    f"There is no site {name!r}; the sites are {', '.join(self._names)}.",
                    parameter=f"_{prefix}_sites",
                )
        return sites

    def _plan(
        self, request: SearchRequest, catalogue: Catalogue, versions: Mapping[str, str | None]
    ) -> Plan:
        text = request.filter or ""
        key = (request.entry_type, text, *(versions.get(name) for name in self._names))
        if key in self._plans:
            return self._plans[key]
        tree = read_filter(text, self._limits) if text.strip(" \t\n\r\v\f") else None
        scope = Scope(request.entry_type, catalogue, self._config.provider.prefix)
        plan = plan_sites(tree, sites=self._names, scope=scope, versions=versions)
        if len(text) <= _LONGEST_KEPT:
            self._plans[key] = plan
        return plan


def check_fields(
    fields: Sequence[str] | None, catalogue: Catalogue, prefix: str
) -> tuple[Notice, ...]:
    """Notices for other providers' properties; ParameterError for names that do not exist."""
    notices = []
    for name in fields or ():
        if name in catalogue:
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
