"""A site that claims to hold what it does not: the copies of others are found all the same, and
what it says takes neither memory nor time without end."""

import asyncio

import pytest

from gateway.errors import SiteError
from gateway.search.copies import differences, refresh, shared
from gateway.search.copies.allowance import Allowance, in_turns
from gateway.search.copies.differences import extras_of, fitting
from gateway.search.copies.index import Contents
from gateway.search.copies.shared import Comparison
from tests.search.copies.test_refresh import Reading, reading, upload
from tests.whole.lines import Asked, refused

SITES = ("berlin", "munich", "evil")


def asks_for_entries(asked: Asked) -> bool:
    """Whether it wants the entries of one upload."""
    return "'entry_id'" in str(asked.body.get("aggregations"))


def hold_the_same(one: Reading, *uploads: str) -> None:
    for site in SITES:
        one.hold(site, *(upload(name, "ab") for name in uploads))


def holders(one: Reading) -> dict[str, set[str]]:
    return {upload_id: {*held} for upload_id, held in one.shared().items()}


async def test_a_claim_that_cannot_be_read_hides_no_copies_of_others() -> None:
    """The copies of the others are known; its own are listed until they can be read."""
    async with reading(sites=SITES) as one:
        hold_the_same(one, "same", "other")
        one.lines["evil"].fault = lambda asked: refused(asked) if asks_for_entries(asked) else None
        await one.index.refresh()
        assert holders(one) == {name: {"berlin", "munich"} for name in ("same", "other")}
        one.lines["evil"].fault = None
        await one.index.refresh()
        assert holders(one) == {name: {*SITES} for name in ("same", "other")}


async def test_a_slow_claim_has_a_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is there in spite of a site that never says what it holds."""
    monkeypatch.setattr(refresh, "READ_S", 0.3)
    async with reading(sites=SITES) as one:
        one.index._comparison = Comparison(one.index._base, round_s=0.1)
        hold_the_same(one, *(f"u{number}" for number in range(20)))
        one.lines["evil"].hangs = asks_for_entries
        async with asyncio.timeout(20):
            await one.index.refresh()
        assert holders(one) == {f"u{number}": {"berlin", "munich"} for number in range(20)}


def invented(asked: Asked, said: dict) -> dict:
    """Whatever upload is asked for: other ids than anybody has."""
    if asks_for_entries(asked):
        upload_id = asked.body["query"]["and"][-1]["upload_id"]
        ids = [f"{upload_id}-invented-{number}" for number in range(5)]
        said["aggregations"]["values"]["terms"]["data"] = [
            {"value": value, "count": 1} for value in ids
        ]
    return said


async def test_invented_entries_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room that there is for ids, its copies are listed; those of others are known, and
    nothing is read again while nothing changes."""
    monkeypatch.setattr(shared, "MOST_EXTRAS", 10)
    async with reading(sites=SITES) as one:
        hold_the_same(one, *(f"u{number}" for number in range(9)))
        one.lines["evil"].change = invented
        await one.index.refresh()
        kept = one.index._comparison._seen.values()
        assert sum(map(extras_of, kept)) <= 20
        assert all({"berlin", "munich"} <= sites for sites in holders(one).values())
        assert len(holders(one)) == 9
        assert await one.asked() == 2 * len(SITES)


@pytest.mark.parametrize("value", ["../x", "a" * 129, "", "<b>", "a\n"])
async def test_what_is_no_id_is_not_kept(value: str) -> None:
    """Ids are sent to other sites and kept for long."""

    def change(asked: Asked, said: dict) -> dict:
        if "aggregations" in said:
            said["aggregations"]["values"]["terms"]["data"] = [{"value": value, "count": 1}]
        return said

    async with reading() as one:
        one.hold("berlin", upload("same", "ab"))
        one.hold("munich", upload("same", "ab"))
        one.lines["munich"].change = change
        await one.index.refresh()
        assert (one.shared(), one.index.known) == ({}, {"berlin"})


async def test_all_sites_have_a_part_of_the_index() -> None:
    """Whatever others claim to hold."""
    async with reading(sites=SITES) as one:
        for site in ("evil", "munich"):
            one.index._sites[site] = Claimed(range(one.index._most_uploads(site)))  # type: ignore[assignment]
        assert one.index._most_uploads("berlin") >= 66_000
        held = sum(len(one.index.uploads(site)) for site in SITES)
        assert held + one.index._most_uploads("berlin") <= 400_000
        one.index._sites["evil"] = Claimed(range(390_000))  # type: ignore[assignment]
        assert one.index._most_uploads("berlin") >= 66_000


class Claimed:
    def __init__(self, uploads: range) -> None:
        self.uploads = uploads


async def test_allowance() -> None:
    """Who has used it up is read no further in this round; others are."""
    allowance = Allowance(0.02)
    with allowance.reading("slow"):
        await asyncio.sleep(0.03)
    assert allowance.is_used_up
    with pytest.raises(SiteError), allowance.reading("slow"):
        pass
    with allowance.reading("quick"):
        pass
    assert allowance.can_compare(("slow", "quick", "third"))
    assert not allowance.can_compare(("slow", "quick"))


def test_turns() -> None:
    """A site that claims everything is not in front of all others."""
    claimed = {f"a{number}": ("berlin", "evil") for number in range(50)}
    honest = {"z1": ("berlin", "munich"), "z2": ("berlin", "munich")}
    turns = in_turns(claimed | honest)
    assert {*honest} <= {upload_id for upload_id, _ in turns[:4]}
    assert dict(turns) == claimed | honest


def test_the_copy_that_differs_most_is_left_out() -> None:
    """One invented entry makes all entries of the others different ones."""
    ids = frozenset(map(str, range(100)))
    same, other = Contents(ids, b"s", 1), Contents(frozenset(("x",)), b"o", 1)
    read = {"evil": other, "berlin": same, "munich": same}
    found = fitting("u", read, {}, ("evil", "berlin", "munich"), most=50)
    assert found is not None
    assert {*found.holdings} == {"berlin", "munich"}
    assert fitting("u", {"evil": other, "berlin": same}, {}, ("evil", "berlin"), most=50) is None
    assert differences.fitting("u", read, {}, tuple(read), most=500) is not None


async def test_one_line_says_what_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    """However many uploads are claimed."""
    async with reading() as one:
        for site in ("berlin", "munich"):
            one.hold(site, *(upload(f"u{number}", "a") for number in range(30)))
        one.lines["munich"].fault = lambda asked: (
            refused(asked) if asks_for_entries(asked) else None
        )
        with caplog.at_level("INFO"):
            await one.index.refresh()
        lines = [record.getMessage() for record in caplog.records]
        assert sum("30 uploads are not known" in line for line in lines) <= 2
        assert len(lines) < 10
