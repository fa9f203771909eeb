"""References over HTTP: the documents that clients get, valid against optimade's models."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from optimade.models import ReferenceResponseMany, ReferenceResponseOne, StructureResponseMany

from gateway.references import Reference
from gateway.serve.app import create_app
from tests.whole.demo_apps import app_of
from tests.whole.oases import make_config
from tests.whole.test_references import IDS, LINES, SHARED

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transports = {site: httpx.ASGITransport(app_of(lines)) for site, lines in LINES.items()}
    app = create_app(make_config(LINES), transports=transports)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g.test") as client,
    ):
        yield client


async def get(client: httpx.AsyncClient, path: str, *, status: int = 200, **query: str) -> Any:
    response = await client.get(path, params=query)
    assert response.status_code == status, response.text
    return response.json()


@pytest.mark.parametrize("base", ["", "/v1", "/v1.3"])
async def test_listing(client: httpx.AsyncClient, base: str) -> None:
    """The second entry type is listed and walked like the first."""
    document = await get(client, f"{base}/references", page_limit="4")
    ReferenceResponseMany.model_validate(document)
    rest = (await client.get(document["links"]["next"])).json()
    assert [one["id"] for one in (*document["data"], *rest["data"])] == IDS
    assert document["meta"]["data_returned"] == document["meta"]["data_available"] == 6
    assert "next" not in rest["links"]


async def test_entry(client: httpx.AsyncClient) -> None:
    """A single reference, and `null` where there is none."""
    id_ = Reference("doi", SHARED).id
    document = await get(client, f"/v1/references/{id_}")
    ReferenceResponseOne.model_validate(document)
    assert document["data"]["attributes"]["doi"] == SHARED
    assert (await get(client, "/v1/references/doi.nowhere"))["data"] is None


async def test_site_view(client: httpx.AsyncClient) -> None:
    """A site's own view lists its own references."""
    document = await get(client, "/sites/berlin/v1/references")
    assert document["meta"]["data_returned"] == 3


@pytest.mark.parametrize(
    ("query", "included"), [({}, 6), ({"include": "references"}, 6), ({"include": ""}, 0)]
)
async def test_included(client: httpx.AsyncClient, query: dict[str, str], included: int) -> None:
    """By default structures come with their references; `include=` leaves them out."""
    document = await get(client, "/v1/structures", **query)
    StructureResponseMany.model_validate(document)
    assert len(document.get("included", ())) == included
    related = [one["relationships"] for one in document["data"] if "relationships" in one]
    assert len(related) == 6


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"include": "authors"}, 400, "'authors'"),
        ({"include": "references.authors"}, 400, "'references.authors'"),
        ({"filter": 'references.target.title HAS "x"'}, 501, "Ask /references"),
        ({"filter": 'references.foo HAS "x"'}, 400, "references.id"),
        ({"response_fields": "reference"}, 400, "reference"),
    ],
)
async def test_refused(
    client: httpx.AsyncClient, query: dict[str, str], status: int, says: str
) -> None:
    """Unknown relationship paths and names are 400, what cannot be answered exactly 501."""
    document = await get(client, "/v1/structures", status=status, **query)
    assert says in document["errors"][0]["detail"]


async def test_info(client: httpx.AsyncClient) -> None:
    """The entry type tells its properties; none of the standard's is left out."""
    data = (await get(client, "/v1/info/references"))["data"]
    assert data["properties"]["doi"]["sortable"] is True
    assert data["properties"]["title"]["sortable"] is False
    assert {"authors", "year", "_fed_sites"} <= set(data["properties"])
    about = (await get(client, "/v1/info"))["data"]["attributes"]
    assert about["entry_types_by_format"]["json"] == ["structures", "references"]
    assert "references" in about["available_endpoints"]


async def test_stream(client: httpx.AsyncClient) -> None:
    """The whole result as JSON Lines holds every reference."""
    response = await client.get("/v1/references?response_format=_fed_jsonl")
    assert response.status_code == 200
    assert all(id_ in response.text for id_ in IDS)
