"""The native query of a filter selects exactly the entries that the filter matches."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo import create_demo_oasis
from gateway.errors import NotImplementedFilterError
from gateway.parse import read_filter
from gateway.plan import translate
from tests.laws.evaluator import Entry, evaluate
from tests.laws.filters import FilterMaker
from tests.laws.in_process import InProcess
from tests.laws.oasis import Oasis
from tests.laws.odd_oasis import make_lines
from tests.laws.phrases import Phrase, shrink

SOURCES = [("odd", "2.0.0"), ("odd", "1.3.17"), ("munich", "2.0.0")]


@dataclass(frozen=True, slots=True)
class Held:
    """An embedded Oasis and the entries in it."""

    site: str
    oasis: Oasis
    entries: list[Entry]


@pytest.fixture(scope="module", params=SOURCES, ids=lambda source: "-".join(source))
def held(request: pytest.FixtureRequest) -> Iterator[Held]:
    name, version = request.param
    source = make_lines(Random(5), 150) if name == "odd" else name
    app = create_demo_oasis(source, version=version)
    base = "http://demo/nomad-oasis/api/v1"
    with httpx.Client(transport=InProcess(app), base_url=base) as client:
        oasis = Oasis(client)
        yield Held(name, oasis, oasis.structures(name))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_native_answer_is_what_the_filter_says(held: Held, seed: int) -> None:
    """Random filters over every property and operator; what is refused with 501 proves nothing."""
    phrase = FilterMaker(Random(seed), held.entries).filter()
    if _differs(phrase, held):
        pytest.fail(f"another answer than expected: {shrink(phrase, lambda p: _differs(p, held))}")


def _differs(phrase: Phrase, held: Held) -> bool:
    text = str(phrase)
    try:
        query = translate(text, site=held.site)
    except NotImplementedFilterError:
        return False
    tree = read_filter(text)
    expected = {str(e["immutable_id"]) for e in held.entries if evaluate(tree, e) is True}
    return held.oasis.ids(query) != expected
