"""Each OPTIMADE property of an entry type: its type, and where NOMAD has it. Pure.

In: the provider's prefix, and the tables of `catalogue`. Out: a `Catalogue` for each entry type;
the nodes of NOMAD's native query (`properties.native_query`), in which a property says where it is
known. Used by `plan`, `merge`, `shape`, `search`, `serve` and `cli`.
"""

from functools import lru_cache

from gateway.properties.band_gaps import band_gap_properties
from gateway.properties.conversion import Conversion
from gateway.properties.facets import facet_names, facet_source
from gateway.properties.names import nearest_names, same_names
from gateway.properties.native_query import write_query
from gateway.properties.nomad import nomad_properties
from gateway.properties.nomad_endpoint import LINKS
from gateway.properties.property import (
    STRUCTURE,
    Catalogue,
    Least,
    Property,
    Reach,
    ValueType,
)
from gateway.properties.provenance import provenance_properties
from gateway.properties.references import references_catalogue
from gateway.properties.standard import (
    ELEMENT_SYMBOLS,
    STRUCTURE_FEATURES,
    standard_properties,
)

__all__ = [
    "ELEMENT_SYMBOLS",
    "LINKS",
    "STRUCTURE",
    "STRUCTURE_FEATURES",
    "Catalogue",
    "Conversion",
    "Least",
    "Property",
    "Reach",
    "ValueType",
    "facet_names",
    "facet_source",
    "nearest_names",
    "references_catalogue",
    "same_names",
    "structures_catalogue",
    "write_query",
]


@lru_cache(maxsize=8)
def structures_catalogue(prefix: str) -> Catalogue:
    """All properties of `structures`: the standard's, the gateway's own, then NOMAD's.

    `prefix` is the provider's own, such as `fed`; where it is NOMAD's `nmd`, its own names win.
    """
    ours = (*provenance_properties(prefix), *band_gap_properties(prefix))
    own = {one.name: one for one in ours}
    every = (*standard_properties(), *own.values(), *nomad_properties())
    return {one.name: own.get(one.name, one) for one in every}
