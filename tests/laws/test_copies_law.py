"""A filter finds each entry once, wherever its copies are: the union of what the sites hold."""

import pytest

from tests.laws.copied_sites import open_sites
from tests.laws.run_copies import run


@pytest.mark.parametrize("hide", [0.0, 0.3])
async def test_each_entry_once(hide: float) -> None:
    """Random filters on the demo, whole and with a part of each Oasis's entries hidden; more of
    them, and real Oases: `python -m tests.laws.run_copies`."""
    tally = await run(open_sites(None), count=150, seed=7, hide=hide)
    assert tally.different == []
    assert tally.some > 50
