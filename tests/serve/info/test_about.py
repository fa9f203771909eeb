"""/info, /links, /versions and the index meta-database; none of them asks a site."""

from typing import Any

import httpx
import pytest
from optimade.models import (
    DataType,
    EntryInfoResponse,
    IndexInfoResponse,
    InfoResponse,
    LinksResponse,
)

from gateway.serve.request.paths import ENTRY_TYPES

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")

VIEWS = ("", "/sites/berlin")
VERSIONS = ("", "/v1", "/v1.3", "/v1.3.0")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_info(
    client: httpx.AsyncClient, federation, view: str, version: str, slash: str
) -> None:
    """/info is served under every base URL, with or without a slash at its end."""
    response = await client.get(f"{view}{version}/info{slash}")
    assert response.status_code == 200
    document = response.json()
    InfoResponse(**document)
    info = document["data"]
    assert (info["type"], info["id"]) == ("info", "/")
    attributes = info["attributes"]
    assert attributes["api_version"] == "1.3.0"
    base = f"http://gateway.example{view}"
    assert attributes["available_api_versions"] == [
        {"url": f"{base}/{version}", "version": "1.3.0"} for version in ("v1", "v1.3", "v1.3.0")
    ]
    formats = attributes["formats"]
    files = ["_fed_csv", "_fed_cif", "_fed_xyz", "_fed_poscar"]
    assert formats == ["json", "_fed_jsonl", "_fed_exchange", *files]
    types = list(ENTRY_TYPES)
    of_structures = {one: ["structures"] for one in files[1:]}
    assert attributes["entry_types_by_format"] == dict.fromkeys(formats, types) | of_structures
    assert attributes["available_endpoints"] == [*types, "info", "links"]
    assert attributes["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert attributes["is_index"] is False
    assert federation.asked == []
    assert document["meta"]["data_returned"] == 1


async def test_advertised_urls_work(client: httpx.AsyncClient) -> None:
    """Every version and endpoint that /info names is there."""
    attributes = (await client.get("/info")).json()["data"]["attributes"]
    for version in attributes["available_api_versions"]:
        for endpoint in attributes["available_endpoints"]:
            assert (await client.get(f"{version['url']}/{endpoint}")).status_code == 200


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_entry_info(client: httpx.AsyncClient, federation, view: str, version: str) -> None:
    """/info/structures has type, id, description, properties, formats and output fields."""
    response = await client.get(f"{view}{version}/info/structures")
    assert response.status_code == 200
    info = response.json()["data"]
    assert set(info) == {
        "type", "id", "description", "properties", "formats", "output_fields_by_format",
    }  # fmt: skip
    assert (info["type"], info["id"]) == ("info", "structures")
    fields = list(info["properties"])
    reported = info["output_fields_by_format"]
    assert list(reported) == info["formats"]
    for form in ("json", "_fed_jsonl", "_fed_csv"):
        assert reported[form] == fields
    for form in ("_fed_cif", "_fed_xyz", "_fed_poscar"):
        assert "species_at_sites" in reported[form]
        assert set(reported[form]) < set(fields)
    assert federation.asked == []


@pytest.mark.parametrize("path", ["/info/structures", "/v1/info/structures"])
async def test_entry_info_for_the_package(client: httpx.AsyncClient, path: str) -> None:
    """Without naming a minor version, the answer is one that today's clients can read."""
    EntryInfoResponse(**(await client.get(path)).json())


@pytest.mark.parametrize(
    "query",
    ["response_fields=id&page_limit=1", "response_fields=", "page_limit=1&response_fields=x"],
)
async def test_entry_info_for_who_lists_properties(client: httpx.AsyncClient, query: str) -> None:
    """Clients that list properties send the parameters of a listing: they get every property, with
    its unit, in a form that today's models accept. There is one such answer, however they ask."""
    answer = await client.get(f"/v1/info/structures?{query}")
    read = EntryInfoResponse(**answer.json()).data.properties
    assert read.keys() == (await definitions(client, "/v1.3")).keys()
    gap = read["_nmd_results_properties_electronic_band_gap_value"]
    assert (gap.type, gap.unit, gap.sortable) == (DataType.LIST, "J", False)
    assert read["_nmd_upload_create_time"].sortable
    tag = (await client.get("/v1/info/structures?response_fields=y")).headers["ETag"]
    assert answer.headers["ETag"] == tag
    headers = {"If-None-Match": tag}
    again = await client.get(f"/v1/info/structures?{query}", headers=headers)
    assert again.status_code == 304


async def definitions(client: httpx.AsyncClient, version: str) -> dict[str, Any]:
    answer = (await client.get(f"{version}/info/structures")).json()
    properties: dict[str, Any] = answer["data"]["properties"]
    return properties


async def test_size_of_entry_info(client: httpx.AsyncClient) -> None:
    """All definitions are some hundred kilobytes, compressed to less than a seventh."""
    headers = {"Accept-Encoding": "gzip"}
    for path in ("/v1.3/info/structures", "/v1/info/structures?response_fields=id"):
        answer = await client.get(path, headers=headers)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.content) < 600_000
        assert answer.num_bytes_downloaded < 90_000


