"""A demo Oasis as an app: where it answers, and from what it is made."""

import gzip

import httpx
import orjson
import pytest

from gateway.demo import create_demo_oasis

LINE = {
    "metadata": {
        "upload_id": "upload-1",
        "upload_name": "One upload",
        "upload_create_time": "2024-01-01T00:00:00.123456+00:00",
        "entry_id": "entry-1",
        "entry_name": "salt",
        "entry_create_time": "2024-01-01T00:00:00+00:00",
        "last_processing_time": "2024-01-02T00:00:00+00:00",
        "mainfile": "salt.cif",
        "parser_name": "parsers/cif",
        "nomad_version": "2.0.0",
        "processed": True,
        "published": True,
        "with_embargo": False,
        "main_author": {"user_id": "u1", "name": "Ada"},
        "coauthors": [{"user_id": "u2", "name": "Bob"}],
        "datasets": [{"dataset_id": "d1", "dataset_name": "Salts", "doi": "10.1/1"}],
        "optimade": {
            "elements": ["Cl", "Na"],
            "nelements": 2,
            "elements_ratios": [0.5, 0.5],
            "dimension_types": [1, 1, 0],
            "nsites": 2,
            "species": [{"name": "Na", "chemical_symbols": ["Na"], "concentration": [1.0]}],
        },
    },
    "results": {"material": {"elements": ["Cl", "Na"]}},
}


def client(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://demo")


async def test_document_is_derived():
    """Index fields that NOMAD derives are derived from the line."""
    async with client(create_demo_oasis([LINE])) as http:
        answer = await http.post("/nomad-oasis/api/v1/entries/query", json={})
    (document,) = answer.json()["data"]
    pairs = [{"elements": e, "elements_ratios": 0.5} for e in ("Cl", "Na")]
    assert document["optimade"] == {
        "elements": ["Cl", "Na"],
        "nelements": 2,
        "nsites": 2,
        "structure_features": [],
        "nperiodic_dimensions": 2,
        "elements_ratios": [pairs, pairs],
    }
    assert [person["name"] for person in document["authors"]] == ["Ada", "Bob"]
    assert document["calc_id"] == "entry-1"
    assert "metadata.optimade.species.name" in document["quantities"]
    assert "metadata.optimade.structure_features" not in document["quantities"]


async def test_archive_is_derived():
    """In archives people and datasets are ids."""
    async with client(create_demo_oasis([LINE])) as http:
        answer = await http.post("/nomad-oasis/api/v1/entries/archive/query", json={})
    archive = answer.json()["data"][0]["archive"]
    assert archive["metadata"]["main_author"] == "u1"
    assert archive["metadata"]["coauthors"] == ["u2"]
    assert archive["metadata"]["datasets"] == ["d1"]
    assert archive["metadata"]["optimade"] == LINE["metadata"]["optimade"]


@pytest.mark.parametrize("path", ["", "/nomad-oasis", "/a/b"])
async def test_path_is_free(path):
    """An Oasis stands at any path, as real ones do; outside of it there is nothing."""
    async with client(create_demo_oasis([LINE], path=path)) as http:
        assert (await http.get(f"{path}/api/v1/info")).json()["version"] == "2.0.0"
        assert (await http.get(f"{path}/alive")).json() == "I am, alive!"
        assert (await http.get("/elsewhere/api/v1/info")).status_code == 404


@pytest.mark.parametrize("packed", [False, True])
async def test_source_may_be_a_file(tmp_path, packed):
    """Lines may come from a file, packed or not."""
    raw = orjson.dumps(LINE) + b"\n\n"
    file = tmp_path / ("one.jsonl.gz" if packed else "one.jsonl")
    file.write_bytes(gzip.compress(raw) if packed else raw)
    async with client(create_demo_oasis(file)) as http:
        answer = await http.post("/nomad-oasis/api/v1/entries/query", json={})
    assert answer.json()["pagination"]["total"] == 1


async def test_unknown_source_is_told():
    """A name that is neither a site nor a file does not open."""
    with pytest.raises(FileNotFoundError):
        create_demo_oasis("atlantis")


async def test_a_client_that_leaves_is_no_error() -> None:
    """While its question is on its way; nothing is raised for the server to log."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    path = "/nomad-oasis/api/v1/entries/query"
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await create_demo_oasis([LINE])(scope, receive, send)
    assert sent[0]["status"] == 499
