"""Copies in all that the gateway serves, over HTTP on the demo: each entry once, counts exact."""

import csv
import io
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import orjson
import pytest

from gateway.serve.app import create_app
from tests.laws.copied import Copy, served
from tests.laws.copied_sites import Sites, open_sites
from tests.whole.downloaded import LISTING, read_archive
from tests.whole.lines import refused


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway over the demo, and what the Oases hold."""

    web: httpx.AsyncClient
    sites: Sites
    copies: Sequence[Copy]
    expected: Mapping[str, Copy]

    @property
    def ids(self) -> list[str]:
        """Of all entries, in the order of a listing."""
        return [str(self.expected[one].entry["id"]) for one in sorted(self.expected)]

    async def json(self, path: str) -> dict[str, object]:
        answer = await self.web.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found


@asynccontextmanager
async def serving(**sections: object) -> AsyncIterator[Served]:
    sites = open_sites(None)
    copies = await sites.copies()
    app = create_app(sites.config(**sections), transports=dict(sites.lines))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gateway", timeout=120
        ) as web,
    ):
        await app.state.served.federation.wait_for_copies(60)
        yield Served(web, sites, copies, served(copies, list(sites.urls)))


@pytest.fixture
async def gateway() -> AsyncIterator[Served]:
    async with serving() as one:
        yield one


async def test_streams_and_downloads(gateway: Served) -> None:
    """JSON Lines and tables hold each entry once, in the order of a listing; an archive of CIF has
    a file of each, or the reason why not."""
    assert len(gateway.copies) > len(gateway.ids)
    lines = await gateway.web.get(f"{LISTING}jsonl&include=&response_fields=nsites")
    _, *entries, last = map(orjson.loads, lines.content.splitlines())
    assert last["meta"]["_fed_complete"]
    assert [one["id"] for one in entries] == gateway.ids
    table = await gateway.web.get(f"{LISTING}csv&include=&response_fields=nsites")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows] == gateway.ids
    assert int(table.headers["x-total-count"]) == len(gateway.ids)
    archive = await read_archive(gateway.web, "cif")
    assert sorted({*archive.texts} | {*archive.refused}) == sorted(gateway.ids)
    assert not {*archive.texts} & {*archive.refused}


async def test_facets_references_and_the_page(gateway: Served) -> None:
    """Counts are those of the entries that are served."""
    answer = await gateway.json("/v1/structures?page_limit=1&_fed_facets=nelements,_fed_site")
    meta = answer["meta"]
    assert isinstance(meta, dict)
    assert (meta["data_returned"], meta["data_available"]) == (len(gateway.ids),) * 2
    for name in ("nelements", "_fed_site"):
        counts = {one["value"]: one["count"] for one in meta["_fed_facets"][name]}
        assert counts == Counter(one.entry[name] for one in gateway.expected.values())
    fields = "doi,_fed_structures,_fed_sites"
    answer = await gateway.json(f"/v1/references?page_limit=100&response_fields={fields}")
    listed = [one["attributes"] for one in answer["data"]]  # type: ignore[attr-defined]
    dois = [one["doi"] for one in listed if one["doi"]]
    assert len(dois) == len({*dois}) > 3
    cited = Counter(doi for one in gateway.expected.values() for doi in one.entry["_fed_dois"])  # type: ignore[union-attr]
    assert {one["doi"]: one["_fed_structures"] for one in listed if one["doi"]} == cited
    page = (await gateway.web.get("/")).text
    assert re.search(rf'id="count"[^>]*>{len(gateway.ids):,} structures', page)


async def test_every_holders_id_answers(gateway: Served) -> None:
    """With the entry as this site has it, and the ids of all its copies."""
    holders: dict[str, list[str]] = {}
    for one in gateway.copies:
        holders.setdefault(one.entry_id, []).append(one.site)
    shared = {entry_id: sites for entry_id, sites in holders.items() if len(sites) > 1}
    assert {len(sites) for sites in shared.values()} == {2, 3}
    for entry_id, sites in [*shared.items()][::20]:
        for site in sites:
            path = f"/v1/structures/{site}~{entry_id}?response_fields=_fed_copies,_fed_site"
            data = (await gateway.json(path))["data"]
            assert isinstance(data, dict)
            assert data["id"] == f"{site}~{entry_id}"
            assert data["attributes"]["_fed_site"] == site
            assert data["attributes"]["_fed_copies"] == [f"{one}~{entry_id}" for one in sites]


@pytest.mark.parametrize("dead", ["berlin", "munich", "dresden"])
async def test_streams_while_a_site_is_away(dead: str) -> None:
    """What other sites hold, too, comes from them; only what it alone has is missing, and the
    stream says so."""
    async with serving(site_defaults={"attempts": 1}) as gateway:
        gateway.sites.lines[dead].fault = refused
        others = served(
            [one for one in gateway.copies if one.site != dead], list(gateway.sites.urls)
        )
        text = (await gateway.web.get(f"{LISTING}jsonl&include=&response_fields=nsites")).content
        _, *entries, last = map(orjson.loads, text.splitlines())
        ids = [one["id"] for one in entries]
        assert Counter(one.partition("~")[2] for one in ids) == Counter(others.keys())
        assert not last["meta"]["_fed_complete"]
