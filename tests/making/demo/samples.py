"""Every sample by the name of its collection."""

from tests.making.demo.ase_samples import (
    barriers,
    built_structures,
    dimers,
    elemental_crystals,
    g2_molecules,
)
from tests.making.demo.crystal_samples import (
    aflow_primitive,
    aflow_prototypes,
    cod_files,
    pymatgen_examples,
)
from tests.making.demo.sample import Sample


def all_samples() -> dict[str, tuple[Sample, ...]]:
    """In a fixed order."""
    return {
        "aflow": tuple(aflow_prototypes()),
        "primitive": tuple(aflow_primitive()),
        "g2": tuple(g2_molecules()),
        "dcdft": tuple(elemental_crystals()),
        "dimers": tuple(dimers()),
        "barriers": tuple(barriers()),
        "cod": tuple(cod_files()),
        "pymatgen": tuple(pymatgen_examples()),
        "built": tuple(built_structures()),
    }
