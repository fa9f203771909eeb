"""ASE's molecules, elemental crystals, slabs, sheets and tubes as samples."""

# Parts of ASE have no types.
# mypy: disallow-untyped-calls=False

from collections.abc import Iterator
from dataclasses import replace

from ase import Atoms
from ase.build import bcc110, fcc100, fcc111, graphene, hcp0001, mx2, nanotube
from ase.collections import dcdft, g2
from ase.data.dbh24 import create_dbh24_system, dbh24
from ase.data.s22 import create_s22_system, get_s22x5_distance, s22, s22x5, s26

from tests.making.demo.rounding import round_cell, round_vectors
from tests.making.demo.sample import Sample, Source, pure
from tests.making.demo.sources import BUILT, DBH24, DCDFT, G2, S22, S22X5

SHEETS = (("MoS2", 3.16, 3.17), ("WS2", 3.153, 3.14), ("MoSe2", 3.288, 3.33), ("WSe2", 3.282, 3.34))


def g2_molecules() -> Iterator[Sample]:
    """The molecules of the G2/97 test set."""
    return (_molecule(G2, name, g2[name]) for name in sorted(g2.names))


def elemental_crystals() -> Iterator[Sample]:
    """The elements of the Delta project, with their bulk moduli."""
    return map(_elemental, sorted(dcdft.names))


def barriers() -> Iterator[Sample]:
    """Reactants, products and transition states."""
    return (_molecule(DBH24, name, create_dbh24_system(name)) for name in sorted(dbh24))


def dimers() -> Iterator[Sample]:
    """Non-covalent complexes at their minimum, and at four other distances."""
    for name in (*s22, *s26):
        yield _molecule(S22, name, create_s22_system(name))
    for name in s22x5:
        system, distance = name.rsplit("_", 1)
        if distance != "1.0":
            atoms = create_s22_system(system, float(distance))
            apart = get_s22x5_distance(name)
            yield _molecule(S22X5, name, atoms, title=f"{system}, {apart} × equilibrium distance")


def built_structures() -> Iterator[Sample]:
    """Two-dimensional and one-dimensional models."""
    slabs = {
        **{
            f"{m}(111) slab": fcc111(m, (1, 1, 4), vacuum=6) for m in ("Al", "Cu", "Pt", "Au", "Ni")
        },
        **{f"{m}(100) slab": fcc100(m, (1, 1, 5), vacuum=6) for m in ("Ag", "Pd", "Rh")},
        **{f"{m}(110) slab": bcc110(m, (1, 1, 4), vacuum=6) for m in ("Fe", "W", "Mo", "Cr")},
        **{f"{m}(0001) slab": hcp0001(m, (1, 1, 4), vacuum=6) for m in ("Ti", "Zn", "Ru", "Mg")},
        "graphene": graphene(vacuum=8),
        "h-BN sheet": graphene("BN", a=2.504, vacuum=8),
        **{f"{f} sheet": mx2(f, a=a, thickness=t, vacuum=8) for f, a, t in SHEETS},
    }
    for name, atoms in slabs.items():
        yield _from_atoms(BUILT, name.replace(" ", "-"), atoms, title=name, periodic=(1, 1, 0))
    for n, m in ((4, 0), (5, 0), (6, 0), (3, 3), (4, 4), (5, 5)):
        title = f"carbon nanotube ({n},{m})"
        tube = nanotube(n, m, length=1, vacuum=6)
        yield _from_atoms(BUILT, f"nanotube-{n}-{m}", tube, title=title, periodic=(0, 0, 1))


def _molecule(source: Source, name: str, atoms: Atoms, *, title: str | None = None) -> Sample:
    return _from_atoms(source, name, atoms, title=title or f"{name} molecule", periodic=(0, 0, 0))


def _elemental(name: str) -> Sample:
    sample = _from_atoms(DCDFT, name, dcdft[name], title=f"{name} crystal, PBE", periodic=(1, 1, 1))
    return replace(sample, bulk_modulus=float(dcdft.data[name]["wien2k_B"]))


def _from_atoms(
    source: Source, key: str, atoms: Atoms, *, title: str, periodic: tuple[int, int, int]
) -> Sample:
    return Sample(
        key=key,
        title=title,
        source=source,
        sites=tuple(map(pure, atoms.get_chemical_symbols())),
        positions=round_vectors(atoms.positions.tolist()),
        cell=round_cell(atoms.cell.tolist()) if any(periodic) else None,
        periodic=periodic,
    )
