"""The search page over HTTP: states, headers, forms, errors; no sites."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from gateway.config import ServerKeys
from gateway.errors import OverloadError, SitesMissingError
from gateway.model import (
    Facet,
    FacetValue,
    Notice,
    Omission,
    Resource,
    SearchAnswer,
    SearchRequest,
    SiteReport,
)
from gateway.observe import Observer
from gateway.search import LARGE_PAGE
from gateway.serve.app import build_app
from gateway.serve.request.packed_filter import pack_filter
from gateway.serve.request.page_form import MOST_COLUMNS, MOST_ROWS
from tests.serve.conftest import FakeFederation, client_of, make_config

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ATTACK = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1.3/", "/sites/berlin", "/sites/berlin/v1/"]
)
async def test_every_base_url_is_a_page(client: httpx.AsyncClient, path: str) -> None:
    """At a base URL there is the page, whose links are all relative and lead to what is there."""
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "base URL" in answer.text
    for address in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text):
        if address.startswith(("https://www.optimade.org", "https://f.example", "data:", "#")):
            continue
        assert address.startswith("."), address
    style = re.search(r'href="([^"]*page\.css)"', answer.text)
    assert style
    assert (await client.get(httpx.URL(path).join(style[1]))).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 303),
        ("application/vnd.api+json", 303),
        ("text/html", 200),
        ("text/html,application/json", 200),
        ("*/*", 200),
        ("", 200),
    ],
)
async def test_html_or_json(client: httpx.AsyncClient, accept: str, status: int) -> None:
    """A program that wants JSON and no HTML is led to what describes the API."""
    for path, info in (("/", "/v1/info"), ("/sites/berlin/", "/sites/berlin/v1/info"),
                       ("/index", "/index/v1/info")):  # fmt: skip
        answer = await client.get(path, headers={"Accept": accept})
        assert answer.status_code == status
        assert "Accept" in answer.headers["vary"]
        if status == 303:
            joined = httpx.URL(f"http://gateway.example{path}").join(answer.headers["location"])
            assert joined.path == info


async def test_listings_stay_json(client: httpx.AsyncClient) -> None:
    """`/v1/structures` is no page, whatever a browser accepts."""
    answer = await client.get("/v1/structures", headers=HTML)
    assert "json" in answer.headers["content-type"]


async def test_same_search_as_the_api(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """Filter, order, page, time and columns reach the federation as they do from the API."""
    await client.get("/?filter=nsites%3D2&sort=-nsites&page_limit=50&_fed_timeout=3&page_offset=10"
                     "&response_fields=nsites")  # fmt: skip
    asked = federation.last
    assert isinstance(asked, SearchRequest)
    assert (asked.filter, asked.sort, asked.page_limit) == ("nsites=2", (("nsites", True),), 50)
    assert (asked.timeout_s, asked.offset, asked.entered is not None) == (3.0, 10, True)
    assert asked.response_fields == ("chemical_formula_reduced", "nsites", "_fed_site")
    await client.get("/sites/berlin/")
    assert isinstance(federation.last, SearchRequest)
    assert federation.last.sites == ("berlin",)


async def test_form_leads_to_its_filter(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """A form is answered with the address of its search; nothing is asked before."""
    answer = await client.get(
        "/v1/?form=fields&before=&element=Ti&element=O&mode=exactly&formula=&nsites_max=20&sort=nsites"
    )
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    location = answer.headers["location"]
    assert location.startswith("../?filter=")
    assert location.endswith("&sort=nsites#results")
    assert httpx.URL(location).params["filter"] == (
        'elements HAS ALL "Ti", "O" AND nelements = 2 AND nsites <= 20'
    )
    assert federation.asked == []


async def test_whole_periodic_table_can_be_sent(client: httpx.AsyncClient) -> None:
    """118 boxes are more parameters than the API reads, and no error."""
    from gateway.page.elements import elements

    boxes = "&".join(f"element={symbol}" for symbol in elements())
    answer = await client.get(f"/?form=fields&before=&mode=any&{boxes}")
    assert answer.status_code == 303
    assert (await client.get("/?" + "&".join(["element=Ti"] * 300))).status_code == 400


async def test_columns_and_rows(client: httpx.AsyncClient) -> None:
    """Chosen columns are a list in the address; what is the default leaves it."""
    chosen = await client.get("/?form=view&column=nsites&column=last_modified&page_limit=50&sort=")
    assert (
        chosen.headers["location"]
        == "./?page_limit=50&response_fields=nsites,last_modified#results"
    )
    usual = await client.get("/?form=view&filter=nsites%3D1&page_limit=20&sort=")
    assert usual.headers["location"] == "./?filter=nsites=1#results"


async def test_field_errors(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """Each wrong field has its sentence beside it and keeps its text; nothing is asked."""
    answer = await client.get("/?form=fields&formula=TiX2&nsites_min=abc&elements=Ti")
    assert answer.status_code == 400
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(
        r'name="formula" value="TiX2"[^>]*aria-invalid="true" aria-describedby="formula-error"',
        answer.text,
    )
    assert 'id="nsites_min-error"' in answer.text
    assert 'name="elements" value="Ti"' in answer.text
    assert 'role="alert"' in answer.text
    assert federation.asked == []


async def test_filter_error_has_a_caret(client: httpx.AsyncClient) -> None:
    """The text is repeated, with a mark under the column."""
    answer = await client.get("/?filter=" + quote("nsites == 2 AND <b>"))
    assert answer.status_code == 400
    lines = re.search(r'<pre class="place"[^>]*>(.*?)</pre>', answer.text, re.DOTALL)
    assert lines
    first, second = re.sub(r"</?(mark|span)[^>]*>", "", lines[1]).split("\n")
    assert first == "nsites == 2 AND &lt;b&gt;"
    assert second == " " * 8 + "^"
    assert "nsites == 2 AND &lt;b&gt;</textarea>" in answer.text


async def test_unknown_parameter(client: httpx.AsyncClient) -> None:
    """An address with a wrong parameter is refused in words, as by the API."""
    answer = await client.get("/?filtr=x")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "filter" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "result"),
    [
        (SitesMissingError("x (berlin: hangs).", sites=("berlin",), retry_after_s=7), 503,
         "Berlin Oasis does not answer"),
        (OverloadError("Busy.", retry_after_s=7), 429, "Busy."),
    ],
)  # fmt: skip
async def test_come_back_later(
    client: httpx.AsyncClient,
    federation: FakeFederation,
    error: Exception,
    status: int,
    result: str,
) -> None:
    """503 and 429 say when to try again, and link to the same address."""
    federation.error = error
    answer = await client.get("/?filter=nsites%3D2")
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["cache-control"] == "no-store"
    assert result in answer.text
    assert '<a href="./?filter=nsites=2">try again</a>' in answer.text


async def test_missing_site_is_told(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """A partial answer says so in words, with the reason at the site, and is not kept."""
    federation.answer = replace(
        federation.page(0, 2),
        reports=(SiteReport("berlin", "ok", total=2), SiteReport("munich", "failed", "timed out")),
        notices=(
            Notice("Site missing", "munich is missing", "site_failed"),
            Notice("x", "Odd <b>"),
        ),
    )
    answer = await client.get("/")
    assert answer.headers["cache-control"] == "no-store"
    assert "This list is not complete." in answer.text
    assert "timed out" in answer.text
    assert "munich is missing" not in answer.text
    assert "Odd &lt;b&gt;" in answer.text


async def test_etag_is_of_the_answer(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """The page is asked for each time; that a site answered from its cache changes nothing."""
    first = await client.get("/")
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    page = federation.page(0, 20)
    federation.answer = replace(
        page,
        reports=tuple(
            replace(one, milliseconds=9.0, state="cached" if one.state == "ok" else one.state)
            for one in page.reports
        ),
    )
    again = await client.get("/", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
    federation.answer = replace(page, data_returned=46)
    assert (await client.get("/", headers={"If-None-Match": tag})).status_code == 200
    mine = await client.get("/", headers={"Authorization": "Bearer x"})
    assert mine.headers["cache-control"] == "private, no-store"


class Counting(FakeFederation):
    """A federation that counts what there would be without each condition."""

    async def without_each(self, request: SearchRequest) -> tuple[Omission, ...]:
        return (Omission("nsites = 9", 'elements HAS "<b>"', 12), Omission("x", "", None))


async def test_nothing_found() -> None:
    """Where nothing is found, the page says what there would be with one condition less."""
    federation = Counting(answer=SearchAnswer((), data_available=10))
    app = build_app(make_config(), federation=federation, observer=Observer())
    async with client_of(app) as client:
        text = (await client.get("/?filter=nsites%3D9")).text
    assert "No structures found" in text
    assert '<a href="./?filter=elements+HAS+%22%3Cb%3E%22#results"><b>12</b> without' in text
    assert '<a href="./#results"><b>an unknown number of</b> without <code>x</code>' in text


async def test_texts_of_sites_are_escaped(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """What an Oasis says is text, never a part of the page."""
    attributes = {
        "chemical_formula_reduced": ATTACK,
        "_fed_site": ATTACK,
        "_nmd_results_material_material_name": f"&lt;b&gt; {ATTACK} $\\beta$&ndash;V2N",
    }
    federation.answer = SearchAnswer(
        (Resource("structures", f'berlin~"{ATTACK}', attributes),),  # type: ignore[arg-type]
        data_returned=1,
        reports=(SiteReport("berlin", "failed", ATTACK),),
        notices=(Notice(ATTACK, ATTACK),),
        facets=(
            Facet("_nmd_results_method_simulation_program_name", (FacetValue(f'">{ATTACK}', 1),)),
        ),
    )
    answer = await client.get(
        "/?response_fields=_nmd_results_material_material_name&filter=" + quote(f'id="{ATTACK}"')
    )
    assert ATTACK not in answer.text
    assert "–V2N" in answer.text


async def test_data_catalog(client: httpx.AsyncClient) -> None:
    """The landing page describes itself for search engines, once, without the filter's pages."""
    page = (await client.get("/")).text
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    catalog = json.loads(text)
    assert catalog["@type"] == "DataCatalog"
    assert catalog["url"] == "http://gateway.example/"
    assert [one["name"] for one in catalog["dataset"]] == ["Berlin Oasis", "munich"]
    assert "ld+json" not in (await client.get("/?filter=nsites%3D1")).text
    assert (
        '<link rel="canonical" href="./?filter=nsites=1">'
        in (await client.get("/?filter=nsites%3D1&page_offset=20")).text
    )


