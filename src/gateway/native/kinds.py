"""What kinds of values NOMAD's index has, by quantity: for sorting, and for reading parameters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

from gateway.catalogue.quantities import read_quantities

Kind: TypeAlias = Literal["text", "integer", "float", "date", "boolean", "unknown"]

APART = ("search_quantities.", "section_defs.", "entry_references.")
"""Sections of which the index keeps the members apart and the catalogue knows nothing."""
FURTHER: Mapping[str, Kind] = {
    "datasets.dataset_create_time": "date",
    "datasets.dataset_modified_time": "date",
    "main_author.user_id": "text",
    "optimade.chemical_formula_anonymous": "text",
    "optimade.chemical_formula_descriptive": "text",
    "optimade.chemical_formula_hill": "text",
    "optimade.chemical_formula_reduced": "text",
    "optimade.elements": "text",
    "optimade.nelements": "integer",
    "optimade.nperiodic_dimensions": "integer",
    "optimade.nsites": "integer",
    "optimade.structure_features": "text",
    "viewers.name": "text",
    "writers.name": "text",
}
"""What the catalogue leaves out, as OPTIMADE has properties of its own for it."""
_KINDS: Mapping[str, Kind] = {
    "keyword": "text",
    "text": "text",
    "integer": "integer",
    "float": "float",
    "double": "float",
    "date": "date",
    "boolean": "boolean",
}


@lru_cache(maxsize=1)
def known_kinds() -> Mapping[str, Kind]:
    """The kind of each quantity that is known here."""
    return {**FURTHER, **{one.path: _KINDS[one.type] for one in read_quantities()}}


@lru_cache(maxsize=1)
def _kept_apart() -> frozenset[str]:
    return frozenset(one.path for one in read_quantities() if one.nested is not None)


def is_kept_apart(name: str) -> bool:
    """Whether its values lie in members that the index keeps apart."""
    return name in _kept_apart() or name.startswith(APART)
