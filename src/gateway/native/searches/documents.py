"""What is asked for a page of index documents, and what of the answer is read: checked, by site."""

from collections.abc import Collection, Sequence
from typing import cast

from gateway.errors import SiteError
from gateway.fetch.nomad import answers
from gateway.model import Json, JsonObject
from gateway.native.reading.request import ENTRY_ID, Pagination, Required

QUERY = "/entries/query"
DOING = "read page of entries"


def written_required(required: Required) -> JsonObject:
    """`required` as it is sent."""
    lists = (("include", required.include), ("exclude", required.exclude))
    return {name: cast("list[Json]", list(names)) for name, names in lists if names is not None}


def written_pagination(pagination: Pagination, *, total: int) -> JsonObject:
    """`pagination` as NOMAD repeats it."""
    written: JsonObject = {
        "page_size": pagination.size,
        "order_by": pagination.order_by,
        "order": pagination.order,
    }
    for name, value in (
        ("page_after_value", pagination.after),
        ("page", pagination.page),
        ("page_offset", pagination.offset),
    ):
        if value is not None:
            written[name] = value
    return {**written, "total": total}


def by_ids(owner: str, ids: Sequence[str]) -> JsonObject:
    """A request for just these entries."""
    return {
        "owner": owner,
        "query": {"entry_id:any": cast("list[Json]", list(ids))},
        "pagination": {"page_size": len(ids)},
    }


def read_documents(
    site: str, answer: JsonObject, *, most: int, only: Collection[str] | None = None
) -> list[JsonObject]:
    """The documents of an answer, each of another entry, at most so many; with `only`, of no other
    entries than these: a site must not answer for entries that another one was asked for."""
    data = answer.get("data")
    if not isinstance(data, list) or len(data) > most:
        happened = "the answer has no list of entries of the size asked for"
        raise SiteError(site, doing=DOING, happened=happened)
    documents = [one for one in data if isinstance(one, dict) and _has_id(one)]
    if len(documents) < len(data):
        happened = "the answer has an entry without a proper entry_id"
        raise SiteError(site, doing=DOING, happened=happened)
    ids = {one[ENTRY_ID] for one in documents}
    if len(ids) < len(documents):
        raise SiteError(site, doing=DOING, happened="the answer holds an entry twice")
    if only is not None and not ids <= {*only}:
        raise SiteError(
            site, doing=DOING, happened="the answer has an entry that was not asked for"
        )
    return documents


def _has_id(document: JsonObject) -> bool:
    entry_id = document.get(ENTRY_ID)
    return isinstance(entry_id, str) and bool(answers.ENTRY_ID.fullmatch(entry_id))


def read_total(site: str, answer: JsonObject) -> int:
    """The number of all that match."""
    return answers.read_total(site, answer, doing=DOING)
