"""The shipped cache changes no answer, in whatever sequence pages and properties are asked for."""

from dataclasses import replace
from random import Random

import pytest

from gateway.model import SearchAnswer, SearchRequest
from tests.whole.oases import VOLUME, awkward_lines, opened

LINES = awkward_lines(7, {"berlin": 40, "munich": 25, "dresden": 9})
FIELDS = (
    None,
    (),
    ("nsites",),
    ("nperiodic_dimensions", "last_modified"),
    ("species_at_sites",),
    ("cartesian_site_positions", "references"),
    (VOLUME, "_nmd_mainfile"),
    ("species", VOLUME, "_fed_authors"),
)
FILTERS = (None, "nsites < 25", "nelements = 2", 'chemical_formula_anonymous = "AB"')
SORTS = ((), (), (("nsites", False),), (("immutable_id", True),))


def reported(answer: SearchAnswer) -> object:
    """What does not depend on times and on where answers come from."""
    reports = [(one.name, one.total, one.returned) for one in answer.reports]
    return answer.resources, answer.included, answer.data_returned, answer.more, reports


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_requests(seed: int) -> None:
    """With caches, and with what is remembered of sites and pages, answers are those without."""
    random = Random(seed)
    async with opened(LINES, cache={}) as shipped, opened(LINES) as bare:
        for _ in range(40):
            request = SearchRequest(
                "structures",
                filter=random.choice(FILTERS),
                sort=random.choice(SORTS),
                page_limit=random.choice((1, 7, 7, 20)),
                offset=random.choice((0, 0, 0, 5, 30)),
                response_fields=random.choice(FIELDS),
                include=random.choice(((), ("references",))),
            )
            answers = [await one.federation.search(request) for one in (shipped, bare)]
            assert reported(answers[0]) == reported(answers[1]), request
            if answers[0].next is not None and random.random() < 0.5:
                request = replace(request, cursor=answers[0].next.cursor, offset=0)
                answers = [await one.federation.search(request) for one in (shipped, bare)]
                assert reported(answers[0]) == reported(answers[1]), request
