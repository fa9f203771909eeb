"""What the clients of the world send, replayed over demo Oases, and what they read of it."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest
from optimade.models import EntryResponseMany, StructureResource

from gateway.config import CacheKeys, Config, ProviderKeys, SiteKeys
from gateway.demo import create_demo_oasis
from gateway.serve.app import create_app
from tests.whole.oases import DemoLine, make_line

pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")

SITES = ("berlin", "munich", "dresden")
PER_SITE = 17
TOTAL = PER_SITE * len(SITES)
VOILA_FIELDS = (
    "structure_features,chemical_formula_descriptive,chemical_formula_reduced,elements,nsites,"
    "lattice_vectors,species,cartesian_site_positions,species_at_sites,chemical_formula_hill,"
    "nelements,nperiodic_dimensions,last_modified,elements_ratios,dimension_types"
)


def made_config() -> Config:
    return Config(
        provider=ProviderKeys(prefix="fed", name="F", description="D"),
        sites=tuple(SiteKeys(name=name, url=f"http://{name}.example/api/v1") for name in SITES),
        cache=CacheKeys(backend="none"),
    )


def made_transport(site: str) -> httpx.ASGITransport:
    lines = [oxide(f"{site}_-{number:02}", oxygens=1 + number % 4) for number in range(PER_SITE)]
    return httpx.ASGITransport(app=create_demo_oasis(lines, path=""))


def oxide(entry_id: str, *, oxygens: int) -> DemoLine:
    """A structure that agrees with itself: one titanium, some oxygens."""
    formula = f"O{oxygens if oxygens > 1 else ''}Ti"
    count = oxygens + 1
    return make_line(
        entry_id,
        nsites=count,
        elements_ratios=[oxygens / count, 1 / count],
        chemical_formula_descriptive=formula,
        chemical_formula_reduced=formula,
        chemical_formula_hill=formula,
        chemical_formula_anonymous=f"A{oxygens}B" if oxygens > 1 else "AB",
        species_at_sites=["Ti", *["O"] * oxygens],
        cartesian_site_positions=[[float(target), 0.0, 0.0] for target in range(count)],
    )


@pytest.fixture(scope="module")
def transports() -> dict[str, httpx.AsyncBaseTransport]:
    return {site: made_transport(site) for site in SITES}


@pytest.fixture
async def web(transports: dict[str, httpx.AsyncBaseTransport]) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(made_config(), transports=transports)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://gateway.example"
        ) as client,
    ):
        yield client


async def read(web: httpx.AsyncClient, url: str, **headers: str) -> dict[str, object]:
    response = await web.get(url, headers=headers)
    assert response.status_code == 200, response.text
    document = response.json()
    assert "errors" not in document
    return document


async def test_optimade_client(web: httpx.AsyncClient) -> None:
    """OptimadeClient counts with one entry, then follows next through pages of one size."""
    base = "/v1/structures?filter=nelements>=1"
    count = await read(web, f"{base}&response_fields=id&page_limit=1")
    assert count["meta"]["data_returned"] == TOTAL
    assert count["meta"]["data_available"] == TOTAL
    assert isinstance(count["meta"]["request_delay"], int | float)
    assert count["data"][0]["attributes"] == {}
    pages, url = [], f"{base}&page_limit=10&sort=nsites"
    while url:
        document = await read(web, url)
        pages.append([one["id"] for one in document["data"]])
        url = document["links"].get("next")
    assert [len(page) for page in pages] == [10, 10, 10, 10, 10, 1]
    assert len({id_ for page in pages for id_ in page}) == TOTAL
    info = await read(web, "/v1/info/structures?response_fields=id&page_limit=1")
    assert "nsites" in info["data"]["properties"]


async def test_optimade_client_beyond_the_end(web: httpx.AsyncClient) -> None:
    """Its search for a count begins far beyond the end and expects an empty page."""
    document = await read(web, "/v1/structures?page_offset=1000000&page_limit=1")
    assert document["data"] == []
    assert document["meta"]["data_returned"] == TOTAL


async def test_pymatgen(web: httpx.AsyncClient) -> None:
    """OptimadeRester reads the provider, and builds structures from lattice, positions, species."""
    provider = (await read(web, "/v1/info"))["meta"]["provider"]
    assert {"name", "description", "prefix"} <= set(provider)
    fields = "species,lattice_vectors,cartesian_site_positions,species_at_sites,nsites"
    filter_ = quote('(elements HAS ALL "Ti") AND (nsites>=1)')
    document = await read(web, f"/v1/structures?filter={filter_}&response_fields={fields}")
    assert len(document["data"]) == 20
    for one in document["data"]:
        assert set(one["attributes"]) == set(fields.split(","))
        names = [species["name"] for species in one["attributes"]["species"]]
        assert names == list(dict.fromkeys(one["attributes"]["species_at_sites"]))


async def test_voila(web: httpx.AsyncClient) -> None:
    """voila sends page_offset, page_number and sort together, and reads both out of links."""
    assert (await web.get("/versions")).text.splitlines()[1] == "1"
    info = await read(web, "/v1/info/structures")
    assert all("sortable" in one for one in info["data"]["properties"].values())
    least = await read(web, "/v1/structures?sort=nsites&page_limit=1")
    most = await read(web, "/v1/structures?sort=-nsites&page_limit=1")
    assert least["data"][0]["attributes"]["nsites"] == 2
    assert most["data"][0]["attributes"]["nsites"] == 5
    query = {
        "filter": '( nelements>=1 ) AND ( NOT structure_features HAS ANY "assemblies" )',
        "page_limit": "10",
        "page_offset": "0",
        "page_number": "1",
        "sort": "nsites",
        "response_format": "json",
        "response_fields": VOILA_FIELDS,
    }
    document = await read(web, f"/v1/structures?{urlencode(query)}")
    EntryResponseMany(**document)
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["meta"]["api_version"])
    seen = [one["id"] for one in document["data"]]
    offset = 0
    while "next" in document["links"]:
        link = document["links"]["next"]
        parts = urlsplit(link)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        assert int(parameters["page_offset"]) == offset + 10
        offset += 10
        document = await read(web, f"{parts.path}?{urlencode(sorted(parameters.items()))}")
        seen += [one["id"] for one in document["data"]]
    assert len(seen) == len(set(seen)) == TOTAL
    third = await read(web, f"/v1/structures?{urlencode({**query, 'page_number': '3'})}")
    assert [one["id"] for one in third["data"]] == seen[20:30]


async def test_voila_links_back_and_last(web: httpx.AsyncClient) -> None:
    """Its buttons follow first, prev, next and last, which are strings."""
    url = "/v1/structures?page_limit=10&sort=-nsites"
    first = await read(web, url)
    last = await read(web, first["links"]["last"])
    assert [len(last["data"]), "next" in last["links"]] == [1, False]
    assert dict(parse_qsl(urlsplit(first["links"]["last"]).query))["page_offset"] == "50"
    before = await read(web, last["links"]["prev"])
    assert len(before["data"]) == 10
    again = await read(web, before["links"]["first"])
    assert [one["id"] for one in again["data"]] == [one["id"] for one in first["data"]]


async def test_react_client(web: httpx.AsyncClient) -> None:
    """The Materials Cloud client uses unversioned URLs and offsets, and counts on 20 a page."""
    assert (await read(web, "/info/"))["data"]["id"] == "/"
    assert (await read(web, "/info/structures"))["data"]["id"] == "structures"
    ids = []
    for page in (1, 2, 3):
        url = f"/v1/structures?filter=nelements>=1&page_offset={(page - 1) * 20}"
        document = await read(web, url)
        ids += [one["id"] for one in document["data"]]
        again = await read(web, f"{url}&response_fields=nsites,elements")
        assert [one["id"] for one in again["data"]] == [one["id"] for one in document["data"]]
        assert set(again["data"][0]["attributes"]) == {"nsites", "elements"}
    assert len(ids) == len(set(ids)) == TOTAL
    children = [
        link["attributes"]
        for link in (await read(web, "/index/v1/links"))["data"]
        if link["attributes"]["link_type"] == "child"
    ]
    assert all(isinstance(child["base_url"], str) for child in children)


async def test_tilde_lab(web: httpx.AsyncClient) -> None:
    """optimade.science finds its version by api_version, and page limits in the words of a 403."""
    attributes = (await read(web, "/v1/info"))["data"]["attributes"]
    (url, *_) = (
        version["url"]
        for version in attributes["available_api_versions"]
        if version["version"] == attributes["api_version"]
    )
    assert "structures" in attributes["available_endpoints"]
    probe = f'{url}/structures?filter=chemical_formula_anonymous="A2B"&page_limit=1000'
    response = await web.get(probe)
    assert response.status_code == 403
    numbers = [int(word) for word in re.findall(r"\d+", response.json()["errors"][0]["detail"])]
    assert [number for number in numbers if number < 1000] == [500]
    await read(web, f"{url}/structures?filter=nsites=1&page_limit=10&page_number=&page_offset=")


async def test_tilde_lab_preflight(web: httpx.AsyncClient) -> None:
    """Its requests carry headers that browsers ask about beforehand."""
    asked = {
        "Origin": "https://optimade.science",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-requested-with,user-agent",
    }
    response = await web.options("/v1/structures?filter=nsites=1", headers=asked)
    assert response.status_code == 204
    assert "x-requested-with" in response.headers["access-control-allow-headers"]


async def test_matterviz(web: httpx.AsyncClient) -> None:
    """matterviz asks for links, then entries by an id that is percent-encoded throughout."""
    accept = "application/vnd.api+json"
    for path in ("/links", "/v1/links"):
        kinds = {
            link["attributes"]["link_type"]
            for link in (await read(web, path, accept=accept))["data"]
        }
        assert "child" in kinds
    page = await read(web, "/v1/structures?page_limit=12&page_offset=0", accept=accept)
    id_ = page["data"][0]["id"]
    encoded = "".join(f"%{ord(letter):02X}" for letter in id_)
    entry = await read(web, f"/v1/structures/{encoded}", accept=accept)
    assert entry["data"]["id"] == id_


async def test_jmol(web: httpx.AsyncClient) -> None:
    """Jmol loads the entries of a listing by these attributes, which are not null."""
    document = await read(web, "/v1/structures?filter=nsites=2")
    assert document["data"]
    assert isinstance(document["data"], list)
    for one in document["data"]:
        assert one["type"] == "structures"
        for name in ("dimension_types", "lattice_vectors", "species", "species_at_sites",
                     "cartesian_site_positions", "chemical_formula_descriptive"):  # fmt: skip
            assert one["attributes"][name] is not None


async def test_xerus(web: httpx.AsyncClient) -> None:
    """Xerus asks with HAS ONLY and writes ids into file names."""
    filter_ = quote('elements HAS ONLY "Ti","O"')
    document = await read(web, f"/structures?filter={filter_}&page_limit=10")
    assert document["meta"]["more_data_available"] is True
    assert all(re.fullmatch(r"[A-Za-z0-9_.~-]+", one["id"]) for one in document["data"])


async def test_adapters(web: httpx.AsyncClient) -> None:
    """The adapters to other packages validate each resource strictly."""
    document = await read(web, "/v1/structures?page_limit=60")
    assert len(document["data"]) == TOTAL
    for one in document["data"]:
        StructureResource(**one)


async def test_shell_scripts(web: httpx.AsyncClient) -> None:
    """curl sends quotes, commas and pluses as they were typed."""
    response = await web.get(
        httpx.URL("http://gateway.example/v1/structures").copy_with(
            raw_path=b'/v1/structures?filter=elements+HAS+ALL+"Ti","O"+AND+nsites<3'
        )
    )
    assert response.status_code == 200
    assert response.json()["meta"]["data_returned"] > 0


@pytest.mark.parametrize(
    ("filter_", "status"),
    [
        ("crazyfield = 2", 400),
        ("_crazyprovider_field=2", 200),
        ("_fed_crazyfield=2", 400),
        ("1 <= nsites", 200),
        ('id CONTAINS "berlin~"', 200),
        ('type = "structures"', 200),
        ("nsites = ", 400),
    ],
)
async def test_validator(web: httpx.AsyncClient, filter_: str, status: int) -> None:
    """What optimade-validator tries of unknown names, constants first, and ids."""
    response = await web.get("/v1/structures", params={"filter": filter_, "page_limit": 4})
    assert response.status_code == status


async def test_all_sites_down() -> None:
    """When every site fails the answer is an error with Retry-After, not an empty success."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    down = dict.fromkeys(SITES, httpx.MockTransport(refuse))
    app = create_app(made_config(), transports=down)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as web,
    ):
        for path in ("/v1/structures", "/v1/structures/berlin~x"):
            response = await web.get(path)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert "data" not in response.json()


async def test_one_site_down(transports: dict[str, httpx.AsyncBaseTransport]) -> None:
    """When one site fails the others' entries come, with a warning and never with `errors`."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    app = create_app(
        made_config(), transports={**transports, "munich": httpx.MockTransport(refuse)}
    )
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway.example") as web,
    ):
        response = await web.get("/v1/structures?page_limit=40")
        document = response.json()
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        EntryResponseMany(**document)
        assert len(document["data"]) == 2 * PER_SITE
        assert any("munich" in one["detail"] for one in document["meta"]["warnings"])
        states = {one["name"]: one["state"] for one in document["meta"]["_fed_sites"]}
        assert states["munich"] == "failed"
        forbidden = await web.get("/v1/structures?page_limit=40&_fed_partial=forbid")
        assert forbidden.status_code == 503
