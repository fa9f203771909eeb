"""Every form of a number, in every place where a filter can have one, is asked as it is meant."""

from collections.abc import Iterator
from random import Random
from typing import TypeAlias

import httpx
import pytest

from gateway.demo import create_demo_oasis
from gateway.parse import read_filter
from gateway.plan import translate
from tests.laws.evaluator import Entry, evaluate
from tests.laws.in_process import InProcess
from tests.laws.nmd import nmd_values, prepared
from tests.laws.oasis import Oasis
from tests.laws.odd_nmd import make_lines as make_nmd_lines
from tests.laws.odd_oasis import make_lines
from tests.plan.test_numbers import NUMBERS, OPERATORS

VERSION = "2.0.0"
GAP = "_nmd_results_properties_electronic_band_gap_"
SMEARING = "_nmd_results_method_simulation_dft_smearing_width"
STANDARD = (
    "nsites {op} {number}",
    "{number} {op} nelements",
    "nperiodic_dimensions {op} {number}",
    "NOT (space_group_it_number {op} {number})",
    "elements LENGTH {op} {number}",
    "NOT elements_ratios LENGTH {op} {number}",
    "structure_features LENGTH {op} {number}",
    "lattice_vectors LENGTH {op} {number}",
    "elements_ratios HAS {op} {number}",
    "elements_ratios HAS ALL {op} {number}, > 0.3",
    "elements_ratios HAS ANY {op} {number}, > 0.7",
    "elements_ratios HAS ONLY {op} {number}, > 0.3",
    'elements:elements_ratios HAS > "L":{op} {number}',
    'elements:elements_ratios HAS ONLY < "X":{op} {number}',
    "elements_ratios:elements_ratios HAS {op} {number}:> 0.1",
    "1 {op} {number}",
    "{number} {op} {number}",
    "nsites {op} {number} AND nelements < 3",
)
OWN = (
    "_nmd_results_properties_n_calculations {op} {number}",
    SMEARING + " {op} {number}",
    "NOT " + SMEARING + " {op} {number}",
    "{number} {op} " + SMEARING,
    GAP + "value HAS {op} {number}",
    GAP + "value HAS ALL {op} {number}, > -3",
    GAP + "value HAS ONLY {op} {number}",
    GAP + "index HAS ANY {op} {number}, 225",
    "NOT " + GAP + "index HAS ONLY {op} {number}",
    GAP + "value:" + GAP + "index HAS {op} {number}:{op} {number}",
)
PLACES = tuple((name, place) for name, places in (("standard", STANDARD), ("own", OWN))
               for place in places)  # fmt: skip

Held: TypeAlias = tuple[Oasis, list[Entry]]


@pytest.fixture(scope="module")
def held() -> Iterator[dict[str, Held]]:
    """Two Oases: one for the standard properties, one for NOMAD's own."""
    base = "http://demo/nomad-oasis/api/v1"
    standard = create_demo_oasis(make_lines(Random(5), 60), version=VERSION)
    own = create_demo_oasis(make_nmd_lines(Random(6), 60, version=VERSION), version=VERSION)
    with (
        httpx.Client(transport=InProcess(standard), base_url=base) as one,
        httpx.Client(transport=InProcess(own), base_url=base) as other,
    ):
        oasis, nmd = Oasis(one), Oasis(other)
        body = {"owner": "public", "query": {}, "pagination": {"page_size": 1000}}
        documents = other.post("/entries/query", json=body | {"required": {"include": ["*"]}})
        values = {
            one["entry_id"]: nmd_values(one, version=VERSION) for one in documents.json()["data"]
        }
        entries = [{**e, **values[str(e["immutable_id"])]} for e in nmd.structures("s")]
        yield {"standard": (oasis, oasis.structures("s")), "own": (nmd, entries)}


@pytest.mark.parametrize(("which", "place"), PLACES, ids=[place for _, place in PLACES])
def test_numbers_select_what_they_say(held: dict[str, Held], which: str, place: str) -> None:
    """The Oasis gives the entries that an independent reading of the filter gives, however the
    number is written: with signs, points, exponents beyond any size, hundreds of digits."""
    oasis, entries = held[which]
    answers: dict[str, set[str]] = {}
    for number in NUMBERS:
        for op in OPERATORS:
            text = place.format(op=op, number=number)
            tree = prepared(read_filter(text)) if which == "own" else read_filter(text)
            expected = {str(e["immutable_id"]) for e in entries if evaluate(tree, e) is True}
            query = translate(text, site="s", version=VERSION)
            key = str(query)
            if key not in answers:
                answers[key] = oasis.ids(query)
            assert answers[key] == expected, text
