"""Listings and single entries as documents: data, links, meta, headers."""

import asyncio
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from optimade.models import EntryResponseMany, EntryResponseOne

from gateway.model import (
    Facet,
    FacetValue,
    Notice,
    Resource,
    SearchAnswer,
    SearchRequest,
    SiteReport,
)
from gateway.serve.request.packed_filter import pack_filter
from tests.serve.conftest import FakeFederation

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")

SI_O = 'elements HAS ALL "Si","O"'


async def test_document(client: httpx.AsyncClient) -> None:
    """A page is a valid OPTIMADE document of JSON:API's type, without parameters."""
    response = await client.get("/v1/structures", params={"filter": SI_O, "page_limit": 2})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.api+json"
    document = response.json()
    EntryResponseMany(**document)
    assert list(document) == ["jsonapi", "data", "links", "meta"]
    assert document["jsonapi"]["version"] == "1.1"
    assert document["jsonapi"]["meta"] == {"api": "OPTIMADE", "api-version": "1.3.0"}
    assert [one["id"] for one in document["data"]] == ["berlin~entry_0", "berlin~entry_1"]
    assert set(document["data"][0]) == {"type", "id", "attributes"}


async def test_meta(client: httpx.AsyncClient) -> None:
    """meta has all that the specification requires and recommends."""
    meta = (await client.get("/v1/structures?page_limit=2")).json()["meta"]
    assert meta["api_version"] == "1.3.0"
    assert meta["query"] == {"representation": "/structures?page_limit=2"}
    assert meta["more_data_available"] is True
    assert (meta["data_returned"], meta["data_available"]) == (45, 50)
    assert meta["time_stamp"].endswith("Z")
    assert datetime.fromisoformat(meta["time_stamp"]).tzinfo is not None
    assert meta["schema"] == "http://gateway.example/openapi.json"
    assert meta["request_delay"] == 0.0
    assert meta["provider"] == {
        "name": "My federation",
        "description": "Two Oases",
        "prefix": "fed",
        "homepage": "https://f.example",
    }
    implementation = meta["implementation"]
    assert implementation["name"] == "nomad-optimade-gateway"
    assert implementation["version"]
    assert implementation["issue_tracker"] == "https://issues.example.org"
    assert implementation["source_url"] == "https://source.example.org"
    assert implementation["maintainer"] == {"email": "team@example.org"}
    assert meta["_fed_sites"] == [
        {
            "name": "berlin",
            "state": "ok",
            "reason": None,
            "total": 45,
            "returned": 2,
            "milliseconds": 1.2,
        },
        {
            "name": "munich",
            "state": "pruned",
            "reason": "no entry can match the filter",
            "total": None,
            "returned": 0,
            "milliseconds": None,
        },
    ]
    assert "warnings" not in meta
    assert "database" not in meta


@pytest.mark.parametrize(
    ("url", "representation"),
    [
        ("/v1/structures", "/structures"),
        ("/structures/?filter=nsites=1", "/structures?filter=nsites=1"),
        ("/v1.3/structures?filter=nsites%3D1", "/structures?filter=nsites%3D1"),
        ("/sites/berlin/v1/structures?page_limit=1", "/structures?page_limit=1"),
        ("/v1/structures/berlin~entry_1", "/structures/berlin~entry_1"),
        ("/v1/info/structures", "/info/structures"),
        ("/index/v1/links?api_hint=v1", "/links?api_hint=v1"),
        ("/v1/nowhere?x=1", "/nowhere?x=1"),
    ],
)
async def test_representation(client: httpx.AsyncClient, url: str, representation: str) -> None:
    """meta.query.representation is what follows the base URL."""
    document = (await client.get(url)).json()
    assert document["meta"]["query"]["representation"] == representation


async def test_walk(client: httpx.AsyncClient) -> None:
    """links.next leads through all pages, each once; every link is new, the last page has none."""
    url, seen, links = "/v1/structures?page_limit=7&sort=nsites", [], []
    while url:
        document = (await client.get(url)).json()
        seen += [one["id"] for one in document["data"]]
        links.append(url)
        url = document["links"].get("next")
        assert document["meta"]["more_data_available"] is bool(url)
    assert seen == [f"berlin~entry_{number}" for number in range(45)]
    assert len(set(links)) == len(links) == 7


