"""NOMAD's own quantities and symmetry over the three demo Oases, one of them of NOMAD 1.3.

What is expected is read from the demo data itself.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from gateway.demo.store import read_lines as demo_lines
from gateway.errors import ParameterError, UnknownPropertyError
from gateway.model import EntryRequest, SearchAnswer, SearchRequest
from gateway.search import Federation
from tests.whole.demo_apps import demo_app
from tests.whole.oases import make_config

VERSIONS = {"berlin": "2.0.0", "munich": "2.0.0", "dresden": "1.3.17"}
SYMMETRY = "_nmd_results_material_symmetry_"
GAP = "_nmd_results_properties_electronic_band_gap_"
MODULUS = "_nmd_results_properties_mechanical_bulk_modulus_"


def read_lines() -> dict[str, dict[str, Any]]:
    """All public structures of the demo data, by id."""
    held = {}
    for site, version in VERSIONS.items():
        for one in demo_lines(site):
            line: dict[str, Any] = dict(one)
            metadata = line["metadata"]
            if is_indexed(metadata, version):
                held[f"{site}~{metadata['entry_id']}"] = line
    return held


def is_indexed(metadata: dict[str, Any], version: str) -> bool:
    """Whether anybody can find the structure; NOMAD 1.3 cannot index unknown atoms."""
    elements = metadata.get("optimade", {}).get("elements", ())
    is_public = metadata["published"] and not metadata["with_embargo"] and bool(elements)
    return is_public and not ("X" in elements and version < "1.4")


LINES = read_lines()


def at(line: dict[str, Any], path: str) -> Any:
    """What a line has at a path below `results` or `metadata`; None if nothing."""
    found: Any = line if path.startswith("results.") else line["metadata"]
    for part in path.split("."):
        found = (found or {}).get(part)
    return found


@pytest.fixture(scope="module")
def oases() -> dict[str, httpx.ASGITransport]:
    return {
        name: httpx.ASGITransport(demo_app(name, version=version))
        for name, version in VERSIONS.items()
    }


@pytest.fixture
async def federation(oases: dict[str, httpx.ASGITransport]) -> AsyncIterator[Federation]:
    opened = Federation(make_config(VERSIONS), transports=oases)
    await opened.open()
    for name in VERSIONS:
        await opened.check(name)
    yield opened
    await opened.close()


async def found(federation: Federation, filter_: str, **more: Any) -> list[str]:
    """The ids on all pages."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        answer = await ask(federation, filter=filter_, page_limit=400, cursor=cursor, **more)
        ids += [resource.id for resource in answer.resources]
        if answer.next is None:
            assert answer.data_returned == len(ids)
            return ids
        cursor = answer.next.cursor


async def ask(federation: Federation, **more: Any) -> SearchAnswer:
    answer = await federation.search(SearchRequest("structures", **more))
    assert {report.state for report in answer.reports} <= {"ok", "cached", "pruned"}
    return answer


