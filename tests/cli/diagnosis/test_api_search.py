"""From an address as people have it to the API, or to what stands in its way."""

import pytest

from gateway.cli.diagnosis.api_search import Found, NotFound, find_api
from gateway.cli.diagnosis.typed_address import read_typed
from tests.cli.diagnosis.doubles import INFO, Network, json_answer, nomad, page, redirect

HOST = "https://nomad.example.org"
BASE = f"{HOST}/nomad-oasis"
API = f"{BASE}/api/v1"
MISSING = json_answer({"detail": "Not Found"}, 404)
OASIS = {**nomad(API), HOST: MISSING}
LOGIN = page("<!DOCTYPE html><html><form><input type='password'></form></html>")


async def search(typed: str, answers: dict) -> Found | NotFound:
    return await find_api(read_typed(typed), Network(answers).ask)


@pytest.mark.parametrize(
    ("typed", "result"),
    [
        (API, ()),
        (f"{API}/", ()),
        (f"{API}/info", ("what follows /api/v1 was removed",)),
        (f"{API}/extensions/docs#/", ("what follows /api/v1 was removed",)),
        (f"{BASE}/gui", (f"this is the address of its web page; its API is at {API}",)),
        (f"{BASE}/gui/search/entries?x=1#y", ("this is the address of its web page",)),
        (f"{BASE}/gui/about/information", ("this is the address of its web page",)),
        (f"{BASE}/gui/user/uploads/upload/id/abc", ("this is the address of its web page",)),
        (BASE, (f"its API is at {API}",)),
        (f"{BASE}/optimade/v1", (f"its API is at {API}",)),
        (HOST, (f"its API is at {API}",)),
        (f"{HOST}/elsewhere/gui", ("its API is at", )),
        ("nomad.example.org/nomad-oasis/gui", ("https:// was added", "this is the address")),
        ("  NOMAD.example.org/nomad-oasis/api/v1 ", ("https:// was added",)),
    ],
)  # fmt: skip
async def test_found(typed: str, result: tuple[str, ...]) -> None:
    """The API is found, and what was corrected is said."""
    found = await search(typed, OASIS)
    assert isinstance(found, Found)
    assert (found.url, found.version, found.deployment) == (API, "2.0.0", "oasis1")
    assert found.entries == 7
    for reported, expected in zip(found.remarks, result, strict=True):
        assert expected in reported


async def test_http_for_https() -> None:
    """A redirect to https, a port that wants TLS, and one that hangs up all lead to https."""
    plain = API.replace("https", "http")
    for answer in (
        redirect(f"{API}/info", 301),
        page("<h1>400</h1> The plain HTTP request was sent to HTTPS port", 400),
        "closed",
        "refused",
    ):
        found = await search(
            plain, {**OASIS, f"{plain}/info": answer, "http://nomad.example.org": answer}
        )
        assert isinstance(found, Found)
        assert found.url == API
        assert "HTTPS" in found.remarks[0]


async def test_https_for_http() -> None:
    """Where there is no TLS, http is used, and what that means is said."""
    plain = API.replace("https", "http")
    found = await search(API, {**nomad(plain), HOST: "no_tls"})
    assert isinstance(found, Found)
    assert found.url == plain
    assert "tokens too" in found.remarks[0]


async def test_certificate_is_no_reason_for_http() -> None:
    """A certificate that is not trusted never leads to http, where anybody could answer."""
    plain = API.replace("https", "http")
    for trouble in ("self_signed", "unknown_issuer", "expired", "other_name", "tls"):
        found = await search(API, {**nomad(plain), HOST: trouble})
        assert isinstance(found, NotFound)
        assert found.why == trouble


async def test_the_fault_behind_the_scheme() -> None:
    """Where http wants https and that has a fault of its own, this is told."""
    local = "localhost:8443/gui"
    wants_tls = page("The plain HTTP request was sent to HTTPS port", 400)
    answers = {"http://localhost:8443": wants_tls, "https://localhost:8443": "self_signed"}
    found = await search(local, answers)
    assert isinstance(found, NotFound)
    assert (found.why, found.url) == ("self_signed", "https://localhost:8443/api/v1")


