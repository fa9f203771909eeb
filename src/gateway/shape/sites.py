"""Sites of a structure, the species at them, and the features that these imply."""

from collections.abc import Mapping

from gateway.model import Json, JsonObject
from gateway.properties import STRUCTURE_FEATURES
from gateway.shape.checks import is_count, is_list, is_texts, is_vectors
from gateway.shape.species import in_order_of_sites, is_mixed, read_species
from gateway.shape.stored import Flaw, PropertyValue, PropertyValues, Stored

SITES = frozenset(
    {"nsites", "cartesian_site_positions", "species_at_sites", "species", "structure_features"}
)
_FEATURES = frozenset(STRUCTURE_FEATURES)


def read_sites(stored: Stored) -> PropertyValues:
    """All properties of the group."""
    nsites = stored.first("nsites", is_valid=is_count, kind="a count")
    species, flaw = _described(stored)
    names = _species_at_sites(stored, nsites=nsites, species=species)
    features = _structure_features(stored, species=species or {})
    return {
        "nsites": nsites,
        "cartesian_site_positions": _positions(stored, nsites=nsites, names=names),
        "species_at_sites": names,
        "species": flaw if species is None else _species(species, names=names, features=features),
        "structure_features": features,
    }


def _described(stored: Stored) -> tuple[dict[str, JsonObject] | None, Flaw | None]:
    """The species by name; None when there are none or, then with a flaw, none that are valid."""
    value = stored.archived("species")
    species = None if value is None else read_species(value)
    if value is None or species is not None:
        return species, None
    return None, Flaw("what the site holds is not a list of valid species with unique names")


def _species_at_sites(
    stored: Stored, *, nsites: PropertyValue, species: Mapping[str, JsonObject] | None
) -> PropertyValue:
    value = stored.archived("species_at_sites")
    if value is None:
        return None
    if not is_texts(value):
        return Flaw("what the site holds is not a list of names")
    if isinstance(nsites, int) and len(value) != nsites:
        return Flaw(f"the site holds {len(value)} names for {nsites} sites")
    if species is not None and not species.keys() >= set(value):
        return Flaw("the site holds names for which it has no species")
    return value


def _positions(stored: Stored, *, nsites: PropertyValue, names: PropertyValue) -> PropertyValue:
    value = stored.archived("cartesian_site_positions")
    if value is None:
        return None
    if not is_vectors(value):
        return Flaw("what the site holds is not a list of vectors of three finite numbers")
    sites = len(names) if nsites is None and is_list(names) else nsites
    if isinstance(sites, int) and len(value) != sites:
        return Flaw(f"the site holds {len(value)} positions for {sites} sites")
    return value


def _species(
    species: Mapping[str, Json], *, names: PropertyValue, features: PropertyValue
) -> PropertyValue:
    """In the order of the sites; one without a site is right only where atoms lack sites."""
    if not is_texts(names):
        return list(species.values())
    ordered, unused = in_order_of_sites(species, names)
    words = features.served if isinstance(features, Flaw) else features
    if is_texts(words) and "implicit_atoms" in words:
        return ordered + [species[name] for name in unused]
    reason = f"species without a site are left out, {len(unused)} in number"
    return Flaw(reason, ordered) if unused else ordered


def _structure_features(stored: Stored, *, species: Mapping[str, JsonObject]) -> PropertyValue:
    """Never unknown. Words that are not OPTIMADE's (NOMAD's `unknown_positions`) are left out."""
    value = stored.first("structure_features", is_valid=is_texts, kind="a list of texts")
    features = sorted(_FEATURES.intersection(value)) if is_texts(value) else []
    if "disorder" not in features and is_mixed(species.values()):
        reason = "disorder is added for the mixed species, though filters do not find it"
        return Flaw(reason, sorted([*features, "disorder"]))
    return Flaw(value.reason, features) if isinstance(value, Flaw) else features
