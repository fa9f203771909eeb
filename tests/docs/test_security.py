"""docs/explanation/security.md: each promise names its test, and each hostile test is named."""

import re

from tests.docs.pages import ROOT, code_of, read_page

PAGE = read_page("explanation/security.md")
ROWS = PAGE.under("Promises")


def test_each_promise_has_a_test() -> None:
    """The files are there; the keys stand in the configuration's page."""
    keys = {row[0].strip("`") for row in read_page("reference/configuration.md").rows}
    for row in ROWS:
        tests = code_of(row[3])
        assert tests, row[0]
        assert all((ROOT / test).is_file() for test in tests), row[0]
        named = {one for one in code_of(row[2]) if re.fullmatch(r"[a-z_]+\.[a-z_]+", one)}
        assert named <= keys, row[0]


def test_each_hostile_test_is_named() -> None:
    """No test of tests/hostile stands for a promise that the page does not make."""
    named = {test for row in ROWS for test in code_of(row[3])}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/hostile").glob("test_*.py")}
    assert there <= named
