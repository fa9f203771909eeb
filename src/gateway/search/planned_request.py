"""A listing request -> what is asked of which site, in which order, from where."""

import asyncio
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias, TypeVar

from cachetools import LRUCache

from gateway.config import Config
from gateway.errors import ParameterError, unknown_site
from gateway.merge import Cursor, Pin, fingerprint_of, order_of, read_cursor
from gateway.model import REFERENCES, STRUCTURES, NativeQuery, Notice, Order, SearchRequest
from gateway.parse import FilterLimits, read_filter
from gateway.parse.tree import Node
from gateway.plan import Plan, Scope, plan_entry, plan_sites
from gateway.properties import Catalogue
from gateway.search.response_fields import check_fields

RELATIONSHIPS = (REFERENCES,)
"""Entry types that structures are related to."""

CACHE_BYTES = 4 * 1024 * 1024
"""Of the plans of recent filters; everyday ones have about 3 kB."""

_OFF_LOOP_LENGTH = 1_000
"""Characters above which a filter is planned in a thread. Reading takes about 1 ms for 1,000
characters, and what a filter is turned into is bounded (`plan/work_budget.py`), so a shorter one
cannot hold the event loop for more than 50 ms, and ordinary ones take less than 1 ms."""

_PYTHON_BYTES = 12
"""What one byte of a native query takes as Python objects, at most."""
_OVERHEAD_BYTES = 2_000

# A filter as single-entry requests have it; an entry id needs no escapes.
_ONE_ENTRY = re.compile(r'id ?= ?"([a-z][a-z0-9-]*)~([A-Za-z0-9_-]+)"')

_PlanKey: TypeAlias = tuple[str | None, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _CachedPlan:
    plan: Plan
    size: int


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
    pin: Pin | None = None
    """Which site serves which copies; None: each of them is served."""
    hidden: int = 0
    """How many copies of the sites asked are not served, whatever the filter."""
    listed: tuple[str, ...] = ()
    """The sites whose entries may be copies of others' all the same: not known yet."""


class RequestPlanner:
    """Understands listing requests; plans of recent filters are cached.

    The cache belongs to the event loop: the thread in which large filters are planned makes a plan
    and touches nothing else.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        keys = config.filters
        self._limits = FilterLimits(
            length=keys.length, depth=keys.depth, terms=keys.terms, values=keys.values
        )
        self._names = tuple(site.name for site in config.sites)
        self._plans: LRUCache[_PlanKey, _CachedPlan] = LRUCache(
            CACHE_BYTES, getsizeof=attrgetter("size")
        )
        # One thread: Python runs one at a time anyway, and the event loop waits for each of them in
        # turn. It starts with the first large filter.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plan")

    def read(
        self,
        request: SearchRequest,
        catalogue: Catalogue,
        *,
        versions: Mapping[str, str | None],
    ) -> PlannedRequest:
        """What a request asks for; RequestError when it cannot be answered.

        `versions` are those of the sites, as far as they are known.
        """
        checked = self._checked(request, catalogue)
        key = self._key(request, versions)
        plan = self._cached(key) or self._remember(key, self._plan(request, catalogue, versions))
        return self._planned(request, plan, catalogue=catalogue, checked=checked)

    async def read_off_loop(
        self,
        request: SearchRequest,
        catalogue: Catalogue,
        *,
        versions: Mapping[str, str | None],
    ) -> PlannedRequest:
        """The same; a large filter is planned in a thread, so that the event loop goes on."""
        checked = self._checked(request, catalogue)
        key = self._key(request, versions)
        plan = self._cached(key)
        if plan is None:
            made = await self.off_loop(
                request.filter, lambda: self._plan(request, catalogue, versions)
            )
            plan = self._remember(key, made)
        return self._planned(request, plan, catalogue=catalogue, checked=checked)

    async def off_loop(self, text: str | None, plan: Callable[[], T]) -> T:
        """What `plan` makes of a filter; in a thread where the filter is large."""
        if len(text or "") <= _OFF_LOOP_LENGTH:
            return plan()
        return await asyncio.get_running_loop().run_in_executor(self._thread, plan)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _checked(
        self, request: SearchRequest, catalogue: Catalogue
    ) -> tuple[Collection[str], tuple[Notice, ...]]:
        """The sites to ask and notices on fields: what is cheap to check comes before the plan."""
        prefix = self._config.provider.prefix
        notices = check_fields(
            request.response_fields, catalogue, prefix, relationships=RELATIONSHIPS
        )
        return self.chosen(request.sites), notices

    def _planned(
        self,
        request: SearchRequest,
        plan: Plan,
        *,
        catalogue: Catalogue,
        checked: tuple[Collection[str], tuple[Notice, ...]],
    ) -> PlannedRequest:
        chosen, notices = checked
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
            notices=(*plan.notices, *notices),
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

    def _key(self, request: SearchRequest, versions: Mapping[str, str | None]) -> _PlanKey:
        return (request.entry_type, request.filter, *map(versions.get, self._names))

    def _cached(self, key: _PlanKey) -> Plan | None:
        cached = self._plans.get(key)
        return None if cached is None else cached.plan

    def _remember(self, key: _PlanKey, plan: Plan) -> Plan:
        """Single entries are planned at once and would drive out what is worth keeping."""
        text = key[1] or ""
        size = _OVERHEAD_BYTES + len(text) + _PYTHON_BYTES * plan.size
        if size <= CACHE_BYTES // 8 and not _ONE_ENTRY.fullmatch(text):
            self._plans[key] = _CachedPlan(plan, size)
        return plan

    def _plan(
        self, request: SearchRequest, catalogue: Catalogue, versions: Mapping[str, str | None]
    ) -> Plan:
        text = request.filter or ""
        if request.entry_type == STRUCTURES and (entry := _ONE_ENTRY.fullmatch(text)):
            return plan_entry(entry[1], entry[2], sites=self._names)
        scope = Scope(request.entry_type, catalogue, self._config.provider.prefix)
        return plan_sites(self.tree(text), sites=self._names, scope=scope, versions=versions)


def names_one_entry(request: SearchRequest) -> bool:
    """Whether the filter is an id and nothing else, as single-entry requests have it."""
    return _ONE_ENTRY.fullmatch(request.filter or "") is not None


def fingerprint_of_request(request: SearchRequest) -> str:
    """What a cursor of this request is good for."""
    return fingerprint_of(
        (
            request.entry_type,
            request.filter,
            *(f"{'-' if falling else ''}{name}" for name, falling in request.sort),
            "sites",
            *(request.sites or ()),
            *(() if request.copies == "merge" else ("copies", request.copies)),
        )
    )


def cursor_of(request: SearchRequest, *, order: Order, fingerprint: str) -> Cursor:
    """Where the request's page begins; ParameterError for a cursor that is not its own."""
    if request.cursor is None:
        return Cursor(offset=request.offset)
    are_shared = request.entry_type == REFERENCES
    return read_cursor(request.cursor, fingerprint=fingerprint, order=order, are_shared=are_shared)
