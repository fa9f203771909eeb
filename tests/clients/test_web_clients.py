"""What web clients and scripts put on the wire, byte for byte, to the running server."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.clients.conftest import Optimade

LINKS = ("first", "prev", "next", "last")
ORIGIN = "https://optimade.science"


def send(
    url: str, target: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    """One request whose target goes out as it stands, quotes and all."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection._validate_path = lambda _: None  # type: ignore[attr-defined]  # curl does not care
    try:
        connection.request(method, target, headers=dict(headers or {}))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def read(url: str, target: str, **headers: str) -> dict[str, Any]:
    response, body = send(url, target, headers=headers)
    assert response.status == 200, body
    document = json.loads(body)
    assert isinstance(document, dict)
    assert "errors" not in document
    return document


def ids_of(document: Mapping[str, Any]) -> list[str]:
    return [one["id"] for one in document["data"]]


def matching(held: Mapping[str, Optimade], *elements: str, nelements: int) -> set[str]:
    return {
        id_
        for id_, one in held.items()
        if set(elements) <= set(one["elements"]) and one["nelements"] == nelements
    }


@pytest.mark.parametrize(
    "typed",
    [
        'elements+HAS+ALL+"Si","O"+AND+nelements=2',
        'elements%20HAS%20ALL%20"Si","O"%20AND%20nelements=2',
        "elements%20HAS%20ALL%20%22Si%22%2C%22O%22%20AND%20nelements%3D2",
        'elements HAS ALL "Si","O" AND nelements=2'.replace(" ", "+"),
        '(elements+HAS+ALL+"Si","O")+AND+(nelements>=2)+AND+(nelements<3)',
    ],
)
def test_typed_urls(gateway_url: str, held: Mapping[str, Optimade], typed: str) -> None:
    """curl and requests leave quotes, commas, brackets and < > as typed; a plus is a space."""
    document = read(gateway_url, f"/v1/structures?filter={typed}&page_limit=100")
    assert set(ids_of(document)) == matching(held, "Si", "O", nelements=2)


def test_escaped_plus(gateway_url: str) -> None:
    """A real plus is %2B: inside a string it is looked for, not a space."""
    document = read(gateway_url, '/v1/structures?filter=chemical_formula_hill+CONTAINS+"%2B"')
    assert document["meta"]["data_returned"] == 0


@pytest.mark.parametrize("query", ["", "&sort=-nsites", "&page_offset=40", "&page_number=3"])
def test_string_links(gateway_url: str, query: str) -> None:
    """voila and ipyoptimade parse links as strings and read page_offset out of each."""
    links = read(gateway_url, f"/v1/structures?page_limit=20&response_fields=nsites{query}")[
        "links"
    ]
    assert {"first", "next", "last"} <= set(links)
    for name in set(LINKS) & set(links):
        assert isinstance(links[name], str)
        asked = parse_qs(urlsplit(links[name]).query)
        assert int(asked["page_offset"][0]) % 20 == 0
        assert asked["page_limit"] == ["20"]
        assert asked["response_fields"] == ["nsites"]
        assert links[name].startswith(f"{gateway_url}/v1/structures?")