async def test_crawlers(client: httpx.AsyncClient) -> None:
    """Nobody is invited to walk through all Oases."""
    answer = await client.get("/robots.txt")
    assert "Disallow: /*page_cursor=" in answer.text
    rules = [
        re.compile(re.escape(line.removeprefix("Disallow: ")).replace(r"\*", ".*"))
        for line in answer.text.splitlines()
        if line.startswith("Disallow: ")
    ]
    for path in ("/structures", "/v1/structures?filter=x", "/sites/berlin/v1/structures",
                 "/data/v1.3/references", "/?sort=nsites", "/sites/b/?page_offset=20"):  # fmt: skip
        assert any(rule.match(path) for rule in rules), path
    for path in ("/", "/?filter=nsites%3D1", "/sites/berlin/", "/entry/berlin~x", "/docs"):
        assert not any(rule.match(path) for rule in rules), path
    assert 'content="noindex"' in (await client.get("/?page_cursor=at_20&page_offset=20")).text
    assert 'content="noindex"' not in (await client.get("/")).text
    assert 'rel="nofollow"' in (await client.get("/")).text


async def test_index_meta_database(client: httpx.AsyncClient) -> None:
    """The index says what it is, and asks no site."""
    text = (await client.get("/index")).text
    assert "index meta-database" in text
    assert "base URL" in text


