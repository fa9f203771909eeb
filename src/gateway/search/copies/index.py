"""What the index of copies is made of: each site's public uploads, and the entries of shared ones.

In: a session with one site, and which entries count (`base`: structures, or all of them). What the
site says is checked by the session and by `read_terms`; every function raises SiteError.
"""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import SiteError
from gateway.fetch.nomad.aggregations import Term, read_terms
from gateway.fetch.nomad.answers import ENTRY_ID
from gateway.fetch.nomad.session import SiteSession, both
from gateway.model import Json, NativeQuery
from gateway.times import read_nomad_milliseconds

PAGE = 10_000
"""Values of one request: 62 to 68 bytes each, and NOMAD takes the same time for a smaller page."""
MOST_UPLOADS = 200_000
"""Of one site; its copies are not looked for beyond it. 30,000 take about 5 MB."""
MOST_ENTRIES = 200_000
"""Of one shared upload; one with more is served by each of its holders."""

ID_BYTES = 200
"""What an id takes while an upload is compared: the text, and its places in a list and sets."""
IN_LOOP = 2_000
"""Ids that are read in the event loop."""

_PUBLISHED, _PROCESSED = "publish_time", "last_processing_time"


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when a site's public entries change; cheap to read."""

    total: int
    published: int
    processed: int
    """When an entry was last published and processed, in milliseconds; 0: there is none."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The entries of one upload at one site."""

    ids: frozenset[str]
    digest: bytes
    processed: int


async def read_mark(session: SiteSession, base: NativeQuery) -> Mark:
    """The site's mark now."""
    total, published = await _newest(session, base, _PUBLISHED)
    _, processed = await _newest(session, base, _PROCESSED)
    return Mark(total, published, processed)


async def read_uploads(
    session: SiteSession, base: NativeQuery, *, most: int = MOST_UPLOADS
) -> dict[str, int]:
    """How many entries each upload has."""
    terms = await read_terms(session, "upload_id", query=base, most=most, page=PAGE)
    if len(terms) > most:
        raise too_many_uploads(session.name, most)
    return await asyncio.to_thread(_counts, session.name, terms)


def too_many_uploads(site: str, most: int) -> SiteError:
    """Of which the index of copies has no room for all."""
    return SiteError(site, doing="list uploads", happened=f"it has more than {most} uploads")


def _counts(site: str, terms: Sequence[Term]) -> dict[str, int]:
    _check_ids(site, terms, doing="list uploads")
    return {sys.intern(term.value): term.count for term in terms}  # other sites have them, too


async def read_processed(
    session: SiteSession, base: NativeQuery, *, since: int, most: int = MOST_UPLOADS
) -> set[str]:
    """The uploads of which an entry was processed at this time or later."""
    query = _also(base, {_PROCESSED: {"gte": since}}) if since > 0 else base
    return set(await read_uploads(session, query, most=most))


async def read_contents(session: SiteSession, base: NativeQuery, upload_id: str) -> Contents:
    """What one upload has."""
    query = _also(base, {"upload_id": upload_id})
    _, processed = await _newest(session, query, _PROCESSED)
    terms = await read_terms(session, "entry_id", query=query, most=MOST_ENTRIES, page=PAGE)
    if len(terms) > MOST_ENTRIES:
        happened = f"upload {upload_id} has more than {MOST_ENTRIES} entries"
        raise SiteError(session.name, doing="list entries", happened=happened)
    if len(terms) <= IN_LOOP:
        return _contents(session.name, terms, processed)
    if not session.hold().try_reserve(ID_BYTES * len(terms)):
        happened = f"upload {upload_id} has too many entries to be held beside other answers"
        raise SiteError(session.name, doing="list entries", happened=happened)
    return await asyncio.to_thread(_contents, session.name, terms, processed)


def _contents(site: str, terms: Sequence[Term], processed: int) -> Contents:
    _check_ids(site, terms, doing="list entries")
    ids = [term.value for term in terms]
    digest = hashlib.sha256("\n".join(ids).encode()).digest()
    return Contents(frozenset(ids), digest, processed)


def _check_ids(site: str, terms: Sequence[Term], *, doing: str) -> None:
    """Ids are kept for long and sent to other sites: none is longer than ids are."""
    if not all(ENTRY_ID.fullmatch(term.value) for term in terms):
        raise SiteError(site, doing=doing, happened="the answer has an id that is none")


def _also(base: NativeQuery, condition: NativeQuery) -> NativeQuery:
    """Both; an empty base holds for every entry."""
    return both(base, condition) if base else condition


async def _newest(session: SiteSession, query: NativeQuery, quantity: str) -> tuple[int, int]:
    """How many entries there are, and the latest time of one; 0: none has any."""
    page = await session.page(query, order_by=quantity, descending=True, size=1, fields=[quantity])
    time = page.documents[0].get(quantity) if page.documents else None
    return page.total, _milliseconds(time)


def _milliseconds(time: Json) -> int:
    return (read_nomad_milliseconds(time) or 0) if isinstance(time, str) else 0
