"""Atoms -> CIF 1.1, written by gemmi: the whole cell in P1, a row for each element at a position.

What is not ASCII becomes a character reference (`&#8211;`), as in the Crystallography Open
Database.
"""

from collections import defaultdict

from gemmi import cif

from gateway.write.atoms import Atoms
from gateway.write.cell import AXES, Cell, read_cell
from gateway.write.provenance import Provenance

MADE_BY = "nomad-optimade-gateway, from what the entry's Oasis has stored"
_DIGITS = 12
_COLUMNS = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy"]


def write(entry_id: str, atoms: Atoms, provenance: Provenance) -> str:
    """The file of one entry; NoFileError where it has no cell."""
    cell = read_cell(atoms)
    document = cif.Document()
    block = document.add_new_block(entry_id)
    _write_provenance(block, entry_id, provenance)
    _write_formula(block, atoms)
    _write_cell(block, cell, atoms)
    _write_atoms(block, cell, atoms)
    return document.as_string()


def _write_provenance(block: cif.Block, entry_id: str, provenance: Provenance) -> None:
    block.set_pair("_audit_block_code", _quoted(entry_id))
    block.set_pair("_audit_creation_method", _quoted(MADE_BY))
    _set(block, "_nomad_entry_page", provenance.entry_page)
    _set(block, "_nomad_license", provenance.license)
    _set_loop(block, "_nomad_dataset_doi", provenance.dois)
    _set_loop(block, "_nomad_dataset_name", provenance.datasets)
    _set_loop(block, "_publ_author_name", provenance.authors)


def _write_formula(block: cif.Block, atoms: Atoms) -> None:
    _set(block, "_chemical_formula_sum", formula_of(atoms))
    block.set_pair("_cell_formula_units_Z", "1")


def _write_cell(block: cif.Block, cell: Cell, atoms: Atoms) -> None:
    for axis, length in zip(AXES, cell.lengths, strict=True):
        block.set_pair(f"_cell_length_{axis}", _number(length))
    for name, angle in zip(("alpha", "beta", "gamma"), cell.angles, strict=True):
        block.set_pair(f"_cell_angle_{name}", _number(angle))
    block.set_pair("_space_group_name_H-M_alt", "'P 1'")
    block.set_pair("_space_group_IT_number", "1")
    _set_loop(block, "_space_group_symop_operation_xyz", ("x,y,z",))
    open_axes = [axis for axis, repeats in zip(AXES, atoms.periodic, strict=True) if not repeats]
    if open_axes:
        detail = (
            f"Not periodic along {' and '.join(open_axes)}: the cell there is that of the Oasis."
        )
        _set(block, "_cell_special_details", detail)


def _write_atoms(block: cif.Block, cell: Cell, atoms: Atoms) -> None:
    rows = [
        (f"{symbol}{number}", symbol, x, y, z, part)
        for number, ((x, y, z), occupants) in enumerate(
            zip(cell.fractions, atoms.occupants, strict=True), 1
        )
        for symbol, part in occupants
    ]
    labels, symbols, xs, ys, zs, parts = zip(*rows, strict=True)
    block.init_loop("_atom_site_", _COLUMNS).set_all_values(
        [
            list(labels),
            list(symbols),
            *(list(map(_number, along)) for along in (xs, ys, zs)),
            [f"{part:.6g}" for part in parts],
        ]
    )


def formula_of(atoms: Atoms) -> str:
    """What one cell holds, in Hill's order: carbon, hydrogen, then by the alphabet."""
    amounts: defaultdict[str, float] = defaultdict(float)
    for occupants in atoms.occupants:
        for symbol, part in occupants:
            amounts[symbol] += part
    first = ("C", "H") if "C" in amounts else ()
    ordered = sorted(amounts, key=lambda symbol: (symbol not in first, symbol))
    return " ".join(f"{symbol}{_amount(amounts[symbol])}" for symbol in ordered)


def _amount(amount: float) -> str:
    return "" if amount == 1 else f"{round(amount, 6):.10g}"


def _number(value: float) -> str:
    return f"{value + 0.0:.{_DIGITS}f}"


def _set(block: cif.Block, tag: str, text: str) -> None:
    if text:
        block.set_pair(tag, _quoted(text))


def _set_loop(block: cif.Block, tag: str, texts: tuple[str, ...]) -> None:
    if texts:
        loop = block.init_loop("", [tag])
        for text in texts:
            loop.add_row([_quoted(text)])


def _quoted(text: str) -> str:
    quoted: str = cif.quote(text.encode("ascii", "xmlcharrefreplace").decode("ascii"))
    return quoted
