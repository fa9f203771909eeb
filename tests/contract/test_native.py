"""What NOMAD's own API over the federation relies on, beside searches."""

from datetime import datetime

import pytest

from tests.contract.asking import STRUCTURE, Json, Known

KEYS = ["owner", "query", "pagination", "required", "data"]


def one(known: Known) -> Json:
    body = {
        "query": {"and": [known.scope, STRUCTURE]},
        "pagination": {"page_size": 1},
        "required": {"include": ["entry_id", "upload_id", "mainfile"]},
    }
    found: Json = known.oasis.post(body).body["data"][0]
    return found


def test_members_in_order(known: Known) -> None:
    """Scripts print answers; their members come in this order, the query first as it was meant."""
    query = {"and": [{"and": [known.scope, {"not": STRUCTURE}]}, {"not": {"entry_id:any": ["x"]}}]}
    body = {"query": query, "pagination": {"page_size": 1}, "required": {"include": ["entry_id"]}}
    answer = known.oasis.post(body).body
    assert list(answer) == KEYS
    alone = known.oasis.post({**body, "query": query["and"][0]}).body
    assert answer["query"]["and"][0] == alone["query"]
    archives = known.oasis.archives(query["and"][0], {"metadata": {"entry_id": "*"}}, page_size=1)
    assert list(archives.body) == KEYS
    with_counts = {**body, "aggregations": {"a": {"terms": {"quantity": "upload_id"}}}}
    assert list(known.oasis.post(with_counts).body) == [*KEYS[:-1], "aggregations", "data"]


def test_entry_archive_query(known: Known) -> None:
    """A part of one archive."""
    entry_id = one(known)["entry_id"]
    path = f"entries/{entry_id}/archive/query"
    answer = known.oasis.send("POST", path, {"required": {"metadata": {"entry_id": "*"}}})
    assert answer.body["entry_id"] == entry_id
    assert answer.body["data"]["archive"]["metadata"] == {"entry_id": entry_id}
    missing = known.oasis.send("POST", "entries/nothing/archive/query", {"required": "*"})
    assert missing.status == 404


def test_archive_of_upload(known: Known) -> None:
    """The address that ArchiveQuery follows references by."""
    entry = one(known)
    path = f"uploads/{entry['upload_id']}/archive/{entry['entry_id']}"
    answer = known.oasis.send("GET", path)
    assert answer.body["data"]["archive"]["metadata"]["entry_id"] == entry["entry_id"]
    assert known.oasis.send("GET", "uploads/nothing").status in (401, 404)


def test_datasets(known: Known) -> None:
    """The list of datasets has a total, and each its id."""
    answer = known.oasis.send("GET", "datasets?page_size=9999").body
    assert answer["pagination"]["total"] == len(answer["data"])
    assert all(one["dataset_id"] for one in answer["data"])


@pytest.mark.parametrize("name", ["optimade.nsites", "upload_create_time"])
def test_least_and_greatest(known: Known, name: str) -> None:
    """Two numbers, dates as milliseconds; null where nothing matches."""
    body = {"pagination": {"page_size": 0}, "aggregations": {"a": {"min_max": {"quantity": name}}}}
    found = known.oasis.post({**body, "query": STRUCTURE}).body["aggregations"]["a"]["min_max"]
    assert found["data"][0] <= found["data"][1]
    nothing = known.oasis.post({**body, "query": {"entry_id": "-"}}).body
    assert nothing["aggregations"]["a"]["min_max"]["data"] == [None, None]


def test_sums(known: Known) -> None:
    """`n_entries` is the number of all that match."""
    counted = {"a": {"statistics": {"metrics": ["n_entries"]}}}
    body = {"query": STRUCTURE, "pagination": {"page_size": 0}, "aggregations": counted}
    answer = known.oasis.post(body)
    data = answer.body["aggregations"]["a"]["statistics"]["data"]
    assert data == {"n_entries": answer.total}


@pytest.mark.parametrize("interval", [1e-300, 1e-9])
def test_endless_histogram(known: Known, interval: float) -> None:
    """More buckets than Elasticsearch makes are 500; they take neither memory nor time."""
    histogram = {"quantity": "results.material.n_elements", "interval": interval}
    body = {
        "query": STRUCTURE,
        "pagination": {"page_size": 0},
        "aggregations": {"a": {"histogram": histogram}},
    }
    assert known.oasis.post(body).status == 500


def test_months(known: Known) -> None:
    """Buckets are named by their first day, gaps are filled, all counts together are the total."""
    dates = {"a": {"date_histogram": {"quantity": "upload_create_time"}}}
    body = {"query": STRUCTURE, "pagination": {"page_size": 0}, "aggregations": dates}
    answer = known.oasis.post(body)
    data = answer.body["aggregations"]["a"]["date_histogram"]["data"]
    assert sum(one["count"] for one in data) == answer.total
    months = [datetime.fromisoformat(one["value"]) for one in data]
    assert all(month.day == 1 for month in months)
    numbers = [month.year * 12 + month.month for month in months]
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"foo.bar": 1}},
        {"required": {"include": ["foo.bar"]}},
        {"pagination": {"order_by": "foo.bar"}},
        {"aggregations": {"a": {"terms": {"quantity": "foo.bar"}}}},
    ],
    ids=lambda body: next(iter(body)),
)
def test_names_it_lacks(known: Known, body: Json) -> None:
    """A name that no plugin defines is 422 with this text, wherever it stands."""
    answer = known.oasis.post(body)
    assert answer.status == 422
    assert answer.body["detail"][0]["msg"] == "foo.bar is not a doc quantity"
