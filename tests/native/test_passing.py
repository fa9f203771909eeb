"""What one site answers alone: found by a query, passed through from its holder."""

import httpx
import pytest

from tests.native.gateways import Body, Native
from tests.whole.lines import refused


async def one_entry(native: Native, site: str) -> Body:
    body = {"pagination": {"page_size": 1}, "query": {"quantities": "metadata.optimade"}}
    return (await native.at(site, body))["data"][0]


@pytest.mark.parametrize("site", ["berlin", "munich"])
@pytest.mark.parametrize("below", ["", "/archive", "/archive/download", "/rawdir"])
async def test_entry(native: Native, site: str, below: str) -> None:
    """An entry and what is below it come from the site that has it, as they are there."""
    path = f"/entries/{(await one_entry(native, site))['entry_id']}{below}"
    ours = await native.get(path)
    theirs = await native.sites[site].get(f"/api/v1{path}")
    assert ours.status_code == theirs.status_code == 200
    assert ours.content == theirs.content
    assert ours.headers.get("content-disposition") == theirs.headers.get("content-disposition")


async def test_entry_archive_query(native: Native) -> None:
    """The lecture's request for a part of one archive."""
    entry = await one_entry(native, "dresden")
    body = {"required": {"metadata": {"optimade": {"nsites": "*"}}}}
    answer = await native.post(f"/entries/{entry['entry_id']}/archive/query", body)
    assert answer.json()["entry_id"] == entry["entry_id"]
    assert answer.json()["data"]["archive"]["metadata"]["optimade"]["nsites"]


async def test_raw_file(native: Native) -> None:
    """A raw file is streamed through with its type; HEAD gives no body."""
    entry = await one_entry(native, "munich")
    name = entry["mainfile"].rpartition("/")[2]
    path = f"/entries/{entry['entry_id']}/raw/{name}"
    answer = await native.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.content) > 1000
    head = await native.client.head(f"/api/v1{path}")
    assert (head.status_code, head.content) == (200, b"")


PAGE = b"<script src='/api/v1/entries/x/raw/evil.js'></script>"


@pytest.mark.parametrize(
    ("kind", "is_shut_in"),
    [
        ("text/html", True),
        ("text/html; charset=utf-8", True),
        ("TEXT/HTML", True),
        ("application/xhtml+xml", True),
        ("image/svg+xml", True),
        ("text/xml", True),
        ("multipart/x-mixed-replace; boundary=a", True),
        ("application/pdf; x=text/html", True),
        ("", True),
        ("application/octet-stream", True),
        ("application/pdf", False),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
async def test_files_run_nothing_in_a_browser(
    native: Native, kind: str, status: int, is_shut_in: bool
) -> None:
    """Whoever uploaded them: under the gateway's address they are pages of nobody's."""
    entry = await one_entry(native, "berlin")
    headers = {"Content-Type": kind, "Content-Security-Policy": "script-src *"} if kind else {}
    native.lines["berlin"].fault = lambda asked: (
        httpx.Response(status, headers=headers, content=PAGE) if "/raw/" in asked.path else None
    )
    answer = await native.get(f"/entries/{entry['entry_id']}/raw/page.html")
    assert (answer.status_code, answer.content) == (status, PAGE)
    assert answer.headers["x-content-type-options"] == "nosniff"
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == is_shut_in
    for policy in policies:
        assert {"sandbox", "default-src 'none'"} <= {one.strip() for one in policy.split(";")}
        assert "script-src" not in policy


async def test_upload_and_dataset(native: Native) -> None:
    """Uploads are found by their entries, datasets at any site that knows them."""
    entry = await one_entry(native, "berlin")
    upload = await native.get(f"/uploads/{entry['upload_id']}")
    assert upload.json()["upload_id"] == entry["upload_id"]
    path = f"/uploads/{entry['upload_id']}/archive/{entry['entry_id']}"
    assert (await native.get(path)).json()["data"]["archive"]
    listed = (await native.get("/datasets?page_size=3")).json()
    assert len({one["dataset_id"] for one in listed["data"]}) == len(listed["data"]) > 0
    one = listed["data"][0]["dataset_id"]
    assert (await native.get(f"/datasets/{one}")).json()["data"]["dataset_id"] == one


async def test_nowhere(native: Native) -> None:
    """404 only where all sites said so; with one missing it is 502."""
    assert (await native.get("/entries/no_such_entry/archive")).status_code == 404
    assert (await native.get("/uploads/no_such_upload")).status_code == 404
    native.lines["berlin"].fault = refused
    lost = await native.get("/entries/no_such_entry/archive")
    assert lost.status_code == 502
    assert "berlin" in lost.json()["detail"]


async def test_next_holder(awkward: Native) -> None:
    """A site that fails is stood in for by the next one that has the entry."""
    held = {
        site: {
            one["entry_id"]
            for one in (await awkward.at(site, {"pagination": {"page_size": 99}}))["data"]
        }
        for site in awkward.sites
    }
    shared = next(iter(held["a"] & held["b"]))
    awkward.lines["a"].fault = refused
    answer = await awkward.get(f"/entries/{shared}/archive")
    assert answer.status_code == 200
    assert answer.json()["entry_id"] == shared


@pytest.mark.parametrize("path", ["/entries/x/raw/../../uploads", "/uploads/a%2F..%2Fb", "/nope"])
async def test_no_climbing(native: Native, path: str) -> None:
    """A path never leaves what it names."""
    assert (await native.get(path)).status_code in (404, 422)


async def test_downloads_come_from_one_site(native: Native) -> None:
    """Files of entries at several sites are 501, with how many are where."""
    answer = await native.post("/entries/raw/query", {"query": {}})
    assert answer.status_code == 501
    assert all(site in answer.json()["detail"] for site in native.sites)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/graph/query", 501),
        ("GET", "/materials/query", 501),
        ("GET", "/users", 501),
        ("GET", "/users/me", 501),
        ("POST", "/auth/token", 501),
        ("GET", "/uploads", 401),
        ("POST", "/uploads", 405),
        ("DELETE", "/uploads/x", 405),
        ("POST", "/entries/edit", 405),
        ("PUT", "/datasets", 405),
    ],
)
async def test_not_here(native: Native, method: str, path: str, status: int) -> None:
    """What is not answered says so in a sentence, in NOMAD's form, and asks no site."""
    answer = await native.client.request(method, f"/api/v1{path}")
    assert answer.status_code == status
    assert len(answer.json()["detail"]) > 20
    assert not any(line.asked for line in native.lines.values())


async def test_info(native: Native) -> None:
    """The lowest version, and each site's own."""
    info = (await native.get("/info")).json()
    assert info["version"] == "2.0.0"
    assert [one["name"] for one in info["sites"]] == [*native.sites]
    alone = (await native.get("/info", view="/sites/berlin")).json()
    assert [one["name"] for one in alone["sites"]] == ["berlin"]


@pytest.mark.parametrize(
    "kind", ["text/HTML", "image/svg+xml", "application/xhtml+xml", "text/plain"]
)
async def test_raw_files_run_no_script(native: Native, kind: str) -> None:
    """Whoever uploaded them: a browser takes none of them for a page of the gateway."""
    entry = await one_entry(native, "munich")
    page = b"<script src='other.js'></script>"
    native.lines["munich"].fault = lambda asked: (
        httpx.Response(200, content=page, headers={"Content-Type": kind, "Set-Cookie": "a=b"})
        if "/raw/" in asked.path
        else None
    )
    answer = await native.get(f"/entries/{entry['entry_id']}/raw/evil.html")
    assert answer.content == page
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
