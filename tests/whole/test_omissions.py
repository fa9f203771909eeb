"""How many entries there would be with each condition of a filter left out."""

import asyncio

import pytest

from gateway.errors import UnknownPropertyError
from gateway.model import SearchRequest
from gateway.observe import Observer
from gateway.search.omissions import MOST, MOST_AT_ONCE
from gateway.serve.app import build_app
from tests.serve.conftest import client_of, make_config
from tests.whole.lines import Asked, refused
from tests.whole.oases import Opened, make_line, opened

LINES = {
    "berlin": [make_line(f"b{n}", nsites=n, nelements=1 + n % 2) for n in range(6)],
    "munich": [make_line(f"m{n}", nsites=n, nelements=3) for n in range(3)],
}
FILTER = 'nsites > 3 AND nelements = 3 AND _fed_site = "munich"'


async def counts(one: Opened, text: str | None, **options: object) -> dict[str, int | None]:
    request = SearchRequest("structures", filter=text, **options)  # type: ignore[arg-type]
    found = await one.federation.without_each(request)
    return {omission.condition: omission.count for omission in found}


async def test_exact() -> None:
    """Each count is what a search for the remaining filter says; nothing but counts is asked."""
    async with opened(LINES) as one:
        found = await one.federation.without_each(SearchRequest("structures", filter=FILTER))
        assert all(asked.is_count for line in one.lines.values() for asked in line.asked)
        assert [omission.count for omission in found] == [3, 0, 0]
        for omission in found:
            request = SearchRequest("structures", filter=omission.filter)
            assert (await one.federation.search(request)).data_returned == omission.count


async def test_one_condition() -> None:
    """Without its only condition, or without a filter, everything is there."""
    async with opened(LINES) as one:
        assert await counts(one, "nsites > 99") == {"nsites > 99": 9}
        assert await counts(one, None) == {}
        assert await counts(one, "nsites > 99", sites=("munich",)) == {"nsites > 99": 3}


async def test_missing_site() -> None:
    """A count that a site did not say is None; those that it need not say are exact."""
    async with opened(LINES) as one:
        one.lines["munich"].fault = refused
        found = await counts(one, 'nsites > 3 AND _fed_site = "berlin"')
        assert found == {"nsites > 3": 6, '_fed_site = "berlin"': None}


async def test_one_deadline() -> None:
    """All counts end before the request's one deadline, however many there are."""
    text = " AND ".join(f"nsites > {n}" for n in range(20))

    def hangs(asked: Asked) -> bool:
        return asked.is_count

    async with opened(LINES) as one:
        one.lines["munich"].hangs = hangs
        loop = asyncio.get_running_loop()
        begun = loop.time()
        found = await counts(one, text, timeout_s=2.0)
        assert loop.time() - begun < 3.8  # two deadlines, one after the other, take 4 s
        assert list(found.values()) == [None] * MOST


async def test_cached() -> None:
    """Counts are cached as answers are."""
    async with opened(LINES, cache={"backend": "memory"}) as one:
        first = await counts(one, FILTER)
        one.forget()
        assert await counts(one, FILTER) == first
        assert one.asked == 0


@pytest.mark.parametrize("text", ["natoms = 3", "nsites = 3 AND natoms = 3"])
async def test_wrong_filter(text: str) -> None:
    """What is wrong with the whole filter is an error as for a search."""
    async with opened(LINES) as one:
        with pytest.raises(UnknownPropertyError):
            await counts(one, text)


async def test_references() -> None:
    """References are counted likewise."""
    lines = {"berlin": [make_line("b1"), make_line("b2")], "munich": []}
    for line, doi in zip(lines["berlin"], ("10.1/a", "10.1/b"), strict=True):
        dataset = {"dataset_id": doi, "dataset_name": doi, "doi": doi}
        line["metadata"]["datasets"] = [{**dataset, "dataset_modified_time": "2021-01-02T00:00:00"}]
    request = SearchRequest("references", filter='doi = "10.1/a" AND doi = "10.1/b"')
    async with opened(lines) as one:
        found = await one.federation.without_each(request)
        assert [omission.count for omission in found] == [1, 1]
        one.lines["munich"].fault = refused
        found = await one.federation.without_each(SearchRequest("references", filter="doi"))
        assert [omission.count for omission in found] == [None]


async def test_many_at_once() -> None:
    """However many pages find nothing at a time, few counts are under way: the conditions of the
    others are named without a number, and afterwards all are counted again."""
    texts = [" AND ".join(f"nsites > {99 + at + 10 * n}" for n in range(MOST)) for at in range(9)]
    async with opened(LINES) as one:
        found = await asyncio.gather(*(counts(one, text) for text in texts))
        asked = len(one.lines["munich"].asked)
        assert 0 < asked <= MOST_AT_ONCE
        whole = [each for each in found if None not in each.values()]
        assert len(whole) == MOST_AT_ONCE // MOST
        assert all(len(each) == MOST for each in found)
        assert None not in (await counts(one, texts[-1])).values()


async def test_page_does_not_wait_longer() -> None:
    """A page that finds nothing is there by its own deadline, though a site hangs at the counts."""

    def hangs(asked: Asked) -> bool:
        return asked.is_count

    async with opened(LINES) as one:
        app = build_app(make_config(), federation=one.federation, observer=Observer())
        one.lines["munich"].hangs = hangs
        loop = asyncio.get_running_loop()
        async with client_of(app) as client:
            begun = loop.time()
            answer = await client.get("/?filter=nsites%3E99+AND+nelements%3D3&_fed_timeout=2")
        assert loop.time() - begun < 3.8
        assert answer.status_code == 200
        assert "No structures found" in answer.text
        assert "an unknown number of" in answer.text
