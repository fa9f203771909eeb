"""What the demo Oases have copied of each other's uploads: all that a real federation has."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.demo import DEMO_SITES
from gateway.demo.copies import COPIES, DELETED, CopiedUpload
from gateway.demo.store import Entry, read_entries

NAMES = [site.name for site in DEMO_SITES]
TIMES = ("publish_time", "entry_create_time", "upload_create_time")


@pytest.fixture(scope="module")
def held() -> Mapping[str, tuple[Entry, ...]]:
    return {name: read_entries(name, version="2.0.0") for name in NAMES}


def of_upload(entries: tuple[Entry, ...], name: str) -> dict[str, dict[str, Any]]:
    """Its entries by id, with their metadata."""
    return {
        one.entry_id: dict(one.document) for one in entries if one.document["upload_name"] == name
    }


def pair(
    held: Mapping[str, tuple[Entry, ...]], upload: CopiedUpload
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    return of_upload(held[upload.made_at], upload.name), of_upload(
        held[upload.held_by], upload.name
    )


def kinds() -> set[str]:
    """What has been done to the copies."""
    return {
        *("whole" for one in COPIES if one.first is None and one.step == 1),
        *("part" for one in COPIES if one.first is not None or one.step > 1),
        *("imported" for one in COPIES if one.imported),
        *("processed" for one in COPIES if one.processed),
        *("embargo" for one in COPIES if one.is_embargoed),
        *("by three" for one in COPIES for two in COPIES if one != two and one.name == two.name),
    }


def test_all_kinds_of_copies_are_there() -> None:
    """Whole, in part, with new times, processed by another version, hidden, at three sites."""
    assert kinds() == {"whole", "part", "imported", "processed", "embargo", "by three"}
    assert all(one.made_at != one.held_by for one in COPIES)


@pytest.mark.parametrize("upload", COPIES, ids=lambda one: f"{one.name}-{one.held_by}")
def test_a_copy_is_as_described(
    held: Mapping[str, tuple[Entry, ...]], upload: CopiedUpload
) -> None:
    """Equal but for what was changed: the ids, the uploads and the structures are the same."""
    there, here = pair(held, upload)
    deleted = DELETED.get((upload.made_at, upload.name), 0)
    assert here
    assert len(here.keys() - there.keys()) == deleted
    if upload.first is None and upload.step == 1:
        assert here.keys() == there.keys()
    for entry_id in here.keys() & there.keys():
        one, other = here[entry_id], there[entry_id]
        for name in ("upload_id", "mainfile", "optimade", "results", "external_id"):
            assert one.get(name) == other.get(name)
        assert one["with_embargo"] == (upload.is_embargoed or other["with_embargo"])
        assert all((one[name] == other[name]) == (upload.imported is None) for name in TIMES)
        was_processed = upload.processed is not None
        assert (one["last_processing_time"] != other["last_processing_time"]) == was_processed
        assert (one["nomad_version"] != other["nomad_version"]) == was_processed


def test_an_owner_lacks_entries_of_its_upload(held: Mapping[str, tuple[Entry, ...]]) -> None:
    """What a site has deleted of an upload of its own lives on where it was copied to."""
    ((site, name),) = DELETED
    (upload,) = (one for one in COPIES if one.name == name)
    there, here = pair(held, upload)
    assert site == upload.made_at
    assert len(there) > len(here)
    assert there.keys() - here.keys()
    assert here.keys() - there.keys()
