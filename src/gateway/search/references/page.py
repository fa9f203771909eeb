"""Which references come next in a walk, when sites fail and come back in between; pure.

Each reference has one position in the order, however many sites have it. It was served if any of
its sites had answered when the walk passed that position; it is due if none had.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from gateway.merge import Progress, advance
from gateway.model import Hit, Order, Position
from gateway.order import comparison


@dataclass(frozen=True, slots=True)
class Holdings:
    """The references that match, in order, and which of the sites that answered have each."""

    hits: Sequence[Hit]
    sites: Mapping[str, Collection[str]]
    """By id."""
    answered: Collection[str]
    """The sites that have any of them."""


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """One page of a walk and where the next one begins; None: it is the last."""

    hits: tuple[Hit, ...]
    next: Progress | None


def page_after(
    holdings: Holdings,
    progress: Progress,
    *,
    order: Order,
    skip: int,
    limit: int,
    missing: Collection[str],
) -> ReferencePage:
    """The page after a position. A site that was missing before and could bring again what one
    that is missing now has served is treated as missing, too."""
    due, waiting = _due(holdings, _Starts(holdings.hits, progress, order), missing)
    hits = tuple(due[skip : skip + limit])
    absent = {*missing, *waiting}
    if len(due) <= skip + limit and not absent:
        return ReferencePage(hits, None)
    begun = Progress(due[skip - 1].position) if 0 < skip <= len(due) else progress
    answered = {*holdings.answered} - absent
    return ReferencePage(hits, advance(order, begun, hits, answered=answered, missing=absent))


def page_before(
    hits: Sequence[Hit],
    position: Position | None,
    *,
    order: Order,
    limit: int,
    missing: Collection[str],
) -> ReferencePage:
    """The last hits before a position, or, without one, of all."""
    end = len(hits)
    if position is not None:
        key = _key(order)
        end = bisect_left(hits, key(position), key=lambda hit: key(hit.position))
    page = tuple(hits[max(0, end - limit) : end])
    if not page or (position is None and not missing):
        return ReferencePage(page, None)
    lagging = tuple((site, page[0].position) for site in sorted(missing))
    return ReferencePage(page, Progress(page[-1].position, lagging))


class _Starts:
    """How many hits each site's position in the walk has passed."""

    def __init__(self, hits: Sequence[Hit], progress: Progress, order: Order) -> None:
        key = _key(order)

        def passed(position: Position | None) -> int:
            if position is None:
                return 0
            return bisect_right(hits, key(position), key=lambda hit: key(hit.position))

        self.common = passed(progress.position)
        self._own = {site: passed(position) for site, position in progress.lagging}

    @property
    def first(self) -> int:
        """No site has passed fewer hits."""
        return min((self.common, *self._own.values()))

    @property
    def last(self) -> int:
        """No site has passed more hits."""
        return max((self.common, *self._own.values()))

    def of(self, site: str) -> int:
        return self._own.get(site, self.common)


def _due(
    holdings: Holdings, starts: _Starts, missing: Collection[str]
) -> tuple[list[Hit], set[str]]:
    """The hits to be served, and the sites that must wait for a missing one.

    Only between the first and the last of the sites' positions do the sites differ.
    """
    served_by_missing = max((starts.of(site) for site in missing), default=0)
    due: list[tuple[Hit, Collection[str]]] = []
    waiting: set[str] = set()
    for at in range(starts.first, starts.last):
        hit = holdings.hits[at]
        sites = holdings.sites[hit.entry_id]
        if any(at < starts.of(site) for site in sites):
            continue
        if at < served_by_missing:
            waiting.update(sites)
        else:
            due.append((hit, sites))
    after = holdings.hits[starts.last :]
    if not waiting:
        return [*(hit for hit, _ in due), *after], waiting
    due += [(hit, holdings.sites[hit.entry_id]) for hit in after]
    return [hit for hit, sites in due if not waiting.issuperset(sites)], waiting


def _key(order: Order) -> Callable[[Position], Any]:
    return cmp_to_key(comparison(order))