async def test_links_are_plain(client: httpx.AsyncClient) -> None:
    """Links are absolute strings with all parameters kept; some clients parse nothing else."""
    query = {
        "filter": 'a="x+y&z#%;é" AND b=" " OR c<=2',
        "page_limit": "5",
        "page_offset": "10",
        "sort": "-nsites",
        "response_fields": "nsites,id",
        "_fed_sites": "berlin",
        "_exmpl_key": "1",
        "email_address": "a@b.example",
        "include": "",
    }
    links = (await client.get("/v1.3/structures", params=query)).json()["links"]
    assert set(links) == {"first", "prev", "next", "last", "base_url"}
    assert links["base_url"] == "http://gateway.example"
    for name in ("first", "prev", "next", "last"):
        parts = urlsplit(links[name])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
            "http://gateway.example/v1.3/structures"
        )
        kept = {key: values[-1] for key, values in parse_qs(parts.query, True).items()}
        assert {key: kept[key] for key in query if key != "page_offset"} == {
            key: value for key, value in query.items() if key != "page_offset"
        }
        assert int(kept["page_offset"]) == {"first": 0, "prev": 5, "next": 15, "last": 40}[name]
        assert ("page_cursor" in kept) == (name != "first")
        assert not {"page_number", "page_above"} & set(kept)


async def test_first_and_last_page(client: httpx.AsyncClient) -> None:
    """The first page has no prev, the last no next; null links are left out."""
    first = (await client.get("/v1/structures?page_limit=30")).json()["links"]
    last = (await client.get("/v1/structures?page_limit=30&page_number=2")).json()["links"]
    assert set(first) == {"first", "next", "last", "base_url"}
    assert set(last) == {"first", "prev", "last", "base_url"}


async def test_past_the_end(client: httpx.AsyncClient, federation) -> None:
    """Past the end, however far, data is an empty list."""
    response = await client.get("/v1/structures?page_offset=1000000")
    assert response.status_code == 200
    assert response.json()["data"] == []
    assert response.json()["meta"]["data_returned"] == 45


@pytest.mark.parametrize("answer", [{}, {"included": ()}, {"notices": ()}])
async def test_no_empty_leftovers(client: httpx.AsyncClient, federation, changed, answer) -> None:
    """errors, included and warnings are left out where there are none."""
    federation.answer = changed(federation, **answer)
    document = (await client.get("/v1/structures")).json()
    assert set(document) == {"jsonapi", "data", "links", "meta"}
    assert None not in document.values()
    assert "warnings" not in document["meta"]
    assert None not in document["links"].values()


async def test_included_and_relationships(client: httpx.AsyncClient, federation, changed) -> None:
    """Related entries and the members of a resource stand where JSON:API has them."""
    reference = Resource("references", "doi", {"doi": "10.1/x"})
    related = {"references": {"data": [{"type": "references", "id": "doi"}]}}
    resource = Resource(
        "structures", "berlin~a", {"nsites": 1}, related, {"self": "http://x"}, {"a": 1}
    )
    federation.answer = changed(federation, resources=(resource,), included=(reference,))
    document = (await client.get("/v1/structures")).json()
    assert document["included"] == [
        {"type": "references", "id": "doi", "attributes": {"doi": "10.1/x"}}
    ]
    (one,) = document["data"]
    assert one["relationships"] == related
    assert one["links"] == {"self": "http://x"}
    assert one["meta"] == {"a": 1}


async def test_warnings(client: httpx.AsyncClient, federation, changed) -> None:
    """A warning has type, detail and no status; codes begin with the prefix; none comes twice."""
    federation.answer = changed(
        federation,
        notices=(
            Notice("Site missing", "munich timed out", "site_failed"),
            Notice("Site missing", "munich timed out", "site_failed"),
            Notice("Other", "own code", "_fed_other"),
        ),
    )
    document = (await client.get("/structures?_exmpl_x=1&api_hint=v1.9")).json()
    assert "errors" not in document
    EntryResponseMany(**document)
    assert document["meta"]["warnings"][1] == {
        "type": "warning",
        "code": "_fed_parameter_ignored",
        "title": "Parameter ignored",
        "detail": "The parameter '_exmpl_x' is not this provider's own and was ignored.",
    }
    codes = [warning["code"] for warning in document["meta"]["warnings"]]
    assert codes == [
        "_fed_api_hint", "_fed_parameter_ignored", "_fed_site_failed", "_fed_other",
    ]  # fmt: skip
    assert all("status" not in warning for warning in document["meta"]["warnings"])
    versioned = (await client.get("/v1/structures?api_hint=v1.9")).json()
    assert "_fed_api_hint" not in str(versioned["meta"])


