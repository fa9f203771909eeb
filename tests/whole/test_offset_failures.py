"""A site that fails in the search for an offset takes neither time nor place from the others."""

from typing import Any

from gateway.model import SearchRequest
from gateway.properties import STRUCTURE
from tests.whole.expected import ids_of, sorted_entries
from tests.whole.lines import Asked
from tests.whole.oases import make_line, opened
from tests.whole.test_missing import ids, states


async def test_a_healthy_site_is_not_counted_again_for_another_ones_failure() -> None:
    """What is known of an offset is kept when a site fails slowly in the search for it: the little
    time that is left goes into the search, and nobody fails for want of it."""
    lines = {
        "berlin": [make_line(f"b{i:03}", nsites=i % 7) for i in range(400)],
        "munich": [make_line(f"m{i:03}", nsites=i % 5) for i in range(300)],
    }
    request = SearchRequest("structures", filter="nsites>=0", offset=350, response_fields=())
    async with opened(lines, timeouts={"budget_s": 2.5}) as one:
        seen: list[Any] = []

        def is_counted_again(asked: Asked) -> bool:
            if asked.body.get("query") == STRUCTURE:  # the look in the background
                return False
            seen.append(asked.body)
            return len(seen) > 1 and asked.body == seen[0]

        one.lines["munich"].hangs = lambda asked: not asked.is_count
        one.lines["berlin"].hangs = is_counted_again
        answer = await one.federation.search(request)
        berlin = [known for known in one.entries if known.site == "berlin"]
        assert states(answer) == {"berlin": "ok", "munich": "failed"}
        assert ids(answer) == ids_of(sorted_entries(berlin, ()))[350:370]
