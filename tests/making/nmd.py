"""NOMAD's searchable quantities -> nmd.json, the table of `_nmd_` properties.

Run it with the Python of each NOMAD version in turn; each run adds its version to the table:

    python -m tests.making.nmd src/gateway/catalogue/nmd.json

Words, units and shapes are those of the newest version. What is left out is said at `_is_wanted`.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nomad.datamodel.datamodel import EntryArchive
from nomad.metainfo import Reference
from nomad.metainfo.elasticsearch_extension import entry_type

Row = dict[str, Any]

ABOUT = "NOMAD's searchable quantities (nomad-lab, Apache-2.0), written by tests.making.nmd"
TYPES = ("keyword", "text", "integer", "float", "double", "boolean", "date")
REFERRED = (
    "authors.name",
    "main_author.name",
    "datasets.dataset_id",
    "datasets.dataset_name",
    "datasets.doi",
)
"""Quantities of people and datasets. NOMAD's own OPTIMADE endpoint has none of these."""
PRIVATE = ("viewer_groups", "writer_groups", "text_search_contents")
"""Who may see or change an entry, and texts that only serve NOMAD's free-text search."""
SYMBOLS = {
    "ampere": "A", "gram": "g", "joule": "J", "kelvin": "K", "kilogram": "kg", "meter": "m",
    "milliliter": "ml", "mole": "mol", "newton": "N", "pascal": "Pa", "radian": "radian",
    "second": "s", "volt": "V", "watt": "W",
}  # fmt: skip
"""Symbols of the GNU Units database, as property definitions write them."""


def main() -> None:
    """Add the NOMAD that runs this to the table."""
    path = Path(sys.argv[1])
    table = json.loads(path.read_text("utf-8")) if path.exists() else {"versions": [], "rows": []}
    entry_type.create_mapping(EntryArchive.m_def)
    path.write_text(_written(_joined(table, list(_rows()), version("nomad-lab"))), "utf-8")


def _rows() -> Iterator[Row]:
    for name, quantity in entry_type.quantities.items():
        if _is_wanted(name, quantity):
            yield _row(name, quantity)


def _is_wanted(name: str, quantity: Any) -> bool:
    """Names as NOMAD's own OPTIMADE endpoint chooses them: plain metadata and `results`; without
    second fields of a quantity (`entry_name.prefix`), suggestions, quantities of plugins' schemas,
    private ones, and what cannot even be asked for IS KNOWN: inside nested sections, texts and
    quantities of which NOMAD rewrites what they are compared with (2.0 fails on their ranges)."""
    annotation = quantity.annotation
    if annotation.dynamic or annotation.suggestion or annotation.field is not None:
        return False
    if isinstance(quantity.definition.type, Reference) or name in PRIVATE:
        return False
    if "." in name and not name.startswith("results.") and name not in REFERRED:
        return False
    type_ = annotation.mapping["type"]
    if type_ not in TYPES:
        raise SystemExit(f"{name} is indexed as {type_}, which the table does not know")
    return _nested_section(name) is None or not (type_ == "text" or annotation.normalizer)


def _row(name: str, quantity: Any) -> Row:
    definition, nested = quantity.definition, _nested_section(name)
    repeats = list(_repeats(name))
    row: Row = {
        "name": f"_nmd_{name.replace('.', '_').lower()}",
        "quantity": name,
        "type": quantity.annotation.mapping["type"],
    }
    if any(repeats):
        row["many"] = True
    if nested is not None:
        row["nested"] = nested
        if not any(repeats[nested.count(".") + 1 :]):
            row["one_each"] = True
    if quantity.annotation.normalizer:
        row["normalized"] = True
    if definition.unit is not None:
        row["unit"] = _unit(definition.unit)
    return row | {"description": _first_paragraph(definition.description or "")}


def _repeats(name: str) -> Iterator[bool]:
    """For each part of a name, whether there may be several of it."""
    section = (
        EntryArchive.m_def if name.startswith("results.") else EntryArchive.metadata.sub_section
    )
    for part in name.split("."):
        if (inner := section.all_sub_sections.get(part)) is not None:
            yield bool(inner.repeats)
            section = inner.sub_section
        else:
            found = section.all_quantities[part]
            yield not found.is_scalar
            if isinstance(found.type, Reference):
                section = found.type.target_section_def


def _nested_section(name: str) -> str | None:
    """The innermost repeated section whose members the index keeps apart."""
    keys = [key for key in entry_type.nested_object_keys if name.startswith(f"{key}.")]
    return max(keys, key=len, default=None)


def _unit(unit: Any) -> str:
    powers = sorted((SYMBOLS[name], int(power)) for name, power in unit._units.items())
    return "*".join(symbol if power == 1 else f"{symbol}^{power}" for symbol, power in powers)


def _first_paragraph(text: str) -> str:
    return " ".join(re.split(r"\n\s*\n", text.strip())[0].split())


def _joined(table: Row, rows: list[Row], running: str) -> Row:
    versions = sorted({*table["versions"], running}, key=_as_numbers)
    merged: dict[str, Row] = {}
    found: dict[str, set[str]] = {}
    for row in table["rows"]:
        found[row["quantity"]] = set(row.pop("versions", table["versions"])) - {running}
        merged[row["quantity"]] = row
    for row in rows:
        found.setdefault(row["quantity"], set()).add(running)
        if running == versions[-1] or row["quantity"] not in merged:
            merged[row["quantity"]] = row
    for name, row in merged.items():
        if len(found[name]) < len(versions):
            row["versions"] = sorted(found[name], key=_as_numbers)
    used = [row for name, row in sorted(merged.items()) if found[name]]
    return {"versions": versions, "rows": used}


def _as_numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


def _written(table: Row) -> str:
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["rows"])
    versions = json.dumps(table["versions"])
    return f'{{\n"about": {json.dumps(ABOUT)},\n"versions": {versions},\n"rows": [\n{rows}\n]}}\n'


if __name__ == "__main__":
    main()
