"""Every way to page, for awkward limits, filters and fields, and what a page costs the sites."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import ParameterError
from gateway.model import SearchRequest
from tests.whole.expected import Known, Sort, ids_of, sorted_entries
from tests.whole.oases import awkward_lines, make_line, opened
from tests.whole.walking import INDEX_ONLY, last_offset, walk_of

LINES = awkward_lines(4, {"berlin": 40, "munich": 26, "dresden": 8})
ARCHIVE = ("lattice_vectors", "last_modified")


def visible() -> int:
    return sum(line["metadata"]["published"] for lines in LINES.values() for line in lines)


@pytest.mark.parametrize(
    "limit", [1, 2, 3, 7, 20, 100, 500, visible() - 1, visible(), visible() + 1]
)
async def test_any_page_limit(limit: int) -> None:
    """Every page but the last is full, and nothing follows one that is exactly full and last."""
    async with opened(LINES) as one:
        walk = walk_of(one.federation, one.entries, limit=limit, sort=(("nsites", True),))
        await walk.back_from(await walk.forward())
        assert (await walk.last()).next is None
        assert walk.problems == []


@pytest.mark.parametrize("limit", [5, 8])
async def test_exactly_full_last_page(limit: int) -> None:
    """Totals that are multiples of the limit: more is False on the last page, at each site too."""
    lines = {
        site: [make_line(f"{site}-{i:02}") for i in range(20)] for site in ("berlin", "munich")
    }
    async with opened(lines) as one:
        for filter_ in (None, 'id STARTS WITH "berlin~"'):
            entries = [k for k in one.entries if filter_ is None or k.site == "berlin"]
            for fields in (INDEX_ONLY, ARCHIVE):
                walk = walk_of(one.federation, entries, limit=limit, fields=fields, where=filter_)
                last = await walk.forward()
                assert (last.more, last.next) == (False, None)
                await walk.back_from(last)
                assert (await walk.last()).next is None
                assert walk.problems == []


FILTERS: list[tuple[str, Callable[[Known], bool]]] = [
    ('id STARTS WITH "munich~"', lambda one: one.site == "munich"),
    ('NOT id STARTS WITH "munich~"', lambda one: one.site != "munich"),
    ("nelements = 3", lambda one: one["nelements"] == 3),
    ("chemical_formula_hill IS UNKNOWN", lambda one: one["chemical_formula_hill"] is None),
    ("nelements = 77", lambda one: False),
    ('id STARTS WITH "aachen~"', lambda one: False),
    ('chemical_formula_hill = "None"', lambda one: one["chemical_formula_hill"] == "None"),
]  # fmt: skip


@pytest.mark.parametrize("fields", [INDEX_ONLY, ARCHIVE, None], ids=str)
@pytest.mark.parametrize(("text", "selects"), FILTERS)
async def test_filters_that_leave_few_or_one_site_or_none(
    text: str, selects: Callable[[Known], bool], fields: tuple[str, ...] | None
) -> None:
    """The same pages whether index, archives or both are asked, at one site or at several."""
    sorts: tuple[Sort, ...] = ((), (("last_modified", True),), (("id", True),),
                               (("immutable_id", False),), (("chemical_formula_hill", False),),
                               (("nsites", False), ("nelements", True)))  # fmt: skip
    async with opened(LINES) as one:
        entries = [known for known in one.entries if selects(known)]
        for sort in sorts:
            how: dict[str, Any] = {"where": text, "fields": fields, "limit": 9, "sort": sort}
            walk = walk_of(one.federation, entries, **how)
            await walk.back_from(await walk.forward())
            last = await walk.last()
            assert walk.problems == []
            assert len(last.resources) == len(entries) - last_offset(len(entries), 9)


SORTS: tuple[Sort, ...] = (
    (),
    (("nelements", False),),
    (("chemical_formula_hill", True),),
    (("id", False),),
    (("id", True),),
    (("immutable_id", True), ("nsites", False)),
    (("nelements", True), ("chemical_formula_hill", False)),
    (("nsites", False), ("chemical_formula_hill", True), ("nelements", False), ("id", True)),
)  # fmt: skip
MANY = awkward_lines(6, {"berlin": 500, "munich": 380, "dresden": 20})


@pytest.mark.parametrize("sort", SORTS, ids=str)
async def test_page_offset_is_exact_everywhere(sort: Sort) -> None:
    """The page at any offset is the slice of the sort, also next to the ends and past them; links
    to its neighbours hold; it costs a bounded number of requests."""
    async with opened(MANY) as one:
        total = len(one.entries)
        walk = walk_of(one.federation, one.entries, sort=sort)
        ends = [total - 300, total - 151, total - 21, total - 20, total - 19, total - 1]
        for offset in (0, 1, 19, 20, 149, 150, 151, 152, 153, 400, total // 2, *ends):
            one.forget()
            answer = await walk.at_offset(offset)
            assert one.asked <= 3 * (2 + 12 * 4)
            if answer.next is not None:
                await walk.follow(answer.next, offset + 20)
            if answer.prev is not None and offset >= 20:
                await walk.follow(answer.prev, offset - 20)
        for offset in (total, total + 1, 10**9, 10**30):
            one.forget()
            answer = await walk.at_offset(offset)
            assert one.asked <= 3
            assert answer.next is None
            assert answer.prev is not None
            await walk.follow(answer.prev, last_offset(total, 20))
        assert walk.problems == []


async def test_previous_page_of_an_odd_offset_begins_at_the_start() -> None:
    """Going back from offset 30 by 20: offset 10, then the ten entries before it."""
    async with opened(LINES) as one:
        expected = ids_of(sorted_entries(one.entries))
        request = SearchRequest("structures", offset=30, response_fields=())
        answer = await one.federation.search(request)
        assert answer.prev is not None
        assert answer.prev.offset == 10
        before = await one.federation.search(replace(request, cursor=answer.prev.cursor))
        assert [resource.id for resource in before.resources] == expected[10:30]
        assert before.prev is not None
        assert before.prev.offset == 0
        first = await one.federation.search(replace(request, cursor=before.prev.cursor))
        assert [resource.id for resource in first.resources] == expected[:10]
        assert first.prev is None
        assert first.next is not None
        again = await one.federation.search(replace(request, cursor=first.next.cursor))
        assert [resource.id for resource in again.resources] == expected[10:30]


async def test_offset_beyond_the_cap_is_refused_with_the_way_out() -> None:
    """A configured cap holds from either end; nothing is past the end of nothing."""
    async with opened(MANY, paging={"max_offset": 200}) as one:
        walk = walk_of(one.federation, one.entries)
        total = len(one.entries)
        for offset in (200, total - 200, total, 10**9):
            await walk.at_offset(offset)
        assert walk.problems == []
        for offset in (201, total // 2, total - 201):
            with pytest.raises(ParameterError, match="200 entries from either end") as refusal:
                await walk.at_offset(offset)
            assert refusal.value.parameter == "page_offset"
            assert "links.next" in refusal.value.detail
        empty = walk_of(one.federation, [], where="nelements = 77")
        await empty.at_offset(500)
        assert empty.problems == []


@pytest.mark.parametrize(
    ("sort", "most"),
    [
        ((), 9),  # a page of archives that ends early is not trusted: keys are asked for after it
        ((("nelements", True),), 6),
        ((("nelements", True), ("nsites", False)), 12),
        ((("nelements", True), ("nsites", False), ("chemical_formula_hill", True)), 21),
    ],
)
async def test_cursor_pages_cost_the_same_at_any_depth(sort: Sort, most: int) -> None:
    """Bodies included, at three sites: one key takes two requests a site, n keys a few more."""
    async with opened(MANY) as one:
        request = SearchRequest("structures", sort=sort, page_limit=50, response_fields=ARCHIVE)
        answer = await one.federation.search(request)
        while answer.next is not None:
            one.forget()
            answer = await one.federation.search(replace(request, cursor=answer.next.cursor))
            assert one.asked <= most


@pytest.mark.parametrize(("fields", "most"), [(INDEX_ONLY, 1), (ARCHIVE, 1), (None, 2)])
async def test_one_site_is_asked_once(fields: tuple[str, ...] | None, most: int) -> None:
    """Where one site is left, its page takes one request, for the index or for archives; what only
    the two together hold takes both at once."""
    async with opened(LINES) as one:
        request = SearchRequest(
            "structures", filter='id STARTS WITH "berlin~"', page_limit=10, response_fields=fields
        )
        one.forget()
        answer = await one.federation.search(request)
        assert one.asked <= most
        assert {name for name, line in one.lines.items() if line.asked} == {"berlin"}
        one.forget()
        assert answer.next is not None
        await one.federation.search(replace(request, cursor=answer.next.cursor))
        assert one.asked <= most


@pytest.mark.parametrize(
    "changed",
    [
        {"filter": "nsites < 5"},
        {"filter": None},
        {"sort": ()},
        {"sort": (("nsites", False),)},
        {"sort": (("nsites", True), ("nelements", True))},
        {"sites": ("berlin", "munich")},
        {"sites": ("dresden", "munich", "berlin")},
    ],
)
async def test_cursor_of_another_request_is_refused(changed: dict[str, Any]) -> None:
    """A cursor goes with the filter, the sort and the sites that it was made for."""
    request = SearchRequest(
        "structures", filter="nsites < 500", sort=(("nsites", True),), page_limit=5,
        response_fields=(),
    )  # fmt: skip
    async with opened(LINES) as one:
        answer = await one.federation.search(request)
        assert answer.next is not None
        cursor = answer.next.cursor
        other = replace(request, cursor=cursor, page_limit=3, response_fields=INDEX_ONLY, offset=77)
        assert len((await one.federation.search(other)).resources) == 3
        with pytest.raises(ParameterError, match="another filter, sort"):
            await one.federation.search(replace(other, **changed))
