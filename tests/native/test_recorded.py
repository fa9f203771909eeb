"""What existing clients sent, replayed: nomad.client.ArchiveQuery of nomad-lab 2.0 and 1.3, which
cannot be installed beside this, the download helpers of nomad-utility-workflows, and a browser."""

from typing import Any

import httpx
import pytest

from tests.native.gateways import Native
from tests.native.recorded_traffic import CLIENTS, ArchiveQueryTraffic, Recorded, read_recorded
from tests.whole.lines import Asked

ARCHIVE_QUERIES = [client for client in CLIENTS if client.startswith("archive-query")]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("client", ARCHIVE_QUERIES)
async def test_archive_query(native: Native, client: str) -> None:
    """The pages have the ids and positions which it went on with, and each download is one archive
    for each id, in the order of ids, or what is paired by position would shift."""
    listed: list[str] = []
    after: list[str | None] = [None]
    for recorded in read_recorded(client):
        response = await recorded.replay(native)
        assert response.status_code == 200, response.text
        answer = response.json()
        data = [one["entry_id"] for one in answer["data"]]
        if recorded.target == "/api/v1/entries/query":
            assert recorded.after in after
            after.append(answer["pagination"].get("next_page_after_value"))
            listed += data
            assert all(one.keys() == {"entry_id", "upload_id"} for one in answer["data"])
        else:
            assert data == recorded.ids
            assert {*data} <= {*listed}
            assert all(one["archive"]["metadata"]["optimade"] for one in answer["data"])


def test_versions_send_the_same() -> None:
    """1.3 and 2.0 differ in spaces and in the name of their HTTP client alone."""
    assert len(ARCHIVE_QUERIES) == 2
    older, newer = (read_recorded(client) for client in ARCHIVE_QUERIES)
    assert [one.target for one in older] == [one.target for one in newer]
    for one, other in zip(_sorted(older), _sorted(newer), strict=True):
        assert one.json == other.json


def _sorted(requests: Any) -> list[Recorded]:
    """Downloads are sent at a time, so in any order."""
    return sorted(requests, key=lambda one: (one.target, str(one.json)))


async def test_utility_workflows(native: Native) -> None:
    """Each request is answered as NOMAD does; the demo has no raw files, and says so."""
    seen = []
    for recorded in read_recorded("utility-workflows-0.3"):
        response = await recorded.replay(native)
        path = recorded.target.partition("?")[0]
        if path.endswith("/raw"):
            assert (response.status_code, [*response.json()]) == (404, ["detail"])
            continue
        assert response.status_code == 200, response.text
        answer = response.json()
        seen.append(path.rpartition("/")[2])
        if path.endswith("/query"):
            assert answer["data"] == sorted(answer["data"], key=lambda one: one["entry_id"])
            assert recorded.json.keys() <= answer.keys()
        elif path.endswith("/download"):
            assert answer["metadata"]["entry_id"] in path
        else:
            assert {"upload_id", "main_author", "mainfile"} <= answer["data"].keys()
    assert seen == ["query", "query", seen[2], seen[2], "download"]


@pytest.mark.parametrize(
    "path",
    ["/entries?page_size=2", "/entries/archive?page_size=1", "/info", "/datasets", "/entries/{id}"],
)
async def test_browser(native: Native, path: str) -> None:
    """A GET in a browser shows the JSON that every other client gets, with addresses to go on."""
    (one,) = (await native.get("/entries?page_size=1")).json()["data"]
    path = path.format(id=one["entry_id"])
    shown = await native.get(path, headers={"accept": BROWSER, "accept-language": "de,en;q=0.7"})
    assert shown.status_code == 200, shown.text
    assert shown.headers["content-type"].startswith("application/json")
    assert shown.json() == (await native.get(path)).json()
    if path.startswith("/entries?"):
        following = shown.json()["pagination"]["next_page_url"]
        again = await native.client.get(following, headers={"accept": BROWSER})
        assert again.json()["data"][0]["entry_id"] > shown.json()["data"][-1]["entry_id"]


async def test_archive_query_of_many(native: Native) -> None:
    """Each of more entries than were recorded has its archive, and references in it can be followed
    as the client does: by upload_id and entry_id."""
    traffic = ArchiveQueryTraffic(native, read_recorded("archive-query-2.0")[:5])
    await traffic.fetch(250)
    fetched = [*traffic.entries]
    results = await traffic.download()
    assert [one["entry_id"] for _, one in results] == [entry_id for entry_id, _ in fetched]
    assert [one["upload_id"] for _, one in results] == [upload_id for _, upload_id in fetched]
    entry_id, upload_id = fetched[0]
    lazy = await native.get(f"/uploads/{upload_id}/archive/{entry_id}")
    assert lazy.json()["data"]["archive"]["metadata"]["entry_id"] == entry_id


async def test_archive_query_over_copies(awkward: Native) -> None:
    """Ids at two sites come once, or what is paired by position would shift."""
    recorded = read_recorded("archive-query-2.0")[5:]
    query = {"optimade.nelements": {"gte": 1}}
    traffic = ArchiveQueryTraffic(awkward, recorded, query=query)
    await traffic.fetch(1_000)
    fetched = [entry_id for entry_id, _ in traffic.entries]
    assert len({*fetched}) == len(fetched) > 50
    results = await traffic.download()
    assert [one["entry_id"] for _, one in results] == fetched


@pytest.mark.parametrize("client", ARCHIVE_QUERIES)
async def test_site_that_dies_while_pages_are_fetched(native: Native, client: str) -> None:
    """502, on which ArchiveQuery asks for the page again; then nothing is lost, nothing twice."""
    recorded = read_recorded(client)[:5]
    whole = ArchiveQueryTraffic(native, recorded)
    await whole.fetch(1_000)
    native.lines["dresden"].fault = _Gone(after=2, times=2)
    traffic = ArchiveQueryTraffic(native, recorded)
    await traffic.fetch(1_000)
    assert traffic.failures
    assert {*traffic.failures} == {502}
    assert traffic.entries == whole.entries


@pytest.mark.parametrize("client", ARCHIVE_QUERIES)
async def test_site_that_dies_in_the_middle_of_downloads(native: Native, client: str) -> None:
    """Downloads of its entries fail with 502, and never with fewer archives; ArchiveQuery keeps
    their ids, and when the site is back its next download gets them: all once, none twice."""
    traffic = ArchiveQueryTraffic(native, read_recorded(client)[:5])
    await traffic.fetch(300)
    wanted = [entry_id for entry_id, _ in traffic.entries]
    native.lines["dresden"].fault = _Gone(after=5)
    first = await traffic.download()
    assert traffic.entries
    assert {*traffic.failures} == {502}
    assert first
    native.lines["dresden"].fault = None
    second = await traffic.download()
    assert not traffic.entries
    assert all(entry_id == one["entry_id"] for entry_id, one in [*first, *second])
    assert sorted(entry_id for entry_id, _ in [*first, *second]) == sorted(wanted)


class _Gone:
    """A site that answers some requests, and then is gone for some or for all others."""

    def __init__(self, *, after: int, times: int = 1_000_000) -> None:
        self._answers = range(after, after + times)
        self._asked = 0

    def __call__(self, asked: Asked) -> Any:
        self._asked += 1
        if self._asked - 1 in self._answers:
            return httpx.Response(403, json={"detail": "not today"})
        return None
