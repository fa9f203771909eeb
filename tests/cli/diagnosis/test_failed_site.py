"""What to do about a configured site that fails."""

import pytest

from gateway.cli.diagnosis.failed_site import advice_on
from gateway.fetch.http.reachability import Reached, Unreachable
from gateway.model import JsonObject, Site
from tests.cli.diagnosis.doubles import Network, json_answer, nomad, page, redirect

HOST = "https://nomad.example.org"
API = f"{HOST}/nomad-oasis/api/v1"
MISSING = json_answer({"detail": "Not Found"}, 404)


async def advice(url: str, answers: dict, **more: object) -> str:
    network, site = Network(answers), Site("a", url, "A", **more)  # type: ignore[arg-type]
    return await advice_on(site, await network.ask(site, "/entries/query", {}), network.ask)


@pytest.mark.parametrize(
    "answer", [MISSING, page("<html>"), redirect(f"{API}/entries/query"), redirect("/login")]
)
async def test_found_elsewhere(answer: Reached) -> None:
    """Where the API is found near the address, its own address is the advice."""
    reported = await advice(f"{HOST}/api/v1", {HOST: answer, **nomad(API)})
    assert f"A NOMAD 2.0.0 answers at {API}: write that as its `url`" in reported


async def test_no_tls() -> None:
    """That http is the cure is said with what it means."""
    plain = API.replace("https", "http")
    reported = await advice(API, {HOST: "no_tls", **nomad(plain)})
    assert plain in reported
    assert "tokens too" in reported


async def test_redirect_to_a_fault() -> None:
    """Where it redirects to is told, though nothing that can be used stands there."""
    reported = await advice(API, {HOST: redirect("https://new.example.org/")})
    assert "It redirects to https://new.example.org/." in reported


async def test_not_found() -> None:
    """Otherwise the question whether this is the API's address."""
    assert "Is this the address of its API?" in await advice(API, {HOST: MISSING})


@pytest.mark.parametrize(
    ("answer", "more", "result"),
    [
        (json_answer({}, 401), {}, "`token_env`"),
        (json_answer({}, 403), {"token": "old"}, "Its token is not accepted"),
        ("unknown_issuer", {}, "Get that authority's certificate"),
        ("unknown_issuer", {"ca_file": "ours.pem"}, "in ours.pem (ca_file) do not"),
        ("self_signed", {"ca_file": "ours.pem"}, "The one named there now is another"),
        ("timeout", {}, "raise `connect_s` or `site_s`"),
        (json_answer({}, 503), {}, "`concurrency` and `rate_per_s`"),
        (json_answer({}, 500), {}, "its administrator"),
        (json_answer({"pagination": {}}), {}, "not all that a search needs"),
    ],
)  # fmt: skip
async def test_advice(answer: object, more: dict[str, object], result: str) -> None:
    """Each fault of a configured site has its own advice."""
    assert result in await advice(API, {HOST: answer}, **more)


async def test_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway does not use it, which people expect."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert "HTTPS_PROXY is set here" in await advice(API, {HOST: "timeout"})
    reported = await advice(API, {HOST: "timeout"}, proxy="http://proxy:3128")
    assert "HTTPS_PROXY" not in reported


async def test_no_token_elsewhere() -> None:
    """The search for the API goes without the site's token, by its proxy, with its CA."""
    asked: list[Site] = []
    network = Network({HOST: MISSING})

    async def ask(site: Site, path: str, content: JsonObject | None) -> Reached | Unreachable:
        asked.append(site)
        return await network.ask(site, path, content)

    site = Site("a", API, "A", token="geheim", ca_file="ours.pem", proxy="http://proxy:3128")
    await advice_on(site, await network.ask(site, "/entries/query", {}), ask)
    assert {(one.token, one.ca_file, one.proxy) for one in asked} == {
        (None, "ours.pem", "http://proxy:3128")
    }
