"""What is asked for a page of index documents, and what of the answer is read: checked, by site."""

from collections.abc import Sequence
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


def read_documents(site: str, answer: JsonObject) -> list[JsonObject]:
    """The documents of an answer, each with its entry_id."""
    data = answer.get("data")
    if not isinstance(data, list):
        raise SiteError(site, doing=DOING, happened="the answer has no list of entries")
    documents = [
        one for one in data if isinstance(one, dict) and isinstance(one.get(ENTRY_ID), str)
    ]
    if len(documents) < len(data):
        raise SiteError(site, doing=DOING, happened="the answer has an entry without an entry_id")
    return documents


def read_total(site: str, answer: JsonObject) -> int:
    """The number of all that match."""
    return answers.read_total(site, answer, doing=DOING)
