"""The page of an entry over HTTP: links, headers, and failures as pages."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from gateway.errors import OverloadError, SitesMissingError
from gateway.model import EntryRequest, Resource, SearchAnswer, SiteReport
from gateway.search import MemoryScope
from tests.serve.conftest import FakeFederation

PAGE = "/entry/berlin~entry_1"


async def test_page(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """The search of the API with the page's fields; links are relative."""
    answer = await client.get(PAGE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    asked = federation.last
    assert isinstance(asked, EntryRequest)
    assert asked.id == "berlin~entry_1"
    assert asked.response_fields is not None
    assert {"lattice_vectors", "_fed_entry_page", "references"} <= set(asked.response_fields)
    assert 'href="../v1/structures/berlin~entry_1"' in answer.text
    assert "http://gateway.example/v1/structures/berlin~entry_1" in answer.text


async def test_not_changed(client: httpx.AsyncClient) -> None:
    """The same page is not sent again, whether the sites answered or their cache did."""
    tag = (await client.get(PAGE)).headers["etag"]
    again = await client.get(PAGE, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_view_of_one_site(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    answer = await client.get(f"/sites/berlin{PAGE}")
    assert answer.status_code == 200
    assert federation.last.sites == ("berlin",)
    assert 'href="../../../assets/' in answer.text


async def test_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/entry/berlin~<b>other")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert "There is no such entry" in answer.text
    assert "<b>other" not in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SitesMissingError("berlin: timed out", sites=("berlin",), retry_after_s=7), 503),
        (OverloadError("Busy.", retry_after_s=7), 429),
    ],
)
async def test_failures(
    client: httpx.AsyncClient, federation: FakeFederation, error: Exception, status: int
) -> None:
    """A sentence, when to come again, and a link to the same address."""
    federation.error = error
    answer = await client.get(PAGE)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["cache-control"] == "no-store"
    assert 'href="../entry/berlin~entry_1"' in answer.text
    assert 'role="alert"' in answer.text


async def test_incomplete_or_private_is_not_kept(
    federation: FakeFederation, app: FastAPI, clients: Callable[..., httpx.AsyncClient]
) -> None:
    async with clients(app) as client:
        private = await client.get(PAGE, headers={"Authorization": "Bearer secret"})
        assert private.headers["cache-control"] == "private, no-store"


async def test_text_of_an_oasis_is_text(
    client: httpx.AsyncClient, federation: FakeFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Markup in any value is shown as it is written."""
    attack = "<img src=x onerror=alert(1)>"
    resource = Resource(
        "structures",
        "berlin~entry_1",
        {"_nmd_comment": attack, "chemical_formula_reduced": attack, "_fed_authors": [attack],
         "species_at_sites": [attack], "cartesian_site_positions": [[0, 0, 0]]},
    )  # fmt: skip
    answer = SearchAnswer((resource,), reports=(SiteReport("berlin", "ok"),))

    async def entry(request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
        return replace(answer)

    monkeypatch.setattr(federation, "entry", entry)
    page = await client.get(PAGE)
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text


async def test_where_else_it_is(
    client: httpx.AsyncClient, federation: FakeFederation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links to the copies at other Oases; the view of one Oasis has none, as it holds one."""
    resource = Resource(
        "structures", "berlin~entry_1", {"_fed_copies": ["berlin~entry_1", "munich~entry_1"]}
    )

    async def entry(request: EntryRequest, *, scope: MemoryScope) -> SearchAnswer:
        assert request.response_fields is not None
        assert "_fed_copies" in request.response_fields
        return SearchAnswer((resource,), reports=(SiteReport("berlin", "ok"),))

    monkeypatch.setattr(federation, "entry", entry)
    page = await client.get(PAGE)
    assert 'href="../entry/munich~entry_1"' in page.text
    assert "This Oasis holds a copy of the entry" in page.text
    assert "copy of the entry" not in (await client.get(f"/sites/berlin{PAGE}")).text


async def test_former_address_of_the_docs(client: httpx.AsyncClient) -> None:
    answer = await client.get("/redoc")
    assert (answer.status_code, answer.headers["location"]) == (308, "./docs")
