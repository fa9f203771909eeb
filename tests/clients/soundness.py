"""What a served structure must be, whatever the Oasis holds, so that clients can rely on it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from gateway.properties import ELEMENT_SYMBOLS

Resource: TypeAlias = Mapping[str, Any]
_SYMBOLS = {*ELEMENT_SYMBOLS, "X", "vacancy"}


def faults_in(resource: Resource) -> Iterator[str]:
    """What is wrong with it for a reason that is the gateway's."""
    attributes = resource["attributes"]
    for rule, holds in RULES.items():
        if not holds(attributes):
            yield rule


def _counts_agree(one: Mapping[str, Any]) -> bool:
    lists = (one["cartesian_site_positions"], one["species_at_sites"])
    return {len(there) for there in lists if there is not None} <= {one["nsites"]}


def _in_order(one: Mapping[str, Any]) -> bool:
    if one["species"] is None or one["species_at_sites"] is None:
        return True
    used = list(dict.fromkeys(one["species_at_sites"]))
    names = [each["name"] for each in one["species"]]
    return names == used or (
        "implicit_atoms" in one["structure_features"] and names[: len(used)] == used
    )


def _species_are_sound(one: Mapping[str, Any]) -> bool:
    return all(
        {*each["chemical_symbols"]} <= _SYMBOLS
        and len(each["concentration"]) == len(each["chemical_symbols"])
        and len(each.get("mass", each["concentration"])) == len(each["concentration"])
        and 0 < sum(each["concentration"]) < 1 + 1e-6
        for each in one["species"] or ()
    )


def _elements_agree(one: Mapping[str, Any]) -> bool:
    symbols = {symbol for each in one["species"] or () for symbol in each["chemical_symbols"]}
    return not symbols or one["elements"] == sorted(symbols - {"vacancy"})


def _features_agree(one: Mapping[str, Any]) -> bool:
    mixed = any(len(each["chemical_symbols"]) > 1 for each in one["species"] or ())
    features = one["structure_features"]
    return features == sorted(features) and ("disorder" in features or not mixed)


def _lattice_is_sound(one: Mapping[str, Any]) -> bool:
    lattice, kinds = one["lattice_vectors"], one["dimension_types"] or [0, 0, 0]
    if lattice is None:
        return bool(one["nperiodic_dimensions"] != 0)
    nulls = [row == [None, None, None] for row in lattice]
    whole = [None not in row and len(row) == 3 for row in lattice]
    return len(lattice) == 3 and all(
        full or (empty and kind == 0) for full, empty, kind in zip(whole, nulls, kinds, strict=True)
    )


RULES = {
    "nsites is the number of positions and of species_at_sites": _counts_agree,
    "species come in the order of the sites": _in_order,
    "species have known symbols, a concentration for each, masses for all or none": (
        _species_are_sound
    ),
    "elements are those of the species": _elements_agree,
    "structure_features are sorted and tell of mixed species": _features_agree,
    "lattice_vectors are three, null only where not periodic": _lattice_is_sound,
}
