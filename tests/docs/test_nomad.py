"""docs/reference/nomad.md says of each fact where the code relies on it."""

import pytest

from tests.docs.pages import ROOT, Row, code_of, read_page

PAGE = read_page("reference/nomad.md")
FACTS = [row for row in PAGE.rows if row.heading != "Versions"]


@pytest.mark.parametrize("row", FACTS, ids=lambda row: row[0][:60])
def test_where(row: Row) -> None:
    """Each fact says what follows from it, and names a module that is there."""
    fact, follows, where = row.cells
    assert fact
    assert follows
    modules = code_of(where)
    assert modules
    for module in modules:
        assert (ROOT / "src/gateway" / module).exists(), module
