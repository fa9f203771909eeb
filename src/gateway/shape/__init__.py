"""Index document and archive of one entry -> OPTIMADE resource, and notices of what is odd."""

from gateway.shape.entries import resource_id, shape_structure
from gateway.shape.needs import (
    archive_fields,
    archive_suffices,
    default_fields,
    index_fields,
    index_suffices,
)

__all__ = [
    "archive_fields",
    "archive_suffices",
    "default_fields",
    "index_fields",
    "index_suffices",
    "resource_id",
    "shape_structure",
]
