"""A walk from a POST through all pages, by each way that clients have."""

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.serve.app import create_app
from tests.whole.demo_apps import app_of
from tests.whole.oases import awkward_lines, known_entries, make_config

LINES = awkward_lines(7, {"berlin": 40, "munich": 30})
ENTRIES = [one for one in known_entries(LINES) if one["nsites"] is not None]
FILTER = " OR ".join(f'id="{one.id}"' for one in ENTRIES)
FORM = {"filter": FILTER, "page_limit": "9", "response_fields": "nsites", "sort": "-nsites"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transports = {site: httpx.ASGITransport(app_of(lines)) for site, lines in LINES.items()}
    app = create_app(make_config(LINES), transports=transports)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gateway.test"
        ) as client,
    ):
        yield client


async def following(client: httpx.AsyncClient, address: str, cursor: str) -> httpx.Response:
    """As most clients do."""
    return await client.get(address)


async def posting_there(client: httpx.AsyncClient, address: str, cursor: str) -> httpx.Response:
    """The same form to the link."""
    return await client.post(address, data=FORM)


async def posting_again(client: httpx.AsyncClient, address: str, cursor: str) -> httpx.Response:
    """The same form and the cursor, to the first address."""
    return await client.post("/v1/structures", data=FORM | {"page_cursor": cursor})


@pytest.mark.parametrize("way", [following, posting_there, posting_again])
async def test_a_walk_from_a_post(client: httpx.AsyncClient, way: object) -> None:
    """Every entry once, in links that are shorter than the filter."""
    assert callable(way)
    answer = (await client.post("/v1/structures", data=FORM)).json()
    found = [one["id"] for one in answer["data"]]
    while "next" in answer["links"]:
        link = httpx.URL(answer["links"]["next"])
        assert len(str(link)) < len(httpx.QueryParams(FORM).get("filter"))
        response = await way(client, str(link), link.params["page_cursor"])
        assert response.status_code == 200, response.text
        answer = response.json()
        found += [one["id"] for one in answer["data"]]
    assert sorted(found) == sorted(one.id for one in ENTRIES)
    assert len(found) == len(set(found)) > 50
