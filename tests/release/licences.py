"""The runtime lock and the files of others in the wheel -> src/gateway/THIRD-PARTY.md.

    PYTHONPATH=src python -m tests.release.licences

`make lock` ends with it. A licence is what the distribution says of itself, as an SPDX expression.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageMetadata as Metadata

from tests.docs.pages import read_page
from tests.setup.distributions import downloaded_metadata, installed_metadata
from tests.setup.locks import LOCKS, ROOT, Pin, read_lock

PAGE = ROOT / "src/gateway/THIRD-PARTY.md"
VENDOR = ROOT / "src/gateway/page/vendor"
LIBRARIES = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
PACKAGES_HEADING = "Packages of the runtime lock"

SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
}
"""What some write in place of an SPDX expression."""
BY_HAND = {"aiocache": "BSD-3-Clause", "jinja2": "BSD-3-Clause"}
"""Read in the LICENSE of these distributions: their metadata name none, or none exactly."""
DATA = (
    ("`catalogue/nmd.json`, `catalogue/enumerations.json`", "made from nomad-lab", "Apache-2.0"),
    ("`serve/info/property_definitions.json`", "descriptions from the package optimade", "MIT"),
    ("`demo/data/`", "structures of several collections", "each in `demo/data/SOURCES.md`"),
)
_HEAD = """# Licences of others

What the wheel and the image hold besides this project's own code (Apache-2.0). Made from
`requirements.lock` and from the manifest of the vendored files by `make lock`
(`python -m tests.release.licences` alone writes it anew).
"""


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page_of(licences()), "utf-8")


def runtime_pins() -> tuple[Pin, ...]:
    """What is installed with the gateway, on any Python and system."""
    return read_lock((ROOT / LOCKS[""]).read_text("utf-8"))


def licences() -> Mapping[str, str]:
    """The licence of each runtime pin, by `name==version`."""
    known = noted() if PAGE.exists() else {}
    return {pin.key: _licence(pin, known) for pin in runtime_pins()}


def noted() -> Mapping[str, str]:
    """What the page says of each runtime pin."""
    rows = read_page(PAGE).under(PACKAGES_HEADING)
    return {f"{row[0]}=={row[1]}": row[2] for row in rows}


def page_of(packages: Mapping[str, str]) -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_packages(packages), "", *_libraries(), "", *_data(), ""))


def licence_of(metadata: Metadata) -> str | None:
    """What a distribution says of itself; None: nothing exact."""
    expression = metadata.get("License-Expression") or metadata.get("License") or ""
    named = SPELLINGS.get(expression, expression)
    return named if named and "\n" not in named else None


def _licence(pin: Pin, known: Mapping[str, str]) -> str:
    if pin.name in BY_HAND:
        return BY_HAND[pin.name]
    if pin.key in known and not installed_metadata(pin):
        return known[pin.key]
    found = licence_of(installed_metadata(pin) or downloaded_metadata(pin))
    if found is None:
        raise LookupError(f"{pin.key} names no licence: read it, and add it to BY_HAND")
    return found


def _packages(packages: Mapping[str, str]) -> Iterator[str]:
    yield f"## {PACKAGES_HEADING}\n\n| Package | Version | Licence |\n|---|---|---|"
    for key, licence in packages.items():
        name, _, version = key.partition("==")
        yield f"| {name} | {version} | {licence} |"


def _libraries() -> Iterator[str]:
    yield "## JavaScript and styles in `page/vendor/`\n\n| Library | Version | Licence | Texts |"
    yield "|---|---|---|---|"
    for one in LIBRARIES:
        texts = ", ".join(f"`{one['folder']}/{file}`" for file in one["files"] if _is_text(file))
        name = f"[{one['name']}]({one['homepage']})"
        yield f"| {name} | {one['version']} | {one['license']} | {texts} |"


def _is_text(file: str) -> bool:
    return "LICENSE" in file or file == "NOTICE"


def _data() -> Iterator[str]:
    yield "## Data\n\n| Files | Origin | Licence |\n|---|---|---|"
    for row in DATA:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    main()
