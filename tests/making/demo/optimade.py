"""A sample -> the `optimade` section of an archive, as NOMAD's normalizer writes it."""

from collections import Counter

from tests.making.demo.formulas import (
    anonymous,
    hill,
    reduced_amounts,
    whole_amounts,
    write_formula,
)
from tests.making.demo.sample import UNKNOWN, Occupants, Sample

VACANCY = "vacancy"


def amounts_of(sample: Sample) -> dict[str, float]:
    """How much of each element the cell holds."""
    amounts: Counter[str] = Counter()
    for site in sample.sites:
        for element, share in site.shares:
            amounts[element] += share  # type: ignore[assignment]  # shares of atoms
    return {element: float(amounts[element]) for element in sorted(amounts)}


def make_optimade(sample: Sample) -> dict[str, object]:
    """All fields; species come in an order of their own, as NOMAD takes them from a set."""
    amounts = amounts_of(sample)
    total = sum(amounts.values())
    whole = whole_amounts(amounts)
    kinds = {site.label: site for site in sample.sites}
    optimade: dict[str, object] = {
        "elements": sorted(amounts),
        "nelements": len(amounts),
        "elements_ratios": [amounts[element] / total for element in sorted(amounts)],
        "chemical_formula_descriptive": hill(whole),
        "chemical_formula_reduced": write_formula(reduced_amounts(whole), order=sorted(whole)),
        "chemical_formula_hill": hill(whole),
        "chemical_formula_anonymous": anonymous(whole),
        "dimension_types": list(sample.periodic),
        "cartesian_site_positions": [list(position) for position in sample.positions],
        "nsites": len(sample.sites),
        "species_at_sites": [site.label for site in sample.sites],
        "structure_features": ["disorder"] if any(map(_is_mixed, sample.sites)) else [],
        "species": [_species(kinds[label]) for label in sorted(kinds, key=_shuffled)],
    }
    if sample.cell is not None:
        optimade["lattice_vectors"] = [list(vector) for vector in sample.cell]
    return optimade


def _shuffled(label: str) -> str:
    return label[::-1]


def _is_mixed(site: Occupants) -> bool:
    return len(_symbols(site)) > 1


def _symbols(site: Occupants) -> list[tuple[str, float]]:
    empty = round(1 - sum(share for _, share in site.shares), 6)
    return [*site.shares, *([(VACANCY, empty)] if empty > 1e-4 else [])]


def _species(site: Occupants) -> dict[str, object]:
    pairs = _symbols(site)
    unnamed = site.label not in (UNKNOWN, site.shares[0][0])
    return {
        "name": site.label,
        "chemical_symbols": ["x" if e == UNKNOWN and unnamed else e for e, _ in pairs],
        "concentration": [share for _, share in pairs],
    }
