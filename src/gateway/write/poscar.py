"""Atoms -> POSCAR of VASP 5: a right-handed cell, atoms grouped by element, direct coordinates."""

from itertools import groupby

from gateway.write.atoms import Atoms, Vector
from gateway.write.cell import read_cell
from gateway.write.provenance import Provenance
from gateway.write.xyz import check_ordered

_DIGITS = 16


def write(entry_id: str, atoms: Atoms, provenance: Provenance) -> str:
    """The file of one entry; NoFileError where it has no cell, or shared positions."""
    check_ordered(atoms)
    cell = read_cell(atoms)
    symbols = [occupants[0][0] for occupants in atoms.occupants]
    first_seen = {symbol: place for place, symbol in enumerate(dict.fromkeys(symbols))}
    order = sorted(range(len(symbols)), key=lambda index: first_seen[symbols[index]])
    groups = [
        (symbol, len(list(members)))
        for symbol, members in groupby(order, key=lambda index: symbols[index])
    ]
    title = " ".join(part for part in (provenance.formula, entry_id, provenance.entry_page) if part)
    return "\n".join(
        (
            title,
            "1.0",
            *map(_line, cell.vectors),
            " ".join(symbol for symbol, _ in groups),
            " ".join(str(count) for _, count in groups),
            "Direct",
            *(_line(cell.fractions[index]) for index in order),
            "",
        )
    )


def _line(vector: Vector) -> str:
    return " ".join(f"{x + 0.0:.{_DIGITS}f}" for x in vector)
