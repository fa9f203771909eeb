"""The values of properties over the whole result, against a count of every entry of it."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx
import pytest

from gateway.demo import DEMO_SITES
from gateway.errors import ParameterError
from gateway.model import REFERENCES, STRUCTURES, Resource, SearchAnswer, SearchRequest
from gateway.properties import facet_names
from gateway.search import Federation
from gateway.search.facets import MOST_FACETS
from tests.whole.demo_apps import demo_app
from tests.whole.lines import Line
from tests.whole.oases import make_line, opened, opened_apps
from tests.whole.test_demo import VERSIONS

GAP = "_nmd_results_properties_electronic_band_gap_type"
FACETS = (
    "elements",
    "nelements",
    "nperiodic_dimensions",
    "space_group_it_number",
    "space_group_symbol_hermann_mauguin",
    "structure_features",
    "chemical_formula_anonymous",
    "_nmd_results_material_structural_type",
    "_nmd_results_method_simulation_program_name",
    "_fed_authors",
    "_fed_dois",
    "_fed_site",
)
FILTERS = (
    None,
    'elements HAS "O"',
    'elements HAS ANY "Ti","Si" AND nsites < 20',
    "nelements = 3 AND space_group_it_number = 225",
    'structure_features HAS "disorder"',
    "nelements > 90",
)


@dataclass
class Demo:
    federation: Federation
    wires: dict[str, Line]


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    sites = [site.name for site in DEMO_SITES]
    apps = {site: demo_app(site, version=VERSIONS[site]) for site in sites}
    async with opened_apps(apps) as (federation, wires):
        yield Demo(federation, wires)


async def read(federation: Federation, **changes: object) -> SearchAnswer:
    return await federation.search(SearchRequest(STRUCTURES, **changes))  # type: ignore[arg-type]


async def everything(federation: Federation, text: str | None) -> list[Resource]:
    found: list[Resource] = []
    cursor = None
    while True:
        page = await read(
            federation, filter=text, page_limit=500, cursor=cursor, response_fields=FACETS
        )
        found += page.resources
        if page.next is None:
            return found
        cursor = page.next.cursor


def counted(name: str, entries: Sequence[Resource]) -> Counter[object]:
    counts: Counter[object] = Counter()
    for entry in entries:
        value = entry.attributes[name]
        for one in set(value) if isinstance(value, list) else {value} - {None}:
            counts[one] += 1
    return counts


@pytest.mark.parametrize("text", FILTERS)
async def test_counts_are_those_of_the_whole_result(demo: Demo, text: str | None) -> None:
    """Each value once with its exact count, most frequent first, whatever the page."""
    entries = await everything(demo.federation, text)
    answer = await read(demo.federation, filter=text, page_limit=1, facets=FACETS)
    assert [one.property for one in answer.facets] == list(FACETS)
    for facet in answer.facets:
        expected = counted(facet.property, entries)
        assert {one.value: one.count for one in facet.values} == expected, facet.property
        counts = [one.count for one in facet.values]
        assert counts == sorted(counts, reverse=True)
    assert not [one for one in answer.notices if one.code == "facet_left_out"]


async def test_every_countable_property_is_countable(demo: Demo) -> None:
    """No property that is said to be countable is refused by a site, of whatever version."""
    names = [name for name in facet_names(demo.federation.catalogue(STRUCTURES)) if name]
    for start in range(0, len(names), MOST_FACETS):
        some = tuple(names[start : start + MOST_FACETS])
        answer = await read(demo.federation, filter='elements HAS "Ti"', page_limit=1, facets=some)
        reported = {one.detail for one in answer.notices if one.code == "facet_left_out"}
        assert [one.property for one in answer.facets] == list(some), reported


async def test_one_more_request_to_each_site(demo: Demo) -> None:
    """All facets of a request are one question to a site, beside those for the page."""
    await read(demo.federation, filter="nelements = 2", page_limit=1, facets=FACETS)
    for wire in demo.wires.values():
        assert sum("aggregations" in asked.body for asked in wire.asked) == 1


async def test_a_site_that_fails(demo: Demo) -> None:
    """What a missing site has is not known, so no facet is given; the page is there."""
    demo.wires["munich"].fault = lambda asked: httpx.ConnectError("down")
    answer = await read(demo.federation, filter="nelements = 4", page_limit=3, facets=FACETS)
    assert len(answer.resources) == 3
    assert answer.facets == ()
    reported = [one.detail for one in answer.notices if one.code == "facet_left_out"]
    assert len(reported) == len(FACETS)
    assert all("munich" in one for one in reported[:-1])


async def test_too_many_values() -> None:
    """A list that a site has cut is no sum; the facet is left out, the others stay."""
    lines = [
        make_line(f"e{n:04d}", chemical_formula_anonymous=f"A{n + 2}B", nsites=n + 3)
        for n in range(1_000)
    ]
    names = ("chemical_formula_anonymous", "nelements")
    async with opened({"amber": lines, "coral": lines[:20]}) as found:
        answer = await read(found.federation, facets=names)
    (facet,) = answer.facets
    assert (facet.property, [(one.value, one.count) for one in facet.values]) == (
        "nelements",
        [(2, 1_020)],
    )
    (reported,) = [one.detail for one in answer.notices if one.code == "facet_left_out"]
    assert "chemical_formula_anonymous" in reported
    assert "amber has 1000 values or more" in reported


REFUSED = {
    "unknown": ("element", "Did you mean elements?"),
    "unknown, of numbers": ("band_gap", r"'band_gap' to count\.$"),
    "not counted": ("nsites", "nelements"),
    "from archives": ("lattice_vectors", "not counted"),
    "one each": ("immutable_id", "not counted"),
    "of others": ("_exmpl_words", "no property"),
}


@pytest.mark.parametrize("row", REFUSED)
async def test_names_that_have_no_facet(demo: Demo, row: str) -> None:
    """The error names what is wrong and what could be counted."""
    name, reported = REFUSED[row]
    with pytest.raises(ParameterError, match=reported) as caught:
        await read(demo.federation, facets=(name,))
    assert caught.value.parameter == "_fed_facets"


async def test_most_facets(demo: Demo) -> None:
    """A request costs a site no more than so many aggregations."""
    names = tuple(f"name{n}" for n in range(MOST_FACETS + 1))
    with pytest.raises(ParameterError, match=f"at most {MOST_FACETS}"):
        await read(demo.federation, facets=names)


async def test_references_have_none(demo: Demo) -> None:
    """Only structures are counted."""
    with pytest.raises(ParameterError, match="structures"):
        await demo.federation.search(SearchRequest(REFERENCES, facets=("id",)))
