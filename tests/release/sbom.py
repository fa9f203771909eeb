"""The runtime lock and the vendored files -> a list of parts for programs: CycloneDX 1.6 in JSON.

    PYTHONPATH=src python -m tests.release.sbom > dist/sbom.cdx.json

It is made from the files of the checkout alone, without network, and the same each time: it has
no serial number and no time. `make sbom` writes it beside the wheel.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gateway
from gateway.model import Json, JsonObject
from tests.release.licences import LIBRARIES, noted
from tests.setup.locks import LOCKS, PROJECT, ROOT, Pin, read_hashes, read_lock, read_metadata

NAME = PROJECT["project"]["name"]
SELF = f"pkg:pypi/{NAME}@{gateway.__version__}"
_NEEDS, _ = read_metadata()
Component: TypeAlias = dict[str, Json]


def main() -> None:
    """Print the list."""
    print(json.dumps(bill_of_materials(), indent=1, ensure_ascii=False))


def bill_of_materials() -> JsonObject:
    """All that the wheel and the image hold of others, and what needs what."""
    text = (ROOT / LOCKS[""]).read_text("utf-8")
    pins, hashes, licences = read_lock(text), read_hashes(text), noted()
    libraries = [_library(one) for one in LIBRARIES]
    packages = [_package(pin, hashes[pin.key], licences[pin.key]) for pin in pins]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _self(), "lifecycles": [{"phase": "build"}]},
        "components": [*packages, *libraries],
        "dependencies": list(_dependencies(pins, [str(one["bom-ref"]) for one in libraries])),
    }


def _self() -> Component:
    return {
        "type": "application",
        "bom-ref": SELF,
        "name": NAME,
        "version": gateway.__version__,
        "description": PROJECT["project"]["description"],
        "licenses": [{"expression": PROJECT["project"]["license"]}],
        "purl": SELF,
    }


def _package(pin: Pin, hashes: Sequence[str], licence: str) -> Component:
    purl = _purl(pin)
    files: list[Json] = [{"alg": "SHA-256", "content": one} for one in hashes]
    marker: Component = (
        {"properties": [{"name": "python:marker", "value": str(pin.marker)}]} if pin.marker else {}
    )
    return {
        "type": "library",
        "bom-ref": purl,
        "name": pin.name,
        "version": pin.version,
        "licenses": [{"expression": licence}],
        "purl": purl,
        "externalReferences": [{"type": "distribution", "url": purl, "hashes": files}],
        **marker,
    }


def _library(one: Mapping[str, str]) -> Component:
    purl = f"pkg:npm/{one['package'].removeprefix('npm:')}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": one["name"],
        "version": one["version"],
        "licenses": [{"expression": one["license"]}],
        "purl": purl,
        "externalReferences": [{"type": "website", "url": one["homepage"]}],
    }


def _dependencies(pins: Sequence[Pin], libraries: Sequence[str]) -> Iterator[JsonObject]:
    """What needs what, on any Python and system, as far as it is locked."""
    requirements = {pin.name: _requirements(pin) for pin in pins}
    direct = [*PROJECT["project"]["dependencies"], *_extras()]
    graph: dict[str, set[str]] = {pin.name: set() for pin in pins}
    waiting = [(SELF, "", Requirement(text)) for text in direct]
    graph[SELF] = set()
    seen: set[tuple[str, str]] = set()
    while waiting:
        asker, extra, one = waiting.pop()
        name = canonicalize_name(one.name)
        if name not in requirements or not _holds(one, extra):
            continue
        graph[asker].add(name)
        for more in {(name, wish) for wish in ("", *one.extras)} - seen:
            seen.add(more)
            waiting += [(name, more[1], inner) for inner in requirements[name]]
    refs = {pin.name: _purl(pin) for pin in pins}
    graph_of_refs = {refs.get(name, name): {refs[one] for one in graph[name]} for name in graph}
    graph_of_refs[SELF] |= set(libraries)
    for ref, others in (graph_of_refs | {ref: set() for ref in libraries}).items():
        yield {"ref": ref, "dependsOn": list[Json](sorted(others))}


def _requirements(pin: Pin) -> list[Requirement]:
    return [Requirement(text) for text in _NEEDS[pin.key].requirements]


def _holds(one: Requirement, extra: str) -> bool:
    """Whether a requirement is for this extra, or for none: other markers may hold elsewhere."""
    wished = re.findall(r"extra == [\"']([^\"']+)", str(one.marker or ""))
    return extra in wished if wished else extra == ""


def _extras() -> Iterator[str]:
    for requirements in PROJECT["project"]["optional-dependencies"].values():
        yield from requirements


def _purl(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


if __name__ == "__main__":
    main()
