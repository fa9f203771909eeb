"""Whole results as CSV and as archives of CIF, XYZ and POSCAR: complete, or a failed download."""

import csv
import io
import logging
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.config import AdmissionKeys
from tests.serve.downloads.gateways import (
    ALL_IDS,
    DOI,
    PER_SITE,
    SITES,
    Opened,
    dies_after,
    ids_at,
    is_census,
    opened,
)
from tests.whole.downloaded import Downloaded, unpacked
from tests.whole.lines import Answer, Asked, refused

LISTING = "/v1/structures?response_format=_fed_"
ARCHIVES = ("cif", "xyz", "poscar")
ALL = ("csv", *ARCHIVES)
WITHOUT = 4
"""Every so many entries one lacks its positions."""


def some_lack_positions(number: int) -> dict[str, Any]:
    lacks: dict[str, Any] = {"cartesian_site_positions": None} if number % WITHOUT == 0 else {}
    return {**lacks, "chemical_formula_hill": f"OTi{PER_SITE - number}"}


@pytest.fixture
async def gateway() -> AsyncIterator[Opened]:
    async with opened(some_lack_positions) as gateway:
        yield gateway


async def get_rows(gateway: Opened, url: str) -> list[dict[str, str]]:
    answer = await gateway.web.get(url)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def get_archive(gateway: Opened, name: str, more: str = "") -> Downloaded:
    answer = await gateway.web.get(f"{LISTING}{name}{more}")
    assert answer.status_code == 200, answer.text
    return unpacked(answer.content, name)


async def test_table(gateway: Opened) -> None:
    """A line for each entry, in the order asked, under the default columns; no archive is read."""
    answer = await gateway.web.get(f"{LISTING}csv&sort=chemical_formula_hill")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="fed-structures.csv"'
    assert answer.headers["x-total-count"] == str(len(ALL_IDS))
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {row["id"] for row in rows} == ALL_IDS
    assert len(rows) == len(ALL_IDS)
    hill = await get_rows(
        gateway, f"{LISTING}csv&sort=chemical_formula_hill&response_fields=chemical_formula_hill"
    )
    assert [row["id"] for row in hill] == [row["id"] for row in rows]
    values = [row["chemical_formula_hill"] for row in hill]
    assert values == sorted(values)
    first = rows[0]
    assert first["elements"] == '["O","Ti"]'
    assert first["_fed_site"] in SITES
    assert first["_fed_entry_page"].startswith(f"http://{first['_fed_site']}.example/gui/")
    assert first["_fed_dois"] == f'["{DOI}"]'
    assert first["space_group_it_number"] == ""
    assert not any(asked.is_by_ids for line in gateway.lines.values() for asked in line.asked)


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ("", ["id"]),
        ("nsites", ["id", "nsites"]),
        ("nsites,id,type,nelements,nsites", ["id", "nsites", "type", "nelements"]),
        ("references", ["id", "references"]),
        ("_other_thing,nsites", ["id", "_other_thing", "nsites"]),
    ],
)
async def test_columns(gateway: Opened, fields: str, columns: list[str]) -> None:
    """The id, then what was asked for in that order; ids of related entries, nothing included."""
    rows = await get_rows(gateway, f"{LISTING}csv&response_fields={fields}&include=references")
    assert list(rows[0]) == columns
    assert len(rows) == len(ALL_IDS)
    assert rows[0].get("type", "structures") == "structures"
    assert rows[0].get("references", '["doi').startswith('["doi')
    assert rows[0].get("_other_thing", "") == ""


async def test_a_table_goes_on_at_an_offset(gateway: Opened) -> None:
    """As many lines as have come are skipped; the rest is the same."""
    whole = await get_rows(gateway, f"{LISTING}csv&sort=-chemical_formula_hill")
    rest = await get_rows(gateway, f"{LISTING}csv&sort=-chemical_formula_hill&page_offset=37")
    assert rest == whole[37:]


async def test_no_match(gateway: Opened) -> None:
    """An empty result is a header line, or an archive with an empty manifest."""
    nothing = f"&filter={quote('nsites>100')}"
    assert (await gateway.web.get(f"{LISTING}csv{nothing}")).text.count("\n") == 1
    for name in ARCHIVES:
        assert await get_archive(gateway, name, nothing) == Downloaded({}, {})


