"""Order and pages: one native key, ties by entry_id the same way round, positions that resume."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.asking import STRUCTURE, Document, Json, Known, millis, one

INTEGERS = ("optimade.nsites", "optimade.nelements", "optimade.nperiodic_dimensions")
KEYWORDS = (
    "optimade.chemical_formula_reduced",
    "optimade.chemical_formula_hill",
    "optimade.chemical_formula_descriptive",
    "optimade.chemical_formula_anonymous",
    "upload_id",
    "upload_name",
    "entry_name",
    "mainfile",
)
DATES = ("upload_create_time", "last_processing_time", "entry_create_time")
KEYS = (*INTEGERS, *KEYWORDS, *DATES)
BOTH = pytest.mark.parametrize("order", ["asc", "desc"])
Sortable = Callable[[Document], Any]


def sort_key(name: str) -> Sortable:
    """The value that an entry is sorted by; None is missing."""
    if name in DATES:
        return lambda document: millis(document[name])
    return lambda document: one(document, name)


def ordered(known: Known, name: str, order: str) -> list[str]:
    """The known entries in the order that NOMAD promises: missing last, ties the same way."""
    key = sort_key(name)
    down = order == "desc"
    present = [d for d in known.documents if key(d) is not None]
    missing = [d for d in known.documents if key(d) is None]
    present.sort(key=lambda d: (key(d), d["entry_id"]), reverse=down)
    missing.sort(key=lambda d: d["entry_id"], reverse=down)
    return [d["entry_id"] for d in (*present, *missing)]


def guarded(known: Known, name: str) -> Json:
    """The known entries that have the key."""
    key = sort_key(name)
    ids = [d["entry_id"] for d in known.documents if key(d) is not None]
    return {"entry_id:any": ids[:1000]}


@BOTH
@pytest.mark.parametrize("name", [*KEYS, "entry_id"])
def test_order(known: Known, name: str, order: str) -> None:
    """Keywords by code point, dates by millisecond, ties by entry_id, missing values last."""
    answer = known.oasis.find(known.scope, size=1000, order_by=name, order=order)
    assert answer.ids == ordered(known, name, order)


@BOTH
@pytest.mark.parametrize("name", [*KEYS, "entry_id"])
def test_walk_gives_each_entry_once(known: Known, name: str, order: str) -> None:
    """`next_page_after_value` leads through all entries that have the key, in order."""
    query = {"and": [known.scope, guarded(known, name)]}
    found: list[str] = []
    after: str | None = None
    size = max(3, len(known.documents) // 9)
    while True:
        position = {} if after is None else {"page_after_value": after}
        answer = known.oasis.find(query, size=size, order_by=name, order=order, **position)
        found += answer.ids
        after = answer.next
        if after is None or not answer.ids:
            break
    key = sort_key(name)
    have = {d["entry_id"] for d in known.documents if key(d) is not None}
    assert found == [entry for entry in ordered(known, name, order) if entry in have]


@BOTH
@pytest.mark.parametrize("name", KEYS)
def test_position_may_be_made_up(known: Known, name: str, order: str) -> None:
    """`<value>:<text>` resumes at any point, whether or not an entry stands there."""
    key = sort_key(name)
    whole = ordered(known, name, order)
    documents = {d["entry_id"]: d for d in known.documents}
    present = [entry for entry in whole if key(documents[entry]) is not None]
    middle = documents[present[len(present) // 2]]
    for rest in (middle["entry_id"], "M", ""):
        position = (key(middle), rest)
        after = [e for e in present if follows((key(documents[e]), e), position, order)]
        answer = known.oasis.find(
            {"and": [known.scope, guarded(known, name)]},
            size=1000,
            order_by=name,
            order=order,
            page_after_value=f"{key(middle)}:{rest}",
        )
        assert answer.ids == after


def follows(here: tuple[Any, str], position: tuple[Any, str], order: str) -> bool:
    """Whether an entry comes after a position."""
    return here > position if order == "asc" else here < position


@BOTH
def test_bare_id_resumes_by_entry_id(known: Known, order: str) -> None:
    """Ordered by `entry_id` a position is any text, without a colon."""
    whole = ordered(known, "entry_id", order)
    answer = known.oasis.find(
        known.scope, size=1000, order_by="entry_id", order=order, page_after_value="M"
    )
    assert answer.ids == [e for e in whole if follows((e, ""), ("M", ""), order)]
    with_colon = known.oasis.find({}, size=1, order_by="entry_id", page_after_value="M:")
    assert with_colon.status == 400


@pytest.mark.parametrize("form", ["{}", "{}+00:00", "{}Z"])
def test_date_position_may_be_written_out(known: Known, form: str) -> None:
    """Positions of dates are epoch milliseconds or ISO 8601, cut off at milliseconds."""
    name = "last_processing_time"
    whole = ordered(known, name, "asc")
    documents = {d["entry_id"]: d for d in known.documents}
    middle = documents[whole[len(whole) // 2]]
    text = form.format(middle[name].removesuffix("+00:00"))
    answer = known.oasis.find(
        known.scope, size=1000, order_by=name, page_after_value=f"{text}:{middle['entry_id']}"
    )
    assert answer.ids == whole[len(whole) // 2 + 1 :]


POSITIONS: dict[str, tuple[str, str, int]] = {
    "fraction of an integer": ("optimade.nsites", "5.5:M", 200),
    "largest integer": ("optimade.nsites", "9223372036854775807:M", 200),
    "infinity": ("optimade.nsites", "Infinity:M", 200),
    "text for an integer": ("optimade.nsites", "five:M", 400),
    "two colons": ("optimade.nsites", "5:M:N", 400),
    "no colon": ("optimade.nsites", "5", 400),
    "colons in a keyword": ("optimade.chemical_formula_reduced", "A:b:c", 200),
    "empty keyword": ("optimade.chemical_formula_reduced", ":", 200),
    "text for a date": ("upload_create_time", "yesterday:M", 400),
    "negative date": ("upload_create_time", "-1:M", 400),
}


@pytest.mark.parametrize("row", POSITIONS)
def test_position_is_split_at_the_last_colon(known: Known, row: str) -> None:
    """What stands before the last colon has to be a value of the key."""
    name, after, status = POSITIONS[row]
    assert known.oasis.find({}, size=1, order_by=name, page_after_value=after).status == status


@BOTH
def test_missing_numbers_can_be_walked(known: Known, order: str) -> None:
    """Missing integers stand at the end, at a position that resumes."""
    name = "optimade.nsites"
    missing = [d["entry_id"] for d in known.documents if one(d, name) is None]
    known.need(missing[1:], "entries without nsites")
    whole = ordered(known, name, order)[-len(missing) :]
    end = 2**63 - 1 if order == "asc" else -(2**63)
    query = {"and": [known.scope, {"entry_id:any": missing}]}
    first = known.oasis.find(query, size=1, order_by=name, order=order)
    assert first.next == f"{end}:{whole[0]}"
    rest = known.oasis.find(
        query, size=1000, order_by=name, order=order, page_after_value=first.next
    )
    assert rest.ids == whole[1:]


@BOTH
def test_missing_keywords_lead_back(known: Known, order: str) -> None:
    """Missing keywords stand at `None:<id>`, which is read as the text None: a walk never ends."""
    name = "optimade.chemical_formula_reduced"
    missing = [d["entry_id"] for d in known.documents if one(d, name) is None]
    known.need(missing[1:], "entries without a formula")
    query = {"and": [known.scope, {"entry_id:any": missing}]}
    first = known.oasis.find(query, size=1, order_by=name, order=order)
    assert first.next == f"None:{first.ids[0]}"
    again = known.oasis.find(query, size=1, order_by=name, order=order, page_after_value=first.next)
    assert again.ids == first.ids
    present = [d["entry_id"] for d in known.documents if one(d, name) is not None]
    beyond = known.oasis.find(
        {"and": [known.scope, {"entry_id:any": present}]},
        size=1000,
        order_by=name,
        order=order,
        page_after_value=first.next,
    )
    key = sort_key(name)
    documents = {d["entry_id"]: d for d in known.documents}
    position = ("None", first.ids[0])
    assert beyond.ids == [
        e
        for e in ordered(known, name, order)
        if e in set(present) and follows((key(documents[e]), e), position, order)
    ]


def test_missing_floats_stand_at_infinity(known: Known) -> None:
    """A key in a repeated section is missing everywhere: order by it is order by entry_id."""
    name = "results.material.elemental_composition.atomic_fraction"
    answer = known.oasis.find(known.scope, size=2, order_by=name)
    assert answer.ids == ordered(known, "entry_id", "asc")[:2]
    assert answer.next == f"Infinity:{answer.ids[-1]}"


def test_next_position_tells_nothing(known: Known) -> None:
    """It is absent when one page holds all, and present on an exactly full last page."""
    ids = sorted(d["entry_id"] for d in known.documents)[:6]
    query = {"entry_id:any": ids}
    assert known.oasis.find(query, size=6).next is None
    assert known.oasis.find(query, size=7).next is None
    first = known.oasis.find(query, size=3)
    second = known.oasis.find(query, size=3, page_after_value=first.next)
    assert (first.ids, second.ids, second.next) == (ids[:3], ids[3:], ids[5])
    third = known.oasis.find(query, size=3, page_after_value=second.next)
    assert (third.ids, third.next, third.total) == ([], None, 6)


def test_total_counts_all_whatever_the_page(known: Known) -> None:
    """`total` is exact on every page."""
    size = len(known.structures)
    query = {"and": [known.scope, STRUCTURE]}
    assert known.oasis.find(query).total == size
    assert known.oasis.find(query, size=2, page_after_value="M").total == size


REFUSED = (
    "optimade.elements",
    "optimade.structure_features",
    "optimade.elements_ratios",
    "references",
    "nosuch",
)


@pytest.mark.parametrize("name", REFUSED)
def test_order_by_what_is_no_scalar(known: Known, name: str) -> None:
    """Lists and unknown names are 422."""
    assert known.oasis.find({}, size=1, order_by=name).status == 422


def test_order_by_text(known: Known) -> None:
    """Text fields are 400."""
    assert known.oasis.find({}, size=1, order_by="comment").status == 400


def test_boolean_positions_do_not_resume(known: Known) -> None:
    """NOMAD hands out `1:<id>` and does not take it back."""
    first = known.oasis.find({}, size=1, order_by="published")
    assert first.next == f"1:{first.ids[0]}"
    again = known.oasis.find({}, size=1, order_by="published", page_after_value=first.next)
    assert again.status == 400


NUMBERED: dict[str, tuple[Json, int]] = {
    "page": ({"page": 2, "page_size": 3}, 200),
    "page 0": ({"page": 0}, 422),
    "page up to 10,000": ({"page": 1, "page_size": 9_999}, 200),
    "page at 10,000": ({"page": 2, "page_size": 5_000}, 422),
    "offset": ({"page_offset": 3, "page_size": 3}, 200),
    "offset below 0": ({"page_offset": -1}, 422),
    "offset up to 10,000": ({"page_offset": 9_989, "page_size": 10}, 200),
    "offset at 10,000": ({"page_offset": 9_990, "page_size": 10}, 422),
    "offset and position": ({"page_offset": 3, "page_after_value": "M"}, 422),
    "page and position": ({"page": 2, "page_after_value": "M"}, 422),
    "position of nothing": ({"page_size": 0, "page_after_value": "M"}, 422),
    "page of nothing": ({"page_size": 0, "page": 1}, 422),
}


@pytest.mark.parametrize("row", NUMBERED)
def test_pages_by_number_are_limited(known: Known, row: str) -> None:
    """`page` and `page_offset` stop at 10,000, and do not go with a position."""
    pagination, status = NUMBERED[row]
    body = {"query": known.scope, "pagination": pagination, "required": {"include": ["entry_id"]}}
    answer = known.oasis.post(body)
    assert answer.status == status
    if row in ("page", "offset"):
        assert answer.ids == ordered(known, "entry_id", "asc")[3:6]
