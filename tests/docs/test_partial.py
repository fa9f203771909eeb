"""docs/explanation/partial.md: its table of faults is the one that the tests try."""

from tests.docs.pages import read_page
from tests.faults.table import PHASES, rows

WORDS = {"ok": "as ever", "failed": "missing", "partial": "index"}


def test_faults_have_the_effects_that_the_page_says() -> None:
    """Every row and every column."""
    written = read_page("explanation/partial.md").under("Which fault has which effect")
    answer = {row[0]: list(row.cells[1:]) for row in written if row[0] in {r.fault for r in rows()}}
    assert answer == {r.fault: [WORDS[r.outcomes[phase]] for phase in PHASES] for r in rows()}