async def test_single_entry(client: httpx.AsyncClient, federation) -> None:
    """A single entry is one object."""
    document = (await client.get("/v1/structures/berlin~entry_1?response_fields=nsites")).json()
    EntryResponseOne(**document)
    assert document["data"]["id"] == "berlin~entry_1"
    assert document["meta"]["data_returned"] == 1
    assert document["meta"]["more_data_available"] is False
    assert federation.last.response_fields == ("nsites",)


async def test_unknown_entry(client: httpx.AsyncClient) -> None:
    """An unknown id is 200 with `data: null` (section "Single Entry JSON Response Schema")."""
    response = await client.get("/v1/structures/berlin~nothing")
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["meta"]["data_returned"] == 0


@pytest.mark.parametrize(
    ("path", "id_"),
    [
        ("berlin~a-b_c.d", "berlin~a-b_c.d"),
        ("berlin%7Ea", "berlin~a"),
        ("berlin%7Ea/", "berlin~a"),
        ("a%2Fb", "a/b"),
        ("a/b", "a/b"),
        ("%C3%A9", "é"),
        ("a%20b%3Fc", "a b?c"),
        ("a%0Ab%0D%0A", "a\nb\r\n"),
        ("info", "info"),
    ],
)
async def test_ids(client: httpx.AsyncClient, federation, path: str, id_: str) -> None:
    """Ids come percent-encoded or not, even with slashes."""
    response = await client.get(f"/v1/structures/{path}")
    assert response.status_code == 200
    assert federation.last.id == id_


async def test_site_view(client: httpx.AsyncClient, federation) -> None:
    """/sites/<name> is the same API for one site, which meta.database names."""
    document = (await client.get("/sites/berlin/v1/structures?page_limit=1")).json()
    assert federation.last.sites == ("berlin",)
    assert document["meta"]["database"] == {
        "id": "berlin",
        "name": "Berlin Oasis",
        "description": "",
    }
    assert document["links"]["next"].startswith(
        "http://gateway.example/sites/berlin/v1/structures?page_limit=1&page_cursor="
    )
    assert document["links"]["base_url"] == "http://gateway.example/sites/berlin"
    await client.get("/sites/berlin/structures/berlin~x")
    assert federation.last.sites == ("berlin",)


async def test_post(client: httpx.AsyncClient, federation) -> None:
    """A form takes the parameters of a query string, for filters longer than a URL can be."""
    long = " OR ".join(f"nsites={number}" for number in range(4000))
    response = await client.post("/v1/structures", data={"filter": long, "page_limit": "3"})
    assert response.status_code == 200
    assert isinstance(federation.last, SearchRequest)
    assert federation.last.filter == long
    assert federation.last.page_limit == 3
    assert "page_limit=3" in response.json()["links"]["next"]
    assert response.json()["meta"]["query"]["representation"].endswith("&page_limit=3")


