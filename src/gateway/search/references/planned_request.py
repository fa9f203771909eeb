"""A listing request for references -> what must match, in which order, from where."""

from dataclasses import dataclass

from gateway.config import Config
from gateway.merge import Cursor, order_of
from gateway.model import Notice, Order, SearchRequest
from gateway.plan import (
    TAKEN_AS_UNKNOWN,
    Matcher,
    Scope,
    foreign_notices,
    matcher_of,
    names_of_other_providers,
    pinned_references,
    value_notices,
)
from gateway.properties import Catalogue
from gateway.references import Reference
from gateway.search.planned_request import (
    RequestPlanner,
    cursor_of,
    fingerprint_of_request,
)
from gateway.search.response_fields import check_fields

MOST_PINNED = 500
"""References that are asked for one by one; NOMAD 1.3 takes about a thousand values at a time."""


@dataclass(frozen=True, slots=True)
class PlannedReferenceRequest:
    """One listing request for references, understood."""

    request: SearchRequest
    catalogue: Catalogue
    matcher: Matcher | None
    """None: there is no filter."""
    pinned: frozenset[Reference] | None
    """The only references that can match; None: any can."""
    order: Order
    cursor: Cursor
    fingerprint: str
    chosen: tuple[str, ...]
    """The sites to ask, in the order of the configuration."""
    notices: tuple[Notice, ...]


def plan_reference_request(
    request: SearchRequest, *, planner: RequestPlanner, catalogue: Catalogue, config: Config
) -> PlannedReferenceRequest:
    """What a request asks for; RequestError when it cannot be answered."""
    prefix = config.provider.prefix
    notices = check_fields(request.response_fields, catalogue, prefix)
    chosen = planner.chosen(request.sites)
    tree = planner.tree(request.filter)
    scope = Scope(request.entry_type, catalogue, prefix)
    order = order_of(request.sort, catalogue)
    fingerprint = fingerprint_of_request(request)
    pinned = None if tree is None else pinned_references(tree)
    foreign = () if tree is None else names_of_other_providers(tree, scope)
    return PlannedReferenceRequest(
        request=request,
        catalogue=catalogue,
        matcher=None if tree is None else matcher_of(tree, scope),
        pinned=None if pinned is None or len(pinned) > MOST_PINNED else pinned,
        order=order,
        cursor=cursor_of(request, order=order, fingerprint=fingerprint),
        fingerprint=fingerprint,
        chosen=tuple(site.name for site in config.sites if site.name in chosen),
        notices=(
            *notices,
            *(
                ()
                if tree is None
                else value_notices(tree, scope=scope, sites=tuple(s.name for s in config.sites))
            ),
            *foreign_notices(foreign, catalogue, effect=TAKEN_AS_UNKNOWN),
        ),
    )
