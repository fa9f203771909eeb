"""What gemmi, ASE and pymatgen read in our files, compared with the entry as it is served.

A file may turn the structure round in space, and count its cells from another one; it must not
mirror it. So the rotation is solved from the lattice vectors and must be a proper one.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import gemmi
import numpy as np
from ase.io import read as read_by_ase
from pymatgen.core import Molecule, Structure
from pymatgen.io.cif import CifParser
from pymatgen.io.vasp import Poscar
from pymatgen.io.xyz import XYZ

Matrix: TypeAlias = Any
Occupied: TypeAlias = dict[str, float]

NEAR = 2e-6
"""Å."""


@dataclass(frozen=True)
class Seen:
    """A structure as a program has read it."""

    cell: Matrix | None
    """Rows are vectors; None: no cell."""
    positions: Matrix
    occupied: Sequence[Occupied]
    periodic: tuple[bool, ...] | None = None
    """None: the format does not say."""


def expected(attributes: Mapping[str, Any]) -> Seen:
    """The structure as JSON has it; positions that are wholly vacant hold no atom."""
    species = {one["name"]: occupied_by(one) for one in attributes["species"]}
    occupied = [species[name] for name in attributes["species_at_sites"]]
    rows = attributes["lattice_vectors"] or [[None] * 3] * 3
    cell = np.array([[x or 0.0 for x in row] if None in row else row for row in rows], float)
    kept = [index for index, one in enumerate(occupied) if one]
    positions = np.array(attributes["cartesian_site_positions"], float)[kept]
    periodic = tuple(one == 1 for one in attributes["dimension_types"])
    return Seen(
        cell if cell.any() else None, positions, [occupied[index] for index in kept], periodic
    )


def occupied_by(species: Mapping[str, Any]) -> Occupied:
    parts = zip(species["chemical_symbols"], species["concentration"], strict=True)
    return {symbol: part for symbol, part in parts if symbol != "vacancy" and part}


def check(want: Seen, seen: Seen, *, near: float = NEAR) -> None:
    """The same atoms, cell, handedness and, up to whole cells, positions."""
    assert len(seen.occupied) == len(want.occupied)
    if seen.periodic is not None:
        assert seen.periodic == want.periodic
    if want.cell is None or np.linalg.matrix_rank(want.cell) < 3:
        assert seen.cell is None or np.allclose(seen.cell, want.cell)
        check_sites(want, want.positions - 0, seen, cell=None, near=near)
        return
    sign = np.sign(np.linalg.det(want.cell) * np.linalg.det(seen.cell))
    turn = np.linalg.solve(sign * want.cell, seen.cell)
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-7), "the cell has another shape"
    assert np.linalg.det(turn) > 0, "the crystal is mirrored"
    check_sites(want, want.positions @ turn, seen, cell=seen.cell, near=near)


def check_sites(
    want: Seen, positions: Matrix, seen: Seen, *, cell: Matrix | None, near: float
) -> None:
    """Each position has one counterpart with the same occupants, by the nearest image."""
    apart = positions[:, None, :] - seen.positions[None, :, :]
    if cell is not None:
        shifts = np.round(apart @ np.linalg.inv(cell))
        apart = apart - shifts @ cell
    distances = np.linalg.norm(apart, axis=2)
    found = distances.argmin(axis=1)
    assert sorted(found) == list(range(len(found))), "two positions are one in the file"
    assert distances[np.arange(len(found)), found].max() < near
    for occupied, at in zip(want.occupied, found, strict=True):
        assert occupied.keys() == seen.occupied[at].keys()
        assert all(abs(seen.occupied[at][one] - part) < 1e-5 for one, part in occupied.items())


def cif_by_gemmi(text: str) -> Seen:
    block = gemmi.cif.read_string(text).sole_block()
    small = gemmi.make_small_structure_from_block(block)
    assert small.spacegroup.number == 1
    orth = np.array(small.cell.orth.mat.tolist())
    at: dict[tuple[float, ...], Occupied] = {}
    for site in small.sites:
        at.setdefault(tuple(site.fract.tolist()), {})[site.element.name] = site.occ
    return Seen(orth.T, np.array([orth @ one for one in at]), list(at.values()))


def cif_by_ase(text: str) -> Seen:
    atoms = read_by_ase(io.BytesIO(text.encode()), format="cif")
    kinds = atoms.arrays.get("spacegroup_kinds")
    shared = atoms.info.get("occupancy") or {}
    occupied = [{symbol: 1.0} for symbol in atoms.get_chemical_symbols()]
    if shared and kinds is not None:
        occupied = [{**shared[str(kind)]} for kind in kinds]
    return Seen(np.array(atoms.cell), atoms.positions, occupied)


def cif_by_pymatgen(text: str) -> Seen:
    parser = CifParser.from_str(text, frac_tolerance=0, site_tolerance=1e-8)
    (structure,) = parser.parse_structures(primitive=False)
    return of_pymatgen(structure)


def xyz_by_ase(text: str) -> Seen:
    return of_ase(read_by_ase(io.StringIO(text), format="extxyz"))


def xyz_by_pymatgen(text: str) -> Seen:
    return of_pymatgen(XYZ.from_str(text).molecule)


def poscar_by_ase(text: str) -> Seen:
    atoms = of_ase(read_by_ase(io.StringIO(text), format="vasp"))
    return Seen(atoms.cell, atoms.positions, atoms.occupied)


def poscar_by_pymatgen(text: str) -> Seen:
    return of_pymatgen(Poscar.from_str(text).structure)


def of_ase(atoms: Any) -> Seen:
    cell = np.array(atoms.cell)
    occupied = [{symbol: 1.0} for symbol in atoms.get_chemical_symbols()]
    periodic = tuple(bool(one) for one in atoms.pbc)
    return Seen(cell if cell.any() else None, atoms.positions, occupied, periodic)


def of_pymatgen(structure: Structure | Molecule) -> Seen:
    occupied = [
        {element.symbol: float(part) for element, part in site.species.items()}
        for site in structure
    ]
    cell = structure.lattice.matrix if isinstance(structure, Structure) else None
    return Seen(cell, np.array(structure.cart_coords), occupied)


READERS: Mapping[str, Sequence[Callable[[str], Seen]]] = {
    "cif": (cif_by_gemmi, cif_by_ase, cif_by_pymatgen),
    "xyz": (xyz_by_ase, xyz_by_pymatgen),
    "poscar": (poscar_by_ase, poscar_by_pymatgen),
}


def check_file(name: str, text: str, attributes: Mapping[str, Any]) -> None:
    """All programs read in the file what the attributes say."""
    want = expected(attributes)
    for reader in READERS[name]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = reader(text)
        try:
            if reader is xyz_by_pymatgen:  # it reads no lattice
                check_sites(want, want.positions, seen, cell=None, near=NEAR)
            else:
                check(want, seen)
        except AssertionError as error:
            raise AssertionError(f"{reader.__name__}: {error}") from error


def frames_of(text: str) -> list[str]:
    """The frames of an XYZ file."""
    lines = text.splitlines(keepends=True)
    frames, at = [], 0
    while at < len(lines):
        assert re.fullmatch(r"\d+\n", lines[at])
        end = at + 2 + int(lines[at])
        frames.append("".join(lines[at:end]))
        at = end
    return frames