async def test_post_with_query(client: httpx.AsyncClient, federation) -> None:
    """Form and query string count together; a parameter in both is given twice."""
    await client.post("/v1/structures?page_limit=3", data={"filter": "a=1"})
    assert (federation.last.page_limit, federation.last.filter) == (3, "a=1")
    response = await client.post("/v1/structures?page_limit=3", data={"page_limit": "4"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["source"] == {"parameter": "page_limit"}


async def test_form_and_query_have_one_bound(client: httpx.AsyncClient, federation) -> None:
    """A hundred parameters, wherever they stand; what is said twice counts once."""
    some = {f"_exmpl_{number}": "x" for number in range(60)}
    more = {f"_exmpl_{number}": "x" for number in range(50, 110)}
    response = await client.post("/v1/structures", params=some, data=some)
    assert response.status_code == 200
    response = await client.post("/v1/structures", params=some, data=more)
    assert response.status_code == 400
    assert "has 110 parameters" in response.json()["errors"][0]["detail"]


async def test_links_after_a_post_stay_short(client: httpx.AsyncClient, federation) -> None:
    """A long filter is packed in them, so that GET is enough; a short one stands as it is."""
    terms = [f"nsites={number}" for number in range(1_000)]
    long = " OR ".join(terms)
    first = await client.post("/v1/structures", data={"filter": long, "page_limit": "3"})
    links = first.json()["links"]
    assert len(links["next"]) < len(long) / 2
    assert "&page_limit=3&" in links["next"]
    for name in ("first", "next", "last"):
        followed = await client.get(links[name])
        assert federation.last.filter == long
        assert federation.last.page_limit == 3
        assert len(followed.json()["links"]["next" if name != "last" else "prev"]) < len(long) / 2
    again = await client.post(links["next"], data={"filter": long, "page_limit": "3"})
    assert again.status_code == 200
    assert federation.last.cursor == "at_3"
    assert again.json()["links"]["first"] == links["first"]
    short = await client.post("/v1/structures", data={"filter": "nsites=2"})
    assert "?filter=nsites=2&" in short.json()["links"]["next"]
    got = await client.get("/v1/structures", params={"filter": long})
    assert "packed" not in got.json()["links"]["next"]


@pytest.mark.parametrize(
    ("query", "form", "says"),
    [
        (f"_fed_packed_filter={pack_filter('a=1')}", {"filter": "a=2"}, "different things"),
        ("_fed_packed_filter=abc", {}, "damaged"),
        ("_fed_packed_filter=ü", {}, "damaged"),
        (f"_fed_packed_filter={pack_filter('a=1')[:-3]}", {}, "damaged"),
        (f"_fed_packed_filter={pack_filter('a' * 16_385)}", {}, "more than 16384"),
        (f"_fed_packed_filter={pack_filter('ü' * 20_000_000)}", {}, "more than 16384"),
    ],
)
async def test_packed_filters_are_checked(
    client: httpx.AsyncClient, query: str, form: dict[str, str], says: str
) -> None:
    """Like any input; no more is unpacked than a filter may have."""
    response = await client.post(f"/v1/structures?{query}", data=form)
    assert response.status_code == 400
    assert says in response.json()["errors"][0]["detail"]


async def test_empty_post(client: httpx.AsyncClient, federation) -> None:
    """A POST without a body is a listing of everything."""
    assert (await client.post("/v1/structures")).status_code == 200
    assert federation.last.filter is None


async def test_links_of_a_proxy(app_with, clients, federation) -> None:
    """Behind a proxy under a path prefix, links are right, the prefix taken off or left in."""
    from gateway.config import ServerKeys

    app: FastAPI = app_with(server=ServerKeys(trusted_proxies=("203.0.113.7",)))
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "opti.example.org",
        "X-Forwarded-Prefix": "/nomad",
    }
    async with clients(app) as client:
        for path in ("/v1/structures", "/nomad/v1/structures"):
            links = (await client.get(path, headers=headers)).json()["links"]
            assert links["next"].startswith("https://opti.example.org/nomad/v1/structures?")
    async with clients(app, address="198.51.100.1") as stranger:
        links = (await stranger.get("/v1/structures", headers=headers)).json()["links"]
        assert links["base_url"] == "http://gateway.example"


async def test_public_url(app_with, clients) -> None:
    """A configured public address begins every link, whatever the request says."""
    from gateway.config import ServerKeys

    app: FastAPI = app_with(server=ServerKeys(public_url="https://opti.example.org/o/"))
    async with clients(app) as client:
        for path in ("/v1/structures", "/o/v1/structures"):
            document = (await client.get(path)).json()
            assert document["links"]["next"].startswith("https://opti.example.org/o/v1/structures?")
            assert document["meta"]["schema"] == "https://opti.example.org/o/openapi.json"
        assert (await client.get("/o/openapi.json")).status_code == 200


async def test_etag(client: httpx.AsyncClient, federation, changed) -> None:
    """An answer that is the same but for times is not sent again."""
    first = await client.get("/v1/structures?page_limit=2")
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = await client.get(
        "/v1/structures?page_limit=2", headers={"If-None-Match": f'"x", {tag}'}
    )
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag
    assert again.headers["access-control-allow-origin"] == "*"
    federation.answer = changed(federation, data_returned=44)
    changed_one = await client.get("/v1/structures?page_limit=2", headers={"If-None-Match": tag})
    assert changed_one.status_code == 200
    federation.answer = None
    posted = await client.post("/v1/structures?page_limit=2", headers={"If-None-Match": tag})
    assert posted.status_code == 200


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("ok", "public, max-age=10"),
        ("cached", "public, max-age=10"),
        ("pruned", "public, max-age=10"),
        ("excluded", "public, max-age=10"),
        ("failed", "no-store"),
        ("partial", "no-store"),
        ("stale", "no-store"),
    ],
)
async def test_cache_control(
    client: httpx.AsyncClient, federation, changed, state: str, kept: str
) -> None:
    """Whole answers may be kept as long as the gateway keeps them; others must not be."""
    federation.answer = changed(federation, reports=(SiteReport("berlin", state),))
    assert (await client.get("/v1/structures")).headers["cache-control"] == kept


