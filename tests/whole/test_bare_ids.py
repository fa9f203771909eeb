"""An id without a site is answered as it is meant, with nothing, and with a word on how to ask."""

import pytest

from gateway.model import EntryRequest, SearchRequest
from tests.whole.oases import make_line, opened

LINES = {"berlin": [make_line("mpf_1")], "munich": [make_line("mpf_1"), make_line("x")]}


@pytest.mark.parametrize(
    ("id_", "says"),
    [
        ("mpf_1", "berlin~mpf_1"),
        ("rome~mpf_1", "no site 'rome'"),
        ("", "<site>~<entry_id>"),
        ("a/b c", "<site>~<entry_id>"),
    ],
)
async def test_single_entry(id_: str, says: str) -> None:
    """`data` stays null; the warning names the form of ids, and what finds an entry_id."""
    async with opened(LINES) as one:
        answer = await one.federation.entry(EntryRequest("structures", id_))
        assert answer.resources == ()
        (notice,) = answer.notices
        assert notice.code == "id_without_site"
        assert says in notice.detail
        assert one.asked == 0


@pytest.mark.parametrize("id_", ["berlin~mpf_1", "berlin~unheard_of"])
async def test_canonical_ids(id_: str) -> None:
    """They have no warning, whether there is such an entry or not."""
    async with opened(LINES) as one:
        assert (await one.federation.entry(EntryRequest("structures", id_))).notices == ()


async def test_what_the_warning_advises() -> None:
    """It finds the entry, at every site that has it."""
    async with opened(LINES) as one:
        nothing = await one.federation.search(SearchRequest("structures", filter='id="mpf_1"'))
        assert nothing.resources == ()
        assert [notice.code for notice in nothing.notices] == ["id_without_site"]
        wanted = SearchRequest("structures", filter='immutable_id = "mpf_1"')
        found = await one.federation.search(wanted)
        assert [one.id for one in found.resources] == ["berlin~mpf_1", "munich~mpf_1"]
        assert found.notices == ()
