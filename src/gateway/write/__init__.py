"""Resources -> files that programs read: CSV, CIF, extended XYZ, POSCAR.

In: attributes as they are served. Out: a text, or the sentence that says why there is none. Pure:
no await, network, clock or configuration. `serve` and the page import it.
"""

from gateway.write.atoms import MOST_ATOMS
from gateway.write.comma_separated import write_header, write_row
from gateway.write.files import (
    columns_of,
    fields_of,
    file_stem,
    why_not,
    write_file,
)
from gateway.write.formats import CIF, CSV, FORMATS, POSCAR, XYZ, Format, formats_of

__all__ = [
    "CIF",
    "CSV",
    "FORMATS",
    "MOST_ATOMS",
    "POSCAR",
    "XYZ",
    "Format",
    "columns_of",
    "fields_of",
    "file_stem",
    "formats_of",
    "why_not",
    "write_file",
    "write_header",
    "write_row",
]
