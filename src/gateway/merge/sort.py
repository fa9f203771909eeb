"""`sort` -> order, or why not."""

from collections.abc import Sequence

from gateway.errors import ParameterError
from gateway.model import Order, SortKey
from gateway.properties import Catalogue, nearest_names, write_query

MAX_KEYS = 4
"""n keys cost at most n(n+1)/2 requests per site and page: NOMAD orders by one key only."""


def order_of(sort: Sequence[tuple[str, bool]], catalogue: Catalogue) -> Order:
    """The order for `sort` (property, descending); ParameterError if it is not possible.

    Keys after `id` and repeated keys are dropped: no two entries are equal up to there.
    """
    keys: list[SortKey] = []
    for name, descending in sort:
        if name in (key.name for key in keys):
            continue
        keys.append(_key(name, descending, catalogue))
        if name == "id":
            break
    if len(keys) > MAX_KEYS:
        raise ParameterError(
            f"sort takes at most {MAX_KEYS} properties; {len(keys)} were given.", parameter="sort"
        )
    return Order(tuple(keys))


def _key(name: str, descending: bool, catalogue: Catalogue) -> SortKey:
    found = catalogue.get(name)
    if found is None or not found.sortable or found.quantity is None:
        sortable = [one.name for one in catalogue.values() if one.sortable]
        near = nearest_names(name, sortable, most=1) if found is None else ()
        hint = f". Did you mean {near[0]}?" if near else "."
        if found is not None:
            hint = ": the sites cannot order by it."
        standard = ", ".join(one for one in sortable if not one.startswith("_"))
        raise ParameterError(
            f"sort={name} is not possible{hint} Sortable are {standard} and those declared "
            "sortable in the entry type's info.",
            parameter="sort",
        )
    known = None if isinstance(found.known, bool) else write_query(found.known)
    return SortKey(name, found.quantity, found.sort_kind, descending, known)
