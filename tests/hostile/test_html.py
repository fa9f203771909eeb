"""HTML answers: no foreign script, nothing loaded from elsewhere, and browsers hold to it."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from gateway.model import EntryRequest, JsonObject, Resource, SearchAnswer
from gateway.search import MemoryScope
from tests.hostile.server import served
from tests.serve.conftest import FakeFederation

PAGES = ("/", "/index", "/sites/berlin", "/docs", "/entry/berlin~none")
_LOADED = re.compile(
    r'<link[^>]*rel="?(?:stylesheet|icon|preload|modulepreload)"?[^>]*href="([^"]*)"'
    r'|(?:src|srcset|action)\s*=\s*"?([^"\s>]*)'
)
CLOSED = {
    "default-src 'none'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
ATTACK = "<script>alert(1)</script>"


def _is_own(found: tuple[str, str]) -> bool:
    """Whether an address that a page loads is relative, or an image that stands in the page."""
    address = found[0] or found[1]
    return address.startswith("data:image/") or bool(
        re.fullmatch(r"\.{1,2}/[\w./?=&;%~-]*", address)
    )


@pytest.mark.parametrize("path", PAGES)
async def test_pages(path: str) -> None:
    """Each page has a policy; no script or style stands in it, no file is of another server."""
    async with served() as gateway:
        answer = await gateway.client.get(path)
        assert answer.status_code == (404 if "none" in path else 200)
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        directives = {directive.strip() for directive in policy.split(";")}
        assert directives >= CLOSED
        assert "trusted-types" in policy or path not in ("/", "/index", "/sites/berlin")
        assert "http" not in policy
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert not re.findall(r"<style|\sstyle\s*=|\son\w+\s*=|<base|<iframe", answer.text)
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert all(re.search(r"\ssrc=|application/(ld\+)?json", script) for script in scripts)
        assert all(map(_is_own, re.findall(_LOADED, answer.text)))


@pytest.mark.parametrize("path", ["/v1/structures", "/nowhere", "/health", "/metrics", "/versions"])
async def test_other_answers(path: str) -> None:
    """No other answer is taken for HTML."""
    async with served() as gateway:
        answer = await gateway.client.get(path + "?" + ATTACK)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]


async def test_what_a_request_says_is_escaped() -> None:
    """Neither a forwarded host nor a path gets into a page as it is."""
    async with served() as gateway:
        headers = {"Host": ATTACK, "X-Forwarded-Host": ATTACK, "X-Forwarded-Prefix": "/" + ATTACK}
        for path in PAGES:
            assert ATTACK not in (await gateway.client.get(path, headers=headers)).text


class Attacking(FakeFederation):
    """A site all of whose texts are an attack."""

    async def entry(
        self, request: EntryRequest, *, scope: MemoryScope | None = None
    ) -> SearchAnswer:
        answer = await super().entry(request, scope=scope)
        texts = dict.fromkeys(self.catalogue("structures"), ATTACK)
        kept = {"nsites": 1, "nelements": 1, "elements": [ATTACK], "species_at_sites": [ATTACK]}
        attributes: JsonObject = {**texts, **kept}
        return replace(answer, resources=(Resource("structures", request.id, attributes),))


@pytest.mark.parametrize(
    "path", ["/entry/berlin~entry_1", "/entry/" + quote(ATTACK), "/?filter=" + quote(ATTACK),
             "/?filter=" + quote(f'id="{ATTACK}"'), "/?sort=" + quote(ATTACK),
             "/sites/berlin/?filter=" + quote(ATTACK), "/?" + quote(ATTACK), "/" + quote(ATTACK)],
)  # fmt: skip
async def test_what_strangers_and_sites_say_is_escaped(path: str) -> None:
    """A filter, an id, an address, a property of an entry: text, wherever it is shown."""
    async with served(Attacking()) as gateway:
        answer = await gateway.client.get(path, headers={"Accept": "text/html"})
        if "html" in answer.headers["content-type"]:
            assert ATTACK not in answer.text
        if "entry_1" in path:
            assert "&lt;script&gt;alert(1)" in answer.text


async def test_docs_name_every_endpoint() -> None:
    """The page for people has all paths and parameters of the OpenAPI document."""
    async with served() as gateway:
        document = (await gateway.client.get("/openapi.json")).json()
        page = (await gateway.client.get("/docs")).text
        for path, methods in document["paths"].items():
            for method, endpoint in methods.items():
                assert f"{method.upper()} {path}" in page
                for parameter in endpoint.get("parameters", ()):
                    assert f"<code>{parameter['name']}</code>" in page


async def test_long_paths_are_cut_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    """A log line does not grow with the request."""
    async with served() as gateway:
        with caplog.at_level("INFO", logger="gateway"):
            await gateway.client.get(
                "/v1/structures/" + "é" * 5_000, headers={"X-Request-ID": "a" * 9_000}
            )
    (line,) = [one for one in caplog.records if one.message == "answered"]
    assert len(str(vars(line))) < 4_000
