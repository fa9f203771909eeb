"""Atoms -> extended XYZ, one frame: vectors as the Oasis has them, Cartesian positions."""

from gateway.errors import NoFileError
from gateway.write.atoms import Atoms
from gateway.write.cell import check_vectors
from gateway.write.provenance import Provenance

_DIGITS = 10
_PROPERTIES = "species:S:1:pos:R:3"


def write(entry_id: str, atoms: Atoms, provenance: Provenance) -> str:
    """The frame of one entry; NoFileError where an atom has no position of its own."""
    check_ordered(atoms)
    check_vectors(atoms.vectors)
    lines = [
        f"{occupants[0][0]:<2} {x:.{_DIGITS}f} {y:.{_DIGITS}f} {z:.{_DIGITS}f}"
        for (x, y, z), occupants in zip(atoms.positions, atoms.occupants, strict=True)
    ]
    return "\n".join((str(len(lines)), _comment(entry_id, atoms, provenance), *lines, ""))


def check_ordered(atoms: Atoms) -> None:
    """NoFileError where the format would need more than one element at a position."""
    if not atoms.is_ordered:
        raise NoFileError(
            "It has positions that several elements share, or that are partly empty; CIF can hold "
            "them."
        )


def _comment(entry_id: str, atoms: Atoms, provenance: Provenance) -> str:
    """Keys and values of the second line. A direction without a vector has three zeros there."""
    comment = {
        "id": entry_id,
        "formula": provenance.formula,
        "entry_page": provenance.entry_page,
        "doi": " ".join(provenance.dois),
        "license": provenance.license,
    }
    parts = [
        f"Properties={_PROPERTIES}",
        f'pbc="{" ".join(map("FT".__getitem__, atoms.periodic))}"',
    ]
    if any(atoms.vectors):
        numbers = [x for vector in atoms.vectors for x in vector or (0.0, 0.0, 0.0)]
        parts.insert(0, f'Lattice="{" ".join(f"{x:.{_DIGITS}f}" for x in numbers)}"')
    parts += [f"{name}={_quoted(value)}" for name, value in comment.items() if value]
    return " ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