async def test_caller(client: httpx.AsyncClient, federation) -> None:
    """A bearer token and the wish for a fresh answer reach the search; such answers are private."""
    headers = {"Authorization": "Bearer abc", "Cache-Control": "max-age=0, no-cache"}
    response = await client.get("/v1/structures", headers=headers)
    assert (federation.last.token, federation.last.fresh) == ("abc", True)
    assert response.headers["cache-control"] == "private, no-store"
    await client.get("/v1/structures/berlin~x", headers={"Authorization": "Basic abc"})
    assert (federation.last.token, federation.last.fresh) == (None, False)


async def test_answers_differ_by_token(app_with, clients) -> None:
    """Where tokens are sent on, caches are told that answers differ by them."""
    from gateway.config import SiteKeys

    site = SiteKeys(name="berlin", url="http://berlin.example/api/v1", forward_token=True)
    async with clients(app_with(sites=(site,))) as client:
        assert "Authorization" in (await client.get("/v1/structures")).headers["vary"]


async def test_server_timing(client: httpx.AsyncClient) -> None:
    """Server-Timing tells the steps and the whole."""
    timing = (await client.get("/v1/structures")).headers["server-timing"]
    assert timing.startswith("plan;dur=0.2, keys;dur=12.5, total;dur=")


async def test_request_delay(app_with, clients, federation) -> None:
    """Under load, answers ask their clients to go slower."""
    from gateway.config import AdmissionKeys

    app: FastAPI = app_with(admission=AdmissionKeys(max_requests=2, queue_s=2))
    async with app.state.served.admission.slot(""), clients(app) as client:
        quiet = await client.get("/v1/structures")
        async with app.state.served.admission.slot(""):
            busy = await client.get("/v1/info")
    assert quiet.json()["meta"]["request_delay"] == 0
    assert busy.json()["meta"]["request_delay"] == 2


async def test_arrival(client: httpx.AsyncClient, federation) -> None:
    """A request's deadline counts from when the outermost middleware saw it."""
    before = asyncio.get_running_loop().time()
    await client.get("/v1/structures")
    await client.get("/v1/structures/berlin~entry_1")
    after = asyncio.get_running_loop().time()
    listing, entry = federation.asked
    assert before <= listing.entered <= entry.entered <= after


async def test_facets(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """Property -> values with counts, in their order; the parameter stays in the links."""
    values = (FacetValue("O", 7), FacetValue("Si", 2))
    federation.answer = SearchAnswer(
        (), data_available=9, facets=(Facet("elements", values), Facet("nelements", ()))
    )
    document = (await client.get("/v1/structures?_fed_facets=elements,nelements")).json()
    (asked,) = federation.asked
    assert isinstance(asked, SearchRequest)
    assert asked.facets == ("elements", "nelements")
    assert document["meta"]["_fed_facets"] == {
        "elements": [{"value": "O", "count": 7}, {"value": "Si", "count": 2}],
        "nelements": [],
    }
    EntryResponseMany(**document)


async def test_no_facets(client: httpx.AsyncClient) -> None:
    """Not asked for, not there."""
    assert "_fed_facets" not in (await client.get("/v1/structures")).json()["meta"]
