"""Nothing is lost: whatever sites are missing on whatever pages, their entries come when they are
back, once each; and an end that is none is never served as one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SitesMissingError
from gateway.model import SearchAnswer, SearchRequest
from gateway.search import Federation
from tests.whole.expected import Sort, ids_of, sorted_entries
from tests.whole.lines import Answer, Asked, refused
from tests.whole.oases import Opened, awkward_lines, make_line, opened

SIZES = {"berlin": 30, "munich": 24, "dresden": 7}
LINES = awkward_lines(2, SIZES)
SORTS: tuple[Sort, ...] = (
    (),
    (("nelements", True),),
    (("chemical_formula_hill", False),),
    (("id", True),),
    (("immutable_id", False), ("nsites", False)),
    (("nelements", False), ("chemical_formula_hill", True)),
)
BODIES = ("lattice_vectors",)
"""response_fields that need archives."""

Fault = Callable[[Asked], Answer]


def no_bodies(asked: Asked) -> httpx.Response | None:
    return refused(asked) if asked.is_archive else None


def no_keys(asked: Asked) -> httpx.Response | None:
    return None if asked.is_by_ids else refused(asked)


def dropped(asked: Asked) -> Exception:
    return httpx.ConnectError("no route")


def nonsense(asked: Asked) -> httpx.Response:
    return httpx.Response(200, json={"data": "nothing", "pagination": []})


def break_sites(one: Opened, faults: dict[str, Fault]) -> None:
    for site, line in one.lines.items():
        line.fault = faults.get(site)


def ids(answer: SearchAnswer) -> list[str]:
    return [resource.id for resource in answer.resources]


def states(answer: SearchAnswer) -> dict[str, str]:
    return {report.name: report.state for report in answer.reports}


async def follow(
    federation: Federation, request: SearchRequest, answer: SearchAnswer
) -> SearchAnswer:
    assert answer.next is not None
    return await federation.search(replace(request, cursor=answer.next.cursor))


async def rest_of(one: Opened, request: SearchRequest, answer: SearchAnswer) -> list[str]:
    """What the walk still gives behind an answer, every page but the last full."""
    found: list[str] = []
    while answer.next is not None:
        answer = await follow(one.federation, request, answer)
        found += ids(answer)
        assert answer.next is None or len(answer.resources) == request.page_limit
    return found


@pytest.mark.parametrize("fault", [refused, no_bodies, no_keys, nonsense])
@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_site_missing_on_two_pages_loses_nothing(sort: Sort, fault: Fault) -> None:
    """Missing in either phase: the pages are full without it, say so, and its entries come when
    it is back, before the others go on."""
    request = SearchRequest("structures", sort=sort, page_limit=7, response_fields=BODIES)
    async with opened(LINES) as one:
        answer = await one.federation.search(request)
        seen = ids(answer)
        break_sites(one, {"munich": fault})
        for _ in range(2):
            answer = await follow(one.federation, request, answer)
            assert len(answer.resources) == 7
            assert states(answer) == {"berlin": "ok", "munich": "failed", "dresden": "ok"}
            assert [notice.code for notice in answer.notices].count("site_failed") == 1
            assert not any(one.startswith("munich") for one in ids(answer))
            assert answer.data_returned == len(one.entries)
            seen += ids(answer)
        break_sites(one, {})
        seen += await rest_of(one, request, answer)
        assert sorted(seen) == sorted(ids_of(one.entries))


async def test_site_back_catches_up_in_order() -> None:
    """The first page with the site again begins at the place that it had kept."""
    request = SearchRequest("structures", page_limit=5, response_fields=())
    async with opened(LINES) as one:
        break_sites(one, {"munich": refused})
        first = await one.federation.search(request)
        second = await follow(one.federation, request, first)
        break_sites(one, {})
        third = await follow(one.federation, request, second)
        served = ids(first) + ids(second)
        left = [known for known in sorted_entries(one.entries) if known.id not in served]
        assert ids(third) == ids_of(left)[:5]
        assert ids(third)[0].startswith("munich~")


async def test_site_that_never_comes_back_is_no_end() -> None:
    """When only the missing site is left: an error that names it and when to come again, not an
    empty page; the same cursor goes on when it is back."""
    request = SearchRequest("structures", page_limit=20, response_fields=())
    async with opened(LINES) as one:
        break_sites(one, {"munich": refused})
        answer = await one.federation.search(request)
        seen, others = ids(answer), [known for known in one.entries if known.site != "munich"]
        while len(seen) < len(others):
            answer = await follow(one.federation, request, answer)
            seen += ids(answer)
        assert answer.more
        with pytest.raises(SitesMissingError, match="munich: read page of entries") as missing:
            await follow(one.federation, request, answer)
        assert missing.value.sites == ("munich",)
        assert missing.value.retry_after_s > 0
        assert seen == ids_of(sorted_entries(others))

        break_sites(one, {})
        seen += await rest_of(one, request, answer)
        assert sorted(seen) == sorted(ids_of(one.entries))


async def test_sites_missing_at_different_places_each_keep_theirs() -> None:
    """One site missing from the first page on, another from the third; both back on the fifth."""
    request = SearchRequest("structures", page_limit=4, response_fields=())
    async with opened(LINES) as one:
        break_sites(one, {"dresden": refused})
        answer = await one.federation.search(request)
        seen = ids(answer)
        faults: tuple[dict[str, Fault], ...] = (
            {"dresden": refused},
            {"dresden": refused, "berlin": refused},
            {"dresden": dropped, "berlin": refused},
            {"berlin": refused},
            {},
        )
        for missing in faults:
            break_sites(one, missing)
            answer = await follow(one.federation, request, answer)
            seen += ids(answer)
        seen += await rest_of(one, request, answer)
        assert sorted(seen) == sorted(ids_of(one.entries))


SCHEDULES = st.lists(
    st.dictionaries(st.sampled_from(sorted(SIZES)), st.sampled_from([refused, no_bodies, no_keys])),
    max_size=10,
)


@settings(max_examples=20, deadline=None)
@given(sort=st.sampled_from(SORTS), limit=st.integers(3, 20), faults=SCHEDULES)
def test_any_schedule_of_failures_loses_nothing(
    sort: Sort, limit: int, faults: Sequence[dict[str, Fault]]
) -> None:
    """Sites fail in either phase on any pages; a page of 503 is asked for again; at last all are
    back: every entry once."""
    request = SearchRequest("structures", sort=sort, page_limit=limit, response_fields=BODIES)

    async def walk() -> tuple[list[str], list[str]]:
        async with opened(LINES) as one:
            seen: list[str] = []
            cursor, schedule = None, iter(faults)
            while True:
                break_sites(one, next(schedule, {}))
                try:
                    answer = await one.federation.search(replace(request, cursor=cursor))
                except SitesMissingError:
                    continue
                seen += ids(answer)
                if answer.next is None:
                    return seen, ids_of(one.entries)
                assert len(answer.resources) == limit or answer.notices
                cursor = answer.next.cursor

    seen, expected = asyncio.run(walk())
    assert sorted(seen) == sorted(expected)


async def test_walk_survives_a_restart() -> None:
    """Every page of a walk, with a site missing in its middle, from another process."""
    request = SearchRequest("structures", page_limit=9, response_fields=())
    seen, cursor, page = list[str](), None, 0
    while cursor is not None or page == 0:
        async with opened(LINES) as one:
            break_sites(one, {"berlin": refused} if page in (2, 3) else {})
            answer = await one.federation.search(replace(request, cursor=cursor))
            seen += ids(answer)
            cursor, page = answer.next.cursor if answer.next else None, page + 1
            expected = ids_of(one.entries)
    assert page > 6
    assert sorted(seen) == sorted(expected)


async def test_first_page_without_a_site() -> None:
    """Its part of data_returned is the last known for the same filter; if none is, it is left out
    and the warning says so."""
    every = SearchRequest("structures", page_limit=5, response_fields=())
    filtered = replace(every, filter="nelements = 2")
    async with opened(LINES) as one:
        break_sites(one, {"munich": refused})
        answer = await one.federation.search(every)
        assert answer.data_returned == answer.data_available == len(one.entries)
        assert "as last known" in answer.notices[0].detail
        answer = await one.federation.search(filtered)
        others = [k for k in one.entries if k.site != "munich" and k["nelements"] == 2]
        assert answer.data_returned == len(others)
        assert answer.data_available == len(one.entries)
        assert "it is not in data_returned" in answer.notices[0].detail
        report = next(report for report in answer.reports if report.name == "munich")
        assert (report.state, report.total, report.returned) == ("failed", None, 0)
        assert report.reason == "read page of entries: HTTP 403: not today"


async def test_all_sites_missing() -> None:
    """No page at all: an error that tells of each site."""
    request = SearchRequest("structures", response_fields=())
    async with opened(LINES) as one:
        break_sites(one, dict.fromkeys(SIZES, dropped))
        with pytest.raises(SitesMissingError) as missing:
            await one.federation.search(request)
        assert missing.value.sites == tuple(SIZES)
        for site in SIZES:
            assert f"{site}: read page of entries: " in missing.value.detail
        break_sites(one, {})
        assert len(ids(await one.federation.search(request))) == 20


@pytest.mark.parametrize("fault", [refused, no_bodies])
async def test_partial_answers_can_be_forbidden(fault: Fault) -> None:
    """Whoever wants all or nothing gets the error instead of a page without a site."""
    request = SearchRequest("structures", partial="forbid", response_fields=BODIES)
    async with opened(LINES) as one:
        assert len(ids(await one.federation.search(request))) == 20
        break_sites(one, {"dresden": fault})
        with pytest.raises(SitesMissingError, match=r"A site does not answer \(dresden: "):
            await one.federation.search(request)


@pytest.mark.parametrize("fault", [refused, no_bodies])
async def test_last_and_previous_pages_without_a_site(fault: Fault) -> None:
    """Read backward, the page is filled from the others, and `next` keeps the site's place."""
    request = SearchRequest("structures", page_limit=6, response_fields=BODIES)
    async with opened(LINES) as one:
        others = ids_of(sorted_entries([k for k in one.entries if k.site != "munich"]))
        first = await one.federation.search(request)
        assert first.last is not None
        break_sites(one, {"munich": fault})
        last = await one.federation.search(replace(request, cursor=first.last.cursor))
        assert ids(last) == others[-len(ids(last)) :]
        assert last.prev is not None
        before = await one.federation.search(replace(request, cursor=last.prev.cursor))
        assert ids(before) == others[-len(ids(last)) - 6 : -len(ids(last))]
        break_sites(one, {})
        seen = await rest_of(one, request, before)
        whole = ids_of(sorted_entries(one.entries))
        behind = whole[whole.index(ids(before)[0]) + 1 :]
        assert sorted(seen) == sorted(one for one in behind if one not in ids(before))


