"""Whatever is given out is taken back: walks by the longest values while many sites are missing."""

from random import Random

from gateway.model import SearchRequest
from tests.whole.expected import Sort, ids_of, sorted_entries
from tests.whole.lines import refused
from tests.whole.oases import DemoLine, make_line, opened
from tests.whole.test_missing import follow, ids

LONGEST = 2_048
FORMULAS = ("chemical_formula_descriptive", "chemical_formula_reduced", "chemical_formula_hill",
            "chemical_formula_anonymous")  # fmt: skip
FOUR: Sort = tuple((name, i % 2 == 0) for i, name in enumerate(FORMULAS))


def long_lines(site: str, count: int, *, seed: int) -> list[DemoLine]:
    random = Random(seed)

    def formula() -> str:
        return "".join(random.choices("ABCFHIKNOPSUVWY0123456789", k=LONGEST))

    return [make_line(f"{site}{i}", **{name: formula() for name in FORMULAS}) for i in range(count)]


async def test_four_long_keys_with_a_site_missing() -> None:
    """The cursor holds two positions of four texts of the greatest length, and is read again."""
    lines = {site: long_lines(site, 6, seed=i) for i, site in enumerate(("berlin", "munich"))}
    request = SearchRequest("structures", sort=FOUR, page_limit=2, response_fields=("nsites",))
    async with opened(lines) as one:
        answer = await one.federation.search(request)
        found = ids(answer)
        one.lines["munich"].fault = refused
        for _ in range(2):
            answer = await follow(one.federation, request, answer)
            found += ids(answer)
            assert [report.state for report in answer.reports] == ["ok", "failed"]
        one.lines["munich"].fault = None
        while answer.next is not None:
            answer = await follow(one.federation, request, answer)
            found += ids(answer)
        assert sorted(found) == sorted(ids_of(one.entries))
        assert len(found) == len(set(found))


async def test_forty_sites_go_missing_one_after_the_other() -> None:
    """Each keeps a place of its own, by a text of the greatest length, and loses nothing."""
    names = [f"s{i:02}" for i in range(41)]
    lines = {name: long_lines(name, 2, seed=i) for i, name in enumerate(names)}
    lines["s00"] = long_lines("s00", 45, seed=99)
    sort: Sort = ((FORMULAS[2], False),)
    request = SearchRequest("structures", sort=sort, page_limit=1, response_fields=("nsites",))
    async with opened(lines) as one:
        answer = await one.federation.search(request)
        found = ids(answer)
        for name in names[1:]:
            one.lines[name].fault = refused
            answer = await follow(one.federation, request, answer)
            found += ids(answer)
        for line in one.lines.values():
            line.fault = None
        while answer.next is not None:
            answer = await follow(one.federation, request, answer)
            found += ids(answer)
        assert sorted(found) == sorted(ids_of(sorted_entries(one.entries, sort)))
