"""Plain text tables, and JSON for people."""

import re
from collections.abc import Sequence

import orjson

_GAP = "  "
_WIDEST = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def write_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as what is in them; None is a dash."""
    return Table(heads).write(rows)


class Table:
    """A table that is written piece by piece: its columns are as wide as the first piece needs.

    Names, in the first column, are never cut.
    """

    def __init__(self, heads: Sequence[str]) -> None:
        self._heads = [str(head) for head in heads]
        self._widths: list[int] = []

    def write(self, rows: Sequence[Sequence[object]]) -> str:
        """The lines of these rows; before the first ones stands the head."""
        lines = [[_text(row[0]), *map(_cell, row[1:])] for row in rows]
        if not self._widths:
            lines.insert(0, self._heads)
            self._widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            _GAP.join(
                cell.ljust(width) for cell, width in zip(line, self._widths, strict=True)
            ).rstrip()
            for line in lines
        )


def write_json(value: object) -> str:
    """Indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def printable(text: str) -> str:
    """What a server sent, harmless to a terminal: control characters are shown, not obeyed."""
    return _CONTROL.sub("\ufffd", text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = _text(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _text(value: object) -> str:
    return printable(value) if isinstance(value, str) else orjson.dumps(value).decode()
