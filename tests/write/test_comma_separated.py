"""Lines of a table: read back by programs, opened by spreadsheets without harm."""

import csv
import io

import orjson
import pytest

from gateway.model import Json
from gateway.properties import references_catalogue, structures_catalogue
from gateway.shape import index_suffices
from gateway.write import columns_of, write_header, write_row


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", ""),
        ("TiO2", "TiO2"),
        ("a,b", "a,b"),
        ('say "x"', 'say "x"'),
        ("two\nlines", "two\nlines"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("Größe — 你好", "Größe — 你好"),
        ("nul\0", "nul\ufffd"),
        ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"),
        ("a=1", "a=1"),
        (-1, "-1"),
        (0, "0"),
        (1.1e-300, "1.1e-300"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "true"),
        ([], "[]"),
        (["O", "Ti"], '["O","Ti"]'),
        (["=1"], '["=1"]'),
        ([[1.5, None], []], "[[1.5,null],[]]"),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_cells(value: Json, cell: str) -> None:
    """Unknown is empty; lists are JSON; what begins like a formula gets an apostrophe."""
    line = write_row(("first", value, "last"))
    ((_, read, _),) = csv.reader(io.StringIO(line, newline=""))
    assert read == cell
    assert line.endswith("last\n")
    if isinstance(value, int | float | list | dict):
        assert orjson.loads(read) == value


def test_header() -> None:
    """The first line names the columns."""
    assert write_header(("id", "a,b")) == 'id,"a,b"\n'


def test_default_columns() -> None:
    """They are properties that exist, and no site has to read an archive for them."""
    structures, references = structures_catalogue("fed"), references_catalogue("fed")
    assert set(columns_of("structures", "fed")) <= set(structures)
    assert set(columns_of("references", "fed")) <= set(references)
    assert index_suffices(columns_of("structures", "fed"), structures)
