"""What a site holds of a structure -> the values of OPTIMADE's structure properties.

What breaks a rule of OPTIMADE, or contradicts the index, becomes a flaw; nothing raises.
"""

from collections.abc import Callable, Collection

from gateway.shape.cell import CELL, read_cell
from gateway.shape.composition import COMPOSITION, read_composition
from gateway.shape.sites import SITES, read_sites
from gateway.shape.stored import Stored, Values

_GROUPS: tuple[tuple[frozenset[str], Callable[[Stored], Values]], ...] = (
    (COMPOSITION, read_composition),
    (CELL, read_cell),
    (SITES, read_sites),
)
STRUCTURAL = COMPOSITION | CELL | SITES
"""All properties that are read from the `optimade` sections."""


def read_structure(stored: Stored, names: Collection[str]) -> Values:
    """The values of at least these properties, as far as they are structural."""
    values: Values = {}
    for group, read in _GROUPS:
        if not group.isdisjoint(names):
            values |= read(stored)
    return values
