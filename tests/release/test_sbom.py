"""The list of parts names all that is shipped, and what needs what."""

import json
from itertools import chain

from tests.release.licences import LIBRARIES, runtime_pins
from tests.release.sbom import SELF, bill_of_materials
from tests.setup.locks import PROJECT

BILL = bill_of_materials()
COMPONENTS = {one["purl"]: one for one in BILL["components"]}


def test_complete() -> None:
    """Each pin of the runtime lock and each vendored library is there, once."""
    packages = {f"pkg:pypi/{pin.name}@{pin.version}" for pin in runtime_pins()}
    libraries = {f"pkg:npm/{one['package'].removeprefix('npm:')}" for one in LIBRARIES}
    assert COMPONENTS.keys() == packages | libraries
    assert len(COMPONENTS) == len(BILL["components"])


def test_parts_are_told_apart() -> None:
    """Each part has a licence; each package the digests of its files."""
    for purl, one in COMPONENTS.items():
        assert one["licenses"][0]["expression"]
        if purl.startswith("pkg:pypi/"):
            assert one["externalReferences"][0]["hashes"]


def test_graph() -> None:
    """Everything is reached from the project, by names that are there."""
    graph = {one["ref"]: one["dependsOn"] for one in BILL["dependencies"]}
    assert graph.keys() == {SELF, *COMPONENTS}
    seen, waiting = set(), [SELF]
    while waiting:
        for ref in set(graph[waiting.pop()]) - seen:
            seen.add(ref)
            waiting.append(ref)
    assert seen == COMPONENTS.keys()


def test_direct_dependencies() -> None:
    """The project itself needs what pyproject.toml asks for, and no more packages."""
    graph = {one["ref"]: one["dependsOn"] for one in BILL["dependencies"]}
    direct = [ref for ref in graph[SELF] if ref.startswith("pkg:pypi/")]
    asked = [
        *PROJECT["project"]["dependencies"],
        *chain(*PROJECT["project"]["optional-dependencies"].values()),
    ]
    assert len(direct) == len(asked)


def test_same_each_time() -> None:
    """Two lists of one checkout are equal: there is no time and no random number in them."""
    assert json.dumps(bill_of_materials()) == json.dumps(BILL)
