"""The whole result as JSON Lines: what comes, in which order, and how its end tells of gaps."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import orjson
import pytest
from optimade.utils import insert_from_jsonl
from starlette.types import Message, Scope

from gateway.references import Reference
from gateway.serve.response.meta import MAX_NOTICES
from tests.serve.downloads.gateways import (
    ALL_IDS,
    DOI,
    PAGE,
    SITES,
    Opened,
    dies_after,
    ids_at,
    is_census,
    opened,
)
from tests.whole.lines import Answer, Asked, refused

Written: TypeAlias = dict[str, Any]
"""One line, read."""

FORMAT = "_fed_jsonl"
STREAM = f"/v1/structures?response_format={FORMAT}"


@pytest.fixture
async def gateway() -> AsyncIterator[Opened]:
    async with opened() as gateway:
        yield gateway


def read_lines(response: httpx.Response) -> list[Written]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/jsonl")
    assert response.content.endswith(b"\n")
    lines: list[Written] = [orjson.loads(line) for line in response.content.splitlines()]
    return lines


async def get_lines(gateway: Opened, url: str) -> list[Written]:
    return read_lines(await gateway.web.get(url))


def ids_of(lines: list[Written], type_: str = "structures") -> list[str]:
    return [line["id"] for line in lines if line.get("type") == type_]


async def test_whole_result(gateway: Opened) -> None:
    """A header, each entry once in the order asked over many pages, and a line that says so."""
    header, *entries, last = await get_lines(gateway, STREAM)
    assert header["x-optimade"]["meta"]["api_version"] == "1.3.0"
    assert header["meta"]["data_returned"] == len(ALL_IDS)
    assert header["meta"]["data_available"] == len(ALL_IDS)
    assert {one["name"] for one in header["meta"]["_fed_sites"]} == set(SITES)
    found = ids_of(entries)
    assert len(found) == len(set(found))
    assert set(found) == ALL_IDS
    assert found == sorted(found, key=lambda id_: id_.partition("~")[::-1])
    assert last["meta"]["_fed_complete"] is True
    assert last["meta"]["_fed_count"] == len(ALL_IDS)


async def test_entries_are_those_of_pages(gateway: Opened) -> None:
    """A line holds what a page holds of the same entry, with the same parameters."""
    query = "&sort=-nsites&response_fields=nsites,_fed_site,last_modified&filter=nsites>3"
    _, *entries, _ = await get_lines(gateway, STREAM + query)
    paged: list[Written] = []
    url: str | None = f"/v1/structures?page_limit={PAGE}{query}"
    while url:
        document = (await gateway.web.get(url)).json()
        paged += document["data"]
        url = document["links"].get("next")
    assert paged
    assert [line for line in entries if line["type"] == "structures"] == paged


async def test_no_match(gateway: Opened) -> None:
    """An empty result is two lines, and complete."""
    header, last = await get_lines(gateway, f"{STREAM}&filter=nsites>100")
    assert header["meta"]["data_returned"] == 0
    assert last["meta"]["_fed_complete"] is True
    assert last["meta"]["_fed_count"] == 0


async def test_one_page(gateway: Opened) -> None:
    """A result that fills one page exactly ends there."""
    wanted = " OR ".join(f'id="{id_}"' for id_ in ids_at("berlin")[:PAGE])
    _, *entries, last = await get_lines(gateway, f"{STREAM}&{urlencode({'filter': wanted})}")
    assert sorted(ids_of(entries)) == ids_at("berlin")[:PAGE]
    assert last["meta"]["_fed_complete"] is True


@pytest.mark.parametrize("begin", ["page_offset=25", "page_number=3&page_limit=10"])
async def test_begins_at_an_offset(gateway: Opened, begin: str) -> None:
    """An offset leaves out what is before it, and nothing else."""
    _, *everything, _ = await get_lines(gateway, STREAM)
    offset = 25 if "offset" in begin else 20
    _, *entries, last = await get_lines(gateway, f"{STREAM}&{begin}")
    assert ids_of(entries) == ids_of(everything)[offset:]
    assert last["meta"]["_fed_count"] == len(ALL_IDS) - offset


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_site_dies_midway(gateway: Opened, after: int) -> None:
    """The last line names the missing site; what it resumes makes the result whole, nothing twice.

    The others' entries come all the same.
    """
    munich = gateway.lines["munich"]
    munich.fault = dies_after(after)
    _, *entries, last = await get_lines(gateway, STREAM)
    found = ids_of(entries)
    assert {*ids_at("berlin"), *ids_at("dresden")} <= set(found)
    assert not set(ids_at("munich")) <= set(found)
    assert last["meta"]["_fed_complete"] is False
    assert last["meta"]["_fed_missing"] == ["munich"]
    assert "munich" in last["meta"]["_fed_reason"]
    assert last["meta"]["_fed_count"] == len(found)
    munich.fault = None
    _, *rest, end = await get_lines(gateway, last["meta"]["_fed_resume"])
    assert sorted(found + ids_of(rest)) == sorted(ALL_IDS)
    assert end["meta"]["_fed_complete"] is True


async def test_resume_address(gateway: Opened) -> None:
    """It keeps the parameters and holds the cursor, which may be used by itself."""
    gateway.lines["dresden"].fault = dies_after(1)
    url = f"{STREAM}&response_fields=nsites&sort=nsites"
    _, *found, last = await get_lines(gateway, url)
    asked = parse_qs(urlsplit(last["meta"]["_fed_resume"]).query)
    assert asked["page_cursor"] == [last["meta"]["_fed_cursor"]]
    assert asked["response_format"] == [FORMAT]
    gateway.lines["dresden"].fault = None
    cursor = urlencode({"page_cursor": last["meta"]["_fed_cursor"]})
    _, *rest, _ = await get_lines(gateway, f"{url}&{cursor}")
    assert sorted(ids_of(found) + ids_of(rest)) == sorted(ALL_IDS)


async def test_site_still_missing(gateway: Opened) -> None:
    """While the missing site is away, resuming is an error before the first line, with 503."""
    gateway.lines["munich"].fault = dies_after(1)
    lines = await get_lines(gateway, STREAM)
    response = await gateway.web.get(lines[-1]["meta"]["_fed_resume"])
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert "munich" in response.json()["errors"][0]["detail"]


async def test_site_comes_back(gateway: Opened) -> None:
    """A site that misses a page in between catches up within the stream."""
    failing = [False, True, False]

    def fault(asked: Asked) -> Answer:
        if is_census(asked) or not failing:
            return None
        return refused(asked) if failing.pop(0) else None

    gateway.lines["berlin"].fault = fault
    _, *entries, last = await get_lines(gateway, STREAM)
    assert sorted(ids_of(entries)) == sorted(ALL_IDS)
    assert last["meta"]["_fed_complete"] is True


async def test_later_pages_warn_in_the_last_line(gateway: Opened) -> None:
    """What is wrong with entries of later pages is said at the end, as far as anybody reads it;
    what the header said is not repeated."""

    def no_archives(asked: Asked) -> Answer:
        return httpx.Response(500) if asked.is_archive else None

    gateway.lines["munich"].fault = no_archives
    first, *_, last = await get_lines(gateway, f"{STREAM}&response_fields=lattice_vectors")
    answer = [one["detail"] for one in last["meta"].get("warnings", ())]
    assert answer
    assert all("munich" in one for one in answer)
    assert not {*answer} & {one["detail"] for one in first["meta"].get("warnings", ())}
    assert len(answer) <= MAX_NOTICES + 1


async def test_nothing_may_be_missing(gateway: Opened) -> None:
    """With partial=forbid the stream ends where a site fails, and resumes there."""
    gateway.lines["munich"].fault = dies_after(4)  # keys, then archives in portions
    url = f"{STREAM}&_fed_partial=forbid"
    _, *entries, last = await get_lines(gateway, url)
    assert last["meta"]["_fed_complete"] is False
    assert last["meta"]["_fed_missing"] == ["munich"]
    assert len(ids_of(entries)) < len(ALL_IDS)
    gateway.lines["munich"].fault = None
    _, *rest, end = await get_lines(gateway, last["meta"]["_fed_resume"])
    assert ids_of(entries) + ids_of(rest) == ids_of((await get_lines(gateway, STREAM))[1:-1])
    assert end["meta"]["_fed_complete"] is True


@pytest.mark.parametrize(
    ("parameters", "status", "word"),
    [
        ("filter=nsites=", 400, "column"),
        ("filter=crazy=1", 400, "crazy"),
        ("sort=elements", 400, "elements"),
        ("response_fields=crazy", 400, "crazy"),
        ("page_limit=11", 403, "10"),
        ("page_cursor=damaged", 400, "page_cursor"),
        ("_fed_sites=paris", 400, "paris"),
        ("crazy=1", 400, "crazy"),
        ("filter=nsites=1&filter=nsites=2", 400, "filter"),
    ],
)
async def test_errors_before_the_first_line(
    gateway: Opened, parameters: str, status: int, word: str
) -> None:
    """What is wrong with the request is an error document, as for a page."""
    response = await gateway.web.get(f"{STREAM}&{parameters}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/vnd.api+json"
    assert word in response.json()["errors"][0]["detail"]


async def test_all_sites_down(gateway: Opened) -> None:
    """When no site answers there is no stream but a 503."""
    for line in gateway.lines.values():
        line.fault = refused
    response = await gateway.web.get(STREAM)
    assert response.status_code == 503
    assert response.json()["errors"]


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("/v1/structures", "_other_jsonl"),
        ("/v1/structures", "jsonl"),
        (f"/v1/structures/{ids_at('berlin')[0]}", FORMAT),
    ],
)
async def test_unserved_formats(gateway: Opened, path: str, format_: str) -> None:
    """Other formats, and streams of single entries, are refused with those that are served."""
    response = await gateway.web.get(path, params={"response_format": format_})
    assert response.status_code == 400
    assert "json" in response.json()["errors"][0]["detail"]


async def test_response_fields(gateway: Opened) -> None:
    """Entries hold the fields that were asked for, and no others."""
    _, *entries, _ = await get_lines(gateway, f"{STREAM}&response_fields=nsites")
    assert {tuple(one["attributes"]) for one in entries if one["type"] == "structures"} == {
        ("nsites",)
    }


async def test_include(gateway: Opened) -> None:
    """Related entries come once in the whole stream, and not at all when none are wanted."""
    lines = await get_lines(gateway, STREAM)
    (reference,) = ids_of(lines, "references")
    assert reference in {
        one["id"]
        for line in lines
        for one in line.get("relationships", {}).get("references", {}).get("data", ())
    }
    assert ids_of(await get_lines(gateway, f"{STREAM}&include="), "references") == []
    assert lines[-1]["meta"]["_fed_count"] == len(ALL_IDS)


async def test_references(gateway: Opened) -> None:
    """References stream like structures."""
    header, *found, last = await get_lines(gateway, f"/v1/references?response_format={FORMAT}")
    assert header["meta"]["data_returned"] == len(found) == 1
    assert found[0]["attributes"]["doi"] == DOI
    assert last["meta"]["_fed_complete"] is True


@pytest.mark.parametrize(
    "url",
    [
        f"/sites/munich/v1/structures?response_format={FORMAT}",
        f"{STREAM}&_fed_sites=munich",
    ],
)
async def test_one_site(gateway: Opened, url: str) -> None:
    """The view of one site, or a choice of sites, streams its entries alone."""
    _, *entries, last = await get_lines(gateway, url)
    assert ids_of(entries) == ids_at("munich")
    assert last["meta"]["_fed_complete"] is True


async def test_form(gateway: Opened) -> None:
    """A form is answered with the same lines as a query string, and can be resumed by address."""
    fields = {"response_format": FORMAT, "filter": "nsites>2", "response_fields": "nsites"}
    posted = read_lines(await gateway.web.post("/v1/structures", data=fields))
    got = await get_lines(gateway, f"/v1/structures?{urlencode(fields)}")
    assert posted[1:] == got[1:]
    gateway.lines["berlin"].fault = dies_after(1)
    _, *first, last = read_lines(await gateway.web.post("/v1/structures", data=fields))
    gateway.lines["berlin"].fault = None
    _, *rest, _ = await get_lines(gateway, last["meta"]["_fed_resume"])
    assert sorted(ids_of(first) + ids_of(rest)) == sorted(ids_of(got))


async def test_head(gateway: Opened) -> None:
    """HEAD gets the headers of a stream without the sites being walked for it."""
    response = await gateway.web.head(STREAM)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/jsonl")
    assert response.content == b""
    for_head = gateway.asked()
    await get_lines(gateway, STREAM)
    assert for_head < (gateway.asked() - for_head) / 3


@dataclass(slots=True)
class Reader:
    """A client that takes messages when it likes, straight from the app."""

    taken: list[bytes]
    may_go_on: asyncio.Event
    most: int
    """After so many lines it waits."""

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            if self.lines >= self.most:
                await self.may_go_on.wait()
            self.taken.append(message["body"])

    @property
    def lines(self) -> int:
        return b"".join(self.taken).count(b"\n")


def make_scope() -> Scope:
    path, _, query = STREAM.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"gateway.example")],
        "server": ("gateway.example", 80),
        "client": ("203.0.113.7", 4711),
    }


async def settle(gateway: Opened) -> int:
    """How many requests the sites have got once nothing moves any more."""
    asked, quiet = -1, 0
    while quiet < 20:
        quiet = quiet + 1 if asked == gateway.asked() else 0
        asked = gateway.asked()
        await asyncio.sleep(0.005)
    return asked


async def test_slow_reader(gateway: Opened) -> None:
    """Sites are asked for the next part only when the client has taken the one before."""
    reader = Reader([], asyncio.Event(), most=0)
    streaming = asyncio.ensure_future(gateway.app(make_scope(), reader.receive, reader.send))
    waiting = await settle(gateway)
    reader.may_go_on.set()
    await streaming
    assert reader.lines == len(ALL_IDS) + 3  # header, the one reference, last line
    pages = len(ALL_IDS) // PAGE
    assert waiting <= 3 * gateway.asked() / pages


async def test_broken_off(gateway: Opened) -> None:
    """A stream whose reader went away has no last line, and the sites are left alone."""
    reader = Reader([], asyncio.Event(), most=PAGE // 2)
    streaming = asyncio.ensure_future(gateway.app(make_scope(), reader.receive, reader.send))
    asked = await settle(gateway)
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)
    assert b"_fed_complete" not in b"".join(reader.taken)
    assert await settle(gateway) == asked
    assert (await get_lines(gateway, STREAM))[-1]["meta"]["_fed_complete"] is True


EXCHANGE = "/v1/structures?response_format=_fed_exchange"


async def test_exchange_has_the_form_of_the_appendix(gateway: Opened) -> None:
    """Header, meta, base info, infos of the entry types, entries; a last line of our own."""
    header, meta, base, *rest = await get_lines(gateway, EXCHANGE)
    assert header == {"x-optimade": {"api_version": "1.3.0"}}
    assert list(meta) == ["meta"]
    assert meta["meta"]["data_returned"] == len(ALL_IDS)
    assert meta["meta"]["provider"]["prefix"] == "fed"
    assert (base["type"], base["id"]) == ("info", "/")
    assert "_fed_exchange" in base["attributes"]["formats"]
    assert [(one["type"], one["id"]) for one in rest[:2]] == [
        ("info", "structures"),
        ("info", "references"),
    ]
    assert "_nmd_results_material_material_id" in rest[0]["properties"]
    entries, last = rest[2:-1], rest[-1]
    assert {one["type"] for one in entries} == {"structures", "references"}
    assert set(ids_of(entries)) == ALL_IDS
    assert last["meta"]["_fed_complete"] is True
    assert "id" not in last
    own = await get_lines(gateway, STREAM)
    assert ids_of(own) == ids_of(entries)


async def test_exchange_is_read_by_the_reference_server(
    gateway: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loader takes every entry, and nothing else. It reads JSON with a part of pymongo, for
    which the standard library stands here."""
    json_util = SimpleNamespace(loads=json.loads)
    monkeypatch.setitem(sys.modules, "bson", SimpleNamespace(json_util=json_util))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "bson.json_util", json_util)  # type: ignore[arg-type]
    path = tmp_path / "all.jsonl"
    path.write_bytes((await gateway.web.get(EXCHANGE)).content)
    held: dict[str, list[Written]] = {"structures": [], "references": []}
    collections = {name: SimpleNamespace(insert=rows.extend) for name, rows in held.items()}
    insert_from_jsonl(path, collections)
    assert {row["id"] for row in held["structures"]} == ALL_IDS
    assert [row["id"] for row in held["references"]] == [Reference("doi", DOI).id]
    assert all(row["nsites"] and row["relationships"] for row in held["structures"])


async def test_exchange_tells_of_gaps(gateway: Opened) -> None:
    """As the other form does; going on gives the rest in the same form."""
    gateway.lines["munich"].fault = dies_after(2)
    *lines, last = await get_lines(gateway, EXCHANGE)
    assert last["meta"]["_fed_complete"] is False
    gateway.lines["munich"].fault = None
    *more, end = await get_lines(gateway, last["meta"]["_fed_resume"])
    assert more[0] == {"x-optimade": {"api_version": "1.3.0"}}
    assert end["meta"]["_fed_complete"] is True
    assert sorted(ids_of(lines) + ids_of(more)) == sorted(ALL_IDS)
