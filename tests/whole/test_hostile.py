"""A site that answers anything at all spoils only its own part of a page."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.errors import SitesMissingError
from gateway.merge import Cursor, Progress, write_cursor
from gateway.model import Position, SearchRequest
from gateway.search.planned_request import fingerprint_of_request
from tests.whole.expected import Sort, ids_of, sorted_entries
from tests.whole.lines import Asked
from tests.whole.oases import VOLUME, Opened, awkward_lines, opened

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "chemical_formula_hill": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    "nelements": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
    "last_modified": st.integers(-(2**53) + 1, 2**53 - 1),
    VOLUME: st.none() | st.floats(allow_nan=False, allow_infinity=False),
}
ENTRY_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
LINES = awkward_lines(8, {"berlin": 25, "munich": 20})
SORTS: tuple[Sort, ...] = (
    (),
    (("nsites", False),),
    (("chemical_formula_hill", True), ("nelements", False)),
    (("last_modified", False),),
    (("id", True),),
)
SCRAPS: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1e308, "", "a:b", "~", "\x00", "x" * 5000, [], {}, [None], [[]],
    {"entry_id": "e"}, [{"entry_id": "e"}], "2021-13-45", "9999-12-31T23:59:59+99:99",
)  # fmt: skip


def spoil(data: Any, random: Random) -> Any:
    """The answer with one of its parts, anywhere, replaced, doubled, moved or lost."""
    if not isinstance(data, dict | list) or not data or random.random() < 0.15:
        return random.choice(SCRAPS)
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    key = random.choice(keys)
    match random.randrange(6):
        case 0:
            del data[key]
        case 1 if isinstance(data, list):
            data.append(data[key])
        case 2 if isinstance(data, list):
            random.shuffle(data)
        case _:
            data[key] = spoil(data[key], random)
    return data


async def page_of(one: Opened, request: SearchRequest) -> list[str] | None:
    """The ids of a page; None: it is answered with 503."""
    try:
        answer = await one.federation.search(request)
    except SitesMissingError:
        return None
    assert len(answer.resources) <= 20
    return [resource.id for resource in answer.resources]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sort=st.sampled_from(SORTS),
    fields=st.sampled_from([None, (), ("nsites", "lattice_vectors", "species")]),
    offset=st.sampled_from([0, 7, 30]),
    alone=st.booleans(),
)
@example(seed=0, sort=(), fields=None, offset=0, alone=True)
def test_spoiled_answers_spoil_one_site(
    seed: int, sort: Sort, fields: tuple[str, ...] | None, offset: int, alone: bool
) -> None:
    """No exception but "sites missing"; the other site's entries stand in their order, each once;
    the spoiled site is on the page or reported as failed."""
    random = Random(seed)
    request = SearchRequest(
        "structures", sort=sort, response_fields=fields, offset=offset,
        filter='id STARTS WITH "munich~"' if alone else None,
    )  # fmt: skip

    def change(asked: Asked, result: Any) -> Any:
        return spoil(result, random) if random.random() < 0.5 else result

    async def ask() -> None:
        async with opened(LINES) as one:
            one.lines["munich"].change = change
            found = await page_of(one, request)
            if found is None:
                return
            berlin = ids_of(sorted_entries([k for k in one.entries if k.site == "berlin"], sort))
            theirs = [one for one in found if one.startswith("berlin~")]
            assert len(set(found)) == len(found)
            assert not alone or not theirs
            begin = berlin.index(theirs[0]) if theirs else 0
            assert theirs == berlin[begin : begin + len(theirs)]

    asyncio.run(ask())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_forged_positions_give_pages_or_refusals(data: st.DataObject) -> None:
    """A cursor that somebody made of any values gives a page in order, or an error of ours."""
    names = data.draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True))
    sort = tuple((name, data.draw(st.booleans())) for name in names)
    values = tuple(data.draw(VALUES[name]) for name in names)
    site = data.draw(st.sampled_from(["aachen", "berlin", "munich"]))
    position = Position(values, data.draw(ENTRY_IDS), site)
    request = SearchRequest("structures", sort=sort, response_fields=())
    cursor = Cursor(
        Progress(position, data.draw(st.sampled_from([(), (("munich", None),)]))),
        data.draw(st.sampled_from([0, 20, 2**53 - 1])),
        backward=data.draw(st.booleans()),
        count=data.draw(st.sampled_from([None, 1, 2**53 - 1])),
    )
    text = write_cursor(cursor, fingerprint=fingerprint_of_request(request))

    async def ask() -> None:
        async with opened(LINES) as one:
            found = await page_of(one, replace(request, cursor=text))
            expected = ids_of(sorted_entries(one.entries, sort))
            if found and not cursor.progress.lagging:
                begin = expected.index(found[0])
                assert found == expected[begin : begin + len(found)]

    asyncio.run(ask())
