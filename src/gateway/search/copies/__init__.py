"""Copies of entries at several sites: found in the background, so that each entry is served once.

In: the public uploads of all sites. Out: what each site is not asked for, since another one serves
it. `gateway.search.federation` imports it.
"""

from gateway.search.copies.assigned import CopiesState
from gateway.search.copies.entries import EntryCopies
from gateway.search.copies.exclusion import excluding, exclusion_query
from gateway.search.copies.merged import Copies
from gateway.search.copies.notices import copies_notices
from gateway.search.copies.owners import (
    Exclusion,
    Generation,
    Holding,
    SharedUpload,
    exclusions,
    generation_of,
)
from gateway.search.copies.refresh import CopyIndex

__all__ = [
    "Copies",
    "CopiesState",
    "CopyIndex",
    "EntryCopies",
    "Exclusion",
    "Generation",
    "Holding",
    "SharedUpload",
    "copies_notices",
    "excluding",
    "exclusion_query",
    "exclusions",
    "generation_of",
]
