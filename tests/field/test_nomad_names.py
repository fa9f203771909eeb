"""Every name that NOMAD's own OPTIMADE endpoint lists can be asked for here, per NOMAD version.

`nomad_names.json` is recorded of real Oases by `compare_info.py`, which also compares the values.
"""

import json

import pytest

from gateway.properties import LINKS
from tests.field.compare_info import CATALOGUE, RECORD, kind_of, unknown

NAMES = json.loads(RECORD.read_text("utf-8"))


@pytest.mark.parametrize("version", NAMES)
def test_every_name_is_known(version: str) -> None:
    """None is refused, and none is null for being unknown."""
    names = NAMES[version]
    assert len(names) > 340
    assert [name for name in names if unknown(name)] == []


def test_both_ends_of_what_is_supported() -> None:
    """The oldest and the newest NOMAD are among the recorded ones."""
    assert {"1.3.17", "2.0.0"} <= set(NAMES)


def test_what_newer_versions_have() -> None:
    """A name that only one of them lists is one of limited lifetime, or indexed by it alone."""
    for name in set(NAMES["2.0.0"]) ^ set(NAMES["1.3.17"]):
        one = CATALOGUE[name]
        assert one.lifetime.is_limited
        for version, names in NAMES.items():
            assert one.lifetime.holds(version) is (name in names), name


KINDS = [
    ("nsites", 3, 3, "equal"),
    ("nsites", None, None, "both unknown"),
    ("nsites", 3, None, "WRONG: nothing here"),
    ("nsites", 3, 4, "other value"),
    ("nsites", None, 4, "nothing at NOMAD"),
    (next(iter(LINKS)), "http://a", "http://b", "links of NOMAD's version 0, which lead nowhere"),
    ("last_modified", "2021-06-02T00:00:00.000123Z", "2021-06-02T00:00:00.000Z",
     "equal to the millisecond"),
    ("_nmd_a", "direct", ["direct", None],
     "NOMAD gives one value, or none of the empty places"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "theirs", "ours", "kind"), KINDS)
def test_kinds_of_difference(name: str, theirs: object, ours: object, kind: str) -> None:
    """What the script counts as what; only a value that is missing here is wrong."""
    assert kind_of(name, theirs, ours) == kind
