"""Values nested deeper than can be written, anywhere in a site's entries: the page goes out."""

import json
from typing import Any

import httpx
import orjson
import pytest

from gateway.serve.app import create_app
from tests.hostile.canned_site import CannedSite
from tests.whole.oases import make_config

DEPTH = 300
"""orjson reads 1,024 levels and writes 254."""
OPTIMADE = ("species", "elements", "lattice_vectors", "species_at_sites", "dimension_types")
METADATA = ("references", "datasets", "main_author", "coauthors", "upload_create_time", "mainfile")


def nested() -> Any:
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    return value


def forms() -> list[Any]:
    deep = nested()
    return [deep, [deep], {"name": deep}, [{"name": "Ti", "doi": deep, "mass": deep}]]


def spoil(raw: bytes, field: str, value: Any) -> bytes:
    """The document or archive with that value in the place of the field."""
    document = orjson.loads(raw)
    metadata = document["archive"]["metadata"] if "archive" in document else document
    (metadata["optimade"] if field in OPTIMADE else metadata)[field] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize("field", OPTIMADE + METADATA)
async def test_deep_values(field: str) -> None:
    """The other site's entries are there, as are those of the site that sent them."""
    for value in forms():
        bad = CannedSite("bad", entries=3, atoms=2)
        bad._documents = [spoil(one, field, value) for one in bad._documents]
        bad._archives = [spoil(one, field, value) for one in bad._archives]
        sites = {"bad": bad, "good": CannedSite("good", entries=3, atoms=2)}
        app = create_app(make_config(sites, cache={"backend": "memory"}), transports=sites)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
        ):
            for more in ("", "&response_fields=references,_fed_authors,_fed_dois,_fed_datasets"):
                answer = await client.get(f"/v1/structures?include=references{more}")
                assert answer.status_code == 200
                assert sum("good~" in one["id"] for one in answer.json()["data"]) == 3
