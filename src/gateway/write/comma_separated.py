"""Values -> lines of a CSV table that programs read back and spreadsheets open without harm."""

import csv
import io
import re
from collections.abc import Iterable

import orjson

from gateway.model import Json

_FORMULA = re.compile(r"[=+\-@\t\r]")
"""What a text begins with that a spreadsheet would run as a formula."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def write_header(columns: Iterable[str]) -> str:
    """The first line."""
    return _line(columns)


def write_row(values: Iterable[Json]) -> str:
    """One line: unknown is empty, lists and dictionaries are JSON, numbers read back exactly."""
    return _line(map(_cell, values))


def _cell(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return _text(value)
        case _:
            return orjson.dumps(value).decode()


def _text(text: str) -> str:
    """An apostrophe keeps a spreadsheet from running it."""
    text = _CONTROL.sub("\ufffd", text)
    return f"'{text}" if _FORMULA.match(text) else text


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
