"""Queries that NOMAD refuses, and how: 422 by its model or translator, 400 by the index, 500."""

import pytest

from tests.contract.asking import Json, Known

COMPOSITION = "results.material.elemental_composition"

ROWS: dict[str, tuple[object, int, str]] = {
    "zero as bound, by name": ({"optimade.nsites:gt": 0}, 422, "range_undefined"),
    "zero as bound, as dict": ({"optimade.nsites": {"gt": 0}}, 422, "is not a doc quantity"),
    "empty text as bound": (
        {"optimade.chemical_formula_reduced": {"gte": ""}},
        422,
        "is not a doc quantity",
    ),
    "two bounds by name": (
        {"optimade.nsites:gte": 1, "optimade.nsites:lte": 4},
        422,
        "duplicate_quantity",
    ),
    "value and bound by name": (
        {"optimade.nsites": 3, "optimade.nsites:lte": 4},
        422,
        "duplicate_quantity",
    ),
    "gt and gte": ({"optimade.nsites": {"gt": 1, "gte": 2}}, 422, "is not a doc quantity"),
    "bound and other key": ({"optimade.nsites": {"gt": 1, "x": 2}}, 422, "is not a doc quantity"),
    "unknown quantity": ({"optimade.nosuch": 1}, 422, "optimade.nosuch is not a doc quantity"),
    "not indexed": ({"optimade.species": "Al"}, 422, "is not a doc quantity"),
    "ratios natively": ({"optimade.elements_ratios.elements": "Al"}, 422, "is not a doc quantity"),
    "unknown qualifier": ({"optimade.nsites:most": 1}, 422, "is not a doc quantity"),
    "any without list": ({"optimade.elements:any": "Al"}, 422, "list_type"),
    "null": ({"optimade.nsites": None}, 422, "model_attributes_type"),
    "null in a list": ({"optimade.elements:any": [None]}, 422, "model_attributes_type"),
    "list in a list": ({"optimade.elements:any": [["Al"]]}, 422, "model_attributes_type"),
    "list as query": ([], 422, "model_attributes_type"),
    "text as query": ("nsites=3", 422, "model_attributes_type"),
    "number as query": (5, 500, "TypeError"),
    "null as only bound": ({"optimade.nsites": {"gte": None}}, 500, "ValidationError"),
    "prefix": ({"prefix": COMPOSITION, "query": {"element": "Al"}}, 500, "RecursionError"),
    "prefix on ratios": (
        {"prefix": "optimade.elements_ratios", "query": {"elements": "Al"}},
        500,
        "RecursionError",
    ),
    "zero in a nested dict": ({COMPOSITION: {"atomic_fraction:gt": 0}}, 500, "ValidationError"),
    "zero as dict in a nested dict": (
        {COMPOSITION: {"atomic_fraction": {"gt": 0}}},
        422,
        "is not a doc quantity",
    ),
    "and in a nested dict": ({COMPOSITION: {"and": [{"element": "Al"}]}}, 500, "ValidationError"),
    "any as dict in a nested dict": (
        {COMPOSITION: {"element": {"any": ["Al"]}}},
        422,
        "is not a doc quantity",
    ),
    "value for a nested section": ({COMPOSITION: "Al"}, 422, "is not a doc quantity"),
    "filter with bounds": ({"optimade_filter": {"gt": "x"}}, 422, "is not a doc quantity"),
    "integer too large": ({"optimade.nsites": {"lte": 2**31}}, 400, "out of range for an integer"),
    "integer too small": (
        {"optimade.nsites": {"gte": -(2**31) - 1}},
        400,
        "out of range for an integer",
    ),
    "huge float": ({"optimade.nsites": 1e20}, 400, "out of range for an integer"),
    "integer too large in any": ({"optimade.nsites:any": [1, 2**31]}, 400, "out of range"),
    "text for an integer": ({"optimade.nsites": "many"}, 400, "For input string"),
    "boolean for an integer": ({"optimade.nsites": True}, 400, "For input string"),
    "text for a boolean": ({"published": "maybe"}, 400, "Can't parse boolean value"),
    "bad date": ({"upload_create_time": {"gt": "yesterday"}}, 400, "failed to parse date field"),
}


@pytest.mark.parametrize("row", ROWS)
def test_query_is_refused(known: Known, row: str) -> None:
    """Status and words of a refusal."""
    query, status, problem = ROWS[row]
    answer = known.oasis.find(query)
    assert (answer.status, problem in answer.detail) == (status, True), answer.detail[:300]


def test_translator_and_model_refuse_in_two_forms(known: Known) -> None:
    """422 is a list of `msg` and doubly nested `loc`, or of `type`, `loc`, `msg`, `input`."""
    translator = known.oasis.find({"optimade.nosuch": 1}).body["detail"]
    assert translator == [
        {"msg": "optimade.nosuch is not a doc quantity", "loc": [["optimade.nosuch"]]}
    ]
    model = known.oasis.find({"optimade.nsites:gt": 0}).body["detail"][0]
    assert {"type", "loc", "msg", "input"} <= model.keys()
    assert model["loc"][0] == "body"


def test_crash_is_told(known: Known) -> None:
    """500 tells reason and exception."""
    detail = known.oasis.find(5).body["detail"]
    assert {"reason", "exception", "exception_class"} <= detail.keys()


BODIES: dict[str, tuple[Json, int]] = {
    "unknown key": ({"nosuch": 1}, 200),
    "null pagination": ({"pagination": None}, 200),
    "size as text": ({"pagination": {"page_size": "1"}}, 200),
    "fractional size": ({"pagination": {"page_size": 1.5}}, 422),
    "negative size": ({"pagination": {"page_size": -1}}, 422),
    "null size": ({"pagination": {"page_size": None}}, 500),
    "pagination of another type": ({"pagination": 5}, 422),
    "order_by of another type": ({"pagination": {"order_by": ["entry_id"]}}, 422),
    "order of another kind": ({"pagination": {"order": "up"}}, 422),
    "position of another type": ({"pagination": {"page_after_value": 5}}, 422),
    "required of another type": ({"required": 5}, 422),
    "include of another type": ({"required": {"include": "entry_id"}}, 422),
}


@pytest.mark.parametrize("row", BODIES)
def test_body_is_checked(known: Known, row: str) -> None:
    """Unknown keys pass; known keys of a wrong type do not."""
    body, status = BODIES[row]
    pagination = body.get("pagination", {"page_size": 1})
    sent = {"required": {"include": ["entry_id"]}, "pagination": pagination, **body}
    assert known.oasis.post(sent).status == status
