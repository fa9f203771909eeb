"""Faults for tests: each one spoils answers as it says, and only while it is set."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.demo.faults import Faults, FaultyOasis

QUERY = {"query": {"quantities": "metadata.optimade"}, "pagination": {"page_size": 3}}
ARCHIVES = {**QUERY, "required": {"metadata": {"entry_id": "*"}}}


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def http(faults: Faults) -> AsyncIterator[httpx.AsyncClient]:
    app = FaultyOasis(create_demo_oasis("berlin"), faults)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://demo/nomad-oasis/api/v1"
    ) as client:
        yield client


async def test_no_fault(http, faults):
    """Without faults the answer is the Oasis's own; requests are counted."""
    assert len((await http.post("/entries/query", json=QUERY)).json()["data"]) == 3
    assert (faults.requests, faults.strikes()) == (1, True)


async def test_status_for_some_requests(http, faults):
    """A status, with headers, for as many requests as `times` says."""
    faults.status, faults.times, faults.headers = 503, 2, {"retry-after": "7"}
    answers = [await http.post("/entries/query", json=QUERY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_latency(http, faults):
    """An answer comes no earlier than the latency."""
    faults.latency_s = 0.05
    start = asyncio.get_running_loop().time()
    await http.get("/info")
    assert asyncio.get_running_loop().time() - start >= 0.05


async def test_hang(http, faults):
    """No answer comes at all."""
    faults.hang = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await http.get("/info")


async def test_drop(http, faults):
    """The connection ends within the answer."""
    faults.drop, faults.times = True, 1
    with pytest.raises(httpx.RemoteProtocolError):
        await http.get("/info")
    assert (await http.get("/info")).status_code == 200


async def test_truncated(http, faults):
    """JSON ends halfway."""
    faults.truncate = True
    with pytest.raises(ValueError, match=r"(?i)expecting|unterminated"):
        (await http.post("/entries/query", json=QUERY)).json()


async def test_wrong_types(http, faults):
    """JSON of another shape."""
    faults.wrong_types = True
    answer = (await http.post("/entries/query", json=QUERY)).json()
    assert isinstance(answer["data"], dict)
    assert answer["pagination"] == {"total": "many"}


async def test_broken_entry_breaks_its_page(http, faults):
    """One broken archive makes the whole page 500; pages without it are whole."""
    first = (await http.post("/entries/archive/query", json=ARCHIVES)).json()["data"][0]
    faults.broken_entries.add(first["entry_id"])
    assert (await http.post("/entries/archive/query", json=ARCHIVES)).status_code == 500
    assert (await http.post("/entries/query", json=QUERY)).status_code == 200
    others = {**ARCHIVES, "pagination": {"page_size": 3, "page_after_value": first["entry_id"]}}
    assert (await http.post("/entries/archive/query", json=others)).status_code == 200


async def test_vanished_upload_shortens_its_page(http, faults):
    """Entries whose files are gone are missing from a page, without a word."""
    whole = (await http.post("/entries/archive/query", json=ARCHIVES)).json()
    faults.vanished_uploads.add(whole["data"][0]["upload_id"])
    short = (await http.post("/entries/archive/query", json=ARCHIVES)).json()
    assert short["pagination"] == whole["pagination"]
    assert len(short["data"]) < len(whole["data"])
