"""The lock files, and what their distributions require: read, and what does not fit together."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
METADATA = Path(__file__).with_name("metadata.json")
"""Written by `make lock`: what each locked distribution says of itself."""
LOCKS = {"": "requirements.lock"} | {
    name: f"requirements-{name}.lock" for name in ("test", "check", "bench", "web", "data", "build")
}

Environment: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of a lock."""

    name: str
    version: str
    marker: Marker | None
    """Where it is installed; None: everywhere."""

    @property
    def key(self) -> str:
        return f"{self.name}=={self.version}"

    def is_for(self, environment: Environment) -> bool:
        return self.marker is None or self.marker.evaluate(dict(environment))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a distribution says of itself."""

    python: str
    requirements: tuple[str, ...]


def read_lock(text: str) -> tuple[Pin, ...]:
    """The pins of a lock; each has a hash."""
    return tuple(map(_pin, _entries(text)))


def read_hashes(text: str) -> Mapping[str, tuple[str, ...]]:
    """The SHA-256 of each file that a pin may be, by `name==version`."""
    return {
        _pin(entry).key: tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
        for entry in _entries(text)
    }


def _entries(text: str) -> list[str]:
    return [one for one in re.sub(r"\\\n", " ", text).splitlines() if one.strip()]


def _pin(entry: str) -> Pin:
    requirement, hashes = re.split(r"\s+(?=--hash=sha256:)", entry.strip(), maxsplit=1)
    assert hashes
    one = Requirement(requirement)
    (pinned,) = one.specifier
    assert pinned.operator == "=="
    return Pin(canonicalize_name(one.name), pinned.version, one.marker)


def read_metadata() -> tuple[Mapping[str, Needs], Mapping[str, str]]:
    """What each locked distribution needs, by `name==version`; the digest of each lock."""
    document = json.loads(METADATA.read_text("utf-8"))
    needs = {
        key: Needs(one["python"], tuple(one["requirements"]))
        for key, one in document["distributions"].items()
    }
    return needs, document["locks"]


def digest_of(lock: str) -> str:
    """Tells one state of a lock from another."""
    return sha256((ROOT / lock).read_bytes()).hexdigest()


def wanted_in(name: str) -> tuple[str, ...]:
    """What the project asks the lock of this name for."""
    groups, project = PROJECT["dependency-groups"], PROJECT["project"]
    if name == "build":
        return (*PROJECT["build-system"]["requires"], *groups["build"])
    extras = project["optional-dependencies"]
    return (*project["dependencies"], *extras["redis"], *extras["otel"], *groups.get(name, ()))


def gaps(
    pins: Sequence[Pin],
    wanted: Sequence[str],
    needs: Mapping[str, Needs],
    environment: Environment,
) -> Iterator[str]:
    """What keeps a lock from being closed in an environment: nothing, in a good one."""
    here: dict[str, Pin] = {}
    for pin in (pin for pin in pins if pin.is_for(environment)):
        if pin.name in here:
            yield f"{pin.key} and {here[pin.name].key} are both locked"
        here[pin.name] = pin
        if environment["python_full_version"] not in SpecifierSet(needs[pin.key].python):
            yield f"{pin.key} is not for this Python"
    waiting = [("the project", "", text) for text in wanted]
    seen: set[tuple[str, str]] = set()
    while waiting:
        asker, extra, text = waiting.pop()
        one = Requirement(text)
        if one.marker and not one.marker.evaluate({**environment, "extra": extra}):
            continue
        pin = here.get(canonicalize_name(one.name))
        if pin is None or not one.specifier.contains(Version(pin.version), prereleases=True):
            yield f"{asker} needs {one}; locked is {pin.version if pin else 'none'}"
            continue
        for more in {(pin.name, wish) for wish in ("", *one.extras)} - seen:
            seen.add(more)
            waiting += [(pin.key, more[1], text) for text in needs[pin.key].requirements]
    for name in here.keys() - {name for name, _ in seen}:
        yield f"{here[name].key} is locked, and nothing needs it"
