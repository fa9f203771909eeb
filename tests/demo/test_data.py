"""The demo sites' data: what the project promises of them."""

from importlib.resources import files

import pytest

from gateway.demo import DEMO_SITES
from gateway.demo.store import Entry, read_entries

NAMES = [site.name for site in DEMO_SITES]
OPTIONAL = 8  # fields that single entries lack


@pytest.fixture(scope="module")
def held() -> dict[str, tuple[Entry, ...]]:
    """Every site's entries."""
    return {name: read_entries(name, version="2.0.0") for name in NAMES}


def public(entries: tuple[Entry, ...]) -> list[Entry]:
    return [e for e in entries if e.document["published"] and not e.document["with_embargo"]]


def structures(entries: tuple[Entry, ...]) -> list[dict[str, object]]:
    return [e.archive["metadata"]["optimade"] for e in public(entries) if "optimade" in e.document]


def test_over_a_thousand_structures(held):
    """The demo federates at least 1,000 public structures in small files."""
    ids = {e.entry_id for name in NAMES for e in public(held[name]) if "optimade" in e.document}
    assert len(ids) >= 1000
    folder = files("gateway.demo").joinpath("data")
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 3_000_000


@pytest.mark.parametrize("name", NAMES)
def test_every_structure_names_its_source(held, name):
    """A structure has its key in the source, and the sources stand beside the data."""
    for entry in held[name]:
        assert "optimade" not in entry.document or entry.document["external_id"]
    text = files("gateway.demo").joinpath("data/SOURCES.md").read_text("utf-8")
    for package in ("pymatgen", "ASE", "crystals", "nomad-lab", "Apache-2.0", "LGPL-2.1", "CC0"):
        assert package in text


def test_sites_share_a_date(held):
    """Uploads of all sites were made at the same moment; others have microseconds."""
    dates = [{str(e.document["upload_create_time"]) for e in public(held[n])} for n in NAMES]
    assert set.intersection(*dates)
    assert all(any("." in date for date in one) for one in dates)


@pytest.mark.parametrize("name", NAMES)
def test_every_site_has_the_awkward_entries(held, name):
    """Hidden, failed and thinned entries, notebooks, disorder, unknown atoms, datasets."""
    entries, found = held[name], structures(held[name])
    assert any(e.document["with_embargo"] for e in entries)
    assert any(not e.document["published"] for e in entries)
    assert any(not e.document["processed"] for e in entries)
    assert any(
        e.document["entry_type"] == "ELNSample" for e in public(entries) if "data" in e.archive
    )
    assert any("disorder" in (one.get("structure_features") or ()) for one in found)
    assert any("X" in one["elements"] for one in found)
    assert any("chemical_formula_hill" not in one for one in found)
    assert len({len(one) for one in found}) > 1
    assert any(e.document["datasets"] for e in entries)
    assert any(e.document["references"] for e in entries)
    assert any(not str(e.document.get("comment", "")).isascii() for e in entries)


@pytest.mark.parametrize("name", NAMES)
def test_structures_are_consistent(held, name):
    """Ratios add up to one, sites have species, lists have the length of their numbers."""
    for one in structures(held[name]):
        assert sum(one["elements_ratios"]) == pytest.approx(1)
        assert one["nelements"] == len(one["elements"]) == len(one["elements_ratios"])
        assert one["nsites"] == len(one.get("species_at_sites", range(one["nsites"])))
        if "species" in one and "species_at_sites" in one:
            assert {s["name"] for s in one["species"]} == set(one["species_at_sites"])
        for species in one.get("species", ()):
            assert sum(species["concentration"]) == pytest.approx(1, abs=0.01)


def test_old_versions_lack_unknown_atoms():
    """NOMAD 1.3 cannot index entries with unknown atoms."""
    old, new = (read_entries("berlin", version=version) for version in ("1.3.17", "2.0.0"))
    missing = {e.entry_id for e in new} - {e.entry_id for e in old}
    assert missing == {
        e.entry_id for e in new if "X" in e.document.get("optimade", {}).get("elements", ())
    }
    assert missing
