"""All values of a quantity at a site: every one once, page by page, whatever the site sends."""

from typing import Any

import httpx
import pytest

from gateway.errors import SiteError
from gateway.fetch.nomad import aggregations as terms_module
from gateway.fetch.nomad.aggregations import Term, read_some_terms, read_terms
from gateway.fetch.nomad.session import SiteSession
from gateway.properties import STRUCTURE
from tests.whole.oases import DemoLine, make_line, opened_session

TEXTS = ("", "a", "b", "b b", "c/d", "ä", "日本", "\U0001d11e")


def make_lines() -> list[DemoLine]:
    """Each text at one more entry than the one before; an entry that is no structure, another
    that is not public."""
    lines = [make_line(f"e{n}") for n in range(len(TEXTS) + 2)]
    for n, line in enumerate(lines):
        line["metadata"]["references"] = list(TEXTS[n:])
        dataset = {"dataset_id": f"d{n}", "dataset_name": f"set {n}", "doi": f"10.1/{n}"}
        line["metadata"]["datasets"] = [dataset]
    lines[-1]["metadata"]["references"] = ["private"]
    lines[-1]["metadata"]["published"] = False
    lines[-2]["metadata"]["references"] = ["no structure"]
    del lines[-2]["metadata"]["optimade"]
    return lines


@pytest.fixture(params=[1_000, len(TEXTS) + 1, len(TEXTS), 3, 2])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(terms_module, "PAGE", request.param)
    return int(request.param)


async def texts_of(session: SiteSession, most: int = 100) -> tuple[Term, ...]:
    return await read_terms(session, "references", query=STRUCTURE, most=most)


async def test_every_value_once(page: int) -> None:
    """The values of public structures, rising, with their counts, in pages of any size."""
    async with opened_session("berlin", make_lines()) as (session, wire):
        found = await texts_of(session)
        assert [(one.value, one.count) for one in found] == [
            (text, n + 1) for n, text in enumerate(TEXTS)
        ]
        assert len(wire.asked) == len(TEXTS) // page + 1


async def test_too_many(page: int) -> None:
    """It stops behind as many as are wanted: one more tells that there are more."""
    async with opened_session("berlin", make_lines()) as (session, wire):
        found = await texts_of(session, most=4)
        assert len(found) > 4
        assert len(wire.asked) <= 5 // page + 1


async def test_examples() -> None:
    """With fields, each value comes with an entry that has it."""
    fields = ("datasets.doi", "datasets.dataset_name")
    async with opened_session("berlin", make_lines()) as (session, _):
        found = await read_terms(session, "datasets.doi", query=STRUCTURE, most=9, fields=fields)
        assert [(one.value, one.document) for one in found] == [
            (f"10.1/{n}", {"datasets": [{"dataset_name": f"set {n}", "doi": f"10.1/{n}"}]})
            for n in range(len(TEXTS))
        ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], {}),
        (["nope"], {}),
        (["a"], {"a": 2}),
        (["日本", "nope", "b b", ""], {"日本": 7, "b b": 4, "": 1}),
        (["private", "no structure"], {}),
    ],
)
async def test_some_values(asked: list[str], found: dict[str, int]) -> None:
    """Only those asked for, and only those that entries have."""
    async with opened_session("berlin", make_lines()) as (session, wire):
        some = await read_some_terms(session, "references", asked, query=STRUCTURE)
        assert {one.value: one.count for one in some} == found
        assert len(wire.asked) == (1 if asked else 0)


def result(*buckets: Any) -> dict[str, Any]:
    return {"aggregations": {"values": {"terms": {"data": list(buckets)}}}}


def bucket(value: Any, count: Any = 1, **more: Any) -> dict[str, Any]:
    return {"value": value, "count": count, **more}


HOSTILE = [
    ({}, "no list of values"),
    ({"aggregations": {}}, "no list of values"),
    ({"aggregations": {"values": {"terms": {"data": {}}}}}, "no list of values"),
    (result(1), "without text or count"),
    (result({}), "without text or count"),
    (result(bucket(1)), "without text or count"),
    (result(bucket(None)), "without text or count"),
    (result(bucket("a", 0)), "without text or count"),
    (result(bucket("a", "1")), "without text or count"),
    (result(bucket("a", -1)), "without text or count"),
    (result(bucket("b"), bucket("a")), "not in rising order"),
    (result(bucket("a"), bucket("a")), "not in rising order"),
]


@pytest.mark.parametrize(("answer", "happened"), HOSTILE, ids=str)
async def test_wrong_values_are_the_sites_failure(answer: Any, happened: str) -> None:
    """Nothing but texts with counts, in rising order, is a page of values."""
    async with opened_session("berlin", []) as (session, wire):
        wire.fault = lambda asked: httpx.Response(200, json=answer)
        with pytest.raises(SiteError, match=f"list values from berlin: .*{happened}"):
            await texts_of(session)


async def test_a_site_that_repeats_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same page again would be an endless walk."""
    monkeypatch.setattr(terms_module, "PAGE", 1)
    async with opened_session("berlin", []) as (session, wire):
        wire.fault = lambda asked: httpx.Response(200, json=result(bucket("a")))
        with pytest.raises(SiteError, match="not in rising order"):
            await texts_of(session)
        assert len(wire.asked) == 2


async def test_values_not_asked_for() -> None:
    """A site cannot bring in references that nobody asked for."""
    async with opened_session("berlin", []) as (session, wire):
        wire.fault = lambda asked: httpx.Response(200, json=result(bucket("b")))
        with pytest.raises(SiteError, match="not asked for"):
            await read_some_terms(session, "references", ["a"], query=STRUCTURE)


@pytest.mark.parametrize("entries", [None, [], [1], {}, "x", [[]]])
async def test_odd_examples(entries: Any) -> None:
    """An example that is none tells nothing; the value still counts."""
    async with opened_session("berlin", []) as (session, wire):
        wire.fault = lambda asked: httpx.Response(200, json=result(bucket("a", entries=entries)))
        assert await texts_of(session) == (Term("a", 1),)