def gaps(line: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = at(line, "results.properties.electronic.band_gap") or []
    return found


Holds = Callable[[dict[str, Any]], bool | None]

FILTERS: list[tuple[str, Holds]] = [
    (
        f'{SYMMETRY}crystal_system = "cubic"',
        lambda line: at(line, "results.material.symmetry.crystal_system") == "cubic",
    ),
    (
        f'{SYMMETRY}crystal_system != "cubic"',
        lambda line: at(line, "results.material.symmetry.crystal_system") not in (None, "cubic"),
    ),
    (
        f"{SYMMETRY}crystal_system IS UNKNOWN",
        lambda line: at(line, "results.material.symmetry.crystal_system") is None,
    ),
    (
        "space_group_it_number >= 195 AND space_group_it_number < 215",
        lambda line: 195 <= (at(line, "results.material.symmetry.space_group_number") or 0) < 215,
    ),
    (
        'space_group_symbol_hermann_mauguin = "F m -3 m"',
        lambda line: at(line, "results.material.symmetry.space_group_symbol") == "Fm-3m",
    ),
    (
        'space_group_symbol_hermann_mauguin STARTS WITH "P 63/m"',
        lambda line: (at(line, "results.material.symmetry.space_group_symbol") or "").startswith(
            "P6_3/m"
        ),
    ),
    (
        'space_group_symbol_hall = "-F 4 2 3"',
        lambda line: at(line, "results.material.symmetry.hall_symbol") == "-F 4 2 3",
    ),
    (f"{GAP}value HAS > 0", lambda line: any(one["value"] > 0 for one in gaps(line))),
    (f"{GAP}value HAS <= 1.6e-19", lambda line: any(one["value"] <= 1.6e-19 for one in gaps(line))),
    (
        f'{GAP}type:{GAP}value HAS "direct":> 1e-19',
        lambda line: any(one["type"] == "direct" and one["value"] > 1e-19 for one in gaps(line)),
    ),
    (
        f'NOT {GAP}type HAS "direct"',
        lambda line: bool(gaps(line)) and all(one["type"] != "direct" for one in gaps(line)),
    ),
    (
        f"{MODULUS}value HAS > 1e11",
        lambda line: any(
            one["value"] > 1e11
            for one in at(line, "results.properties.mechanical.bulk_modulus") or ()
        ),
    ),
    (
        '_nmd_results_method_simulation_dft_xc_functional_names HAS ANY "GGA_X_PBE", "LDA_X"',
        lambda line: bool(
            {"GGA_X_PBE", "LDA_X"}.intersection(
                at(line, "results.method.simulation.dft.xc_functional_names") or ()
            )
        ),
    ),
    (
        '_nmd_results_material_material_name CONTAINS "ite"',
        lambda line: "ite" in (at(line, "results.material.material_name") or ""),
    ),
    ('_nmd_upload_name CONTAINS "Größe"', lambda line: "Größe" in (at(line, "upload_name") or "")),
    ("_nmd_comment IS KNOWN", lambda line: at(line, "comment") is not None),
    (
        '_nmd_publish_time < "2022-01-01T00:00:00Z"',
        lambda line: (at(line, "publish_time") or "3") < "2022",
    ),
    (
        "_nmd_datasets_doi IS KNOWN",
        lambda line: any("doi" in one for one in at(line, "datasets") or ()),
    ),
    (
        '_nmd_main_author_name STARTS WITH "I"',
        lambda line: line["metadata"]["main_author"]["name"].startswith("I"),
    ),
    ("_nmd_published", lambda line: True),
    ("_nmd_description IS UNKNOWN", lambda line: True),
    ('_nmd_description = "x"', lambda line: False),
]


@pytest.mark.parametrize(("filter_", "holds"), FILTERS, ids=[text for text, _ in FILTERS])
async def test_filters(federation: Federation, filter_: str, holds: Holds) -> None:
    """A filter finds the structures of all sites that it matches, and no others."""
    wanted = {id_ for id_, line in LINES.items() if holds(line)}
    assert set(await found(federation, filter_)) == wanted
    if "_nmd_p" not in filter_ and "description" not in filter_:
        assert 0 < len(wanted) < len(LINES)


SORTS = [
    (f"{SYMMETRY}space_group_number", "results.material.symmetry.space_group_number"),
    ("space_group_symbol_hall", "results.material.symmetry.hall_symbol"),
    ("_nmd_results_material_material_name", "results.material.material_name"),
    ("_nmd_upload_name", "upload_name"),
]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize(("name", "path"), SORTS)
async def test_sort(federation: Federation, name: str, path: str, falling: bool) -> None:
    """All sites' structures in one order, those of unknown value last."""
    ids = await found(federation, "nsites IS KNOWN", sort=((name, falling),))
    values = [at(LINES[id_], path) for id_ in ids]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=falling)
    assert values == known + [None] * (len(values) - len(known))
    assert len(known) > 100


async def test_response_fields(federation: Federation) -> None:
    """Exactly the values that the data hold, in OPTIMADE's spelling, beside structural ones."""
    fields = (
        *("nsites", "lattice_vectors", "space_group_symbol_hermann_mauguin", f"{GAP}value"),
        *(f"{GAP}type", "_nmd_comment", "_nmd_references", "_nmd_authors_name", "_nmd_description"),
    )
    answer = await ask(federation, filter=f"{GAP}value IS KNOWN", response_fields=fields)
    assert answer.resources
    for resource in answer.resources:
        line, given = LINES[resource.id], resource.attributes
        assert tuple(given) == fields
        assert given["nsites"] == line["metadata"]["optimade"]["nsites"]
        stored = line["metadata"]["optimade"]
        unknown = None if 1 in stored.get("dimension_types", ()) else [[None] * 3] * 3
        assert given["lattice_vectors"] == stored.get("lattice_vectors", unknown)
        assert given[f"{GAP}value"] == [one["value"] for one in gaps(line)]
        assert given[f"{GAP}type"] == [one["type"] for one in gaps(line)]
        assert given["_nmd_comment"] == at(line, "comment")
        assert given["_nmd_references"] == at(line, "references")
        people = [line["metadata"]["main_author"], *line["metadata"].get("coauthors", ())]
        assert given["_nmd_authors_name"] == [one["name"] for one in people]
        assert given["_nmd_description"] is None


EV = 1.602176634e-19
KINDS = ("", "_direct", "_indirect")


