"""Which properties can be counted by value over a whole result, and by which aggregation of NOMAD.

In comes a property, out goes how its values are counted, or None. Measured on NOMAD 1.3 and 2.0:
`terms` takes keywords and booleans alone, `histogram` numbers; both count each entry once a value.
"""

from gateway.model import FacetSource
from gateway.properties.property import Catalogue, Property

FEW_NUMBERS = ("nelements", "nperiodic_dimensions", "space_group_it_number")
"""Integers of so narrow a range that a histogram of width 1 has few buckets; it has one for each
number between the least and the greatest."""
_MANY_VALUES = ("entry_id", "files", "upload_id")
"""One value or more for each entry: there is nothing to be counted, and it costs a site most."""


def facet_source(one: Property) -> FacetSource | None:
    """How its values are counted; None: they cannot be."""
    if one.reach != "indexed" or one.quantity is None or one.quantity in _MANY_VALUES:
        return None
    if one.name in FEW_NUMBERS:
        return FacetSource(one.quantity, is_number=True)
    if (one.items or one.type) not in ("string", "boolean"):
        return None
    if one.spelling is None:
        return FacetSource(one.quantity)
    return FacetSource(one.quantity, words={theirs: ours for ours, theirs in one.spelling.items()})


def facet_names(catalogue: Catalogue) -> tuple[str, ...]:
    """All properties whose values the sites can count."""
    return tuple(name for name, one in catalogue.items() if facet_source(one) is not None)
