"""docs/reference/http.md tells every endpoint, parameter, part of an answer and header."""

import re

import httpx

from tests.docs.pages import code_of, read_page

PAGE = read_page("reference/http.md")
PAGES_FOR_PEOPLE = {
    "/openapi.json": 200,
    "/docs": 200,
    "/redoc": 308,
    "/entry/<id>": 404,
    "/assets/<digest>/<path>": 404,
}
"""Outside the OpenAPI document, and how they answer as they are written here."""
FROM_THE_SERVER = {"content-type", "content-length", "vary", "content-encoding"}
"""Headers that HTTP itself demands."""


def named(text: str) -> str:
    """With the demo's prefix."""
    return text.replace("<prefix>", "demo")


async def test_endpoints(demo: httpx.AsyncClient) -> None:
    """Each endpoint has its row, with its methods."""
    paths = (await demo.get("/openapi.json")).json()["paths"]
    served = {
        re.sub(r"\{\w+\}", "<id>", path): {method.upper() for method in operations}
        for path, operations in paths.items()
        if not path.startswith("/index")
    }
    documented = {
        path: set(row[1].split(", ")) for row in PAGE.under("Endpoints") for path in code_of(row[0])
    }
    assert documented == served | {path: {"GET"} for path in PAGES_FOR_PEOPLE}
    for path, status in PAGES_FOR_PEOPLE.items():
        assert (await demo.get(path)).status_code == status


async def test_base_urls(demo: httpx.AsyncClient) -> None:
    """The base URLs are served, under each version of the page."""
    bases = [code_of(row[0])[0].replace("<name>", "berlin") for row in PAGE.under("Base URLs")]
    versions = [word for word in code_of(PAGE.prose) if re.fullmatch(r"/v[\d.]+", word)]
    for base in bases:
        for version in ("", *versions):
            address = f"{base.rstrip('/')}{version}/info"
            assert (await demo.get(address)).status_code == 200, address
    assert set(versions) == {"/v1", "/v1.3", "/v1.3.0"}


async def test_parameters(demo: httpx.AsyncClient) -> None:
    """Each parameter has its row."""
    detail = (await demo.get("/v1/structures?nonsense=1")).json()["errors"][0]["detail"]
    allowed = detail.split("Allowed are ")[1].rstrip(".").split(", ")
    rows = PAGE.under("Parameters of listings")
    assert sorted(named(word) for row in rows for word in code_of(row[0])) == sorted(allowed)


async def test_formats(demo: httpx.AsyncClient) -> None:
    """Each response format is told."""
    formats = (await demo.get("/v1/info")).json()["data"]["attributes"]["formats"]
    (row,) = [row for row in PAGE.rows if row[0] == "`response_format`"]
    assert [named(word) for word in code_of(row[1])] == formats


async def test_meta(demo: httpx.AsyncClient) -> None:
    """Each member of meta and of links has its row."""
    address = "/sites/berlin/v1/structures?page_limit=1&page_offset=1&filter=nsites>0 OR _x_y=1"
    document = (await demo.get(address)).json()
    documented = {
        named(word).split("[")[0] for row in PAGE.under("Answers") for word in code_of(row[0])
    }
    documented |= {
        f"{path.rpartition('.')[0]}.{word}"
        for path in documented
        for word in documented
        if "." in path
    }
    untold = {"meta.api_version", "meta.time_stamp"}  # the specification's own, always the same
    members = {f"{part}.{name}" for part in ("links", "meta") for name in document[part]} - untold
    assert members - documented - {"meta.query"} == set()


async def test_headers(demo: httpx.AsyncClient, without_munich: httpx.AsyncClient) -> None:
    """Each header of answers has its row."""
    answers = [
        await demo.get("/v1/structures?page_limit=1"),
        await demo.delete("/v1/structures"),
        await without_munich.get("/v1/structures/munich~abc"),
    ]
    found = {name for answer in answers for name in answer.headers} - FROM_THE_SERVER
    documented = {
        word.partition(":")[0].lower() for row in PAGE.under("Headers") for word in code_of(row[0])
    }
    unsaid = {"access-control-expose-headers"}
    assert found - documented - unsaid == set()