async def test_band_gaps_in_electronvolts(federation: Federation) -> None:
    """What is served is what is found, by =, <= and >=, and not by < or >: silicon has 1.17 eV."""
    fields = ("chemical_formula_reduced", *(f"_fed_band_gap{kind}" for kind in KINDS),
              "_fed_band_gaps", f"{GAP}type", f"{GAP}value")  # fmt: skip
    answer = await ask(federation, filter="_fed_band_gap IS KNOWN", response_fields=fields)
    assert {id_ for id_, line in LINES.items() if gaps(line)} == {
        resource.id for resource in answer.resources
    }
    for resource in answer.resources:
        given = resource.attributes
        gap, kind = given["_fed_band_gap"], given[f"{GAP}type"]
        assert isinstance(gap, float)
        assert given["_fed_band_gaps"] == [gap]
        assert given[f"{GAP}value"] == [pytest.approx(gap * EV, rel=1e-9)]
        assert given["_fed_band_gap_direct"] == (gap if kind == ["direct"] else None)
        assert given["_fed_band_gap_indirect"] == (gap if kind == ["indirect"] else None)
        for op, matches in (("=", True), (">=", True), ("<=", True), ("<", False), (">", False)):
            ids = await found(federation, f"_fed_band_gap {op} {gap}")
            assert (resource.id in ids) is matches, op
    silicon = [r for r in answer.resources if r.attributes["chemical_formula_reduced"] == "Si"]
    assert silicon
    assert all(resource.attributes["_fed_band_gap_indirect"] == 1.17 for resource in silicon)


async def test_band_gaps_cannot_be_sorted_by(federation: Federation) -> None:
    """NOMAD counts every value of a repeated section as missing when it sorts."""
    with pytest.raises(
        ParameterError, match="sort=_fed_band_gap is not possible: the sites cannot"
    ):
        await ask(federation, sort=(("_fed_band_gap", True),))


async def test_names_of_nomads_own_endpoint(federation: Federation) -> None:
    """What its clients ask for is answered beside all else, under the names that they use."""
    capitals = "_nmd_results_method_simulation_dft_van_der_Waals_method"
    system = "_nmd_results_material_topology_chemical_formula_hill"
    fields = ("_nmd_archive_url", capitals, capitals.lower(), system, "_nmd_writer_groups")
    answer = await ask(federation, response_fields=fields)
    assert not answer.notices
    for resource in answer.resources:
        given = resource.attributes
        assert tuple(given) == fields
        assert str(given["_nmd_archive_url"]).endswith("/archive")
        assert given[capitals] == given[capitals.lower()]
        assert given["_nmd_writer_groups"] is None
    ids = await found(federation, f"{system} IS KNOWN")
    known = {id_ for id_, line in LINES.items() if any(
        one.get("chemical_formula_hill") for one in at(line, "results.material.topology") or ()
    )}  # fmt: skip
    assert set(ids) == known


@pytest.mark.parametrize(
    ("id_", "of_id"),
    [("nowhere~x", ["id_without_site"]), ("berlin~x", []), ("x", ["id_without_site"])],
)
async def test_unknown_fields_of_unknown_entries(
    federation: Federation, id_: str, of_id: list[str]
) -> None:
    """The warning comes also where there is no entry, beside that of the id."""
    answer = await federation.entry(EntryRequest("structures", id_, response_fields=("_nmd_foo",)))
    assert answer.resources == ()
    assert [notice.code for notice in answer.notices] == ["unknown_property", *of_id]


async def test_not_given_unless_asked_for(federation: Federation) -> None:
    """Default answers hold none of them."""
    answer = await ask(federation, page_limit=3)
    names = {name for resource in answer.resources for name in resource.attributes}
    assert "nsites" in names
    assert not [name for name in names if name.startswith(("_nmd_", "space_group"))]


async def test_former_names(federation: Federation) -> None:
    """Names of NOMAD before version 1 lead to today's, wherever they stand; as fields they are
    null, so that the rest of the answer is not lost."""
    today = f"{SYMMETRY}space_group_number"
    with pytest.raises(UnknownPropertyError, match=today):
        await ask(federation, filter="_nmd_dft_spacegroup = 225")
    with pytest.raises(ParameterError, match=today):
        await ask(federation, sort=(("_nmd_dft_spacegroup", False),))
    answer = await ask(federation, response_fields=("nsites", "_nmd_dft_spacegroup"), page_limit=1)
    assert answer.resources[0].attributes["nsites"] is not None
    assert answer.resources[0].attributes["_nmd_dft_spacegroup"] is None
    assert today in answer.notices[0].detail


async def test_versions_decide_who_is_asked(federation: Federation) -> None:
    """A site whose NOMAD lacks a quantity is skipped, and said to be."""
    answer = await ask(federation, filter='_nmd_description = "x"')
    states = {report.name: report.state for report in answer.reports}
    assert states == {"berlin": "ok", "munich": "ok", "dresden": "pruned"}
