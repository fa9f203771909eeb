"""Pages in the default order, where each site is asked for its part of the page alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TypeAlias

import httpx
import pytest

from gateway.model import SearchRequest
from tests.whole.lines import Asked, refused
from tests.whole.oases import DemoLine, Opened, make_line, opened
from tests.whole.walking import INDEX_ONLY, walk_of

SITES = ("aachen", "berlin", "dresden", "jena", "munich", "ulm")
ARCHIVE = ("lattice_vectors",)
Make: TypeAlias = Callable[[Mapping[str, int]], dict[str, list[DemoLine]]]


def mixed(sizes: Mapping[str, int]) -> dict[str, list[DemoLine]]:
    """Entries whose ids say nothing of their site, as hashes do."""
    random = Random(1)
    return {
        site: [make_line(f"{random.getrandbits(64):016x}") for _ in range(size)]
        for site, size in sizes.items()
    }


def in_turn(sizes: Mapping[str, int]) -> dict[str, list[DemoLine]]:
    """Entries of one site after those of the other: no page is like the whole."""
    return {site: [make_line(f"{site}-{i:03}") for i in range(n)] for site, n in sizes.items()}


def keys_read(one: Opened) -> int:
    """Keys asked of all sites."""
    asked = [one for line in one.lines.values() for one in line.asked if not one.is_archive]
    return sum(each.body["pagination"]["page_size"] for each in asked)


async def test_a_walk_reads_little_more_than_its_pages() -> None:
    """Six sites, pages of 50: some 500 keys for five pages, where each site's 51 would be 1,530."""
    async with opened(mixed(dict.fromkeys(SITES, 100))) as one:
        request = SearchRequest("structures", page_limit=50, response_fields=INDEX_ONLY)
        answer = await one.federation.search(request)
        one.forget()
        for _ in range(5):
            assert answer.next is not None
            answer = await one.federation.search(replace(request, cursor=answer.next.cursor))
            assert len(answer.resources) == 50
        assert 250 < keys_read(one) < 600


@pytest.mark.parametrize("fields", [INDEX_ONLY, ARCHIVE], ids=str)
@pytest.mark.parametrize("make", [mixed, in_turn])
async def test_every_walk_is_exact(make: Make, fields: tuple[str, ...]) -> None:
    """Also where the sites' entries do not mix, so that sites run dry on every page."""
    async with opened(make({"berlin": 90, "munich": 45, "ulm": 4})) as one:
        for limit in (1, 7, 20, 60):
            walk = walk_of(one.federation, one.entries, limit=limit, fields=fields)
            await walk.back_from(await walk.forward())
            await walk.forward()
            assert walk.problems == []


async def test_a_first_page_that_is_kept_is_asked_for_in_the_same_words() -> None:
    """The counts that the first answer brings do not make the second question another one."""
    lines = mixed(dict.fromkeys(SITES, 40))
    async with opened(lines, cache={"backend": "memory"}) as one:
        request = SearchRequest("structures", filter="nelements = 2", response_fields=INDEX_ONLY)
        first = await one.federation.search(request)
        one.forget()
        again = await one.federation.search(request)
        assert one.asked == 0
        assert {report.state for report in again.reports} == {"cached"}
        assert [each.id for each in again.resources] == [each.id for each in first.resources]


@pytest.mark.parametrize("broken", ["berlin", "munich"])
@pytest.mark.parametrize("make", [mixed, in_turn])
async def test_the_others_fill_the_page_of_a_site_that_fails(make: Make, broken: str) -> None:
    """Its archives fail after all have given their portions: the others are asked on."""

    def no_archives(asked: Asked) -> httpx.Response | None:
        return refused(asked) if asked.is_archive else None

    async with opened(make({"berlin": 60, "munich": 60, "ulm": 60})) as one:
        request = SearchRequest("structures", page_limit=50, response_fields=ARCHIVE)
        await one.federation.search(request)
        one.lines[broken].fault = no_archives
        found: list[str] = []
        answer = await one.federation.search(request)
        while answer.next is not None and len(found) < 100:
            assert len(answer.resources) == 50
            found += [each.id for each in answer.resources]
            answer = await one.federation.search(replace(request, cursor=answer.next.cursor))
        expected = sorted(k.entry_id for k in one.entries if k.site != broken)
        assert [each.partition("~")[2] for each in found] == expected[:100]


async def test_a_site_that_hangs_leaves_time_to_ask_the_others_on() -> None:
    """Its keys never come; what the others have to give on top is asked for after that."""
    sizes = {"berlin": 200, "munich": 30, "ulm": 30}
    async with opened(mixed(sizes), timeouts={"budget_s": 2}) as one:
        request = SearchRequest("structures", page_limit=40, response_fields=ARCHIVE)
        await one.federation.search(request)
        one.lines["berlin"].hangs = lambda asked: True
        answer = await one.federation.search(request)
        assert len(answer.resources) == 40
        states = {report.name: report.state for report in answer.reports}
        assert states == {"berlin": "failed", "munich": "ok", "ulm": "ok"}


async def test_a_site_that_fails_when_asked_on_is_left_out_whole() -> None:
    """It gave its portion and not the rest: nothing of it is served out of turn."""
    async with opened(in_turn({"berlin": 60, "munich": 60})) as one:
        request = SearchRequest("structures", page_limit=40, response_fields=INDEX_ONLY)
        await one.federation.search(request)

        def once(asked: Asked) -> httpx.Response | None:
            return refused(asked) if "page_after_value" in asked.body["pagination"] else None

        one.lines["berlin"].fault = once
        answer = await one.federation.search(request)
        assert [each.id for each in answer.resources] == [
            f"munich~munich-{i:03}" for i in range(40)
        ]
        assert {r.name: r.state for r in answer.reports} == {"berlin": "failed", "munich": "ok"}
        one.lines["berlin"].fault = None
        rest: list[str] = []
        while answer.next is not None:
            answer = await one.federation.search(replace(request, cursor=answer.next.cursor))
            rest += [each.id for each in answer.resources]
        assert len(rest) == len(set(rest)) == 80
