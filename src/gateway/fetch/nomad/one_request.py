"""One site's page in one request: archives in order, without asking the index first.

One round trip in place of two, for the price of the archives that do not come on the page. Whatever
makes it doubtful (a broken archive, a page shorter than it should be, a sort value that is not what
the index ordered by) gives None: the caller then asks for keys first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.nomad.answers import Archives, Documents
from gateway.fetch.nomad.key_pages import is_in_order
from gateway.fetch.nomad.portions import BROKEN
from gateway.fetch.nomad.positions import after_id, after_value, cut_at, read_hit
from gateway.fetch.nomad.session import SiteSession
from gateway.model import Ask, Entry, Hit, Json, JsonObject, SiteHits

_IN_METADATA = ("entry_id", "upload_create_time", "optimade.")
_NOT_IN_ARCHIVE = "optimade.nperiodic_dimensions"


def can_be_archived(ask: Ask, *, site: str) -> bool:
    """Whether an archive page can answer: one forward native order whose key archives hold."""
    if ask.backward or len(ask.order.keys) > 1:
        return False
    if ask.after is not None:
        cut = cut_at(ask.after, order=ask.order, site=site, backward=False)
        if cut.edge.kind == "last" or None in cut.values:
            return False
    quantities = [key.quantity for key in ask.order.keys]
    return all(one.startswith(_IN_METADATA) and one != _NOT_IN_ARCHIVE for one in quantities)


async def read_archived(
    session: SiteSession, ask: Ask, *, required: JsonObject, fields: tuple[str, ...] = ()
) -> tuple[SiteHits, tuple[Entry, ...]] | None:
    """Hits and entries of one site in one request, None when that will not do; raises SiteError.

    What archives do not hold, `fields` of the index, is asked for at the same time.
    """
    # One more tells whether there are more; at the beginning, the total tells.
    size = ask.limit if ask.after is None else ask.limit + 1
    try:
        page, index = await _both(session, ask, required=required, fields=fields, size=size)
    except SiteError as error:
        if error.status != BROKEN and not isinstance(error, AnswerTooLargeError):
            raise
        return None
    if len(page.archives) != (size if ask.after else min(size, page.total)):
        return None
    entries: list[Entry] = []
    for entry_id, archive in page.archives.items():
        document = index.get(entry_id, {})
        if archive is None or (fields and not document):
            return None
        entries.append(Entry(session.name, entry_id, {**document, "entry_id": entry_id}, archive))
    hits = _hits(entries, ask)
    if hits is None:
        return None
    more = page.total > len(hits) if ask.after is None else len(hits) > ask.limit
    answer = SiteHits(session.name, hits[: ask.limit], more, page.total, session.state)
    return answer, tuple(entries[: ask.limit])


async def _both(
    session: SiteSession, ask: Ask, *, required: JsonObject, fields: tuple[str, ...], size: int
) -> tuple[Archives, Mapping[str, Mapping[str, Json]]]:
    """The archives, and by entry_id what the index holds of the same entries."""
    archives = _archives(session, ask, required=required, size=size)
    if not fields:
        return await archives, {}
    index = asyncio.ensure_future(_documents(session, ask, fields=fields, size=size))
    try:
        page = await archives
        documents = await index
    finally:
        index.cancel()
        await asyncio.gather(index, return_exceptions=True)
    return page, {cast("str", one["entry_id"]): one for one in documents.documents}


async def _archives(session: SiteSession, ask: Ask, *, required: JsonObject, size: int) -> Archives:
    return await session.archives(
        ask.query,
        required=_with_keys(required, ask),
        size=size,
        order_by=_order_by(ask),
        descending=ask.order.descending,
        after=_after(ask, session.name),
    )


async def _documents(
    session: SiteSession, ask: Ask, *, fields: tuple[str, ...], size: int
) -> Documents:
    return await session.page(
        ask.query,
        order_by=_order_by(ask),
        descending=ask.order.descending,
        size=size,
        after=_after(ask, session.name),
        fields=fields,
    )


def _order_by(ask: Ask) -> str:
    return ask.order.keys[0].quantity if ask.order.keys else "entry_id"


def _with_keys(required: JsonObject, ask: Ask) -> JsonObject:
    """The required parts and those that hold the sort key."""
    metadata = dict(cast("JsonObject", required["metadata"]))
    for key in ask.order.keys:
        section, _, name = key.quantity.rpartition(".")
        held = metadata.get(section)
        if not section:
            metadata.setdefault(key.quantity, "*")
        elif held != "*":
            metadata[section] = {**(held if isinstance(held, dict) else {}), name: "*"}
    return {"metadata": metadata}


def _after(ask: Ask, site: str) -> str | None:
    if ask.after is None:
        return None
    cut = cut_at(ask.after, order=ask.order, site=site, backward=False)
    if _order_by(ask) == "entry_id":
        return after_id(cut.edge, descending=ask.order.descending)
    return after_value(cut.values[0], cut.edge, descending=ask.order.descending)


def _hits(entries: Sequence[Entry], ask: Ask) -> tuple[Hit, ...] | None:
    """The hits of entries; None: their archives hold other values than the index ordered by."""
    try:
        hits = tuple(_hit(entry, ask) for entry in entries)
    except SiteError:
        return None
    return hits if is_in_order(hits, ask) and all(None not in hit.values for hit in hits) else None


def _hit(entry: Entry, ask: Ask) -> Hit:
    document = {**(entry.archive or {}), "entry_id": entry.entry_id}
    return read_hit(document, order=ask.order, site=entry.site)
