"""References of all sites as one: listed, walked, found singly, related to structures."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.errors import (
    FilterLimitError,
    NotImplementedFilterError,
    ParameterError,
    SitesMissingError,
    UnknownPropertyError,
)
from gateway.model import EntryRequest, Resource, SearchAnswer, SearchRequest
from gateway.references import LONGEST, Reference
from gateway.search import Federation
from gateway.search.references import joined
from gateway.search.references import tables as reference_tables
from tests.whole.demo_apps import app_of
from tests.whole.lines import Asked, refused
from tests.whole.oases import DemoLine, Opened, make_line, opened_apps

SHARED = "10.17172/NOMAD/2021-1"
LONG = "x" * (LONGEST + 1)


def dataset(doi: str | None, name: str, modified: str = "2021-01-02T00:00:00") -> dict[str, Any]:
    logged = {"dataset_id": f"id-{name}", "dataset_name": name, "dataset_modified_time": modified}
    return logged if doi is None else {**logged, "doi": doi}


def line(entry_id: str, *, sets: Any = (), texts: Any = (), **metadata: Any) -> DemoLine:
    made = make_line(entry_id)
    made["metadata"] |= {"datasets": list(sets), "references": list(texts), **metadata}
    return made


LINES = {
    "berlin": [
        line("b1", sets=[dataset(SHARED, "Shared")], texts=["https://example.org/a"]),
        line("b2", sets=[dataset(SHARED, "Shared")]),
        line("b3", texts=["see above", "", LONG]),
        line("b4"),
        line("b5", texts=["hidden"], with_embargo=True),
        line("b6", texts=["unpublished"], published=False),
        line("b7", sets=[dataset(None, "Work")]),
    ],
    "munich": [
        line("m1", sets=[dataset(SHARED, "Shared here", "2022-02-02T00:00:00")]),
        line("m2", texts=["https://example.org/a", f"doi:{SHARED}"]),
        line("m3", sets=[dataset("10.5/ä b", "Mine")], texts=["10.5/x"]),
    ],
}
EXPECTED = {
    Reference("doi", SHARED): ("Shared", 3, ["berlin", "munich"]),
    Reference("doi", "10.5/ä b"): ("Mine", 1, ["munich"]),
    Reference("ref", "https://example.org/a"): (None, 2, ["berlin", "munich"]),
    Reference("ref", "see above"): (None, 1, ["berlin"]),
    Reference("ref", f"doi:{SHARED}"): (None, 1, ["munich"]),
    Reference("ref", "10.5/x"): (None, 1, ["munich"]),
}
IDS = sorted(one.id for one in EXPECTED)
EVERYTHING = ("title", "_fed_structures", "_fed_sites")


@pytest.fixture
async def demo() -> AsyncIterator[Opened]:
    apps = {
        "berlin": app_of(LINES["berlin"]),
        "munich": app_of(LINES["munich"], version="1.3.17"),
    }
    async with opened_apps(apps) as (federation, wires):
        yield Opened(federation, wires, [])


def asking(filter_: str | None = None, **how: Any) -> SearchRequest:
    return SearchRequest("references", filter=filter_, **how)


def ids(answer: SearchAnswer) -> list[str]:
    return [one.id for one in answer.resources]


async def walk(federation: Federation, request: dict[str, Any]) -> list[str]:
    """All ids behind the `next` links."""
    found, cursor = [], None
    while True:
        answer = await federation.search(asking(cursor=cursor, **request))
        found += ids(answer)
        assert answer.more is (answer.next is not None)
        if answer.next is None:
            return found
        cursor = answer.next.cursor


async def test_listing(demo: Opened) -> None:
    """Each reference once, whatever sites have it; of public structures alone; by id."""
    answer = await demo.federation.search(asking(response_fields=EVERYTHING))
    assert ids(answer) == IDS
    logged = {
        one.id: tuple(one.attributes[name] for name in EVERYTHING) for one in answer.resources
    }
    assert logged == {one.id: expected for one, expected in EXPECTED.items()}
    assert (answer.data_returned, answer.data_available) == (6, 6)
    assert [(r.name, r.state, r.total, r.returned) for r in answer.reports] == [
        ("berlin", "ok", 3, 3),
        ("munich", "ok", 5, 5),
    ]


async def test_last_modified(demo: Opened) -> None:
    """The dataset's last change, where any site knows one."""
    answer = await demo.federation.search(asking())
    times = {one.id: one.attributes["last_modified"] for one in answer.resources}
    assert times[Reference("doi", SHARED).id] == "2022-02-02T00:00:00.000Z"
    assert times[Reference("ref", "see above").id] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7])
