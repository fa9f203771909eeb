"""What a search knows from having been asked before: sites that are missing, copies seen twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.model import NativeQuery
from gateway.native.asking import SitesUnavailableError, unavailable_error
from gateway.native.call import NativeCall
from gateway.native.holders import Copies
from gateway.native.order import read_order, read_start
from gateway.native.reading.pinned import pinned_ids
from gateway.native.reading.request import NativeSearch


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more try at a search."""

    missing: frozenset[str] = frozenset()
    """Sites that did not answer, and are not asked again."""
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries that a site leaves out, as another one has given them."""
    conditions: tuple[NativeQuery | None, ...] = ()
    """What held for the entries that each site serves when `without` was made: it goes with these
    alone, or entries would be left out by all."""
    least: int = 0
    """How many entries must be found, as nothing is known of what the missing sites alone have."""
    failure: SitesUnavailableError | None = None
    rounds: int = 0

    def check_found(self, count: int) -> None:
        """Raise if it is not certain that the missing sites have nothing else that matches."""
        if self.failure is not None and count < self.least:
            raise self.failure


FIRST = Attempt()
MOST_ROUNDS = 3
"""A page is asked again so often, without copies that were not known."""


async def standing_in(
    attempt: Attempt,
    error: SitesUnavailableError,
    *,
    search: NativeSearch,
    call: NativeCall,
    copies: Copies,
) -> Attempt:
    """The next try, without the sites that failed; raises NativeError where their part of the
    answer would be missing."""
    missing = attempt.missing | error.sites
    is_refused = bool(error.refused) and not call.is_partial
    if is_refused or error.sites <= attempt.missing or missing.issuperset(call.sites):
        raise unavailable_error(error, call) from None
    goes_on = replace(attempt, missing=missing, failure=error, without={}, least=0)
    if call.is_partial:
        return goes_on
    if not _may_change(search, missing):
        raise unavailable_error(error, call) from None
    uploads = pinned_ids(search.query, "upload_id")
    if await copies.can_stand_in(missing, call.sites, uploads=uploads):
        return goes_on
    if ids := pinned_ids(search.query):
        return replace(goes_on, least=len(ids))
    raise unavailable_error(error, call) from None


def _may_change(search: NativeSearch, missing: frozenset[str]) -> bool:
    """Whether the walk, if one has begun, goes on exactly without these sites: not where other
    copies may have other sort values."""
    if search.pagination.after is None:
        return True
    order = read_order(search.pagination)
    pin = read_start(order, search.pagination.after).pin
    return order.is_of_copies or (pin is not None and missing.issubset(pin.away))
