"""One entry as a file: what it is called, how it is kept, and why there is none."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.write import FORMATS
from tests.serve.downloads.gateways import Opened, ids_at, opened
from tests.whole.lines import Answer, Asked, refused

ID, BARE = ids_at("berlin")[1], ids_at("berlin")[0]
TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "cif": "chemical/x-cif; charset=us-ascii",
    "xyz": "chemical/x-xyz; charset=utf-8",
    "poscar": "text/plain; charset=utf-8",
}
FIRST = {"csv": "id,", "cif": f"data_{ID}\n", "xyz": "2\n", "poscar": f"TiO {ID} "}


@pytest.fixture
async def gateway() -> AsyncIterator[Opened]:
    def change(number: int) -> dict[str, Any]:
        return {} if number else {"cartesian_site_positions": None}

    async with opened(change) as gateway:
        yield gateway


def url_of(id_: str, name: str) -> str:
    return f"/v1/structures/{id_}?response_format=_fed_{name}"


@pytest.mark.parametrize("name", FORMATS)
async def test_file(gateway: Opened, name: str) -> None:
    """A body of the format's type, with a name for the download and an ETag."""
    answer = await gateway.web.get(url_of(ID, name))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPES[name]
    assert answer.headers["content-disposition"] == f'attachment; filename="{ID}.{name}"'
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.text.startswith(FIRST[name])
    again = {"If-None-Match": answer.headers["etag"]}
    assert (await gateway.web.get(url_of(ID, name), headers=again)).status_code == 304
    head = await gateway.web.head(url_of(ID, name))
    assert head.headers["content-length"] == str(len(answer.content))
    assert head.content == b""


async def test_columns(gateway: Opened) -> None:
    """A table of one entry has the columns that are asked for."""
    answer = await gateway.web.get(url_of(ID, "csv") + "&response_fields=nsites,elements")
    assert answer.text == f'id,nsites,elements\n{ID},2,"[""O"",""Ti""]"\n'


@pytest.mark.parametrize("name", ["cif", "xyz", "poscar"])
async def test_no_file(gateway: Opened, name: str) -> None:
    """404 and a document that says which entry, which format and why."""
    answer = await gateway.web.get(url_of(BARE, name))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/vnd.api+json"
    (error,) = answer.json()["errors"]
    assert error["detail"] == (
        f"There is no {FORMATS[name].title} of {BARE}. "
        "Its Oasis has no usable positions of the atoms."
    )
    assert error["source"] == {"parameter": "response_format"}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("id_", ["berlin~nobody", "paris~x", "nonsense"])
async def test_no_entry(gateway: Opened, name: str, id_: str) -> None:
    """An unknown id is 404: a file cannot be null."""
    answer = await gateway.web.get(url_of(id_, name))
    assert answer.status_code == 404
    assert "no entry" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("name", FORMATS)
async def test_site_missing(gateway: Opened, name: str) -> None:
    """503 while its site does not answer."""
    gateway.lines["berlin"].fault = refused
    answer = await gateway.web.get(url_of(ID, name))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("name", ["cif", "xyz", "poscar"])
async def test_archive_not_read_in_time(gateway: Opened, name: str) -> None:
    """503, not a file made of what the index holds, and not a reason that is none."""

    def fault(asked: Asked) -> Answer:
        return httpx.ReadTimeout("slow") if asked.is_archive else None

    gateway.lines["berlin"].fault = fault
    answer = await gateway.web.get(url_of(ID, name))
    assert answer.status_code == 503
    assert "berlin" in answer.json()["errors"][0]["detail"]
    assert "retry-after" in answer.headers
