"""Random aggregations, and what is wrong with their answers: computed from all documents."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeAlias

from tests.native.expected import counted, values_of

Body: TypeAlias = dict[str, Any]

TERMS = ("upload_id", "entry_type", "optimade.elements", "results.material.elements",
         "authors.name", "results.material.chemical_formula_reduced", "datasets.doi",
         "processed")  # fmt: skip
NUMBERS = ("optimade.nsites", "n_quantities", "publish_time", "last_processing_time")


def random_aggregations(random: Random) -> Body:
    """One of each kind."""
    size = random.choice((1, 3, 10, 200, 10_000))
    quantity = random.choice(TERMS)
    paged = {"quantity": random.choice(TERMS[:4]), "pagination": {"page_size": min(size, 1000)}}
    return {
        "t": {"terms": {"quantity": quantity, "size": size}},
        "p": {"terms": paged},
        "m": {"min_max": {"quantity": random.choice(NUMBERS)}},
        "h": {"histogram": {"quantity": "optimade.nsites", "interval": random.choice((1, 5, 40))}},
        "d": {"date_histogram": {"quantity": "publish_time", "calendar_interval": "1M"}},
        "s": {"statistics": {"metrics": ["n_entries"]}},
    }


def problem(asked: Body, answer: Body, documents: Sequence[Body]) -> str | None:
    """What is not as these documents say; None: nothing."""
    for name, check in (("t", _terms), ("p", _page), ("m", _min_max), ("h", _histogram),
                        ("d", _months)):  # fmt: skip
        (settings,), (result,) = asked[name].values(), answer[name].values()
        if found := check(settings, result, documents):
            return f"{asked[name]}: {found}"
    found_all = answer["s"]["statistics"]["data"]["n_entries"]
    return None if found_all == len(documents) else f"n_entries {found_all}, not {len(documents)}"


def _terms(settings: Body, result: Body, documents: Sequence[Body]) -> str | None:
    wanted = _texts(counted(documents, settings["quantity"]))
    found = {_text(one["value"]): one["count"] for one in result["data"]}
    most = sorted(wanted.values(), reverse=True)[: settings["size"]]
    if [one["count"] for one in result["data"]] != most:
        return f"counts {[*found.items()][:5]}, not {wanted.most_common(5)}"
    wrong = {value: count for value, count in found.items() if wanted[value] != count}
    return f"wrong {wrong}" if wrong else None


def _page(settings: Body, result: Body, documents: Sequence[Body]) -> str | None:
    wanted = _texts(counted(documents, settings["quantity"]))
    size = settings["pagination"]["page_size"]
    found = {_text(one["value"]): one["count"] for one in result["data"]}
    if result["pagination"]["total"] != len(wanted):
        return f"total {result['pagination']['total']}, not {len(wanted)}"
    if len(found) != min(size, len(wanted)):
        return f"{len(found)} values on the page"
    wrong = {value: count for value, count in found.items() if wanted[value] != count}
    return f"wrong {wrong}" if wrong else None


def _min_max(settings: Body, result: Body, documents: Sequence[Body]) -> str | None:
    values = [value for one in documents for value in values_of(one, settings["quantity"])]
    if not values:
        return None if result["data"] == [None, None] else f"{result['data']} of nothing"
    wanted = [min(values), max(values)]
    return None if [*map(float, result["data"])] == wanted else f"{result['data']}, not {wanted}"


def _histogram(settings: Body, result: Body, documents: Sequence[Body]) -> str | None:
    interval = settings["interval"]
    wanted = Counter(
        value // interval * interval
        for one in documents
        for value in {*values_of(one, settings["quantity"])}
    )
    found = {one["value"]: one["count"] for one in result["data"] if one["count"]}
    return None if found == dict(wanted) else f"{found}, not {dict(wanted)}"


def _months(settings: Body, result: Body, documents: Sequence[Body]) -> str | None:
    wanted = Counter(
        datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-01")
        for one in documents
        for value in values_of(one, settings["quantity"])
    )
    found = {str(one["value"])[:10]: one["count"] for one in result["data"] if one["count"]}
    return None if found == dict(wanted) else f"{found}, not {dict(wanted)}"


def _texts(counts: Counter[Any]) -> Counter[str]:
    return Counter({_text(value): count for value, count in counts.items()})


def _text(value: Any) -> str:
    """Booleans come as texts or as they are."""
    return str(value).lower() if isinstance(value, bool) else str(value)