async def test_pages(demo: Opened, limit: int) -> None:
    """Walks forward, offsets and the links back give the same pages; past the end is empty."""
    federation = demo.federation
    assert await walk(federation, {"page_limit": limit}) == IDS
    for offset in range(8):
        answer = await federation.search(asking(page_limit=limit, offset=offset))
        assert ids(answer) == IDS[offset : offset + limit]
        assert answer.data_returned == 6
        if answer.prev is not None:
            back = await federation.search(asking(page_limit=limit, cursor=answer.prev.cursor))
            start = answer.prev.offset
            assert ids(back) == IDS[start : min(start + limit, offset)]
    first = await federation.search(asking(page_limit=limit))
    assert first.prev is None
    assert first.last is not None
    last = await federation.search(asking(page_limit=limit, cursor=first.last.cursor))
    assert ids(last) == IDS[(5 // limit) * limit :]
    assert last.next is None


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ((("id", True),), lambda one: [-ord(c) for c in one.id]),
        ((("doi", False),), lambda one: (one.doi is None, one.doi or "", one.id)),
        ((("note", False), ("id", False)), lambda one: (one.note is None, one.note or "", one.id)),
    ],
)
async def test_sort(
    demo: Opened, sort: tuple[tuple[str, bool], ...], key: Callable[[Reference], Any]
) -> None:
    """By one or more properties; unknown comes last; walks are in that order, too."""
    expected = [one.id for one in sorted(EXPECTED, key=key)]
    for limit in (2, 9):
        assert await walk(demo.federation, {"page_limit": limit, "sort": sort}) == expected


async def test_sort_falling(demo: Opened) -> None:
    """Descending, unknown still comes last, ties by id in the same direction."""
    found = await walk(demo.federation, {"page_limit": 2, "sort": (("url", True),)})
    known = [one for one in EXPECTED if one.url is not None]
    known.sort(key=lambda one: (one.url or "", one.id), reverse=True)
    assert found == [one.id for one in known] + [Reference("ref", "see above").id]


@pytest.mark.parametrize("sort", ["title", "last_modified", "year", "_fed_sites", "nsites"])
async def test_not_sortable(demo: Opened, sort: str) -> None:
    """What depends on which sites answer, or is unknown, is no order."""
    with pytest.raises(ParameterError, match=r"Sortable are id, immutable_id, doi, url, note"):
        await demo.federation.search(asking(sort=((sort, False),)))


FILTERS: list[tuple[str, Callable[[Reference], bool]]] = [
    ("doi IS KNOWN", lambda one: one.doi is not None),
    (f'doi = "{SHARED}"', lambda one: one.doi == SHARED),
    (f'NOT doi = "{SHARED}"', lambda one: one.doi not in (None, SHARED)),
    ('title = "Shared"', lambda one: one == Reference("doi", SHARED)),
    ('note STARTS WITH "see"', lambda one: one.note is not None),
    ("_fed_structures > 1", lambda one: EXPECTED[one][1] > 1),
    ('_fed_sites HAS ALL "berlin","munich"', lambda one: len(EXPECTED[one][2]) == 2),
    ('_fed_sites HAS ONLY "munich"', lambda one: EXPECTED[one][2] == ["munich"]),
    ('last_modified > "2021-06-01T00:00:00Z"', lambda one: one == Reference("doi", SHARED)),
    ('id STARTS WITH "ref."', lambda one: one.kind == "ref"),
    ('type = "references"', lambda one: True),
    ('type = "structures"', lambda one: False),
    ('year = "2020" OR _exmpl_x = 1', lambda one: False),
]


