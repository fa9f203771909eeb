"""The formats of files: their names, endings, media types."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import STRUCTURES

CSV, CIF, XYZ, POSCAR = "csv", "cif", "xyz", "poscar"


@dataclass(frozen=True, slots=True)
class Format:
    """One format; `_<prefix>_<name>` asks for it."""

    name: str
    suffix: str
    """Of file names, without the dot."""
    media_type: str
    title: str
    """For people."""
    is_listing: bool
    """Whether one file holds many entries."""


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(CSV, "csv", "text/csv; charset=utf-8; header=present", "CSV", is_listing=True),
        Format(CIF, "cif", "chemical/x-cif; charset=us-ascii", "CIF", is_listing=False),
        Format(XYZ, "xyz", "chemical/x-xyz; charset=utf-8", "extended XYZ", is_listing=True),
        Format(POSCAR, "poscar", "text/plain; charset=utf-8", "POSCAR", is_listing=False),
    )
}


def formats_of(entry_type: str) -> tuple[str, ...]:
    """The names of the formats for entries of a type; references have tables alone."""
    return tuple(FORMATS) if entry_type == STRUCTURES else (CSV,)
