"""Broken and vanished archives: the page stays full, the index has the entry, a warning tells."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.errors import SitesMissingError
from gateway.model import EntryRequest, SearchRequest
from tests.whole.expected import Sort, ids_of, sorted_entries
from tests.whole.lines import Answer, Asked
from tests.whole.oases import Opened, make_line, opened

SITES = {"berlin": 23, "munich": 16}
LINES = {site: [make_line(f"e{i:02}", nsites=i) for i in range(n)] for site, n in SITES.items()}
FIELDS = ("nsites", "lattice_vectors")
BROKEN = ("e03", "e04", "e11")


def break_archives(one: Opened, site: str, entry_ids: Sequence[str], *, silently: bool) -> None:
    """Archives that crash the page they are on, or that are missing from it."""
    bad = set(entry_ids)

    def fault(asked: Asked) -> Answer:
        if not asked.is_archive or silently:
            return None
        clauses = asked.body["query"].get("and", [])
        wanted = next((c["entry_id:any"] for c in clauses if "entry_id:any" in c), None)
        if wanted is not None and not bad & set(wanted):
            return None
        return httpx.Response(500, json={"detail": {"reason": "boom", "exception": "KeyError"}})

    def shorten(asked: Asked, result: Any) -> Any:
        if asked.is_archive and silently:
            result["data"] = [one for one in result["data"] if one["entry_id"] not in bad]
        return result

    one.lines[site].fault, one.lines[site].change = fault, shorten


@pytest.mark.parametrize("filter_", [None, 'id STARTS WITH "berlin~"'])
@pytest.mark.parametrize(
    "sort", [(), (("nsites", True),), (("nelements", False), ("nsites", False))]
)
@pytest.mark.parametrize("silently", [False, True])
async def test_walk_over_broken_archives(silently: bool, sort: Sort, filter_: str | None) -> None:
    """Every entry once and in order, whether one site is asked or two, forward and back; the broken
    ones with what the index holds; the warning and the report name the site."""
    request = SearchRequest(
        "structures", filter=filter_, sort=sort, page_limit=6, response_fields=FIELDS
    )
    async with opened(LINES) as one:
        break_archives(one, "berlin", BROKEN, silently=silently)
        seen, broken, cursor = list[str](), list[str](), None
        while True:
            answer = await one.federation.search(replace(request, cursor=cursor))
            here = [r.id for r in answer.resources if r.attributes["lattice_vectors"] is None]
            states = {report.name: report.state for report in answer.reports}
            assert states["berlin"] == ("partial" if here else "ok")
            codes = [notice.code for notice in answer.notices]
            assert ("site_partial" in codes) is bool(here)
            assert codes.count("archive_missing") == len(here)
            seen += [resource.id for resource in answer.resources]
            broken += here
            assert all(r.attributes["nsites"] == int(r.id[-2:]) for r in answer.resources)
            if answer.next is None:
                break
            assert len(answer.resources) == 6
            cursor = answer.next.cursor
        entries = [k for k in one.entries if filter_ is None or k.site == "berlin"]
        assert seen == ids_of(sorted_entries(entries, sort))
        assert sorted(broken) == [f"berlin~{entry_id}" for entry_id in BROKEN]


@pytest.mark.parametrize("silently", [False, True])
async def test_single_entry_with_a_broken_archive(silently: bool) -> None:
    """It is there, with what the index holds and a warning."""
    async with opened(LINES) as one:
        break_archives(one, "berlin", BROKEN, silently=silently)
        request = EntryRequest("structures", "berlin~e03", response_fields=FIELDS)
        answer = await one.federation.entry(request)
        assert [resource.id for resource in answer.resources] == ["berlin~e03"]
        assert answer.resources[0].attributes == {"nsites": 3, "lattice_vectors": None}
        assert [notice.code for notice in answer.notices] == ["site_partial", "archive_missing"]


async def test_single_entries() -> None:
    """A single entry asks its site alone; an unknown one is no error; a missing site is one."""
    async with opened(LINES) as one:
        unknown = ("munich~e22", "berlin~e", "aachen~e01", "e01", "berlin~", "~e01", 'berlin~e0"1')
        for asked in ("berlin~e22", *unknown, "berlin~e01~x"):
            one.forget()
            answer = await one.federation.entry(EntryRequest("structures", asked))
            assert len(answer.resources) == answer.data_returned == int(asked == "berlin~e22")
            assert one.asked <= 2
            assert {name for name, line in one.lines.items() if line.asked} <= {asked[:6]}
        one.lines["munich"].fault = lambda asked: httpx.Response(403)
        with pytest.raises(SitesMissingError, match="munich"):
            await one.federation.entry(EntryRequest("structures", "munich~e01"))
        assert (await one.federation.entry(EntryRequest("structures", "berlin~e01"))).resources
