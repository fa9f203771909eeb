"""Index document and archive of one entry -> OPTIMADE resource, and notices of flawed values.

In: an entry, the names of properties, the catalogue. Out: a Resource, notices, and before that
which parts of NOMAD's documents are needed. Pure: no await, network, clock or configuration.
`search` imports it.
"""

from gateway.shape.entries import StructureShaper, resource_id, shape_structure
from gateway.shape.needs import (
    archive_fields,
    archive_suffices,
    default_fields,
    index_fields,
    index_suffices,
)
from gateway.shape.provenance import read_provenance
from gateway.shape.references import (
    Cited,
    joined,
    read_cited,
    references_in,
    related_fields,
    relationships_of,
    shape_reference,
    wants_references,
)

__all__ = [
    "Cited",
    "StructureShaper",
    "archive_fields",
    "archive_suffices",
    "default_fields",
    "index_fields",
    "index_suffices",
    "joined",
    "read_cited",
    "read_provenance",
    "references_in",
    "related_fields",
    "relationships_of",
    "resource_id",
    "shape_reference",
    "shape_structure",
    "wants_references",
]
