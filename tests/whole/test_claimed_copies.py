"""A site that says to hold copies of other sites' entries which it does not have as they are."""

from typing import Any

import pytest

from gateway.model import SearchRequest
from tests.whole.copied_lines import keys, oases, upload
from tests.whole.lines import Asked

HONEST = {"munich": upload("u", "abcd", nsites=4)}
REQUEST = SearchRequest("structures", response_fields=("nsites",))


def served(answer: Any) -> list[tuple[str, object]]:
    """The site and the value of each entry."""
    return [(one.id.partition("~")[0], one.attributes["nsites"]) for one in answer.resources]


@pytest.mark.parametrize("more", ["", "x"], ids=["as many", "one more"])
async def test_preferred_sites_serve_what_others_claim(more: str) -> None:
    """With `copies.prefer` no site takes the entries of one that is named there, whatever it says
    about how many it has, and how new they are."""
    forged = upload("u", "abcd" + more, nsites=1, last_processing_time="2030-01-01T00:00:00")
    async with oases({"evil": forged, **HONEST}, prefer=("munich",)) as one:
        answer = await one.federation.search(REQUEST)
        assert [pair for pair in served(answer) if pair[0] == "munich"] == [("munich", 4)] * 4
        assert len(answer.resources) == 4 + len(more)


@pytest.mark.parametrize("prefer", [(), ("munich",)], ids=str)
async def test_what_is_claimed_on_a_page_takes_no_place(prefer: tuple[str, ...]) -> None:
    """Entries that a site gives without naming their upload before stand behind those of the
    preferred sites, else of those before it in the configuration; wherever it puts them."""
    sites = {"evil": upload("v", "abcd"), **HONEST} if prefer else {
        **HONEST, "evil": upload("v", "abcd")
    }  # fmt: skip
    theirs = sorted(line["metadata"]["entry_id"] for line in HONEST["munich"])

    def steal(asked: Asked, result: Any) -> Any:
        for at, document in enumerate(result.get("data", [])):
            document["entry_id"] = theirs[at]
            document.get("optimade", {})["nsites"] = 1
        return result

    async with oases(sites, prefer=prefer) as one:
        one.lines["evil"].change = steal
        answer = await one.federation.search(
            SearchRequest("structures", response_fields=("nsites",), sort=(("nsites", False),))
        )
        assert served(answer) == [("munich", 4)] * 4
        assert len({*keys(answer)}) == 4
