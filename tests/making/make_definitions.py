"""The models of the `optimade` package and the catalogue -> property_definitions.json.

Run it when the catalogue or the `optimade` package changes; `tests/serve/info` compares:

    PYTHONPATH=src python -m tests.making.make_definitions
"""

import json
from pathlib import Path

from gateway.model import REFERENCES, STRUCTURES
from gateway.properties import references_catalogue, structures_catalogue
from gateway.serve.info.definitions import DATA_FILE, PLACEHOLDER
from tests.making.definitions.property_definition import define

ABOUT = (
    "Property definitions, written by tests/making/make_definitions.py. Descriptions of standard"
    " properties: the optimade package (MIT, Copyright (C) 2019 OPTIMADE Development Team);"
    " of _nmd_ properties: nomad-lab (Apache-2.0)."
)


def main() -> None:
    """Write the data file anew."""
    Path(DATA_FILE).write_text(written_definitions(), "utf-8")


def written_definitions() -> str:
    """The text of the data file: one line for each property."""
    tables = {
        STRUCTURES: structures_catalogue(PLACEHOLDER),
        REFERENCES: references_catalogue(PLACEHOLDER),
    }
    parts = [_member("about", json.dumps(ABOUT))]
    for entry_type, catalogue in tables.items():
        definitions = define(catalogue, entry_type=entry_type, prefix=PLACEHOLDER)
        lines = [_member(name, _compact(one)) for name, one in definitions.items()]
        parts.append(_member(entry_type, "{\n" + ",\n".join(lines) + "\n}"))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _member(name: str, value: str) -> str:
    return f"{json.dumps(name)}: {value}"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
