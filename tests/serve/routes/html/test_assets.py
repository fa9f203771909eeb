"""The files that pages load, over HTTP."""

import gzip

import httpx
import pytest

from gateway.page.assets import assets, assets_path

STYLE = "static/page.css"


async def test_kept_for_ever(client: httpx.AsyncClient) -> None:
    """The digest stands in the address, so a file never changes under it."""
    answer = await client.get(f"/{assets_path()}/{STYLE}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.content == assets()[STYLE].read()


async def test_compressed_well(client: httpx.AsyncClient) -> None:
    """The viewer goes out as small as gzip can make it, and only where gzip is understood."""
    path = "vendor/3dmol/3Dmol.es6-min.js"
    address = f"/{assets_path()}/{path}"
    packed = await client.get(address, headers={"Accept-Encoding": "gzip, br, zstd"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 160_000
    plain = await client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == assets()[path].read()
    assert gzip.compress(plain.content)


async def test_another_version(client: httpx.AsyncClient) -> None:
    """While a new version is rolled out, a page of the other one gets a file, but not for ever."""
    answer = await client.get(f"/assets/000000000000/{STYLE}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["static/none.css", "templates/base.html", "static/../assets.py", "", "static%2f.."]
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/{assets_path()}/{path}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
