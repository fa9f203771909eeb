"""The words that NOMAD's quantities can have -> enumerations.json, one line per `_nmd_` property.

Run it with the Python of the newest NOMAD:

    python -m tests.making.enumerations src/gateway/catalogue/enumerations.json
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from nomad.datamodel.datamodel import EntryArchive
from nomad.metainfo import MEnum
from nomad.metainfo.elasticsearch_extension import entry_type

TABLE = Path("src/gateway/catalogue/nmd.json")


def main() -> None:
    """Write the table."""
    entry_type.create_mapping(EntryArchive.m_def)
    rows = [f"{json.dumps(name)}: {json.dumps(words)}" for name, words in _enumerations()]
    about = f"Words of NOMAD {version('nomad-lab')} (Apache-2.0), by tests.making.enumerations"
    head = f'"about": {json.dumps(about)},\n"words": {{\n'
    Path(sys.argv[1]).write_text("{\n" + head + ",\n".join(rows) + "\n}}\n", "utf-8")


def _enumerations() -> Iterator[tuple[str, list[str]]]:
    for row in json.loads(TABLE.read_text("utf-8"))["rows"]:
        quantity = entry_type.quantities.get(row["quantity"])
        if quantity is not None and isinstance(quantity.definition.type, MEnum):
            yield row["name"], sorted(quantity.definition.type)


if __name__ == "__main__":
    main()
