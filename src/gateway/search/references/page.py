"""Which references come next in a walk, when sites fail and come back in between; pure.

Each reference has one place in the order, however many sites hold it. It was served if any of its
sites was there when the walk passed that place; it is due if none was.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from gateway.merge import Progress, advance
from gateway.model import Hit, Order, Position
from gateway.order import comparison


@dataclass(frozen=True, slots=True)
class Holdings:
    """The references that match, in order, and which of the sites that answered hold each."""

    hits: Sequence[Hit]
    sites: Mapping[str, Collection[str]]
    """By id."""


@dataclass(frozen=True, slots=True)
class Turned:
    """One page of a walk and where the next one begins; None: it is the last."""

    page: tuple[Hit, ...]
    onward: Progress | None


def in_order(hits: Iterable[Hit], order: Order) -> list[Hit]:
    """The hits in the total order; unknown values come last in both directions."""
    ordered = sorted(hits, key=lambda hit: hit.entry_id, reverse=order.descending)
    for at, key in reversed(list(enumerate(order.keys))):
        unknown = [hit for hit in ordered if hit.values[at] is None]
        known = [hit for hit in ordered if hit.values[at] is not None]
        known.sort(key=_value_at(at), reverse=key.descending)
        ordered = known + unknown
    return ordered


def turn_forward(
    holdings: Holdings,
    progress: Progress,
    *,
    order: Order,
    skip: int,
    limit: int,
    missing: Collection[str],
) -> Turned:
    """The next page behind a place. A site that was missing before and could bring again what one
    that is missing now has served is treated as missing, too."""
    due, waiting = _due(holdings, _Starts(holdings.hits, progress, order), missing)
    page = tuple(due[skip : skip + limit])
    absent = {*missing, *waiting}
    if len(due) <= skip + limit and not absent:
        return Turned(page, None)
    begun = Progress(due[skip - 1].position) if 0 < skip <= len(due) else progress
    answered = {site for sites in holdings.sites.values() for site in sites} - absent
    return Turned(page, advance(order, begun, page, answered=answered, missing=absent))


def turn_backward(
    hits: Sequence[Hit],
    position: Position | None,
    *,
    order: Order,
    limit: int,
    missing: Collection[str],
) -> Turned:
    """The last hits before a place, or, without one, of all."""
    end = len(hits)
    if position is not None:
        key = _key(order)
        end = bisect_left(hits, key(position), key=lambda hit: key(hit.position))
    page = tuple(hits[max(0, end - limit) : end])
    if not page or (position is None and not missing):
        return Turned(page, None)
    behind = tuple((site, page[0].position) for site in sorted(missing))
    return Turned(page, Progress(page[-1].position, behind))


class _Starts:
    """How many hits each site's place in the walk has passed."""

    def __init__(self, hits: Sequence[Hit], progress: Progress, order: Order) -> None:
        key = _key(order)

        def passed(position: Position | None) -> int:
            if position is None:
                return 0
            return bisect_right(hits, key(position), key=lambda hit: key(hit.position))

        self.common = passed(progress.position)
        self._own = {site: passed(position) for site, position in progress.lagging}

    @property
    def are_common(self) -> bool:
        return not self._own

    def of(self, site: str) -> int:
        return self._own.get(site, self.common)


def _due(
    holdings: Holdings, starts: _Starts, missing: Collection[str]
) -> tuple[list[Hit], set[str]]:
    """The hits to be served, and the sites that must wait for a missing one."""
    if starts.are_common:
        return list(holdings.hits[starts.common :]), set()
    served_by_missing = max((starts.of(site) for site in missing), default=0)
    due: list[tuple[Hit, Collection[str]]] = []
    waiting: set[str] = set()
    for at, hit in enumerate(holdings.hits):
        sites = holdings.sites[hit.entry_id]
        if any(at < starts.of(site) for site in sites):
            continue
        if at < served_by_missing:
            waiting.update(sites)
        else:
            due.append((hit, sites))
    return [hit for hit, sites in due if not waiting.issuperset(sites)], waiting


def _key(order: Order) -> Callable[[Position], Any]:
    return cmp_to_key(comparison(order))


def _value_at(at: int) -> Callable[[Hit], Any]:
    return lambda hit: hit.values[at]
