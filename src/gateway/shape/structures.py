"""The data that a site has of a structure -> the values of OPTIMADE's structure properties.

A value that breaks a rule of OPTIMADE, or contradicts the index, becomes a Flaw; nothing raises.
"""

from collections.abc import Callable, Collection

from gateway.shape.cell import CELL, read_cell
from gateway.shape.composition import COMPOSITION, read_composition
from gateway.shape.sites import SITES, read_sites
from gateway.shape.stored import PropertyValues, Stored

_GROUPS: tuple[tuple[frozenset[str], Callable[[Stored], PropertyValues]], ...] = (
    (COMPOSITION, read_composition),
    (CELL, read_cell),
    (SITES, read_sites),
)
STRUCTURAL = COMPOSITION | CELL | SITES
"""All properties that are read from the `optimade` sections."""


def read_structure(stored: Stored, names: Collection[str]) -> PropertyValues:
    """The values of at least these properties, as far as they are structural."""
    values: PropertyValues = {}
    for group, read in _GROUPS:
        if not group.isdisjoint(names):
            values |= read(stored)
    return values