@pytest.mark.parametrize(("text", "keeps"), FILTERS, ids=[text for text, _ in FILTERS])
async def test_filter(demo: Opened, text: str, keeps: Callable[[Reference], bool]) -> None:
    """Filters hold over what is served; the count is that of all pages."""
    answer = await demo.federation.search(asking(text, page_limit=1))
    expected = sorted(one.id for one in EXPECTED if keeps(one))
    assert answer.data_returned == len(expected)
    assert answer.data_available == 6 or "doi =" in text
    assert await walk(demo.federation, {"filter_": text, "page_limit": 2}) == expected


async def test_refused(demo: Opened) -> None:
    """Wrong names are the caller's, before any site is asked; other providers' are a warning."""
    demo.forget()
    with pytest.raises(UnknownPropertyError):
        await demo.federation.search(asking("nsites = 2"))
    with pytest.raises(ParameterError, match="titel"):
        await demo.federation.search(asking(response_fields=("titel",)))
    with pytest.raises(ParameterError, match="references"):
        await demo.federation.search(asking(response_fields=("references",)))
    assert demo.asked == 0
    answer = await demo.federation.search(asking("_exmpl_x IS UNKNOWN"))
    assert [one.code for one in answer.notices] == ["unknown_provider_property"]
    assert answer.data_returned == 6


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('doi = "https://doi.org/10.1016/x"', 'Did you mean "10.1016/x"?'),
        ('doi STARTS WITH "doi:10."', 'Did you mean "10."?'),
        ('_fed_sites HAS "Berlin"', 'Did you mean "berlin"?'),
        ('type = "structures"', 'the values are "references"'),
    ],
)
async def test_values_that_no_reference_has(demo: Opened, text: str, meant: str) -> None:
    """They are warned of as those of structures are; the answer is what the filter says."""
    answer = await demo.federation.search(asking(text))
    assert [one.code for one in answer.notices] == ["impossible_value"]
    assert meant in answer.notices[0].detail
    assert not answer.data_returned


async def test_sites_can_be_chosen(demo: Opened) -> None:
    """Other sites are neither asked nor counted."""
    demo.forget()
    answer = await demo.federation.search(asking(sites=("berlin",), response_fields=EVERYTHING))
    assert len(answer.resources) == 3
    assert answer.resources[0].attributes["_fed_structures"] == 2
    assert not demo.lines["munich"].asked
    assert [(r.name, r.state) for r in answer.reports] == [("berlin", "ok"), ("munich", "excluded")]


# --- single references ----------------------------------------------------------------------


async def entry(demo: Opened, id_: str, **how: Any) -> Resource | None:
    answer = await demo.federation.entry(EntryRequest("references", id_, **how))
    assert answer.data_returned == len(answer.resources)
    assert not answer.more
    assert answer.next is answer.prev is answer.last is None
    return answer.resources[0] if answer.resources else None


@pytest.mark.parametrize("reference", EXPECTED, ids=lambda one: one.id)
async def test_entry(demo: Opened, reference: Reference) -> None:
    """Each is found by its id, the same as in the listing, with one question to each site."""
    listed = await demo.federation.search(asking())
    demo.forget()
    found = await entry(demo, reference.id)
    assert found in listed.resources
    assert [len(wire.asked) for wire in demo.lines.values()] == [1, 1]


@pytest.mark.parametrize("id_", ["", "x", "doi.", "doi.10.1/x", "ref._2f", "berlin~b1"])
async def test_no_such_id(demo: Opened, id_: str) -> None:
    """What is no id of a reference is nobody's: no site is asked."""
    demo.forget()
    assert await entry(demo, id_) is None
    assert demo.asked == 0


async def test_unknown_reference(demo: Opened) -> None:
    """An id that nobody's reference has is no error; nor is one of hidden entries."""
    for value in ("nowhere", "hidden", "unpublished"):
        assert await entry(demo, Reference("ref", value).id) is None
    assert await entry(demo, Reference("doi", "nowhere").id) is None


async def test_entry_of_chosen_sites(demo: Opened) -> None:
    """A site's own view knows its own references alone."""
    assert await entry(demo, Reference("ref", "see above").id, sites=("munich",)) is None
    assert await entry(demo, Reference("ref", "see above").id, sites=("berlin",)) is not None


