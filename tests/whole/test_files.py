"""All demo entries as files, through the whole gateway, read back by gemmi, ASE and pymatgen."""

import csv
import io
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from gateway.demo import DEMO_SITES
from gateway.serve.app import create_app
from tests.whole.demo_apps import demo_app
from tests.whole.downloaded import (
    LISTING,
    Attributes,
    check_archive,
    read_archive,
    read_entries,
)
from tests.whole.oases import make_config

LEAST = {"cif": 1000, "xyz": 1290, "poscar": 960}
"""Of 1,691 entries, copies among them; the others are molecules, disordered, or lack something."""


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    sites = [site.name for site in DEMO_SITES]
    lines = {name: httpx.ASGITransport(demo_app(name)) for name in sites}
    app = create_app(make_config(sites), transports=lines)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gateway", timeout=60
        ) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def entries() -> dict[str, Attributes]:
    """All entries as JSON Lines, once the first test has read them."""
    return {}


@pytest.mark.parametrize("name", ["cif", "xyz", "poscar"])
async def test_read_back(web: httpx.AsyncClient, entries: dict[str, Attributes], name: str) -> None:
    """Each entry has its file, with its atoms, cell and occupancies, or a reason why not."""
    entries.update({} if entries else await read_entries(web))
    downloaded = await read_archive(web, name)
    assert check_archive(name, downloaded, entries) == []
    assert len(downloaded.texts) >= LEAST[name]
    assert all(reason.endswith(".") for reason in downloaded.refused.values())


async def test_table(web: httpx.AsyncClient) -> None:
    """Every cell reads back as the value that JSON has; the columns are those of JSON."""
    named = "&include=&response_fields=elements,elements_ratios,nsites,lattice_vectors,species"
    table = await web.get(f"{LISTING}csv{named}")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    _, *lines, _ = (await web.get(f"{LISTING}jsonl{named}")).content.splitlines()
    assert len(rows) == len(lines) == int(table.headers["x-total-count"])
    for row, line in zip(rows, map(orjson.loads, lines), strict=True):
        assert row.pop("id") == line["id"]
        read = {name: orjson.loads(cell) if cell else None for name, cell in row.items()}
        assert read == line["attributes"]
