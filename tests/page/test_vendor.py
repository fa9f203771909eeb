"""Other people's files are what their packages hold, with licence and version."""

import hashlib
import json
from pathlib import Path

import pytest

import gateway.page

VENDOR = Path(gateway.page.__file__).parent / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())


@pytest.mark.parametrize("library", MANIFEST, ids=lambda one: one["folder"])
def test_files_are_those_of_the_package(library: dict) -> None:
    """Each file has the digest in the manifest; none is there that the manifest lacks."""
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (VENDOR / library["folder"]).iterdir()
    }
    assert found == library["files"]


@pytest.mark.parametrize("library", MANIFEST, ids=lambda one: one["folder"])
def test_licence_and_origin_are_there(library: dict) -> None:
    """Name, version, package and licence are said, and the licence's text is there."""
    assert library["package"].endswith(f"@{library['version']}")
    assert library["name"]
    assert library["license"]
    assert (VENDOR / library["folder"] / "LICENSE").stat().st_size > 1_000


def test_every_folder_is_in_the_manifest() -> None:
    folders = {folder.name for folder in VENDOR.iterdir() if folder.is_dir()}
    assert folders == {library["folder"] for library in MANIFEST}
