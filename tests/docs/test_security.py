"""docs/explanation/security.md: each promise names its test, and each hostile test is named."""

import re

from gateway.config import CacheKeys
from gateway.fetch.http.memory_budget import BUDGET_BYTES
from gateway.plan.native import DEPTH
from gateway.search.planned_request import CACHE_BYTES
from tests.docs.pages import ROOT, code_of, read_page
from tests.docs.security_figures import (
    CONNECTIONS,
    FIGURES,
    MIB,
    NAMES,
    NOMADS_LEVELS,
)
from tests.hostile.test_process_limits import PROMISED_BYTES

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


def test_each_figure_is_that_of_the_code() -> None:
    """No row has another figure than a constant or a default, and none is left out."""
    seen = set()
    for row in ROWS:
        known = [start for start in FIGURES if row[0].startswith(start)]
        text = f"{row[0]} {row[2]}"
        for start in known:
            seen.add(start)
            for figure in FIGURES[start]:
                assert figure in text, (row[0], figure)
                text = text.replace(figure, "")
        for name in NAMES:
            text = text.replace(name, "")
        assert not re.findall(r"\d", text), (row[0], text)
    assert seen == set(FIGURES)


def test_the_parts_of_memory_fit_into_the_whole() -> None:
    """What sites and clients may take, and the caches, leave a quarter to the worker itself."""
    shared = BUDGET_BYTES + CONNECTIONS.max_held_bytes + CacheKeys().max_bytes + CACHE_BYTES
    assert shared + 100 * MIB <= PROMISED_BYTES
    assert DEPTH < NOMADS_LEVELS - 2  # the index and the owner are levels, too
