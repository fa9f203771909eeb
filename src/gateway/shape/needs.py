"""Which parts of a site's index and archive a choice of properties is made from."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeVar

from cachetools import LRUCache

from gateway.model import JsonObject
from gateway.properties import Catalogue, Property

_QUANTITIES: dict[str, tuple[str, ...]] = {
    "elements": ("elements",),
    "nelements": ("nelements",),
    "elements_ratios": ("elements_ratios", "elements"),
    "chemical_formula_descriptive": ("chemical_formula_descriptive",),
    "chemical_formula_reduced": ("chemical_formula_reduced",),
    "chemical_formula_hill": ("chemical_formula_hill",),
    "chemical_formula_anonymous": ("chemical_formula_anonymous",),
    "dimension_types": ("dimension_types",),
    "nperiodic_dimensions": ("dimension_types",),
    "lattice_vectors": ("lattice_vectors", "dimension_types"),
    "nsites": ("nsites",),
    "cartesian_site_positions": ("cartesian_site_positions",),  # and all others, see below
    "species_at_sites": ("species_at_sites", "nsites", "species"),
    "species": ("species", "species_at_sites", "nsites", "structure_features"),
    "structure_features": ("structure_features", "species"),
}
"""Standard properties, and the parts of the `optimade` section that their values need."""

_METADATA = {
    "last_modified": "upload_create_time",
    "upload_id": "upload_id",
    "copies": "upload_id",
    "license": "license",
}
"""Properties (own ones without prefix) that the archive has outside the `optimade` section."""

_PEOPLE_AND_SETS = ("authors", "datasets", "dois")
"""Own properties for which the archive has ids only."""

# `include` refuses (422) what is not indexed.
_NOT_INDEXED = frozenset({"license"})


Fields = TypeVar("Fields", tuple[str, ...] | None, None)
Result = TypeVar("Result")


def _cached_by_catalogue(
    function: Callable[[Fields, Catalogue], Result],
) -> Callable[[Fields, Catalogue], Result]:
    """The function with its last results: most requests want the same properties. Results are
    shared; nobody changes them."""
    results: LRUCache[tuple[Fields, int], tuple[Catalogue, Result]] = LRUCache(256)

    @wraps(function)
    def cached(fields: Fields, catalogue: Catalogue) -> Result:
        key = (fields, id(catalogue))
        found = results.get(key)
        if found is None or found[0] is not catalogue:
            found = results[key] = (catalogue, function(fields, catalogue))
        return found[1]

    return cached


def default_fields(catalogue: Catalogue) -> tuple[str, ...]:
    """The attributes of an answer to a request that names none."""
    return _default_fields(None, catalogue)


@_cached_by_catalogue
def _default_fields(_: None, catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(
        name
        for name, one in catalogue.items()
        if one.by_default and one.reach != "absent" and name not in ("id", "type")
    )


@_cached_by_catalogue
def index_suffices(fields: tuple[str, ...] | None, catalogue: Catalogue) -> bool:
    """Whether the index document alone holds all these properties."""
    return all(one.reach == "absent" or _included(one) for one in _chosen(fields, catalogue))


@_cached_by_catalogue
def archive_suffices(fields: tuple[str, ...] | None, catalogue: Catalogue) -> bool:
    """Whether the archive's metadata alone holds all these properties."""
    return not any(
        one.path is not None or _own_name(one) in _PEOPLE_AND_SETS
        for one in _chosen(fields, catalogue)
    )


@_cached_by_catalogue
def index_fields(fields: tuple[str, ...] | None, catalogue: Catalogue) -> tuple[str, ...]:
    """What to `include` of index documents for these properties; always the entry_id."""
    wanted = (pattern for one in _chosen(fields, catalogue) for pattern in _included(one))
    return tuple(dict.fromkeys(("entry_id", *wanted)))


@_cached_by_catalogue
def archive_fields(fields: tuple[str, ...] | None, catalogue: Catalogue) -> JsonObject:
    """`required` of an archive request for these properties."""
    chosen = tuple(_chosen(fields, catalogue))
    quantities: JsonObject = {each: "*" for one in chosen for each in _QUANTITIES.get(one.name, ())}
    metadata: JsonObject = {"entry_id": "*"}
    metadata |= {_METADATA[own]: "*" for own in map(_own_name, chosen) if own in _METADATA}
    if quantities:
        # Positions are most of the data. To select the rest costs a site more than it saves.
        metadata["optimade"] = "*" if "cartesian_site_positions" in quantities else quantities
    return {"metadata": metadata}


def _chosen(fields: tuple[str, ...] | None, catalogue: Catalogue) -> Iterator[Property]:
    names = default_fields(catalogue) if fields is None else fields
    return (catalogue[name] for name in names if name in catalogue)


def _included(one: Property) -> tuple[str, ...]:
    return tuple(pattern for pattern in one.fields if pattern not in _NOT_INDEXED)


def _own_name(one: Property) -> str:
    """`upload_id` of `_fed_upload_id`: prefixes hold no underscore."""
    return one.name.split("_", 2)[-1] if one.name.startswith("_") else one.name
