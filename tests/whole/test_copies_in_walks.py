"""Walks over copies, in every order, while sites fail, import and delete: each entry once."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SitesMissingError
from gateway.model import SearchRequest
from tests.whole.copied_lines import ALL, LINES, NEW, ids_at, keys, oases, request, upload
from tests.whole.lines import refused
from tests.whole.oases import DemoLine, Opened

PROPERTIES = ("id", "nsites", "nelements", "last_modified", "chemical_formula_reduced")
ORDERS = [
    (),
    *(((name, falling),) for name in PROPERTIES for falling in (False, True)),
    (("nsites", True), ("last_modified", False)),
]


async def follow(
    opened: Opened, first: SearchRequest, between: Callable[[int], Awaitable[None]]
) -> tuple[list[str], list[int]]:
    """The entries of a walk and its counts; before each page but the first, something happens."""
    answer = await opened.federation.search(first)
    found, counts = keys(answer), [answer.data_returned]
    for page in range(1, 100):
        if answer.next is None:
            return found, counts
        await between(page)
        assert len(answer.resources) == first.page_limit
        again = replace(first, cursor=answer.next.cursor)
        try:
            answer = await opened.federation.search(again)
        except SitesMissingError:  # what is left, it alone serves in this walk
            for line in opened.lines.values():
                line.fault = None
            answer = await opened.federation.search(again)
        found += keys(answer)
        counts.append(answer.data_returned)
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("sort", ORDERS, ids=str)
async def test_an_owner_dies_in_mid_walk_and_comes_back(sort: Any) -> None:
    """Whichever site it is and whenever: nothing twice, nothing lost; the first page's count, and
    that of each page that all sites answer, is exact."""
    async with oases() as one:
        for dead in LINES:
            for since in (1, 2, 4):

                async def between(page: int, dead: str = dead, since: int = since) -> None:
                    one.lines[dead].fault = refused if since <= page < since + 2 else None

                found, counts = await follow(one, request(sort=sort, page_limit=3), between)
                one.lines[dead].fault = None
                assert Counter(found) == Counter(ALL), (dead, since)
                assert counts[0] == len(ALL)
                assert counts[since + 2 :] == [len(ALL)] * len(counts[since + 2 :])


@pytest.mark.parametrize("sort", ORDERS, ids=str)
async def test_backward(sort: Any) -> None:
    """From the last page to the first in the same order, in a walk that keeps who serves what."""
    async with oases() as one:
        first = request(sort=sort, page_limit=3)
        forward, _ = await follow(one, first, _nothing)
        answer = await one.federation.search(first)
        assert answer.last is not None
        answer = await one.federation.search(replace(first, cursor=answer.last.cursor))
        found = keys(answer)
        while answer.prev is not None:
            answer = await one.federation.search(replace(first, cursor=answer.prev.cursor))
            found = keys(answer) + found
        assert found == forward


@pytest.mark.parametrize("sort", ORDERS, ids=str)
async def test_by_offset_while_an_owner_is_away(sort: Any) -> None:
    """The next holders serve all that they have, at any offset; what no other site has is missing
    with a warning, and comes when the site is back."""
    async with oases() as one:
        for dead in LINES:
            others = set().union(*(ids_at(site) for site in LINES if site != dead))
            found: list[str] = []
            one.lines[dead].fault = refused
            for offset in range(0, len(others), 3):
                try:
                    answer = await one.federation.search(
                        request(sort=sort, page_limit=3, offset=offset)
                    )
                except SitesMissingError:
                    break
                found += keys(answer)
            assert Counter(found) == Counter(others), dead
            one.lines[dead].fault = None
            found = []
            for offset in range(0, len(ALL), 3):
                answer = await one.federation.search(
                    request(sort=sort, page_limit=3, offset=offset)
                )
                assert answer.data_returned == len(ALL)
                found += keys(answer)
            assert Counter(found) == Counter(ALL), dead


def change(opened: Opened, site: str, lines: list[DemoLine]) -> Awaitable[None]:
    """The site holds these entries from now on, and has been looked at."""
    opened.lines[site].inner = httpx.ASGITransport(create_demo_oasis(lines, path=""))
    return opened.federation._copies.index.refresh()


def without(site: str, upload_id: str, ids: str | None = None) -> list[DemoLine]:
    gone = None if ids is None else {f"{upload_id}-{one}" for one in ids}
    return [
        line
        for line in LINES[site]
        if line["metadata"]["upload_id"] != upload_id
        or (gone is not None and line["metadata"]["entry_id"] not in gone)
    ]


IMPORTS = {
    "a new upload": lambda: [*LINES["munich"], *upload("own2", "abcd", upload_create_time=NEW)],
    "a part of one": lambda: [*LINES["munich"], *upload("own1", "ab", upload_create_time=NEW)],
    "more of one that is shared": lambda: [
        *LINES["munich"], *upload("part", "ab", upload_create_time=NEW)
    ],
    "processed anew": lambda: [
        *without("munich", "whole"), *upload("whole", "abcdef", last_processing_time=NEW, nsites=9)
    ],
}  # fmt: skip


@pytest.mark.parametrize("sort", ORDERS, ids=str)
@pytest.mark.parametrize("kind", IMPORTS)
async def test_an_import_in_mid_walk(kind: str, sort: Any) -> None:
    """The walk goes on with the sites that had the entries when it began, whatever the values of
    the new copies are; a walk that begins later has the new order."""
    if kind == "processed anew" and "nsites" in dict(sort):
        pytest.skip("the values of an owner change: as in a walk over one site")
    async with oases() as one:
        for when in (1, 3):

            async def between(page: int, when: int = when) -> None:
                if page == when:
                    await change(one, "munich", IMPORTS[kind]())

            found, counts = await follow(one, request(sort=sort, page_limit=3), between)
            assert Counter(found) == Counter(ALL), when
            assert {*counts} == {len(ALL)}
            again, _ = await follow(one, request(sort=sort, page_limit=3), _nothing)
            assert Counter(again) == Counter(ALL)
            await change(one, "munich", LINES["munich"])


DELETED = {
    "an upload": ("berlin", without("berlin", "whole")),
    "the newest copy": ("munich", without("munich", "anew")),
    "a part of the owner's": ("berlin", without("berlin", "part", "ab")),
    "a part of a part": ("dresden", without("dresden", "differ", "cd")),
}


@pytest.mark.parametrize("kind", DELETED)
async def test_a_deletion_in_mid_walk(kind: str) -> None:
    """What is left at other sites comes from there, each entry once; only what no site has any
    more is gone. In the order of ids, which are those of all copies."""
    site, lines = DELETED[kind]
    for when in (1, 2, 4):
        async with oases() as one:

            async def between(page: int, when: int = when, one: Opened = one) -> None:
                if page == when:
                    await change(one, site, lines)

            found, _ = await follow(one, request(page_limit=3), between)
            left = {line["metadata"]["entry_id"] for line in lines}
            others = set().union(*(ids_at(other) for other in LINES if other != site))
            assert max(Counter(found).values()) == 1
            assert (left | others) & {*ALL} <= {*found}


async def _nothing(_: int) -> None:
    return None
