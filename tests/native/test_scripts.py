"""Existing scripts run unchanged but for their base URL: the lecture's, and ArchiveQuery's traffic.

`lecture/` holds scripts that students are taught. nomad-lab cannot be installed beside this,
so what `nomad.client.ArchiveQuery` sends is replayed, and read as it reads it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import gateway_url as _gateway_url
from tests.native.gateways import Body, Native
from tests.whole.lines import Asked

gateway_url = _gateway_url
SCRIPTS = sorted((Path(__file__).parent / "lecture").glob("*.py"))
PAGE, PER_CALL = 100, 10
"""ArchiveQuery fetches ids a hundred at a time, and downloads ten archives in one request."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_lecture(script: Path, gateway_url: str) -> None:
    """A script of the lecture runs to its end against the federation."""
    done = subprocess.run(
        [sys.executable, script],
        env={"NOMAD_BASE": f"{gateway_url}/api/v1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout


class ArchiveQueryTraffic:
    """`fetch` and `download` of nomad.client.ArchiveQuery, as 1.3, 1.4 and 2.0 send them."""

    def __init__(self, native: Native, query: Body, required: Any) -> None:
        self.native = native
        self.query = {"and": [{"quantities": []}, query]}
        self.required = required

    async def fetch(self, most: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        after = None
        while True:
            pagination: Body = {"page_size": PAGE}
            if after is not None:
                pagination["page_after_value"] = after
            answer = await self.native.query(
                {
                    "owner": "visible",
                    "query": self.query,
                    "pagination": pagination,
                    "required": {"include": ["entry_id", "upload_id"]},
                }
            )
            assert answer["pagination"]["total"] >= len(answer["data"])
            found += [(one["entry_id"], one["upload_id"]) for one in answer["data"]]
            after = answer["pagination"].get("next_page_after_value")
            if after is None or len(found) >= most:
                return found[:most]

    async def download(self, fetched: list[tuple[str, str]]) -> list[Body]:
        results: list[Body] = []
        for at in range(0, len(fetched), PER_CALL):
            ids = [entry_id for entry_id, _ in fetched[at : at + PER_CALL]]
            body = {
                "owner": "visible",
                "query": {"and": [self.query, {"entry_id:any": ids}]},
                "pagination": {"page_size": PER_CALL},
                "required": self.required,
            }
            response = await self.native.post("/entries/archive/query", body)
            assert response.status_code == 200, response.text
            data = response.json()["data"]
            results += [data[place] for place in range(len(ids))]  # an IndexError loses all
        return results


async def test_archive_query(native: Native) -> None:
    """Each fetched entry has its archive, in the order in which it was fetched."""
    traffic = ArchiveQueryTraffic(
        native, {"optimade.nelements": {"gte": 2}}, {"metadata": {"optimade": "*"}}
    )
    fetched = await traffic.fetch(250)
    results = await traffic.download(fetched)
    assert [one["entry_id"] for one in results] == [entry_id for entry_id, _ in fetched]
    assert [one["upload_id"] for one in results] == [upload_id for _, upload_id in fetched]
    entry_id, upload_id = fetched[0]
    lazy = await native.get(f"/uploads/{upload_id}/archive/{entry_id}")
    assert lazy.json()["data"]["archive"]["metadata"]["entry_id"] == entry_id


async def test_archive_query_over_copies(awkward: Native) -> None:
    """Ids at two sites come once, or what is paired by position would shift."""
    traffic = ArchiveQueryTraffic(awkward, {"optimade.nelements": {"gte": 1}}, "*")
    fetched = await traffic.fetch(1_000)
    assert len(dict(fetched)) == len(fetched)
    results = await traffic.download(fetched)
    assert [one["entry_id"] for one in results] == [entry_id for entry_id, _ in fetched]


async def test_site_that_dies_and_comes_back(native: Native) -> None:
    """Between two pages a site dies: 502, on which ArchiveQuery tries again; then nothing is lost
    and nothing comes twice."""
    traffic = ArchiveQueryTraffic(native, {"optimade.nelements": {"gte": 2}}, "*")
    whole = await traffic.fetch(1_000)
    first = await traffic.fetch(PAGE)
    body = {"query": traffic.query, "owner": "visible", "pagination": {"page_size": PAGE}}
    body["pagination"]["page_after_value"] = first[-1][0]
    native.lines["dresden"].fault = _gone
    assert (await native.post("/entries/query", body)).status_code == 502
    native.lines["dresden"].fault = None
    rest = (await native.query(body))["data"]
    assert [one["entry_id"] for one in rest] == [one for one, _ in whole[PAGE : 2 * PAGE]]


def _gone(asked: Asked) -> Any:
    import httpx

    del asked
    return httpx.Response(403, json={"detail": "not today"})
