"""Entries that several sites hold: each once, whatever the copies are and whoever fails when."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.errors import SitesMissingError
from gateway.model import REFERENCES, STRUCTURES, EntryRequest, SearchRequest
from tests.whole.copied_lines import ALL, LINES, SORTS, ids_at, keys, oases, request, upload, walk
from tests.whole.lines import refused
from tests.whole.oases import Opened, opened
from tests.whole.walking import last_offset


@pytest.fixture
async def three() -> AsyncIterator[Opened]:
    async with oases() as one:
        yield one


@pytest.mark.parametrize("prefer", [(), ("munich",), ("dresden", "berlin")], ids=str)
@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize("limit", [1, 4, 500])
async def test_each_entry_once(sort: Any, prefer: Any, limit: int) -> None:
    """All pages are full but the last, the count is exact, and no warning is needed."""
    async with oases(prefer=prefer) as one:
        answers = await walk(one.federation, request(sort=sort, page_limit=limit))
        assert sorted(i for answer in answers for i in keys(answer)) == ALL
        assert {answer.data_returned for answer in answers} == {len(ALL)}
        assert {answer.data_available for answer in answers} == {len(ALL)}
        assert all(len(answer.resources) == limit for answer in answers[:-1])
        assert not [notice for answer in answers for notice in answer.notices]


async def test_backward_and_by_offset(three: Opened) -> None:
    """The last page, the one before it, and any offset hold the same order."""
    federation, every = three.federation, request()
    ordered = [i for answer in await walk(federation, every) for i in keys(answer)]
    last = await federation.search(every)
    assert last.last is not None
    last = await federation.search(replace(every, cursor=last.last.cursor))
    assert keys(last) == ordered[last_offset(len(ordered), 4) :]
    assert last.prev is not None
    before = await federation.search(replace(every, cursor=last.prev.cursor))
    assert keys(before) == ordered[last.prev.offset : last.prev.offset + 4]
    for offset in range(len(ordered) + 1):
        answer = await federation.search(replace(every, offset=offset))
        assert keys(answer) == ordered[offset : offset + 4]
        assert answer.data_returned == len(ALL)


async def test_without_copies_each_is_an_entry(three: Opened) -> None:
    """`_<prefix>_copies=all`, and a gateway that does not merge: as if no Oasis knew the others."""
    held = sorted(f"{site}~{i}" for site in LINES for i in ids_at(site))
    answers = await walk(three.federation, request(copies="all"))
    assert sorted(one.id for answer in answers for one in answer.resources) == held
    assert {answer.data_available for answer in answers} == {len(held)}
    async with opened(LINES, copies={"enabled": False}) as one:
        answers = await walk(one.federation, request())
        assert sorted(one.id for answer in answers for one in answer.resources) == held
        assert await one.federation.copies() is None


async def test_only_sites_asked_hold_copies(three: Opened) -> None:
    """What is chosen counts: one site alone shows all that it has, two each entry once."""
    for site in LINES:
        answers = await walk(three.federation, request(sites=(site,)))
        assert sorted(i for answer in answers for i in keys(answer)) == sorted(ids_at(site))
    answers = await walk(three.federation, request(sites=("munich", "dresden")))
    wanted = sorted(ids_at("munich") | ids_at("dresden"))
    assert sorted(i for answer in answers for i in keys(answer)) == wanted


async def test_every_holders_id_answers(three: Opened) -> None:
    """A published id stays good, also where another site serves the entry."""
    for site in LINES:
        for entry_id in ids_at(site):
            id_ = f"{site}~{entry_id}"
            answer = await three.federation.entry(EntryRequest(STRUCTURES, id_))
            assert [one.id for one in answer.resources] == [id_]
            assert answer.data_available == len(ALL)
            answer = await three.federation.search(request(filter=f'id = "{id_}"'))
            assert [one.id for one in answer.resources] == [id_]


async def test_all_holders_are_named(three: Opened) -> None:
    """`_<prefix>_copies`, when it is asked for."""
    found = {}
    for fields in (("_fed_copies",), ("_fed_copies", "lattice_vectors")):
        answer = await three.federation.search(request(page_limit=500, response_fields=fields))
        found = {one.id: one.attributes["_fed_copies"] for one in answer.resources}
        for id_, copies in found.items():
            entry_id = id_.partition("~")[2]
            assert copies == [f"{site}~{entry_id}" for site in LINES if entry_id in ids_at(site)]
            assert id_ in copies
    answer = await three.federation.search(request())
    assert "_fed_copies" not in answer.resources[0].attributes


async def test_the_owner_is_the_newest_of_equals(three: Opened) -> None:
    """Its values are the ones that filters are about."""
    new = await three.federation.search(request(filter="nsites = 8"))
    assert [one.id for one in new.resources] == [f"munich~anew-{i}" for i in "abc"]
    assert (await three.federation.search(request(filter="nsites = 7"))).data_returned == 0


async def test_facets_count_each_entry_once(three: Opened) -> None:
    """The sum of a facet that all entries have is the number of entries."""
    answer = await three.federation.search(request(facets=("nelements", "_fed_site")))
    for facet in answer.facets:
        assert sum(value.count for value in facet.values) == len(ALL)
    assert len(answer.facets) == 2


async def test_conditions_left_out_count_each_entry_once(three: Opened) -> None:
    """`without_each` is a search as any other."""
    asked = request(filter='nsites > 0 AND chemical_formula_reduced = "X"')
    found = await three.federation.without_each(asked)
    assert [one.count for one in found] == [0, len(ALL)]


@pytest.mark.parametrize("dead", sorted(LINES))
async def test_a_site_that_fails_is_replaced(dead: str, three: Opened) -> None:
    """Its entries come from the next holder, on the first page and all that follow."""
    three.lines[dead].fault = refused
    others = set().union(*(ids_at(site) for site in LINES if site != dead))
    first = request(page_limit=5)
    answers = [await three.federation.search(first)]
    found = keys(answers[0])
    while answers[-1].next is not None:
        try:
            further = await three.federation.search(replace(first, cursor=answers[-1].next.cursor))
        except SitesMissingError:  # what it alone holds
            break
        found += keys(further)
        answers.append(further)
    assert sorted(found) == sorted(others)
    three.lines[dead].fault = None
    if answers[-1].next is not None:  # it is back
        rest = await walk(three.federation, replace(first, cursor=answers[-1].next.cursor))
        found += [i for answer in rest for i in keys(answer)]
    assert sorted(found) == ALL
    assert all(notice.code == "site_failed" for answer in answers for notice in answer.notices)


@pytest.mark.parametrize("sort", [(), (("nsites", True),), (("last_modified", True),)], ids=str)
@pytest.mark.parametrize("dead", sorted(LINES))
async def test_an_owner_that_fails_in_mid_walk(dead: str, sort: Any, three: Opened) -> None:
    """The walk keeps who serves what: nothing twice, nothing lost when it is back."""
    first = request(sort=sort, page_limit=3)
    answer = await three.federation.search(first)
    found = keys(answer)
    for page in range(100):
        if answer.next is None:
            break
        three.lines[dead].fault = refused if page in (1, 2) else None
        answer = await three.federation.search(replace(first, cursor=answer.next.cursor))
        found += keys(answer)
    assert sorted(found) == ALL
    assert Counter(found).most_common(1)[0][1] == 1


async def test_a_dead_site_whose_entries_others_hold_is_not_missed() -> None:
    """Not even with `_<prefix>_partial=forbid`: nothing is missing."""
    lines = {
        "berlin": upload("whole", "abc"),
        "munich": [*upload("whole", "abc"), *upload("own", "x")],
    }
    async with oases(lines, prefer=("berlin",)) as one:
        assert (await one.federation.search(request())).data_returned == 4
        one.lines["berlin"].fault = refused
        answer = await one.federation.search(request(partial="forbid"))
        assert (answer.data_returned, len(answer.resources)) == (4, 4)
        assert not answer.notices
        state = {report.name: report.state for report in answer.reports}
        assert state == {"berlin": "pruned", "munich": "ok"}


async def test_a_site_that_hangs_is_replaced_in_time() -> None:
    """The next holder answers within the one deadline."""
    lines = {"berlin": upload("whole", "abc"), "munich": upload("whole", "abc")}
    async with oases(lines, prefer=("berlin",), timeouts={"budget_s": 4, "site_s": 4}) as one:
        one.lines["berlin"].hangs = lambda _: True
        answer = await one.federation.search(request())
        assert (answer.data_returned, keys(answer)) == (3, ["whole-a", "whole-b", "whole-c"])
        assert {report.name: report.state for report in answer.reports}["munich"] == "ok"
        assert not answer.notices


async def test_an_index_that_is_too_old(three: Opened) -> None:
    """A copy that came just now is shown once, with a warning, and the index is read anew."""
    late = create_demo_oasis([*LINES["munich"], *upload("own2", "abcd")], path="")
    three.lines["munich"].inner = httpx.ASGITransport(late)
    answer = await three.federation.search(request(page_limit=500))
    assert sorted(keys(answer)) == ALL
    assert answer.data_returned == len(ALL)
    assert [notice.code for notice in answer.notices] == ["copies_new"]
    await three.federation._copies.index.refresh()
    answers = await walk(three.federation, request())
    assert sorted(i for answer in answers for i in keys(answer)) == ALL
    assert not [notice for answer in answers for notice in answer.notices]


async def test_an_upload_that_is_imported_in_mid_walk(three: Opened) -> None:
    """The walk goes on as it began, also when the index is read anew meanwhile."""
    first = request(page_limit=3)
    answer = await three.federation.search(first)
    found = keys(answer)
    late = create_demo_oasis([*LINES["munich"], *upload("own2", "abcd")], path="")
    three.lines["munich"].inner = httpx.ASGITransport(late)
    await three.federation._copies.index.refresh()
    while answer.next is not None:
        answer = await three.federation.search(replace(first, cursor=answer.next.cursor))
        found += keys(answer)
    assert Counter(found) == Counter(ALL)


async def test_a_forgotten_generation(three: Opened) -> None:
    """A walk goes on with what is known now, and does not repeat the entry at its position."""
    first = request(page_limit=1)
    answer = await three.federation.search(first)
    found = keys(answer)
    for _ in range(100):
        if answer.next is None:
            break
        three.federation._copies.index._generations.clear()
        three.federation._copies.structures.keys = (
            three.federation._copies.structures.keys.model_copy(
                update={"prefer": ("munich",) if len(found) % 2 else ("dresden",)}
            )
        )
        three.federation._copies.index._is_settled = False
        await three.federation._copies.index._settle()
        three.federation._copies.structures._made.clear()
        answer = await three.federation.search(replace(first, cursor=answer.next.cursor))
        found += keys(answer)
    assert Counter(found) == Counter(ALL)


async def test_before_the_index_is_read() -> None:
    """Answers do not wait for it: copies are listed, and a warning says so."""
    async with opened(LINES, copies={"enabled": True}) as one:
        one.federation._copies.index._generations.clear()
        answer = await one.federation.search(request())
        assert answer.data_returned == sum(len(ids_at(site)) for site in LINES)
        assert [notice.code for notice in answer.notices] == ["copies_listed"]
        await one.federation._copies.index.refresh()
        assert answer.next is not None  # a walk goes on as it began
        further = await one.federation.search(request(cursor=answer.next.cursor))
        assert further.data_returned == answer.data_returned


async def test_the_index_asks_little(three: Opened) -> None:
    """A look at a site that has not changed is two small requests."""
    await three.federation._copies.index.refresh()
    assert three.asked == 2 * len(LINES)


async def test_references_of_a_site_that_fails() -> None:
    """What it would have counted of shared structures, the next holder counts at once."""
    lines = {"berlin": upload("whole", "abc"), "munich": upload("whole", "abc")}
    for line in (*lines["berlin"], *lines["munich"]):
        line["metadata"]["references"] = ["https://example.org/a"]
    async with oases(lines) as one:
        one.lines["berlin"].fault = refused
        answer = await one.federation.search(
            SearchRequest(REFERENCES, response_fields=("_fed_structures", "_fed_sites"))
        )
        (reference,) = answer.resources
        assert reference.attributes["_fed_structures"] == len("abc")
        assert reference.attributes["_fed_sites"] == ["munich"]


async def test_references_count_each_structure_once() -> None:
    """How many structures have a reference; it is listed at all sites that hold it."""
    lines = {
        "berlin": [*upload("whole", "abc"), *upload("own1", "a")],
        "munich": [*upload("whole", "abc"), *upload("own2", "b")],
    }
    for line in (*lines["berlin"], *lines["munich"][:3]):
        line["metadata"]["references"] = ["https://example.org/a"]
    async with oases(lines) as one:
        for copies, count in (("merge", 4), ("all", 7)):
            answer = await one.federation.search(
                SearchRequest(
                    REFERENCES, copies=copies, response_fields=("_fed_structures", "_fed_sites")
                )
            )
            (reference,) = answer.resources
            assert reference.attributes["_fed_structures"] == count
            assert reference.attributes["_fed_sites"] == ["berlin", "munich"]


@pytest.mark.parametrize("dead", sorted(LINES))
async def test_one_entry_of_a_site_that_is_away(dead: str, three: Opened) -> None:
    """The next holder answers for it, with its own id, and the answer says so; an entry that no
    other site has is missing, not absent."""
    three.lines[dead].fault = refused
    for entry_id in sorted(ids_at(dead)):
        others = [site for site in LINES if site != dead and entry_id in ids_at(site)]
        wanted = EntryRequest(STRUCTURES, f"{dead}~{entry_id}", response_fields=("nsites",))
        asked = request(filter=f'id = "{dead}~{entry_id}"', partial="forbid")
        if not others:
            with pytest.raises(SitesMissingError):
                await three.federation.entry(wanted)
            with pytest.raises(SitesMissingError):
                await three.federation.search(asked)
            continue
        for answer in (await three.federation.entry(wanted), await three.federation.search(asked)):
            (one,) = answer.resources
            assert one.id in {f"{site}~{entry_id}" for site in others}
            assert answer.data_returned == 1
            assert [notice.code for notice in answer.notices] == ["copy_served"]
            states = {report.name: report.state for report in answer.reports}
            assert (states[dead], states[one.id.partition("~")[0]]) == ("pruned", "ok")


async def test_one_entry_is_not_looked_for_where_no_copy_can_be() -> None:
    """Sites that share no upload with the one that is away are not asked, nor is any with
    `_<prefix>_copies=all`, or where one site alone is asked."""
    lines = {
        "berlin": upload("whole", "abc"),
        "munich": upload("whole", "abc"),
        "dresden": upload("own", "x"),
    }
    async with oases(lines) as one:
        one.lines["berlin"].fault = refused
        answer = await one.federation.entry(EntryRequest(STRUCTURES, "berlin~whole-a"))
        assert [resource.id for resource in answer.resources] == ["munich~whole-a"]
        assert not one.lines["dresden"].asked
        for changes in (
            {"copies": "all"},
            {"sites": ("berlin",)},
            {"sites": ("berlin", "dresden")},
        ):
            with pytest.raises(SitesMissingError):
                await one.federation.search(request(filter='id = "berlin~whole-a"', **changes))
        one.lines["munich"].fault = refused
        with pytest.raises(SitesMissingError):
            await one.federation.entry(EntryRequest(STRUCTURES, "berlin~whole-a"))


async def test_a_hanging_site_leaves_time_for_the_next_holder() -> None:
    """Within the one deadline of the request."""
    lines = {"berlin": upload("whole", "abc"), "munich": upload("whole", "abc")}
    async with oases(lines, timeouts={"budget_s": 4, "site_s": 4}) as one:
        one.lines["berlin"].hangs = lambda _: True
        answer = await one.federation.entry(EntryRequest(STRUCTURES, "berlin~whole-a"))
        assert [resource.id for resource in answer.resources] == ["munich~whole-a"]


async def test_one_id_counts_what_there_is(three: Opened) -> None:
    """`data_available` is the same for a filter that is an id as for any other."""
    answer = await three.federation.search(request(filter='id = "berlin~own1-a"'))
    assert (answer.data_returned, answer.data_available) == (1, len(ALL))


async def test_copies_are_said_to_be_listed_only_where_there_can_be_any() -> None:
    """Not where one site alone has what matches."""
    async with opened(LINES, copies={"enabled": True, "refresh_s": 3600}) as one:
        await one.federation.wait_for_copies()
        one.federation._copies.index._generations.clear()
        answer = await one.federation.search(request(filter="nelements = 5"))
        assert answer.data_returned == 4
        assert not answer.notices
        answer = await one.federation.search(request(filter='immutable_id STARTS WITH "whole"'))
        assert [notice.code for notice in answer.notices] == ["copies_listed"]
