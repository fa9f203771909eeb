"""Attributes of one entry -> its file in a format, or why there is none."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from gateway.errors import NoFileError
from gateway.model import REFERENCES, STRUCTURES, JsonObject
from gateway.write import cif, poscar, xyz
from gateway.write.atoms import Atoms, read_atoms
from gateway.write.formats import CIF, CSV, POSCAR, XYZ
from gateway.write.provenance import OWN, Provenance, read_provenance

Writer: TypeAlias = Callable[[str, Atoms, Provenance], str]

_WRITERS: Mapping[str, Writer] = {CIF: cif.write, XYZ: xyz.write, POSCAR: poscar.write}
_STRUCTURE = (
    "chemical_formula_descriptive",
    "dimension_types",
    "lattice_vectors",
    "cartesian_site_positions",
    "species_at_sites",
    "species",
    "structure_features",
)
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    STRUCTURES: (
        "chemical_formula_descriptive",
        "chemical_formula_reduced",
        "chemical_formula_anonymous",
        "elements",
        "nelements",
        "nsites",
        "nperiodic_dimensions",
        "space_group_it_number",
        "space_group_symbol_hermann_mauguin",
        "last_modified",
    ),
    REFERENCES: ("doi", "url", "title", "note"),
}
_OWN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    STRUCTURES: ("site", "entry_page", "upload_id", "authors", "dois"),
    REFERENCES: ("sites", "structures"),
}
"""The server's own properties, without their prefix."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_~-]")


def fields_of(name: str, prefix: str) -> tuple[str, ...]:
    """The properties that a file of a structure is made of."""
    return columns_of(STRUCTURES, prefix) if name == CSV else (*_STRUCTURE, *_own(OWN, prefix))


def columns_of(entry_type: str, prefix: str) -> tuple[str, ...]:
    """The columns of a table after the id, where none are chosen; sites need read no archive."""
    return (*_COLUMNS[entry_type], *_own(_OWN_COLUMNS[entry_type], prefix))


def _own(names: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    return tuple(f"_{prefix}_{name}" for name in names)


def file_stem(entry_id: str) -> str:
    """What the entry's file is named, without its ending."""
    return _NOT_IN_NAMES.sub("_", entry_id)


def write_file(name: str, entry_id: str, attributes: JsonObject) -> str:
    """The file of one entry in CIF, XYZ or POSCAR; NoFileError with a sentence if there is none.

    `attributes` hold `fields_of` the format, as far as they are known.
    """
    write = _WRITERS[name]
    return write(file_stem(entry_id), read_atoms(attributes), read_provenance(attributes))


def why_not(attributes: JsonObject, name: str) -> str | None:
    """Why there is no such file of an entry, as a sentence; None: there is one."""
    if name == CSV:
        return None
    try:
        write_file(name, "", attributes)
    except NoFileError as error:
        return error.detail
    return None