async def test_entry_while_a_site_is_missing(demo: Opened) -> None:
    """Another site's will do; if none has it, nobody can tell, and that is no `null`."""
    demo.lines["munich"].fault = refused
    answer = await demo.federation.entry(EntryRequest("references", Reference("doi", SHARED).id))
    assert len(answer.resources) == 1
    assert [one.code for one in answer.notices] == ["site_failed"]
    with pytest.raises(SitesMissingError, match="munich"):
        await entry(demo, Reference("ref", "10.5/x").id)


# --- failing sites --------------------------------------------------------------------------


async def test_missing_site(demo: Opened) -> None:
    """The others' references come; the warning and the report tell; the count is as last known."""
    federation = demo.federation
    demo.lines["munich"].fault = refused
    answer = await federation.search(asking())
    assert ids(answer) == [id_ for id_ in IDS if "munich" not in id_ and id_ in ids(answer)]
    assert answer.data_returned == 3
    assert [one.code for one in answer.notices] == ["site_failed"]
    assert "it is not in data_returned" in answer.notices[0].detail
    assert [(r.state, r.total, r.returned) for r in answer.reports] == [
        ("ok", 3, 3),
        ("failed", None, 0),
    ]
    demo.lines["munich"].fault = None
    assert (await federation.search(asking())).data_returned == 6
    demo.lines["munich"].fault = refused
    answer = await federation.search(asking())
    assert answer.data_returned == 6
    assert "data_returned counts 3 entries of it" in answer.notices[0].detail
    assert answer.reports[1].total == 3


async def test_nothing_is_lost(demo: Opened) -> None:
    """A missing site keeps its place: at the end 503, and when it is back the rest, once."""
    federation = demo.federation
    demo.lines["munich"].fault = refused
    first = await federation.search(asking(page_limit=2))
    assert first.next is not None
    second = await federation.search(asking(page_limit=2, cursor=first.next.cursor))
    assert second.next is not None
    cursor = second.next.cursor
    with pytest.raises(SitesMissingError, match="Only sites that do not answer are left"):
        await federation.search(asking(page_limit=2, cursor=cursor))
    demo.lines["munich"].fault = None
    served = ids(first) + ids(second)
    while cursor is not None:
        answer = await federation.search(asking(page_limit=2, cursor=cursor))
        served += ids(answer)
        cursor = answer.next.cursor if answer.next else None
    assert sorted(served) == IDS


async def test_partial_can_be_forbidden(demo: Opened) -> None:
    """Who wants all or nothing gets 503 for any missing site."""
    demo.lines["munich"].fault = refused
    with pytest.raises(SitesMissingError, match="A site does not answer"):
        await demo.federation.search(asking(partial="forbid"))


async def test_nobody_answers(demo: Opened) -> None:
    """No site, no answer; but a filter that nothing can match needs none."""
    for wire in demo.lines.values():
        wire.fault = refused
    with pytest.raises(SitesMissingError):
        await demo.federation.search(asking())
    answer = await demo.federation.search(asking('id = "nonsense"'))
    assert answer.data_returned == 0
    assert {one.state for one in answer.reports} == {"pruned"}


# --- cached tables --------------------------------------------------------------------------