@pytest.mark.parametrize(
    "path", ["/v1.3/info/structures", "/v1.3.0/info/structures", "/info/structures?api_hint=v1.2"]
)
async def test_exact_entry_info(client: httpx.AsyncClient, path: str) -> None:
    """Who names 1.2 or later gets `type` as JSON Schema has it."""
    properties = (await client.get(path)).json()["data"]["properties"]
    assert properties["nelements"]["type"] == ["integer", "null"]
    assert properties["id"]["type"] == ["string"]


async def test_hint_is_warned_of(client: httpx.AsyncClient) -> None:
    """A hint at a later version is a warning here, too."""
    meta = (await client.get("/info?api_hint=v1.9")).json()["meta"]
    assert "v1.9" in meta["warnings"][0]["detail"]


async def test_listing_parameters_are_tolerated(client: httpx.AsyncClient) -> None:
    """Clients send listing parameters here, too; only api_hint counts."""
    for path in ("/v1/info", "/v1/info/structures", "/v1/links", "/index/v1/info", "/versions"):
        response = await client.get(f"{path}?response_fields=id&page_limit=1&x=1&x=2")
        assert response.status_code == 200


@pytest.mark.parametrize("path", ["/versions", "/versions/", "/sites/berlin/versions",
                                  "/index/versions", "/versions?api_hint=v1"])  # fmt: skip
async def test_versions(client: httpx.AsyncClient, path: str) -> None:
    """/versions is CSV with a header line (section "Versions Endpoint")."""
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; header=present"
    assert response.text == "version\n1\n"


async def links(client: httpx.AsyncClient, path: str) -> dict[str, dict[str, object]]:
    document = (await client.get(path)).json()
    LinksResponse(**document)
    assert document["meta"]["data_returned"] == len(document["data"])
    found = {link["id"]: link["attributes"] for link in document["data"]}
    assert len(found) == len(document["data"])
    return found


@pytest.mark.parametrize(
    ("path", "children"),
    [
        ("/links", ["berlin", "munich"]),
        ("/v1/links/", ["berlin", "munich"]),
        ("/sites/berlin/v1/links", []),
        ("/index/v1/links", ["all_sites", "berlin", "munich"]),
    ],
)
async def test_links(client: httpx.AsyncClient, path: str, children: list[str]) -> None:
    """One root, the providers, and each site as a child with a base URL at the gateway."""
    found = await links(client, path)
    kinds = [link["link_type"] for link in found.values()]
    assert kinds.count("root") == 1
    assert kinds.count("providers") == 1
    assert [id_ for id_, link in found.items() if link["link_type"] == "child"] == children
    assert all(isinstance(link["base_url"], str) for link in found.values())


async def test_links_lead_somewhere(client: httpx.AsyncClient) -> None:
    """Every base URL of ours that is linked answers /v1/info, the root as an index."""
    for id_, link in (await links(client, "/index/v1/links")).items():
        if link["link_type"] == "providers":
            continue
        info = (await client.get(f"{link['base_url']}/v1/info")).json()
        assert info["data"]["attributes"]["is_index"] == (id_ == "index_metadb")


async def test_aggregate(client: httpx.AsyncClient) -> None:
    """Who gathers from the children of the index gets each entry once: from all sites together."""
    found = await links(client, "/index/v1/links")
    gathered = [
        id_
        for id_, link in found.items()
        if link["link_type"] == "child" and link.get("aggregate", "ok") == "ok"
    ]
    assert gathered == ["all_sites"]
    assert "no_aggregate_reason" in found["berlin"]
    assert "no_aggregate_reason" not in found["all_sites"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_index(client: httpx.AsyncClient, version: str) -> None:
    """The index has info and links alone, and names its default database."""
    document = (await client.get(f"/index{version}/info")).json()
    IndexInfoResponse(**document)
    info = document["data"]
    assert info["attributes"]["is_index"] is True
    assert info["attributes"]["formats"] == ["json"]
    assert info["attributes"]["entry_types_by_format"] == {"json": []}
    assert info["attributes"]["available_endpoints"] == ["info", "links"]
    default = info["relationships"]["default"]["data"]
    assert default["type"] == "links"
    assert (await links(client, f"/index{version}/links"))[default["id"]]["link_type"] == "child"
    assert (await client.get(f"/index{version}/info/structures")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/sites/berlin", "/index", "/index/v1/"])
async def test_base_urls(client: httpx.AsyncClient, path: str) -> None:
    """Base URLs show people a page that says what they are for (section "Base URL")."""
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "OPTIMADE" in response.text
    assert "http://gateway.example" in response.text


async def test_markup_is_escaped(app_with, clients) -> None:
    """What the configuration says is text, not markup."""
    from gateway.config import ProviderKeys

    provider = ProviderKeys(prefix="fed", name="<b>A & B</b>", description="<script>")
    async with clients(app_with(provider=provider)) as client:
        page = (await client.get("/")).text
    assert "&lt;b&gt;A &amp; B" in page
    assert "<script>" not in page


@pytest.mark.parametrize(("path", "seconds"), [("/info", 300), ("/links", 60)])
async def test_kept(client: httpx.AsyncClient, path: str, seconds: int) -> None:
    """What seldom changes may be kept for some minutes, and is not sent again unchanged."""
    first = await client.get(path)
    assert first.headers["cache-control"] == f"public, max-age={seconds}"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
