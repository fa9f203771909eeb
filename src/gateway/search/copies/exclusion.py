"""What a site leaves out -> the condition that goes along with every query to it. Pure."""

from collections.abc import Collection

from gateway.fetch.nomad.session import both
from gateway.model import NativeQuery
from gateway.properties.native_query import AnyOf, Inverse, NativeNode, OneOf, write_query
from gateway.search.copies.owners import Exclusion

MANY = 10_000
"""Values, from which on the uploads that are left are named instead, where they are fewer. Measured
on 2.0.0: 1,000 values cost 25 ms, 10,000 cost 72 ms. Below that the excluded ones are named, since
an upload that was published just now must be found before the index is read anew."""
MOST = 65_000
"""Values of one query; above 65,536 NOMAD refuses it."""


def exclusion_query(exclusion: Exclusion, *, uploads: Collection[str] = ()) -> NativeQuery | None:
    """Holds for the entries that the site serves; None: there would be too many values.

    `uploads` are all of the site, as far as they are known.
    """
    kept = tuple(sorted({*uploads} - {*exclusion.uploads})) if _is_long(exclusion) else ()
    if kept and len(kept) < len(exclusion.uploads):
        served = _with(OneOf("upload_id", kept), exclusion.but)
        return write_query(served) if len(kept) + len(exclusion.but) <= MOST else None
    if len(exclusion.uploads) + len(exclusion.but) > MOST:
        return None
    return write_query(_with(Inverse(OneOf("upload_id", exclusion.uploads)), exclusion.but))


def excluding(query: NativeQuery, condition: NativeQuery) -> NativeQuery:
    """The entries of the query that the site serves."""
    return both(query, condition) if query else condition


def _is_long(exclusion: Exclusion) -> bool:
    return len(exclusion.uploads) + len(exclusion.but) > MANY


def _with(served: NativeNode, but: tuple[str, ...]) -> NativeNode:
    return AnyOf((served, OneOf("entry_id", but))) if but else served