@pytest.fixture(params=[False])
async def cached(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    """With a cache; the parameter says whether sites get callers' tokens."""
    apps = {site: app_of(lines) for site, lines in LINES.items()}
    sections = {"cache": {"backend": "memory"}, "forward_token": request.param}
    async with opened_apps(apps, **sections) as (federation, wires):
        yield Opened(federation, wires, [])


def with_another(asked: Asked, answer: Any) -> Any:
    """The site's answer with one more reference."""
    found = answer.get("aggregations", {}).get("values", {}).get("terms", {})
    if found.get("quantity") == "references":
        found["data"] = [*found["data"], {"value": "zzz", "count": 1}]
    return answer


async def test_tables_are_used_again(cached: Opened) -> None:
    """Further pages, orders and filters ask no site; the reports say where it comes from."""
    first = await cached.federation.search(asking(page_limit=2))
    assert {one.state for one in first.reports} == {"ok"}
    cached.forget()
    assert await walk(cached.federation, {"page_limit": 2}) == IDS
    by_doi = await cached.federation.search(asking(sort=(("doi", True),)))
    assert by_doi.data_returned == 6
    for _ in range(2):
        found = await cached.federation.search(asking('title = "Mine"'))
        assert found.data_returned == 1
    assert cached.asked == 0
    assert {one.state for one in found.reports} == {"cached"}


async def test_fresh_asks_again(cached: Opened) -> None:
    """Who wants no cached answers gets none; what they got is served to the next."""
    await cached.federation.search(asking())
    cached.lines["berlin"].change = with_another
    assert (await cached.federation.search(asking())).data_returned == 6
    assert (await cached.federation.search(asking(fresh=True))).data_returned == 7
    assert (await cached.federation.search(asking())).data_returned == 7


@pytest.mark.parametrize("cached", [True], indirect=True)
async def test_private_tables_are_not_cached(cached: Opened) -> None:
    """What a site shows to the holder of a token is shown to nobody else, not even as a count."""
    before = await cached.federation.search(asking())
    berlin = cached.lines["berlin"]
    for token in ("secret", "other"):
        cached.forget()
        berlin.change = with_another
        private = await cached.federation.search(asking(token=token, fresh=True))
        assert private.data_returned == 7
        assert cached.asked > 0
    berlin.change = None
    after = await cached.federation.search(asking())
    assert after.resources == before.resources
    assert after.data_available == before.data_available == 6
    berlin.fault = refused
    missing = await cached.federation.search(asking(fresh=True))
    assert missing.data_returned == 6


async def test_tokens_that_no_site_gets_make_nothing_private(cached: Opened) -> None:
    """Where no site sees the token, the answer is everybody's, and costs no more."""
    await cached.federation.search(asking())
    cached.forget()
    assert (await cached.federation.search(asking(token="secret"))).data_returned == 6
    assert cached.asked == 0


async def test_equal_requests_read_once(cached: Opened) -> None:
    """Requests at the same time wait for one reading of each site."""
    await asyncio.gather(*(cached.federation.search(asking(page_limit=n)) for n in (1, 2, 3)))
    assert cached.asked == 4


async def test_long_references_are_too_many(demo: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The references of a site are bounded in characters, too."""
    monkeypatch.setattr(reference_tables, "MOST_CHARACTERS", 10)
    with pytest.raises(NotImplementedFilterError, match="too many to be listed"):
        await demo.federation.search(asking())


# --- bounds ---------------------------------------------------------------------------------


async def test_too_many_to_list(demo: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a listing is refused with the way round, which works."""
    monkeypatch.setattr(reference_tables, "MOST", 2)
    with pytest.raises(NotImplementedFilterError, match="has more than 2 references"):
        await demo.federation.search(asking())
    for text in (f'doi = "{SHARED}"', 'id = "ref.10.5_2Fx" OR id = "ref.see_20above"'):
        assert (await demo.federation.search(asking(text))).data_returned == 2
    assert await entry(demo, Reference("ref", "10.5/x").id) is not None


async def test_too_much_to_compare(demo: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that would keep the gateway busy is refused; long lists of ids are cheap."""
    monkeypatch.setattr(joined, "MOST_COMPARISONS", 60)
    wide = " OR ".join(f'title CONTAINS "{n}"' for n in range(10))
    with pytest.raises(FilterLimitError, match="too many for 6 references"):
        await demo.federation.search(asking(wide))
    many = " OR ".join(f'id = "ref.{n}"' for n in range(900))
    assert (await demo.federation.search(asking(many))).data_returned == 0


# --- structures -----------------------------------------------------------------------------


def structures(filter_: str | None = None, **how: Any) -> SearchRequest:
    return SearchRequest("structures", filter=filter_, **{"include": ("references",), **how})


def related(resource: Resource) -> list[str]:
    match resource.relationships:
        case {"references": {"data": [*data]}}:
            assert all(one["type"] == "references" for one in data)  # type: ignore[index,call-overload]
            return [str(one["id"]) for one in data]  # type: ignore[index,call-overload]
        case None:
            return []
    raise AssertionError(resource.relationships)


RELATED = {
    "berlin~b1": [Reference("doi", SHARED), Reference("ref", "https://example.org/a")],
    "berlin~b2": [Reference("doi", SHARED)],
    "berlin~b3": [Reference("ref", "see above")],
    "berlin~b4": [],
    "berlin~b7": [],
    "munich~m1": [Reference("doi", SHARED)],
    "munich~m2": [Reference("ref", "https://example.org/a"), Reference("ref", f"doi:{SHARED}")],
    "munich~m3": [Reference("doi", "10.5/ä b"), Reference("ref", "10.5/x")],
}


def needs_documents(asked: Asked) -> bool:
    return "datasets.doi" in asked.body.get("required", {}).get("include", ())


@pytest.mark.parametrize("sites", [None, ("berlin",), ("munich",)])
async def test_structures_name_their_references(
    demo: Opened, sites: tuple[str, ...] | None
) -> None:
    """Full answers tell relationships, whichever way they are read, and include each once."""
    answer = await demo.federation.search(structures(sites=sites))
    assert {one.id: related(one) for one in answer.resources} == {
        id_: [one.id for one in every]
        for id_, every in RELATED.items()
        if sites is None or id_.startswith(sites)
    }
    named = [id_ for one in answer.resources for id_ in related(one)]
    assert [one.id for one in answer.included] == list(dict.fromkeys(named))
    assert not answer.notices


async def test_included_are_as_listed(demo: Opened) -> None:
    """What is included is the resource that its own endpoint serves, as far as NOMAD agrees."""
    listed = {one.id: one for one in (await demo.federation.search(asking())).resources}
    answer = await demo.federation.search(structures(sites=("berlin",)))
    for one in answer.included:
        logged = {**one.attributes, "last_modified": None}
        assert logged == {**listed[one.id].attributes, "last_modified": None}


async def test_single_structure(demo: Opened) -> None:
    """One structure with its references, in one turn of questions to one site."""
    demo.forget()
    answer = await demo.federation.entry(
        EntryRequest("structures", "berlin~b1", include=("references",))
    )
    assert related(answer.resources[0]) == [one.id for one in RELATED["berlin~b1"]]
    assert [one.id for one in answer.included] == related(answer.resources[0])
    assert sorted(one.is_archive for one in demo.lines["berlin"].asked) == [False, True]


async def test_include_nothing(demo: Opened) -> None:
    """`include=` leaves `included` out; relationships stay."""
    answer = await demo.federation.search(structures(include=()))
    assert answer.included == ()
    assert related(answer.resources[0])


async def test_response_fields(demo: Opened) -> None:
    """With response_fields nothing of references is asked for or told, unless they are named."""
    demo.forget()
    answer = await demo.federation.search(structures(response_fields=("nsites",)))
    assert answer.included == ()
    assert not any(map(related, answer.resources))
    assert not any(needs_documents(one) for wire in demo.lines.values() for one in wire.asked)
    for fields in (("references",), ("nsites", "references"), ("references", "species")):
        for sites in (None, ("munich",)):
            answer = await demo.federation.search(structures(response_fields=fields, sites=sites))
            assert {one.id: related(one) for one in answer.resources}.items() <= {
                id_: [one.id for one in every] for id_, every in RELATED.items()
            }.items()
            assert set(answer.resources[0].attributes) == set(fields) - {"references"}
            assert len(answer.included) == (5 if sites else 6)


async def test_structures_by_references(demo: Opened) -> None:
    """The two steps that the specification describes lead to the structures."""
    found = await demo.federation.search(asking(f'doi = "{SHARED}"'))
    every = ", ".join(f'"{id_}"' for id_ in ids(found))
    answer = await demo.federation.search(structures(f"references.id HAS ANY {every}"))
    assert ids(answer) == ["berlin~b1", "berlin~b2", "munich~m1", "munich~m2"]
    direct = await demo.federation.search(structures(f'references.target.doi = "{SHARED}"'))
    assert ids(direct) == ids(answer)
    none = await demo.federation.search(structures("references IS UNKNOWN"))
    assert ids(none) == ["berlin~b4", "berlin~b7"]
