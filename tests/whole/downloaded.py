"""All entries of a gateway in all formats of files, downloaded and read back by other programs.

As a script it takes the real Oases in `GATEWAY_TEST_OASES` and prints what was made, why not, and
what it cost: `python -m tests.whole.downloaded`.
"""

import asyncio
import csv
import io
import os
import resource
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
import orjson

from gateway.config import Config, ProviderKeys, SiteKeys
from gateway.serve.app import create_app
from gateway.write import FORMATS, fields_of, why_not
from tests.write.reading_back import check_file, frames_of

Attributes: TypeAlias = dict[str, Any]

PREFIX = "fed"
LISTING = f"/v1/structures?response_format=_{PREFIX}_"


@dataclass(frozen=True)
class Downloaded:
    """One archive: each entry's text, or why there is none; the manifest is checked."""

    texts: Mapping[str, str]
    refused: Mapping[str, str]


async def read_entries(web: httpx.AsyncClient) -> dict[str, Attributes]:
    """All entries as JSON Lines."""
    fields = ",".join(fields_of("cif", PREFIX))
    answer = await web.get(f"{LISTING}jsonl&include=&response_fields={fields}")
    _, *entries, last = map(orjson.loads, answer.content.splitlines())
    assert last["meta"][f"_{PREFIX}_complete"]
    return {one["id"]: one["attributes"] for one in entries}


async def read_archive(web: httpx.AsyncClient, name: str) -> Downloaded:
    """All entries as the format's archive."""
    answer = await web.get(f"{LISTING}{name}")
    assert answer.status_code == 200, answer.text
    return unpacked(answer.content, name)


def unpacked(content: bytes, name: str) -> Downloaded:
    """The files of an archive by entry, as its manifest tells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        members = {one: archive.read(one).decode() for one in archive.namelist()}
    assert next(iter(members)) == "query.txt"
    assert list(members)[-1] == "manifest.csv"
    rows = list(csv.DictReader(io.StringIO(members["manifest.csv"])))
    frames = frames_of(members.get("structures.xyz", ""))
    texts: dict[str, str] = {}
    for row in rows:
        if row["file"]:
            texts[row["id"]] = frames[int(row["frame"])] if row["frame"] else members[row["file"]]
    assert len(texts) == (len(frames) if name == "xyz" else len(members) - 2)
    refused = {row["id"]: row["why_not"] for row in rows if not row["file"]}
    assert len(texts) + len(refused) == len(rows)
    return Downloaded(texts, refused)


def check_archive(
    name: str, downloaded: Downloaded, entries: Mapping[str, Attributes]
) -> list[str]:
    """What is wrong: each entry has its file, read back as it is, or the reason why not."""
    problems = []
    assert {*downloaded.texts, *downloaded.refused} == set(entries)
    for id_, attributes in entries.items():
        if why_not(attributes, name) != downloaded.refused.get(id_):
            problems.append(f"{id_}: {downloaded.refused.get(id_)}")
        elif id_ in downloaded.texts:
            try:
                check_file(name, downloaded.texts[id_], attributes)
            except AssertionError as error:
                problems.append(f"{id_}: {error}")
    return problems


async def report(urls: Sequence[str]) -> None:
    """Download and check everything; print the counts."""
    sites = tuple(SiteKeys(name=f"site{at}", url=url) for at, url in enumerate(urls, 1))
    provider = ProviderKeys(prefix=PREFIX, name="Files", description="All of them.")
    app = create_app(Config(provider=provider, sites=sites))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=None) as web,
    ):
        entries = await read_entries(web)
        table = await web.get(f"{LISTING}csv")
        print(f"{len(entries)} entries, {len(table.text.splitlines()) - 1} lines of CSV")
        for name in ("cif", "xyz", "poscar"):
            begun = time.perf_counter()
            downloaded = await read_archive(web, name)
            spent = time.perf_counter() - begun
            problems = check_archive(name, downloaded, entries)
            print(f"{FORMATS[name].title}: {len(downloaded.texts)} made in {spent:.1f} s")
            for reason, count in Counter(downloaded.refused.values()).most_common():
                print(f"  {count} not: {reason}")
            print(f"  {len(problems)} read back otherwise", *problems[:5], sep="\n    ")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{memory} MB at most, gateway, client and the programs that read together")


if __name__ == "__main__":
    named = os.environ.get("GATEWAY_TEST_OASES", "").split(",")
    asyncio.run(report([url.strip() for url in named if url.strip()]))