def test_ipyoptimade(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """ipyoptimade sorts by id unless told otherwise, and jumps to the last page by its link."""
    query = urlencode(
        {"page_limit": 10, "page_offset": 0, "page_number": 1, "sort": "id",
         "response_format": "json", "response_fields": "nsites"}
    )  # fmt: skip
    first = read(gateway_url, f"/v1/structures?{query}")
    assert first["meta"]["data_returned"] == len(held)
    assert ids_of(first) == sorted(ids_of(first))
    target = urlsplit(first["links"]["last"])
    last = read(gateway_url, f"{target.path}?{target.query}")
    assert ids_of(last)[-1] == max(held)
    assert ids_of(first)[0] == min(held)


@pytest.mark.parametrize("name", ["nsites", "nelements"])
def test_sliders(gateway_url: str, held: Mapping[str, Optimade], name: str) -> None:
    """Sliders of web clients find the least and the greatest value with two sorted requests."""
    known = [one[name] for one in held.values() if name in one]
    for sort, expected in ((name, min(known)), (f"-{name}", max(known))):
        target = f"/v1/structures?sort={sort}&page_limit=1&response_fields={name}"
        (entry,) = read(gateway_url, target)["data"]
        assert entry["attributes"][name] == expected


def test_react_element_batches(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """The Materials Cloud client asks for 32 elements at a time, without a page_limit."""
    batch = ["H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P",
             "S", "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu",
             "Zn", "Ga", "Ge"]  # fmt: skip
    wanted = ", ".join(f'"{one}"' for one in batch)
    query = urlencode({"filter": f"elements HAS ANY {wanted}", "page_offset": 0})
    document = read(gateway_url, f"/v1/structures?{query}")
    assert len(document["data"]) == 20
    assert document["meta"]["data_returned"] == sum(
        1 for one in held.values() if set(batch) & set(one["elements"])
    )


def test_aim2dat(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """aim2dat asks for reduced formulas in alphabetical order."""
    query = urlencode({"filter": 'chemical_formula_reduced="O2Si"', "page_limit": 100})
    assert set(ids_of(read(gateway_url, f"/v1/structures?{query}"))) == {
        id_ for id_, one in held.items() if one.get("chemical_formula_reduced") == "O2Si"
    }


def test_mcp_servers(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """Servers for language models ask with HAS ONLY; the whole first page is a small text."""
    query = urlencode({"filter": 'elements HAS ONLY "Si","O"', "page_limit": 5})
    response, body = send(gateway_url, f"/v1/structures?{query}")
    assert response.status == 200
    assert len(body) < 100_000
    assert json.loads(body)["meta"]["data_returned"] == sum(
        1 for one in held.values() if one["elements"] and set(one["elements"]) <= {"Si", "O"}
    )


def test_page_limit_refusal(gateway_url: str) -> None:
    """The refusal names the maximum and what was asked for, and holds no other number."""
    target = '/v1/structures?filter=chemical_formula_anonymous="A2B"&page_limit=1000'
    response, body = send(gateway_url, target, headers={"Origin": ORIGIN})
    (error,) = json.loads(body)["errors"]
    numbers = "".join(letter if letter.isdigit() else " " for letter in error["detail"]).split()
    assert response.status == 403
    assert sorted(numbers) == ["1000", "500"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "data" not in json.loads(body)


@pytest.mark.parametrize(
    "asked", ["x-requested-with,user-agent,origin", "authorization", "x-anything-at-all"]
)
def test_preflight(gateway_url: str, asked: str) -> None:
    """A browser's question before a request with headers of its own is answered with yes."""
    response, body = send(
        gateway_url,
        "/v1/structures?filter=nsites=1",
        method="OPTIONS",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": asked,
        },
    )
    assert (response.status, body) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Access-Control-Allow-Headers"] == asked
    assert "GET" in response.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Accept": "application/vnd.api+json"},
        {"Accept": "application/vnd.api+json, application/json;q=0.9, */*;q=0.1"},
        {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
        {"Accept-Encoding": "gzip, deflate, br, zstd;q=0", "X-Requested-With": "XMLHttpRequest"},
        {"Origin": ORIGIN, "X-Requested-With": "XMLHttpRequest", "User-Agent": "tilde-lab"},
        {"Content-Type": "application/json"},
        {"User-Agent": ""},
    ],
)
def test_headers(gateway_url: str, headers: dict[str, str]) -> None:
    """Whatever common headers say, the answer is the document, and any page may read it."""
    response, body = send(gateway_url, "/v1/structures?page_limit=1", headers=headers)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/vnd.api+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    if "Content-Encoding" not in response.headers:
        assert json.loads(body)["data"]


@pytest.mark.parametrize("target", ["/v1/structures?page_limit=2", "/v1/info", "/versions", "/"])
def test_head(gateway_url: str, target: str) -> None:
    """HEAD answers as GET does, without the body."""
    got, _ = send(gateway_url, target)
    response, body = send(gateway_url, target, method="HEAD")
    assert (response.status, body) == (got.status, b"")
    assert response.headers["Content-Type"] == got.headers["Content-Type"]


def test_encoded_and_raw_ids(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """matterviz percent-encodes ids throughout; others send them as they are."""
    id_ = min(held)
    for sent in (id_, "".join(f"%{ord(letter):02X}" for letter in id_), id_.replace("~", "%7E")):
        assert read(gateway_url, f"/v1/structures/{sent}")["data"]["id"] == id_