async def test_redirect_to_another_host() -> None:
    """Where the API has moved, its new address is written."""
    new = "https://new.example.org/oasis/api/v1"
    found = await search(API, {**nomad(new), HOST: redirect(f"{new}/info", 308)})
    assert isinstance(found, Found)
    assert found.url == new
    assert "leads on" in found.remarks[0]


async def test_redirects_end() -> None:
    """A circle of redirects is left, and nothing but an API is followed."""
    network = Network({HOST: redirect(f"{API}/info")})
    found = await find_api(read_typed(API), network.ask)
    assert isinstance(found, NotFound)
    assert found.why == "redirect"
    assert len(network.asked) < 20


async def test_gui_elsewhere() -> None:
    """Where the web page is on another host, it knows where its API is."""
    env = page('window.nomadEnv = {"appBase": "https://api.example.org/oasis", "x": 1}')
    api = "https://api.example.org/oasis/api/v1"
    answers = {**nomad(api), HOST: page("<html>"), f"{BASE}/gui/env.js": env}
    found = await search(f"{BASE}/gui/search", answers)
    assert isinstance(found, Found)
    assert found.url == api


@pytest.mark.parametrize(
    ("answer", "why", "advice"),
    [
        ("dns", "dns", "Check the spelling of 'nomad.example.org'"),
        ("refused", "refused", "Is the Oasis running, and is its port 443?"),
        ("timeout", "timeout", "firewall"),
        ("self_signed", "self_signed", "`ca_file`"),
        ("unknown_issuer", "unknown_issuer", "openssl s_client -connect nomad.example.org:443"),
        ("expired", "expired", "renew"),
        ("other_name", "other_name", "subjectAltName"),
        ("tls", "tls", "TLS 1.2"),
        (MISSING, "missing", "Is this the address of its API?"),
        (json_answer({"detail": "login"}, 401), "denied", "`token_env`"),
        (redirect("https://sso.example.org/realms/x/auth"), "login", "login page"),
        (redirect(f"{HOST}/login?next=%2Fapi"), "login", "login page"),
        (LOGIN, "login", "login page"),
        (page("<html><title>Group of X</title>"), "page", "A web page answers"),
        (json_answer({"meta": {"api_version": "1.1.0"}, "data": []}), "optimade", "OPTIMADE"),
        (json_answer({**INFO, "gateway": {"name": "g"}}), "gateway", "itself without end"),
        (json_answer({"hello": "world"}), "other", "not a NOMAD"),
        (json_answer([1]), "other", "not a NOMAD"),
        (page("<html>bad gateway", 502), "unhealthy", "administrator"),
        (page("<html>slow down", 503), "limited", "`rate_per_s`"),
        (json_answer({"detail": "too many"}, 429), "limited", "`rate_per_s`"),
    ],
)
async def test_not_found(answer: object, why: str, advice: str) -> None:
    """Each fault has its own advice; its address is kept, since the API was named."""
    found = await search(API, {HOST: answer, "http://nomad.example.org": answer})
    assert isinstance(found, NotFound)
    assert (found.why, found.url) == (why, API)
    assert advice in found.advice
    assert API in found.happened


async def test_a_guess_is_not_kept() -> None:
    """Where only a guess was asked, there is no address that could be right."""
    found = await search(HOST, {HOST: MISSING})
    assert isinstance(found, NotFound)
    assert found.url is None


async def test_nothing_public() -> None:
    """An Oasis whose search wants a login is found, and the login is told of."""
    answers = {**OASIS, f"{API}/entries/query": json_answer({"detail": "no"}, 401)}
    found = await search(API, answers)
    assert isinstance(found, Found)
    assert (found.is_denied, found.entries) == (True, None)
    assert "`token_env`" in found.remarks[0]


async def test_old() -> None:
    """A NOMAD older than any that was tried is told of."""
    found = await search(API, {**nomad(API, version="1.2.1"), HOST: MISSING})
    assert isinstance(found, Found)
    assert "older" in found.remarks[0]


async def test_foreign_words() -> None:
    """What a site says of itself can break no line of ours."""
    found = await search(API, nomad(API, version="2\n- evil: 1", deployment="a\u2028b" + "x" * 999))
    assert isinstance(found, Found)
    assert found.version == "2- evil: 1"
    assert (found.deployment or "").startswith("abxx")
    assert len(found.deployment or "") <= 60
