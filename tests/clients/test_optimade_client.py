"""The client of optimade-python-tools, in the library and on the command line."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from optimade.client import OptimadeClient

from tests.clients.conftest import Optimade

OXIDES = 'elements HAS "O" AND nelements=2'

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211")


def make_client(*urls: str, is_async: bool, most: int = 0) -> OptimadeClient:
    return OptimadeClient(urls, max_results_per_provider=most, use_async=is_async, silent=True)


def oxides(held: Mapping[str, Optimade]) -> set[str]:
    return {id_ for id_, one in held.items() if "O" in one["elements"] and one["nelements"] == 2}


both_ways = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@both_ways
def test_count(gateway_url: str, held: Mapping[str, Optimade], is_async: bool) -> None:
    """It counts with one request, from data_returned."""
    client = make_client(gateway_url, is_async=is_async)
    everything = client.structures.count()
    assert everything["structures"][""][gateway_url] == len(held)
    counted = client.structures.count(filter=OXIDES)
    assert counted["structures"][OXIDES][gateway_url] == len(oxides(held)) > 100


def test_count_by_probing(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """Where it does not trust data_returned, it probes offsets, many of them beyond the end."""
    client = make_client(gateway_url, is_async=True)
    client._force_binary_search = True
    counted = client.structures.count(filter=OXIDES)
    assert counted["structures"][OXIDES][gateway_url] == len(oxides(held))


@both_ways
def test_get_everything(gateway_url: str, held: Mapping[str, Optimade], is_async: bool) -> None:
    """More than 2,000 entries come through its default pages, each once, without a complaint."""
    client = make_client(gateway_url, is_async=is_async)
    answer = client.structures.get(response_fields=["nsites"])["structures"][""][gateway_url]
    assert answer["errors"] == []
    ids = [one["id"] for one in answer["data"]]
    assert len(ids) == len(set(ids)) > 2000
    assert {one["id"]: one["attributes"]["nsites"] for one in answer["data"]} == {
        id_: one["nsites"] for id_, one in held.items()
    }


@both_ways
def test_get_whole_entries(gateway_url: str, held: Mapping[str, Optimade], is_async: bool) -> None:
    """Entries come with all attributes, sorted as asked."""
    client = make_client(gateway_url, is_async=is_async)
    answer = client.structures.get(OXIDES, sort="-nsites")["structures"][OXIDES][gateway_url]
    assert answer["errors"] == []
    assert {one["id"] for one in answer["data"]} == oxides(held)
    sizes = [one["attributes"]["nsites"] for one in answer["data"]]
    assert sizes == sorted(sizes, reverse=True)
    for one in answer["data"]:
        positions = held[one["id"]].get("cartesian_site_positions")
        assert one["attributes"]["cartesian_site_positions"] == positions


def test_get_from_site_views(gateway_url: str, copies: Mapping[str, Optimade]) -> None:
    """Views of single sites are databases to it, asked at the same time; each has its copies."""
    sites = ("berlin", "munich", "dresden")
    urls = [f"{gateway_url}/sites/{site}" for site in sites]
    answer = make_client(*urls, is_async=True).structures.get(OXIDES)["structures"][OXIDES]
    for site, url in zip(sites, urls, strict=True):
        assert answer[url]["errors"] == []
        assert {one["id"] for one in answer[url]["data"]} == {
            id_ for id_ in oxides(copies) if id_.startswith(f"{site}~")
        }


@both_ways
def test_stops_at_its_maximum(gateway_url: str, is_async: bool) -> None:
    """It leaves off at the number of results it was told."""
    client = make_client(gateway_url, is_async=is_async, most=60)
    answer = client.structures.get(response_fields=["nsites"])["structures"][""][gateway_url]
    assert len(answer["data"]) == 60


@both_ways
def test_fields_of_nomads_own_endpoint(gateway_url: str, is_async: bool) -> None:
    """What clients of NOMAD's endpoint ask for is there; an outdated name does not cost the rest,
    nor does metadata that no property has."""
    fields = ["nsites", "_nmd_entry_page_url", "_nmd_dft_spacegroup", "property_metadata"]
    client = make_client(gateway_url, is_async=is_async, most=20)
    answer = client.structures.get(response_fields=fields)["structures"][""][gateway_url]
    assert len(answer["data"]) == 20
    assert not answer["errors"]
    for one in answer["data"]:
        assert set(one["attributes"]) == set(fields[:3])
        assert "/gui/entry/id/" in one["attributes"]["_nmd_entry_page_url"]
        assert one["meta"] == {"property_metadata": {}}


@both_ways
def test_list_properties(gateway_url: str, is_async: bool) -> None:
    """It lists and searches all properties that can be asked for, NOMAD's own among them."""
    client = make_client(gateway_url, is_async=is_async)
    listed = client.list_properties("structures")[gateway_url]
    assert {"nsites", "elements", "lattice_vectors", "_fed_site"} <= set(listed)
    found = client.search_property("formula", "structures")[gateway_url]
    assert "chemical_formula_reduced" in found
    assert len([name for name in listed if name.startswith("_nmd_")]) > 300
    found = client.search_property("band_gap", "structures")[gateway_url]
    assert {"_fed_band_gap", "_nmd_results_properties_electronic_band_gap_value"} <= set(found)


def test_references(gateway_url: str) -> None:
    """References are got like structures, as many as it counts, each once."""
    client = make_client(gateway_url, is_async=True)
    filter_ = 'url STARTS WITH "https://aflow.org/p/A2B"'
    counted = client.references.count(filter_)["references"][filter_][gateway_url]
    answer = client.references.get(filter_)["references"][filter_][gateway_url]
    assert answer["errors"] == []
    assert len({one["id"] for one in answer["data"]}) == len(answer["data"]) == counted > 20


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("optimade-get")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=60, check=True
    )


def test_command_line_count(gateway_url: str, held: Mapping[str, Optimade]) -> None:
    """`optimade-get --count` prints the number by filter and address."""
    done = run_cli("--silent", "--count", "--filter", OXIDES, gateway_url)
    assert json.loads(done.stdout)["structures"][OXIDES][gateway_url] == len(oxides(held))


@pytest.mark.parametrize("way", ["--use-async", "--no-async"])
def test_command_line_get(
    gateway_url: str, held: Mapping[str, Optimade], tmp_path: Path, way: str
) -> None:
    """`optimade-get` writes the entries to a file."""
    file = tmp_path / "found.json"
    run_cli(
        "--silent", way, "--max-results-per-provider", "-1", "--filter", OXIDES,
        "--output-file", str(file), gateway_url,
    )  # fmt: skip
    answer = json.loads(file.read_text())["structures"][OXIDES][gateway_url]
    assert {one["id"] for one in answer["data"]} == oxides(held)