@pytest.mark.parametrize("offset", [10, 160])
@pytest.mark.parametrize("fault", [refused, no_bodies, no_keys])
async def test_offset_without_a_site_is_counted_without_it(offset: int, fault: Fault) -> None:
    """The page holds what stands at the offset among the others; the site's entries behind the
    place come when it is back, those before it do not."""
    lines = {
        "berlin": [make_line(f"b{i:03}", nsites=i) for i in range(250)],
        "munich": [make_line(f"m{i:03}", nsites=i) for i in range(100)],
    }
    request = SearchRequest(
        "structures",
        sort=(("nsites", False),),
        offset=offset,
        page_limit=20,
        response_fields=BODIES,
    )
    async with opened(lines) as one:
        berlin = ids_of(
            sorted_entries([k for k in one.entries if k.site == "berlin"], request.sort)
        )
        whole = ids_of(sorted_entries(one.entries, request.sort))
        break_sites(one, {"munich": fault})
        answer = await one.federation.search(request)
        begin = berlin.index(ids(answer)[0])
        assert ids(answer) == berlin[begin : begin + 20]
        if fault is not no_bodies:  # then it was there to be counted
            assert begin == offset
        break_sites(one, {})
        seen = ids(answer) + await rest_of(one, replace(request, offset=0), answer)
        behind = whole[whole.index(berlin[begin - 1]) + 1 :] if begin else whole
        assert sorted(seen) == sorted(behind)


