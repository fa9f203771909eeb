"""k-way merge of the sites' hits to one page, and the position of each site after it."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import chain

from gateway.model import Hit, Order, Position
from gateway.order import Comparison, comparison


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a walk has come: one position for all sites, and one for each site that lags.

    A site lags when it was missing, or is still catching up; None is the very start.
    """

    position: Position | None = None
    lagging: tuple[tuple[str, Position | None], ...] = ()

    def of(self, site: str) -> Position | None:
        """Where one site resumes."""
        return dict(self.lagging).get(site, self.position)


def merge_hits(
    order: Order, streams: Iterable[Sequence[Hit]], *, limit: int, backward: bool = False
) -> tuple[Hit, ...]:
    """The first `limit` hits of all streams together; each stream comes in the walk's order."""
    if not order.keys:  # the default order, which most requests have, in C
        hits = sorted(chain.from_iterable(streams), key=_id_and_site, reverse=backward)
        return tuple(hits[:limit])
    in_order = cmp_to_key(comparison(order, backward=backward))
    merged = heapq.merge(*streams, key=lambda hit: in_order(hit.position))
    return tuple(hit for hit, _ in zip(merged, range(limit), strict=False))


def _id_and_site(hit: Hit) -> tuple[str, str]:
    return hit.entry_id, hit.site


def advance(
    order: Order,
    progress: Progress,
    page: Sequence[Hit],
    *,
    answered: Iterable[str],
    missing: Iterable[str],
) -> Progress:
    """The progress of all sites after `page` has been served.

    A missing site keeps its position. A lagging site that answered has caught up once the page
    reaches the common position; until then the others wait there.
    """
    compare = comparison(order)
    common = progress.position
    last = page[-1].position if page else None
    passed = last is not None and (common is None or compare(last, common) > 0)
    reached = last if passed else common
    lagging = {site: progress.of(site) for site in missing}
    # a lagging site that answered goes on up to the end of this page, but not beyond the others
    waiting = dict(progress.lagging)
    for site in answered:
        if site in waiting and last is not None and not passed:
            lagging[site] = _later(waiting[site], last, compare)
    return Progress(reached, tuple(sorted(_differing(lagging, reached).items())))


def _later(a: Position | None, b: Position, compare: Comparison) -> Position:
    return b if a is None or compare(b, a) > 0 else a


def _differing(
    lagging: Mapping[str, Position | None], common: Position | None
) -> dict[str, Position | None]:
    return {site: position for site, position in lagging.items() if position != common}
