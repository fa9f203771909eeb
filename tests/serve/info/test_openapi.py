"""The OpenAPI document describes what is really served."""

from typing import Any

import httpx
import pytest

from gateway.serve.request.query_string import listing_parameters

FILES = ["_fed_csv", "_fed_cif", "_fed_xyz", "_fed_poscar"]
SPECIAL = {"page_above", "page_below", "dimension_slices", "_fed_packed_filter"}
"""Parameters that are known only to be refused or ignored, or that only links have."""


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.get("/openapi.json")
    assert response.status_code == 200
    return response.json()


def test_paths(document: dict[str, Any]) -> None:
    """Every endpoint is there; each operation has words of its own and an id of its own."""
    assert set(document["paths"]) == {
        "/structures", "/structures/{entry_id}", "/info", "/info/structures", "/links", "/versions",
        "/references", "/references/{entry_id}", "/info/references",
        "/index/info", "/index/links", "/index/versions", "/live", "/health", "/ready",
        "/metrics",
    }  # fmt: skip
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all(one["description"] for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_parameters(document: dict[str, Any]) -> None:
    """The parameters of a listing are those that are understood, each with its meaning."""
    parameters = document["paths"]["/structures"]["get"]["parameters"]
    assert {one["name"] for one in parameters} == set(listing_parameters("fed")) - SPECIAL
    assert all(one["description"] and one["schema"] for one in parameters)
    form = document["paths"]["/structures"]["post"]["requestBody"]["content"]
    properties = form["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert set(properties) == {one["name"] for one in parameters}


def test_answers(document: dict[str, Any]) -> None:
    """Answers are described with their statuses and media types; a listing can be a stream."""
    responses = document["paths"]["/structures"]["get"]["responses"]
    assert {"200", "400", "403", "501", "503", "553"} <= set(responses)
    assert "422" not in responses
    assert set(responses["400"]["content"]) == {"application/vnd.api+json"}
    assert set(responses["200"]["content"]) == {
        "application/vnd.api+json",
        "application/jsonl",
        "application/zip",
        "text/csv",
    }
    one = document["paths"]["/structures/{entry_id}"]["get"]["responses"]["200"]["content"]
    assert "chemical/x-cif" in one


def test_formats(document: dict[str, Any]) -> None:
    """Of formats, each endpoint names those that it serves."""
    for path, formats in (
        ("/structures", ["json", "_fed_jsonl", "_fed_exchange", *FILES]),
        ("/structures/{entry_id}", ["json", *FILES]),
        ("/references", ["json", "_fed_jsonl", "_fed_exchange", "_fed_csv"]),
        ("/references/{entry_id}", ["json", "_fed_csv"]),
    ):
        parameters = document["paths"][path]["get"]["parameters"]
        (named,) = (one["schema"]["enum"] for one in parameters if one["name"] == "response_format")
        assert named == formats


async def test_examples_work(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    """Each example in the document is answered."""
    for one in document["paths"]["/structures"]["get"]["parameters"]:
        if "example" in one:
            response = await client.get("/structures", params={one["name"]: one["example"]})
            assert response.status_code == 200
