"""One site's page in one request: archives in order, without asking the index first.

It serves when only one site is left. Whatever makes it doubtful (a broken archive, a page shorter
than it should be, a sort value that is not what the index ordered by) gives None: the caller then
takes the way of two phases.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from gateway.errors import AnswerTooLargeError, SiteError
from gateway.fetch.fanout import gather
from gateway.fetch.nomad.archives import BROKEN
from gateway.fetch.nomad.key_pages import is_in_order
from gateway.fetch.nomad.positions import after_id, after_value, cut_at, read_hit
from gateway.fetch.nomad.session import Documents, SiteSession
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
    size = ask.limit + 1
    parts = {"archives": _archives(session, ask, required=required, size=size)}
    if fields:
        parts["index"] = _documents(session, ask, fields=fields, size=size)
    try:
        pages = await gather(parts)
    except SiteError as error:
        if error.status != BROKEN and not isinstance(error, AnswerTooLargeError):
            raise
        return None
    page = pages["archives"]
    complete = len(page.documents) == (size if ask.after else min(size, page.total))
    if not complete:
        return None
    index = {one["entry_id"]: one for one in pages["index"].documents} if fields else {}
    entries = [_entry(document, index, session.name) for document in page.documents]
    if any(not entry.archive or (fields and entry.entry_id not in index) for entry in entries):
        return None
    hits = _hits(entries, ask)
    if hits is None:
        return None
    more = len(hits) > ask.limit
    answer = SiteHits(session.name, hits[: ask.limit], more, page.total, session.state)
    return answer, tuple(entries[: ask.limit])


async def _archives(
    session: SiteSession, ask: Ask, *, required: JsonObject, size: int
) -> Documents:
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


def _entry(
    document: Mapping[str, Json], index: Mapping[Json, Mapping[str, Json]], site: str
) -> Entry:
    archive = document.get("archive")
    metadata = archive.get("metadata") if isinstance(archive, dict) else None
    held = metadata if isinstance(metadata, dict) and metadata else None
    entry_id = cast("str", document["entry_id"])
    return Entry(site, entry_id, {**index.get(entry_id, {}), "entry_id": entry_id}, held)


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
