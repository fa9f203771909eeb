"""Installing the locks resolves nothing: each is closed on every Python and machine we name."""

from collections import defaultdict
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.setup.locks import (
    LOCKS,
    PROJECT,
    ROOT,
    Environment,
    Needs,
    Pin,
    digest_of,
    gaps,
    read_lock,
    read_metadata,
    wanted_in,
)

NEEDS, DIGESTS = read_metadata()
PINS = {name: read_lock((ROOT / lock).read_text("utf-8")) for name, lock in LOCKS.items()}
# The first and the last of a series: some markers look at the third number.
PYTHONS = ("3.11.0", "3.11.99", "3.12.0", "3.12.99", "3.13.0", "3.13.99", "3.14.0", "3.14.99")
MACHINES = ("x86_64", "aarch64")


def environment(python: str, machine: str = "x86_64") -> Environment:
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": "linux",
    }


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_closed(name: str, python: str, machine: str) -> None:
    """All that a locked distribution requires is locked, at a version that it takes; no more is."""
    found = gaps(PINS[name], wanted_in(name), NEEDS, environment(python, machine))
    assert not list(found), "run `make lock`"


@pytest.mark.parametrize("python", PYTHONS)
def test_agreed(python: str) -> None:
    """One environment can take all locks: they name the same versions."""
    here = environment(python)
    versions: dict[str, set[str]] = defaultdict(set)
    for pin in chain.from_iterable(PINS.values()):
        if pin.is_for(here):
            versions[pin.name].add(pin.version)
    assert not {name: found for name, found in versions.items() if len(found) > 1}


@pytest.mark.parametrize("lock", LOCKS.values())
def test_fresh(lock: str) -> None:
    """A lock is as `make lock` left it: an edited one has not been checked."""
    assert DIGESTS[lock] == digest_of(lock), "run `make lock`"


def test_recorded() -> None:
    """What is recorded of a distribution is what it says where it is installed."""
    compared = 0
    for pin in {pin.key: pin for pin in chain.from_iterable(PINS.values())}.values():
        try:
            installed = distribution(pin.name)
        except PackageNotFoundError:
            continue
        if installed.version == pin.version:
            assert set(NEEDS[pin.key].requirements) == set(installed.requires or ())
            compared += 1
    assert compared


def test_pythons() -> None:
    """The Pythons above are those that the project names."""
    named = {one.rpartition(" ")[2] for one in PROJECT["project"]["classifiers"] if ":: 3." in one}
    assert {python.rpartition(".")[0] for python in PYTHONS} == named


A, B = Pin("a", "1.0", None), Pin("b", "2.0", None)
A_NEEDS_B = {"a==1.0": Needs(">=3.11", ("b>=2", "c; extra == 'more'")), "b==2.0": Needs("", ())}


@pytest.mark.parametrize(
    ("pins", "wanted", "found"),
    [
        ((A, B), ["a"], ""),
        ((A,), ["a"], "a==1.0 needs b>=2; locked is none"),
        ((A, replace(B, version="1.9")), ["a"], "a==1.0 needs b>=2; locked is 1.9"),
        ((A, B), ["a[more]"], "a==1.0 needs c"),
        ((A, B), ["a", "a[more]"], "a==1.0 needs c"),
        ((A, B), ["a>1"], "the project needs a>1; locked is 1.0"),
        ((A, B), ["b"], "a==1.0 is locked, and nothing needs it"),
        ((A, B), ["a", "z; python_version < '3.11'"], ""),
        ((A, replace(B, marker=Marker("python_version > '3.11'"))), ["a"], "locked is none"),
        ((A, B, replace(B, version="2.1")), ["a"], "both locked"),
        ((replace(A, version="1.1"), B), ["a"], "a==1.1 is not for this Python"),
    ],
)
def test_gaps(pins: tuple[Pin, ...], wanted: list[str], found: str) -> None:
    """A lock that is not closed is found out."""
    needs = A_NEEDS_B | {
        "a==1.1": Needs(">=3.12", ("b",)),
        "b==1.9": Needs("", ()),
        "b==2.1": Needs("", ()),
    }
    reported = "\n".join(gaps(pins, wanted, needs, environment("3.11.4")))
    assert (found in reported) if found else not reported


def test_build_system() -> None:
    """The build's own lock is asked for what the build asks for."""
    asked = {Requirement(one).name for one in PROJECT["build-system"]["requires"]}
    assert asked <= {Requirement(one).name for one in PROJECT["dependency-groups"]["build"]}