@pytest.mark.parametrize("path", ["/sites/nope", "/sites/nope/", "/entry/nope"])
async def test_errors_at_pages_are_pages(client: httpx.AsyncClient, path: str) -> None:
    """Where people come with a browser, an error is a page; a program gets a document."""
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_other_errors_stay_documents(client: httpx.AsyncClient) -> None:
    """Elsewhere an error is JSON, whatever a browser accepts."""
    for path in ("/nowhere", "/v1/structures?filter=x", "/v9/"):
        answer = await client.get(path, headers=HTML)
        assert "json" in answer.headers["content-type"]
    answer = await client.get("/sites/nope", headers={"Accept": "application/json"})
    assert "json" in answer.headers["content-type"]


async def test_unexpected_error_is_a_page(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """A fault of the gateway is a page as well, and names nothing of its inside."""
    federation.error = RuntimeError("secret")
    answer = await client.get("/", headers=HTML)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "secret" not in answer.text


async def test_behind_a_path(app_with: Callable[..., FastAPI]) -> None:
    """Behind a proxy's path the links stay relative, also without the slash at its end."""
    app = app_with(server=ServerKeys(public_url="https://x.example/data/optimade"))
    async with client_of(app) as client:
        for path, style in (
            ("/data/optimade/", "./assets/"),
            ("/data/optimade", "./optimade/assets/"),
            ("/data/optimade/v1/", "../assets/"),
            ("/", "./assets/"),
        ):
            text = (await client.get(path)).text
            assert f'href="{style}' in text
            assert "curl -G https://x.example/data/optimade/v1/structures" in text


async def test_page_past_the_end(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """A page behind the last structure does not say that there are none."""
    federation.answer = SearchAnswer((), data_returned=45, data_available=50)
    text = (await client.get("/?filter=nsites%3E1&page_offset=60")).text
    assert "45 structures found" in text
    assert "No structure fulfils" not in text
    assert '<a href="./?filter=nsites%3E1#results">Go to its first page</a>' in text


async def test_nothing_at_the_sites_that_answered(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """Of two sites one has nothing and one is silent: both is said, not that none answers."""
    federation.error = SitesMissingError(
        "Only munich is left.", sites=("munich",), retry_after_s=5, others_are_done=True
    )
    answer = await client.get("/?filter=nsites%3D2")
    assert answer.status_code == 503
    assert "Nothing found so far" in answer.text
    assert "The Oases that answered have no such structures." in answer.text
    later = await client.get("/?filter=nsites%3D2&page_cursor=x")
    assert "have no further structures" in later.text
    alone = await client.get("/?_fed_sites=munich")
    assert "so nothing can be shown" in alone.text


async def test_rows_of_a_page_are_bounded(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """More rows than a page can write in time: a sentence says so, the API's own address stays."""
    answer = await client.get("/?page_limit=500")
    assert answer.status_code == 200
    assert isinstance(federation.last, SearchRequest)
    assert federation.last.page_limit == MOST_ROWS <= LARGE_PAGE
    assert "A page has at most 100 rows, not 500." in answer.text
    assert 'href="./v1/structures?page_limit=500"' in answer.text


async def test_columns_of_a_page_are_bounded(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """More columns than a page can write in time: likewise; the table as a file has them all."""
    names = ",".join(list(federation.catalogue("structures"))[:60])
    answer = await client.get("/", params={"response_fields": names})
    assert answer.status_code == 200
    assert answer.text.count('<th scope="col"') == MOST_COLUMNS
    assert re.search(r"A page has at most 20 columns, not \d\d\.", answer.text)
    assert f'response_fields={names}&amp;response_format=_fed_csv"' in answer.text


async def test_counts_left_out(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """Counts stand in the cells; without them it is said why."""
    facets = (Facet("elements", (FacetValue("O", 123_456), FacetValue("Ti", 7))),)
    federation.answer = replace(federation.page(0, 2), facets=facets)
    text = (await client.get("/")).text
    assert 'title="Oxygen: 123,456"' in text
    assert '<span>O<small aria-hidden="true">123k</small></span>' in text
    assert "Some choices have no count: it could not be found exactly." in text
    federation.answer = replace(
        federation.page(0, 2),
        reports=(SiteReport("berlin", "ok", total=2), SiteReport("munich", "failed", "timed out")),
    )
    text = (await client.get("/")).text
    assert "Counts are left out: munich has not answered in full." in text
    assert "A file holds the whole result" in text


@pytest.mark.parametrize(
    ("accept", "status"),
    [("text/html;q=0, application/json", 303), ("application/json;q=0, */*", 200),
     ("application/json; q=0.0", 200), ("text/html;q=0.5,application/json", 200)],
)  # fmt: skip
async def test_weights_of_nothing(client: httpx.AsyncClient, accept: str, status: int) -> None:
    """What has the weight 0 is not wanted."""
    assert (await client.get("/", headers={"Accept": accept})).status_code == status


async def test_results_too_large_for_an_archive(
    client: httpx.AsyncClient, federation: FakeFederation
) -> None:
    """A file that would be refused is no link: the page says what would be right."""
    federation.answer = replace(federation.page(0, 2), data_returned=20_001)
    text = (await client.get("/")).text
    assert "response_format=_fed_csv" in text
    assert "response_format=_fed_xyz" in text
    assert "response_format=_fed_cif" not in text
    assert "holds at most 20,000 structures: narrow the search" in text


async def test_packed_filter(client: httpx.AsyncClient, federation: FakeFederation) -> None:
    """A link that the API gave after a POST shows its filter, in the fields as well."""
    answer = await client.get("/", params={"_fed_packed_filter": pack_filter("nsites = 7")})
    assert answer.status_code == 200
    assert isinstance(federation.last, SearchRequest)
    assert federation.last.filter == "nsites = 7"
    assert ">nsites = 7</textarea>" in answer.text
    assert 'name="nsites_min" value="7"' in answer.text
    assert "packed" not in answer.text
    damaged = await client.get("/?_fed_packed_filter=x")
    assert damaged.status_code == 400
    assert "is damaged" in damaged.text


async def test_format_is_no_part_of_the_address(client: httpx.AsyncClient) -> None:
    """A page is HTML whatever format its address names; its downloads name theirs, once."""
    text = (await client.get("/?response_format=_fed_csv&filter=nsites%3D1")).text
    links = re.findall(r'href="\./v1/structures([^"]*)"', text)
    assert "?filter=nsites=1&amp;response_format=_fed_cif" in links
    assert all(link.count("response_format") <= 1 for link in links)