@pytest.mark.parametrize("name", ARCHIVES)
async def test_archive(gateway: Opened, name: str) -> None:
    """Each entry has its file, or its reason in the manifest; the query is in there, too."""
    query = f"{LISTING}{name}&filter={quote('nelements=2')}"
    answer = await gateway.web.get(query, headers={"Accept-Encoding": "gzip, br, zstd"})
    assert answer.headers["content-type"] == "application/zip"
    assert "content-encoding" not in answer.headers
    assert f'"fed-structures-{name}.zip"' in answer.headers["content-disposition"]
    assert answer.headers["x-total-count"] == str(len(ALL_IDS))
    found = unpacked(answer.content, name)
    assert {*found.texts, *found.refused} == ALL_IDS
    assert len(found.refused) == len(SITES) * PER_SITE / WITHOUT
    assert set(found.refused.values()) == {"Its Oasis has no usable positions of the atoms."}
    assert all(id_ in text for id_, text in found.texts.items())
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        reported = archive.read("query.txt").decode()
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o644}
    assert query in reported
    assert f"{len(ALL_IDS)} structures match" in reported
    assert f"  berlin: {PER_SITE}\n" in reported


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("partial", ["", "&_fed_partial=allow"])
@pytest.mark.parametrize("pages", [1, 2, 3])
async def test_a_site_dies_midway(
    gateway: Opened, name: str, partial: str, pages: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The body ends without its end, whatever was said of partial answers: nobody takes it for
    whole. The log says why."""
    await gateway.web.head(f"{LISTING}{name}&sort=nsites")
    of_a_page = sum(not is_census(asked) for asked in gateway.lines["munich"].asked)
    gateway.lines["munich"].fault = dies_after(pages * of_a_page)
    with pytest.raises(ConnectionError, match="munich"):
        await gateway.web.get(f"{LISTING}{name}{partial}&sort=nsites")
    reported = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert any("download broken off" in one for one in reported)


@pytest.mark.parametrize("name", ALL)
async def test_a_site_is_down(gateway: Opened, name: str) -> None:
    """Before the body begins it is an error document; without that site it can be had."""
    gateway.lines["munich"].fault = refused
    answer = await gateway.web.get(f"{LISTING}{name}")
    assert answer.status_code == 503
    assert "munich" in answer.json()["errors"][0]["detail"]
    others = f"{LISTING}{name}&_fed_sites=berlin,dresden"
    assert (await gateway.web.get(others)).headers["x-total-count"] == str(2 * PER_SITE)


@pytest.mark.parametrize("name", ARCHIVES)
async def test_a_broken_archive(gateway: Opened, name: str) -> None:
    """What its Oasis cannot read has no file, and the manifest says so."""
    id_ = ids_at("berlin")[5]

    def fault(asked: Asked) -> Answer:
        clauses = asked.body.get("query", {}).get("and", []) if asked.is_archive else []
        wanted = next((c["entry_id:any"] for c in clauses if "entry_id:any" in c), None)
        if not asked.is_archive or (wanted and id_.partition("~")[2] not in wanted):
            return None
        return httpx.Response(500, json={"detail": {"reason": "boom", "exception": "KeyError"}})

    gateway.lines["berlin"].fault = fault
    found = await get_archive(gateway, name)
    assert found.refused[id_] == "Its Oasis cannot read its archive."
    assert {*found.texts, *found.refused} == ALL_IDS
    answer = await gateway.web.get(f"/v1/structures/{id_}?response_format=_fed_{name}")
    assert answer.status_code == 404
    assert "cannot read its archive" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("parameters", "status", "word"),
    [
        ("filter=nsites=", 400, "column"),
        ("sort=elements", 400, "elements"),
        ("page_limit=11", 403, "10"),
        ("page_cursor=damaged", 400, "page_cursor"),
        ("crazy=1", 400, "crazy"),
    ],
)
async def test_errors_before_the_body(
    gateway: Opened, name: str, parameters: str, status: int, word: str
) -> None:
    """What is wrong with the request is an error document, as for a page."""
    answer = await gateway.web.get(f"{LISTING}{name}&{parameters}")
    assert answer.status_code == status
    assert word in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("path", ["/v1/structures", f"/v1/structures/{ids_at('berlin')[1]}"])
@pytest.mark.parametrize("fields", ["nsites", ""])
async def test_no_choice_of_fields(gateway: Opened, name: str, path: str, fields: str) -> None:
    """What such a file holds is fixed; response_fields is an error that says what to do."""
    url = f"{path}?response_format=_fed_{name}&response_fields={fields}"
    answer = await gateway.web.get(url)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["source"] == {"parameter": "response_fields"}
    assert "_fed_csv" in error["detail"]


@pytest.mark.parametrize("name", ALL)
async def test_head(gateway: Opened, name: str) -> None:
    """HEAD gets the headers, with the number of entries, without a walk."""
    answer = await gateway.web.head(f"{LISTING}{name}")
    assert answer.status_code == 200
    assert answer.headers["x-total-count"] == str(len(ALL_IDS))
    assert answer.content == b""
    assert gateway.asked() < 30


async def test_references(gateway: Opened) -> None:
    """Of references there are tables; the other formats are refused with those that are served."""
    (row,) = await get_rows(gateway, "/v1/references?response_format=_fed_csv")
    assert row["doi"] == DOI
    assert row["_fed_structures"] == str(len(ALL_IDS))
    one = await get_rows(gateway, f"/v1/references/{row['id']}?response_format=_fed_csv")
    assert one == [row]
    for name in ARCHIVES:
        answer = await gateway.web.get(f"/v1/references?response_format=_fed_{name}")
        assert answer.status_code == 400
        assert "json, _fed_jsonl, _fed_exchange, _fed_csv." in answer.json()["errors"][0]["detail"]


async def test_post(gateway: Opened) -> None:
    """A form asks for the same."""
    form = {"response_format": "_fed_csv", "filter": f'id="{ids_at("berlin")[3]}"'}
    answer = await gateway.web.post("/v1/structures", data=form)
    assert answer.text.splitlines()[1].startswith(ids_at("berlin")[3])


async def test_too_many_streams() -> None:
    """Downloads take the slots of streams."""
    async with opened(admission=AdmissionKeys(max_streams=1)) as gateway:
        admission = gateway.app.state.served.admission  # type: ignore[attr-defined]
        async with admission.stream("192.0.2.1"):
            answer = await gateway.web.get(f"{LISTING}cif")
        assert answer.status_code == 429
        assert (await gateway.web.get(f"{LISTING}cif")).status_code == 200