async def test_hanging_site_costs_its_own_entries_only() -> None:
    """A site that takes questions and says nothing: first page, next page and a deep offset come in
    time without it."""
    lines = {
        "berlin": [make_line(f"b{i:03}") for i in range(400)],
        "munich": [make_line(f"m{i:03}") for i in range(10)],
    }
    request = SearchRequest("structures", response_fields=())
    waits = {"budget_s": 1.5, "connect_s": 1}
    async with opened(lines, timeouts=waits) as one:
        one.lines["munich"].hangs = lambda asked: True
        first = await one.federation.search(request)
        second = await follow(one.federation, request, first)
        deep = await one.federation.search(replace(request, offset=200))
    assert [states(answer)["munich"] for answer in (first, second, deep)] == ["failed"] * 3
    assert [ids(answer)[0] for answer in (first, second, deep)] == [
        "berlin~b000", "berlin~b020", "berlin~b200",
    ]  # fmt: skip


async def test_site_that_hangs_over_archives_costs_its_own_entries_only() -> None:
    """Keys in time, bodies never: the page is filled from the others, bodies and all."""
    lines = {
        "berlin": [make_line(f"b{i:03}") for i in range(60)],
        "munich": [make_line(f"a{i:03}") for i in range(10)],
    }
    request = SearchRequest("structures", response_fields=BODIES)
    waits = {"budget_s": 1.5, "connect_s": 1}
    async with opened(lines, timeouts=waits) as one:
        one.lines["munich"].hangs = lambda asked: asked.is_archive
        answer = await one.federation.search(request)
        assert ids(answer) == [f"berlin~b{i:03}" for i in range(20)]
        assert states(answer) == {"berlin": "ok", "munich": "failed"}
        assert answer.data_returned == 70


@pytest.mark.parametrize("answered", [1, 2, 3])
async def test_site_that_hangs_in_mid_search_is_left_out(answered: int) -> None:
    """However far the search for an offset has come with a site, it ends in time without it."""
    lines = {
        "berlin": [make_line(f"b{i:03}", nsites=i % 7) for i in range(400)],
        "munich": [make_line(f"m{i:03}", nsites=i % 5) for i in range(300)],
    }
    sort: Sort = (("nsites", True), ("chemical_formula_hill", False))
    request = SearchRequest("structures", sort=sort, offset=300, response_fields=())
    waits = {"budget_s": 2.5}
    async with opened(lines, timeouts=waits) as one:
        asked_before = count()
        one.lines["munich"].hangs = lambda asked: next(asked_before) >= answered
        answer = await one.federation.search(request)
        berlin = [known for known in one.entries if known.site == "berlin"]
        assert states(answer)["munich"] == "failed"
        assert ids(answer) == ids_of(sorted_entries(berlin, sort))[300:320]
