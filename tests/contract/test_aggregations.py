"""Aggregations: all values of a quantity with counts, page by page."""

from collections import Counter

import pytest

from tests.contract.asking import STRUCTURE, Answer, Json, Known, values


def aggregate(known: Known, terms: Json) -> Answer:
    """One aggregation over the known structures."""
    body = {
        "query": {"and": [known.scope, STRUCTURE]},
        "pagination": {"page_size": 0},
        "aggregations": {"named": {"terms": terms}},
    }
    return known.oasis.post(body)


def buckets(answer: Answer) -> dict[str, int]:
    """Counts by value, in the order of the answer."""
    assert answer.status == 200, answer.body
    data = answer.body["aggregations"]["named"]["terms"]["data"]
    return {bucket["value"]: bucket["count"] for bucket in data}


def position(answer: Answer) -> str | None:
    """Where the next page of values starts."""
    pagination = answer.body["aggregations"]["named"]["terms"]["pagination"]
    after: str | None = pagination.get("next_page_after_value")
    return after


NAMES = ("upload_id", "optimade.elements", "results.material.elemental_composition.element")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_walk_gives_each_value_once(known: Known, name: str, order: str) -> None:
    """Values in order, with how many entries have them; the last page also names a position."""
    counts = Counter(v for d in known.structures for v in set(values(d, name)))
    found: dict[str, int] = {}
    pagination: Json = {"page_size": 3, "order": order}
    while True:
        answer = aggregate(known, {"quantity": name, "pagination": pagination})
        page = buckets(answer)
        if not page:
            break
        found |= page
        assert position(answer) == list(page)[-1]
        pagination = pagination | {"page_after_value": position(answer)}
    assert list(found.items()) == sorted(counts.items(), reverse=order == "desc")


@pytest.mark.parametrize("name", NAMES)
def test_most_frequent_values(known: Known, name: str) -> None:
    """Without pages, the most frequent ones."""
    counts = Counter(v for d in known.structures for v in set(values(d, name)))
    found = buckets(aggregate(known, {"quantity": name, "size": 4}))
    assert list(found.values()) == sorted(counts.values(), reverse=True)[:4]
    assert all(counts[value] == count for value, count in found.items())


def test_total_of_values(known: Known) -> None:
    """`total` says how many values there are."""
    answer = aggregate(known, {"quantity": "upload_id", "pagination": {"page_size": 1}})
    terms = answer.body["aggregations"]["named"]["terms"]
    assert terms["pagination"]["total"] == len({d["upload_id"] for d in known.structures})


REFUSED: dict[str, Json] = {
    "unknown": {"quantity": "nosuch"},
    "number": {"quantity": "optimade.nsites"},
    "date": {"quantity": "upload_create_time"},
    "no quantity": {},
    "no page": {"quantity": "upload_id", "pagination": {"page_size": 0}},
    "page number": {"quantity": "upload_id", "pagination": {"page": 1}},
    "size and pages": {"quantity": "upload_id", "size": 2, "pagination": {"page_size": 3}},
    "size 0": {"quantity": "upload_id", "size": 0},
}


@pytest.mark.parametrize("row", REFUSED)
def test_aggregation_is_refused(known: Known, row: str) -> None:
    """Only keywords and booleans have terms; wrong pages are 422."""
    assert aggregate(known, REFUSED[row]).status == 422


def test_only_named_values(known: Known) -> None:
    """`include` counts the listed values alone; those that no entry has are left out."""
    counts = Counter(v for d in known.structures for v in set(values(d, "upload_id")))
    wanted = sorted(counts)[:2]
    terms = {"quantity": "upload_id", "size": 3, "include": [*wanted, "no-such-upload"]}
    assert buckets(aggregate(known, terms)) == {value: counts[value] for value in wanted}


def test_values_with_an_example(known: Known) -> None:
    """`entries` adds to each value an entry that has it, as far as it is asked for."""
    include = ["upload_id", "optimade.nsites"]
    terms = {
        "quantity": "upload_id",
        "pagination": {"page_size": 5},
        "entries": {"size": 1, "required": {"include": include}},
    }
    answer = aggregate(known, terms)
    having = {(d["upload_id"], d["optimade"]["nsites"]) for d in known.structures}
    for bucket in answer.body["aggregations"]["named"]["terms"]["data"]:
        (example,) = bucket["entries"]
        assert example["upload_id"] == bucket["value"]
        assert (example["upload_id"], example["optimade"]["nsites"]) in having
        assert set(example) == {"upload_id", "optimade"}


def histogram(known: Known, settings: Json) -> Answer:
    """One histogram over the known structures."""
    body = {
        "query": {"and": [known.scope, STRUCTURE]},
        "pagination": {"page_size": 0},
        "aggregations": {"named": {"histogram": settings}},
    }
    return known.oasis.post(body)


@pytest.mark.parametrize(
    "name", ["optimade.nelements", "results.material.symmetry.space_group_number"]
)
def test_histogram_counts_integers(known: Known, name: str) -> None:
    """A histogram of width 1 counts each integer from the least to the greatest, also unused."""
    counts = Counter(v for d in known.structures for v in set(values(d, name)))
    answer = histogram(known, {"quantity": name, "interval": 1})
    assert answer.status == 200, answer.body
    data = answer.body["aggregations"]["named"]["histogram"]["data"]
    found = {bucket["value"]: bucket["count"] for bucket in data}
    assert list(found) == list(range(min(counts), max(counts) + 1))
    assert found == {value: counts[value] for value in found}


def test_histogram_of_nothing(known: Known) -> None:
    """No entry, no bucket."""
    body = {
        "query": {"entry_id": "-"},
        "pagination": {"page_size": 0},
        "aggregations": {
            "named": {"histogram": {"quantity": "optimade.nelements", "interval": 1}},
            "words": {"terms": {"quantity": "optimade.elements", "size": 5}},
        },
    }
    answer = known.oasis.post(body).body["aggregations"]
    assert answer["named"]["histogram"]["data"] == answer["words"]["terms"]["data"] == []


HISTOGRAMS_REFUSED: dict[str, Json] = {
    "unknown": {"quantity": "nosuch", "interval": 1},
    "words": {"quantity": "optimade.elements", "interval": 1},
    "no width": {"quantity": "optimade.nelements"},
    "width 0": {"quantity": "optimade.nelements", "interval": 0},
    "width of letters": {"quantity": "optimade.nelements", "interval": "x"},
    "no quantity": {"interval": 1},
}


@pytest.mark.parametrize("row", HISTOGRAMS_REFUSED)
def test_histogram_is_refused(known: Known, row: str) -> None:
    """Only numbers have histograms; a width is needed."""
    assert histogram(known, HISTOGRAMS_REFUSED[row]).status == 422
